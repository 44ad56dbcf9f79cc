package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"ringback/internal/cti"
)

// rule knows one defect: is says in words what was seen of it, "" = nothing.
type rule struct {
	key    string
	breaks bool
	is     func(*Facts) string
	do     string
	set    string
}

// Times that are unusual.
const (
	lateSound  = 2 * time.Second
	slowAnswer = 4 * time.Second // of the network to the INVITE
	many180    = 8
)

// rules in the order of a call. To name another defect, add a row.
func rules() []rule {
	return []rule{
		// the call is refused
		{"no_response", true, silent, "Check the trunk's address, port and transport, and that the provider expects calls from this address.", ""},
		{"only_100", true, only100, "The network took the call and did nothing with it: ask the provider, with the Call-ID.", ""},
		{"number_format", true, badNumber, "Write the number as the provider wants it; try without the plus first.", "number_format: e164"},
		{"unknown_number", true, unknownNumber, "If the number exists, the provider wants it written otherwise: try number_format e164, 00 or national.", ""},
		{"credentials", true, noCredentials, "Give the trunk the username and password_file that the provider has told you.", ""},
		{"digest", false, asked, "Nothing: the trunk's credentials were taken.", ""},
		{"not_registered", true, unregistered, "Check username, password_file and the address; callers cannot be put through to you until it works.", ""},
		{"registration", true, forbidden, "The provider may want a registration first, or does not know this address or caller ID.", "register: true"},
		{"busy_network", true, unavailable, "The provider has no room, or takes fewer calls per second: ask it for its limits and set max_calls and calls_per_second.", ""},
		{"redirected", true, coded("INVITE", "the network sends the call to another address (302); that is never followed", 301, 302, 305), "Ask the provider to route the call itself.", ""},
		{"declined", true, coded("INVITE", "the call was declined (603)", 603, 600), "The person, or a filter of the network, does not want calls of this caller ID.", ""},
		{"unwanted", true, coded("INVITE", "the person called does not want such calls (607)", 607), "Do not ring this number again.", ""},
		{"blocked", true, coded("INVITE", "the network blocks this call as unwanted (608)", 608), "Ask the provider how to have your caller ID cleared: its answer names an address for that.", ""},
		{"codec", true, coded("INVITE", "it refuses what we offer of codecs (488)", 488, 606), "Offer A-law, too.", "codecs: [pcma, pcmu]"},
		{"prack", false, reliable, "Nothing: it is acknowledged.", ""},
		{"timer_422", false, coded("INVITE", "it wants longer session timers than were asked for (422)", 422), "Nothing: the longer timer is taken.", ""},

		// it rings
		{"slow", false, slow, "Nothing; but visitors wait longer for a fault to be noticed.", ""},
		{"many_180", false, ringsOften, "Nothing.", ""},
		{"no_ringing", false, noRinging, "Nothing; nobody knows when it rings, so the ring time counts from the start.", ""},
		{"early_media", false, early, "Nothing: what the network says before the answer is heard.", ""},
		{"forked", false, tags, "Nothing: the answer that counts is taken.", ""},
		{"forwarded", false, forwarded, "The call went elsewhere, perhaps to a mailbox: let visitors confirm by key.", ""},
		{"announcement", true, announced, "Listen to what the network says: the number is wrong, or not reached over this provider.", ""},
		{"unanswered", true, unanswered, "Lift the receiver when it rings; if it did not ring, the provider loses the call.", ""},

		// who answers
		{"crossed_cancel", true, crossed, "Nothing: the late answer was hung up. Answer sooner for a whole test.", ""},
		{"no_to_tag", true, noTag, "The provider's answer breaks RFC 3261: it has to mend it.", ""},
		{"false_answer", true, heard(cti.ToneRingback, "it is answered before anybody is there: ringing is heard in it"), "Let visitors confirm by key, and ask the provider for real answers: you pay from the false one on.", ""},
		{"fax", true, heard(cti.ToneFax, "a fax machine or a modem answers"), "Ring a telephone with a person.", ""},
		{"dead_number", true, heard(cti.ToneSIT, "the tones of a number that is not in service are heard"), "Check the number.", ""},
		{"machine", true, heard(cti.ToneBeep, "an answering machine has answered: it beeped"), "Answer yourself, or switch the machine off for the test.", ""},

		// sound and keys
		{"alaw", false, alaw, "Offer what it takes first.", "codecs: [pcma, pcmu]"},
		{"packet_time", false, ptime, "Nothing: both are understood.", ""},
		{"key_events", false, eventPT, "Nothing: it is followed.", ""},
		{"no_key_events", false, noEvents, "Nothing: keys are heard in the sound.", ""},
		{"info_keys", false, infoKeys, "Nothing: they are understood.", ""},
		{"asymmetric_rtp", false, asymmetric, "Nothing: sound is taken from there.", ""},
		{"comfort_noise", false, comfort, "Nothing: pauses end no call.", ""},
		{"private_sdp", true, privateSDP, "Let sound come from where the packets come from.", "nat: auto"},
		{"no_sound_in", true, mute, "Nothing was heard of the person: open the RTP ports in the firewall, and check public addresses and nat.", ""},
		{"late_sound", false, late, "Nothing: the call waits for it.", ""},
		{"sound_stops", true, stops, "Sound came and stopped: a firewall forgets the way, or the telephone is muted.", ""},
		{"no_key", true, noKey, "If she heard the beeps and keyed, keys do not arrive. If she heard nothing, sound to her is lost: check public addresses.", ""},
		{"wrong_key", true, wrongKey, "Try again; if it is the same, keys arrive damaged.", ""},
		{"caller_id", false, callerID, "The provider shows another number than yours: try caller_id pai, and ask it to allow your number.", "caller_id: pai"},
		{"quality", false, poor, "Look for loss between this machine and the provider.", ""},

		// inside the call
		{"session_timer", false, timer, "Nothing: the session is refreshed in time.", ""},
		{"carrier_reinvite", false, reinvited, "Nothing: it is answered.", ""},
		{"t38", false, t38, "Nothing: fax is refused, and the call goes on.", ""},
		{"no_hold", false, noHold, "Nothing: on hold she hears that it goes on, and nobody hears her, whether the line agrees or not.", ""},
		{"hold_491", false, holdLater, "Nothing: it is tried again.", ""},
		{"hold_hangs_up", true, holdEnds, "Do not put calls over this line on hold, and ask the provider. If it was you who hung up, try again.", ""},
		{"calls_per_second", true, perSecond, "Let the trunk wait between calls; ask the provider for its limit.", "calls_per_second: 1"},
		{"lost_ack", false, ackLost, "Look for loss between this machine and the provider.", ""},
		{"lost_bye", false, byeLost, "Look for loss; a call whose end is lost is paid for longer.", ""},
		{"bye_ignored", true, byeIgnored, "The provider does not take the end of calls: ask it, before you pay for them.", ""},
		{"shut_out", true, shutOut, "If it is the provider's, let it in, or the provider's whole block: without, the end of a call is not heard of.", "accept_from: [" + theBlock + "]"},
		{"other_address", false, otherAddress, "Let that address in, or the whole block of the provider.", ""},
	}
}

