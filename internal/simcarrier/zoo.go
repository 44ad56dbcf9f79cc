package simcarrier

import (
	"time"

	"ringback/internal/audio"
)

// personality changes the manner of a line; joined by "+" they add up.
type personality struct {
	Name  string `json:"name"`
	About string `json:"about"`
	apply func(*manner)
}

// personalities is the zoo. To add one, add a row: a name, what it does, and what it changes.
func personalities() []personality {
	return []personality{
		// sound and keys
		{"pcma_only", "refuses u-law: answers A-law, or 488", func(w *manner) { w.laws = []audio.Law{audio.ALaw} }},
		{"ptime30", "sends and asks for 30 ms frames", func(w *manner) { w.ptime = 30 }},
		{"event_pt_96", "key events on payload type 96", func(w *manner) { w.eventPT = 96 }},
		{"no_events", "no telephone-event: keys in the sound", func(w *manner) { w.eventPT = -1 }},
		{"info_keys", "keys by INFO", func(w *manner) { w.infoKeys = true }},
		{"asymmetric_rtp", "RTP from another port than its SDP", func(w *manner) { w.otherPort = true }},
		{"private_sdp", "an address of 192.168 in its SDP, media by its router", func(w *manner) { w.privateSDP = true }},
		{"late_media_6s", "answers, and sends its first sound 6 s later", func(w *manner) { w.mediaAfter = 6 * time.Second }},
		{"comfort_noise", "voice detection: comfort noise (PT 13) and then nothing in pauses", func(w *manner) { w.detectsVoice = true }},
		{"silent_mute", "4 s after the answer it stops sending sound and keeps sending RTCP", silentMute},
		{"rtcp", "sends and reads RTCP", func(w *manner) { w.rtcp = true }},
		{"rtcp_mux", "RTCP on the port of the sound where that is offered", func(w *manner) { w.rtcp, w.rtcpMux = true, true }},
		{"mute_in", "one-way: never sends sound", func(w *manner) { w.noMedia = true }},
		{"deaf", "one-way: sound to it is lost", func(w *manner) { w.deaf = true }},

		// before the answer
		{"many_180", "180 every second, more than 15 of them", func(w *manner) { w.ring, w.minRing = many180, 16500*time.Millisecond }},
		{"early_media_183", "sound before the answer", func(w *manner) { w.ring = earlyMedia }},
		{"new_tag_183_200", "183 and 200 with different tags and media ports", func(w *manner) { w.newTag, w.ring = true, earlyMedia }},
		{"announcement_183", "a spoken refusal in early media, then 404", func(w *manner) { w.ring, w.minRing = announcement, time.Hour }},
		{"sit_183", "the tones of a dead number in early media, then 404", func(w *manner) { w.ring, w.minRing = deadNumber, time.Hour }},
		{"forwarded_181", "181 with Diversion, ends at a mailbox", func(w *manner) { w.ring, w.becomes = forwarded, "machine" }},
		{"needs_prack", "will not answer without a PRACK", gate(func(w *manner) { w.reliable = true }, supports100rel)},
		{"silence", "no response to anything", gate(func(w *manner) { w.silent = true }, func(*call) bool { return false })},
		{"only_100", "100 and nothing more, deaf to CANCEL", gate(func(w *manner) { w.deafToCancel = true }, only100)},
		{"slow_6s", "the first response after 6 s", gate(nil, slow)},
		{"no_1xx", "no provisional response: it rings, and nobody is told", func(w *manner) { w.noProvisional = true }},
		{"late_200", "200 crosses the CANCEL", func(w *manner) { w.lateAnswer, w.minRing = true, time.Hour }},

		// who answers
		{"false_answer", "200 at once, ringback inside, the person later", func(w *manner) { w.falseAnswer = true }},
		{"fax", "answers with 2100 Hz", func(w *manner) { w.becomes = "fax" }},
		{"sit", "answers with the tones of a dead number", func(w *manner) { w.becomes = "dead" }},
		{"beep_machine", "a machine: announcement, beep, then it records silence", func(w *manner) { w.becomes = "machine" }},
		{"robot_screener", "answers, asks for name and reason, then rings", func(w *manner) { w.becomes = "screens" }},
		{"two_200", "forked: two answers with two tags", func(w *manner) { w.answered = append(w.answered, secondAnswer) }},
		{"no_to_tag", "200 without a tag in To", func(w *manner) { w.noToTag = true }},

		// inside the call
		{"se90_refresher_uas", "session timer of 90 s unasked, refreshes itself", se90},
		{"update_only", "session timer of 90 s, refreshes by UPDATE only", updateOnly},
		{"timer_cut", "hangs up at minute 15 unless refreshed", timerCut},
		{"reinvite_at_ack", "re-INVITE 50 ms after the ACK, then hold and back", func(w *manner) { w.acked = append(w.acked, reinviteAtACK) }},
		{"t38_reinvite", "asks for T.38 in mid call, expects 488", after(3*time.Second, (*call).offerFax)},
		{"no_hold", "refuses hold with 488", func(w *manner) { w.held = func(*call) int { return 488 } }},
		{"hold_491", "refuses the first hold with 491", holdPending},
		{"hold_hangs_up", "hangs up when it is held", func(w *manner) { w.held = hangUpWhenHeld }},
		{"lost_ack", "the first two ACKs of a call are lost", func(w *manner) { w.loseACKs = 2 }},
		{"lost_bye", "the first two BYEs of a call are lost", func(w *manner) { w.loseBYEs = 2 }},
		{"bye_ignored", "never answers a BYE", func(w *manner) { w.deafToBye = true }},
		{"freeze", "5 s after the answer it stops answering and sending anything", after(5*time.Second, freeze)},

		// who may call, and how
		{"no_plus", "refuses a leading +: 484", gate(nil, noPlus)},
		{"cidr_shift", "requests from another address of its block", func(w *manner) { w.shifts = true }},
		{"cps1", "503 above one call per second", gate(nil, onePerSecond)},
		{"wrong_caller_id", "shows another number than the caller's", func(w *manner) { w.shows = "+12025550999" }},
		{"unavailable_503", "503 with Retry-After: 30", gate(nil, final(503, "Service Unavailable", "Retry-After: 30"))},
		{"moved_302", "302 to another number", gate(nil, final(302, "Moved Temporarily", "Contact: <sip:+12025550199@192.0.2.1>"))},
		{"decline_603", "603: does not want the call", gate(nil, final(603, "Decline"))},
		{"blocked_607", "607: the person called does not want such calls", gate(nil, final(607, "Unwanted"))},
		{"blocked_608", "608: the network blocks the call", gate(nil, final(608, "Rejected", "Call-Info: <https://carrier.example/redress>;purpose=jcard"))},
		{"challenge_401", "asks for credentials: 401, MD5", gate(nil, challengeWith(401, "MD5"))},
		{"challenge_stale", "401, and once more with stale=true", func(w *manner) { w.stale = true; w.gates = append(w.gates, challengeWith(401, "MD5")) }},
		{"challenge_407", "asks for credentials: 407, MD5", gate(nil, challengeWith(407, "MD5"))},
		{"challenge_sha256", "asks for credentials: 401, SHA-256", gate(nil, challengeWith(401, "SHA-256"))},
		{"needs_register", "calls only from addresses that are registered", gate(nil, onlyRegistered)},
		{"register_sha256", "REGISTER: SHA-256 only", func(w *manner) { w.registration.algorithms = []string{"SHA-256"} }},
		{"register_both", "REGISTER: SHA-256 and MD5 are offered", func(w *manner) { w.registration.algorithms = []string{"SHA-256", "MD5"} }},
		{"register_407", "REGISTER: asks as a proxy", func(w *manner) { w.registration.proxy = true }},
		{"register_423", "REGISTER: less than 10 min is too brief", func(w *manner) { w.registration.least = 10 * time.Minute }},
		{"register_60s", "REGISTER: grants a minute", func(w *manner) { w.registration.most = time.Minute }},
		{"register_403", "REGISTER: forbidden", func(w *manner) { w.registration.code = 403 }},
		{"register_503", "REGISTER: 503 with Retry-After: 20", func(w *manner) { w.registration.code, w.registration.retry = 503, "20" }},
		{"timer_422", "422: session timers of 1800 s and more only", gate(nil, timer422)},
	}
}

func gate(change func(*manner), g func(*call) bool) func(*manner) {
	return func(w *manner) {
		if change != nil {
			change(w)
		}
		w.gates = append(w.gates, g)
	}
}

// after does something so long after the answer.
func after(d time.Duration, f func(*call)) func(*manner) {
	return func(w *manner) {
		w.answered = append(w.answered, func(k *call) { k.later(d, func() { f(k) }) })
	}
}