func coded(method, what string, codes ...int) func(*Facts) string {
	return func(f *Facts) string { return when(len(f.replies(method, codes...)) > 0, what) }
}

func heard(t cti.Tone, what string) func(*Facts) string {
	return func(f *Facts) string { return when(f.tone(t), what) }
}

func when(is bool, what string) string {
	if is {
		return what
	}
	return ""
}

func (f *Facts) responses() []*message {
	return f.find(func(m *message) bool { return m.code > 0 && !m.out && m.method == "INVITE" })
}

func silent(f *Facts) string {
	return when(len(f.requests("INVITE", true)) > 0 && len(f.responses()) == 0, "it answers nothing at all")
}

func only100(f *Facts) string {
	all := f.responses()
	return when(len(all) > 0 && len(f.replies("INVITE", 100)) == len(all), "it says that it tries (100), and then nothing")
}

func badNumber(f *Facts) string {
	return when(len(f.replies("INVITE", 484)) > 0, "it does not take the number as it is written (484)")
}

func unknownNumber(f *Facts) string {
	return when(len(f.replies("INVITE", 404, 604)) > 0 && !f.has(cti.LegEarly), "it does not know the number (404)")
}

func noCredentials(f *Facts) string {
	return when(len(f.replies("INVITE", 401, 407)) > 0 && !f.has(cti.LegRinging) && !f.has(cti.LegAnswered), "it asks for a name and password (401 or 407), and the trunk has none that it takes")
}

func asked(f *Facts) string {
	all := f.replies("INVITE", 401, 407)
	if len(all) == 0 || noCredentials(f) != "" {
		return ""
	}
	return fmt.Sprintf("it asks for a name and password (%d, %s)", all[0].code, algorithm(all[0]))
}

func algorithm(m *message) string {
	if strings.Contains(m.get("www-authenticate")+m.get("proxy-authenticate"), "SHA-256") {
		return "SHA-256"
	}
	return "MD5"
}

func unregistered(f *Facts) string {
	for _, a := range f.Line.Accounts {
		if !a.Registered {
			return strings.TrimSuffix("account "+a.Username+" is not registered: "+a.Reason, ": ")
		}
	}
	return ""
}

func forbidden(f *Facts) string {
	return when(len(f.replies("INVITE", 403)) > 0, "it forbids the call (403)")
}

func unavailable(f *Facts) string {
	all := f.replies("INVITE", 503)
	if len(all) == 0 {
		return ""
	}
	if after := all[0].get("retry-after"); after != "" {
		return "it takes no call now (503) and says to try again after " + after + " s"
	}
	return "it takes no call now (503)"
}

func reliable(f *Facts) string {
	return when(len(f.requests("PRACK", true)) > 0 || len(f.replies("INVITE", 421)) > 0, "it wants its ringing acknowledged (PRACK)")
}

func slow(f *Facts) string {
	sent, ok := f.event(cti.LegSent)
	for _, e := range f.Trace {
		if m := parse(e); ok && m.code > 0 && !m.out && m.method == "INVITE" {
			return when(e.At.Sub(sent.At) >= slowAnswer, fmt.Sprintf("its first word comes %.0f s after the call", e.At.Sub(sent.At).Seconds()))
		}
	}
	return ""
}

func ringsOften(f *Facts) string {
	n := len(f.replies("INVITE", 180, 183))
	return when(n > many180, fmt.Sprintf("it says %d times that it rings", n))
}

func noRinging(f *Facts) string {
	return when(f.has(cti.LegAnswered) && len(f.replies("INVITE", 180, 181, 182, 183)) == 0, "it answers without having said that it rings")
}

func early(f *Facts) string {
	return when(f.has(cti.LegEarly) && f.has(cti.LegAnswered), "it sends sound before the answer (183)")
}

func tags(f *Facts) string {
	seen := map[string]bool{}
	for _, m := range f.replies("INVITE", 180, 183, 200) {
		if t := tag(m.get("to")); t != "" {
			seen[t] = true
		}
	}
	return when(len(seen) > 1, "its answers come from several places (different tags): it forks calls")
}

func forwarded(f *Facts) string {
	return when(f.has(cti.LegForwarded) || len(f.replies("INVITE", 181)) > 0, "the network forwards the call (181)")
}

func announced(f *Facts) string {
	return when(f.has(cti.LegEarly) && len(f.replies("INVITE", 404, 480, 604)) > 0, "the network says something before the answer, and then refuses the call")
}

func unanswered(f *Facts) string {
	e, ended := f.event(cti.LegEnded)
	return when(ended && e.Cause == cti.NoAnswer && only100(f) == "" && silent(f) == "" && crossed(f) == "", "nobody answered")
}

func crossed(f *Facts) string {
	return when(len(f.requests("CANCEL", true)) > 0 && len(f.replies("INVITE", 200)) > 0, "it answers calls that are being cancelled")
}

func noTag(f *Facts) string {
	for _, m := range f.replies("INVITE", 200) {
		if tag(m.get("to")) == "" {
			return "its answer has no tag in To"
		}
	}
	return ""
}

func alaw(f *Facts) string {
	sdp, _ := f.answer()
	words := strings.Fields(line(sdp, "m=audio "))
	first := len(f.Trunk.Codecs) > 0 && f.Trunk.Codecs[0] == cti.PCMA
	return when(len(words) > 2 && words[2] == "8" && !first, "it takes A-law and not the u-law that is offered first")
}

func ptime(f *Facts) string {
	sdp, _ := f.answer()
	p := line(sdp, "a=ptime:")
	return when(p != "" && p != "20", "it wants packets of "+p+" ms and not of 20")
}

func eventPT(f *Facts) string {
	sdp, _ := f.answer()
	pt, offered := events(sdp), ""
	for _, m := range f.invites() {
		offered = events(m.body)
	}
	return when(pt != "" && offered != "" && pt != offered, "it sends keys as payload type "+pt+", not as the "+offered+" that was offered")
}

func noEvents(f *Facts) string {
	sdp, _ := f.answer()
	return when(sdp != "" && events(sdp) == "", "it knows no key events (telephone-event)")
}

func infoKeys(f *Facts) string {
	return when(len(f.requests("INFO", false)) > 0, "it sends keys as INFO")
}

func privateSDP(f *Facts) string {
	sdp, m := f.answer()
	a, err := netip.ParseAddr(line(sdp, "c=IN IP4 "))
	lets := f.Trunk.NAT == cti.NATAuto || f.Trunk.NAT == cti.NATYes
	return when(err == nil && a.IsPrivate() && a != m.far.Addr() && !lets, "it says that its sound is at "+a.String()+", an address of a private network")
}

// asymmetric: behind a router it is the router that changes the port.
func asymmetric(f *Facts) string {
	sdp, _ := f.answer()
	words := strings.Fields(line(sdp, "m=audio "))
	from, err := netip.ParseAddrPort(f.media("sound came from "))
	if err != nil || len(words) == 0 || line(sdp, "c=IN IP4 ") != from.Addr().String() {
		return ""
	}
	return when(words[0] != fmt.Sprint(from.Port()), fmt.Sprintf("its sound comes from port %d, and it wants ours at port %s", from.Port(), words[0]))
}

func comfort(f *Facts) string {
	return when(f.media("comfort noise came") != "", "it sends comfort noise, and then nothing, while nobody speaks")
}

func mute(f *Facts) string {
	_, ok := f.firstSound()
	return when(f.has(cti.LegAnswered) && !ok && noTag(f) == "", "not one packet of sound came from it")
}

func late(f *Facts) string {
	after, ok := f.firstSound()
	return when(ok && after > lateSound, fmt.Sprintf("its sound begins %.0f s after the answer", after.Seconds()))
}

// stops: the sound had begun before it was missed.
func stops(f *Facts) string {
	after, ok := f.firstSound()
	up, _ := f.event(cti.LegAnswered)
	for _, e := range f.Events {
		if ok && e.Kind == cti.LegQuiet && e.At.After(up.At.Add(after)) && !f.tone(cti.ToneBeep) {
			return fmt.Sprintf("%.0f s after the answer its sound stops for 3 s and more", e.At.Sub(up.At).Seconds()-3)
		}
	}
	return ""
}

func noKey(f *Facts) string {
	return when(f.has(cti.LegAnswered) && f.Asked != "" && f.Keyed == "" && !f.machine(), "no key came from the person")
}

func wrongKey(f *Facts) string {
	return when(f.Keyed != "" && f.Keyed != f.Asked, "key "+f.Keyed+" came and not "+f.Asked)
}

func callerID(f *Facts) string {
	return when(f.Shown != "" && !strings.HasSuffix(f.From, f.Shown), "the telephone shows a number that ends in "+f.Shown+" and not yours")
}

func perSecond(f *Facts) string {
	return when(slices.Contains(f.Burst, 503) && f.Trunk.CallsPerSecond == 0, "it refuses calls that come close together (503)")
}

func poor(f *Facts) string {
	e, _ := f.event(cti.LegEnded)
	q := e.Quality
	return when(q.MOS > 0 && q.MOS < 3.6 || q.MOSOut > 0 && q.MOSOut < 3.6, fmt.Sprintf("the sound is poor: MOS %.1f from it and %.1f to it, %.0f %% lost", q.MOS, q.MOSOut, 100*max(q.Loss, q.LossOut)))
}

func timer(f *Facts) string {
	_, m := f.answer()
	if m == nil || m.get("session-expires") == "" {
		return ""
	}
	for _, i := range f.invites() {
		if i.get("session-expires") != "" && f.Trunk.SessionTimer != cti.TimerAuto {
			return ""
		}
	}
	what := "it wants the session refreshed: " + m.get("session-expires")
	if allow := m.get("allow"); allow != "" && !strings.Contains(allow, "INVITE") {
		what += ", by UPDATE only"
	}
	return what
}

func reinvited(f *Facts) string {
	return when(len(f.requests("INVITE", false)) > 0 && t38(f) == "", "it changes the call soon after the answer (re-INVITE)")
}

func t38(f *Facts) string {
	for _, m := range f.requests("INVITE", false) {
		if strings.Contains(m.body, "m=image") {
			return "it asks for fax (T.38) in the call"
		}
	}
	return ""
}

func ackLost(f *Facts) string {
	seen := map[string]bool{}
	for _, m := range f.replies("INVITE", 200) {
		key := m.get("cseq") + tag(m.get("to"))
		if seen[key] {
			return "it repeats its answer: our ACK did not reach it"
		}
		seen[key] = true
	}
	return ""
}

func byeLost(f *Facts) string {
	return when(len(f.requests("BYE", true)) > 1 && len(f.replies("BYE", 200)) > 0 && tags(f) == "", "it takes the end of the call only after we repeat it")
}

func byeIgnored(f *Facts) string {
	return when(len(f.requests("BYE", true)) > 1 && len(f.replies("BYE", 200, 481)) == 0, "it does not answer the end of the call")
}

// otherAddress: a request of the far end comes from where ours do not go to.
func otherAddress(f *Facts) string {
	to := map[netip.Addr]bool{}
	for _, m := range f.requests("INVITE", true) {
		to[m.far.Addr()] = true
	}
	for _, m := range f.find(func(m *message) bool { return m.code == 0 && !m.out && m.method != "ACK" }) {
		if a := m.far.Addr(); a.IsValid() && !to[a] {
			return "its requests come from " + a.String() + ", too; accept_from has to name it"
		}
	}
	return ""
}
