// Package doctor finds out how a trunk behaves: it rings a person over it, keeps everything that happens, and says in
// plain words what is unusual about the line and what to do. To teach it a defect, add a row to rules.
package doctor

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"ringback/internal/cti"
	"ringback/internal/ladder"
)

// Facts are all that is known of one test call.
type Facts struct {
	Trunk  cti.Trunk
	Events []cti.Event
	Trace  []ladder.Entry
	Asked  string        // the digit that was played
	Line   cti.LineState // after the call
	Burst  []int         // codes that calls at the same instant ended with; none = there were none
	Keyed  string        // what was keyed instead of, or as, that
	From   string        // the caller ID that was sent, E.164
	Shown  string        // its last two digits as the person sees them; "" = she keyed nothing
}

// event returns the first event of a kind.
func (f *Facts) event(k cti.EventKind) (cti.Event, bool) {
	for _, e := range f.Events {
		if e.Kind == k {
			return e, true
		}
	}
	return cti.Event{}, false
}

func (f *Facts) has(k cti.EventKind) bool { _, ok := f.event(k); return ok }

// tone is whether a machine's tone was heard.
func (f *Facts) tone(t cti.Tone) bool {
	for _, e := range f.Events {
		if e.Tone == t {
			return true
		}
	}
	return false
}

// media is what follows a prefix in what was kept about the sound; "." when nothing follows, "" = it was not kept.
func (f *Facts) media(prefix string) string {
	for _, e := range f.Trace {
		if rest, ok := strings.CutPrefix(e.Text, prefix); ok && e.Kind == ladder.Media {
			return rest + strings.Repeat(".", max(0, 1-len(rest)))
		}
	}
	return ""
}

// machine is whether no person has answered.
func (f *Facts) machine() bool {
	return f.tone(cti.ToneFax) || f.tone(cti.ToneSIT) || f.tone(cti.ToneBeep)
}

// hears is whether sound comes from the far end now.
func (f *Facts) hears() bool {
	_, now := f.firstSound()
	for _, e := range f.Events {
		switch e.Kind {
		case cti.LegQuiet:
			now = false
		case cti.LegHeard:
			now = true
		}
	}
	return now
}

// firstSound is how long after the answer the far end's sound began.
func (f *Facts) firstSound() (after time.Duration, ok bool) {
	up, answered := f.event(cti.LegAnswered)
	for _, e := range f.Trace {
		if answered && e.Kind == ladder.Media && strings.HasPrefix(e.Text, "first sound") {
			return e.At.Sub(up.At), true
		}
	}
	return 0, false
}

// message is a SIP message of the call.
type message struct {
	out    bool
	far    netip.AddrPort
	code   int    // of a response
	method string // of a request; of a response, what it answers
	header map[string][]string
	body   string
}

func (m *message) get(name string) string { return strings.Join(m.header[name], ", ") }

// find returns the messages that fit, in the order they were seen.
func (f *Facts) find(is func(*message) bool) (out []*message) {
	for _, e := range f.Trace {
		if e.Kind != ladder.SIP {
			continue
		}
		if m := parse(e); is(m) {
			out = append(out, m)
		}
	}
	return out
}

// requests are those of a method, one way.
func (f *Facts) requests(method string, out bool) []*message {
	return f.find(func(m *message) bool { return m.code == 0 && m.method == method && m.out == out })
}

// replies are what the far end has answered to requests of ours of a method, with one of these codes. Answers to a change
// of the call (changes) are none to an INVITE.
func (f *Facts) replies(method string, codes ...int) []*message {
	later := f.later()
	return f.find(func(m *message) bool {
		return slices.Contains(codes, m.code) && !m.out && m.method == method && !(method == "INVITE" && later[m.get("cseq")])
	})
}

// changes are what it has answered, with one of these codes, when we asked to change the call: to a re-INVITE.
func (f *Facts) changes(codes ...int) []*message {
	later := f.later()
	return f.find(func(m *message) bool { return slices.Contains(codes, m.code) && !m.out && later[m.get("cseq")] })
}

// invites are the INVITEs that began the call.
func (f *Facts) invites() []*message {
	return f.find(func(m *message) bool { return m.method == "INVITE" && m.code == 0 && m.out && tag(m.get("to")) == "" })
}

// later are the CSeq of our re-INVITEs.
func (f *Facts) later() map[string]bool {
	all := map[string]bool{}
	for _, m := range f.requests("INVITE", true) {
		if tag(m.get("to")) != "" {
			all[m.get("cseq")] = true
		}
	}
	return all
}

// full are the names of compact headers.
func full(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	long := map[string]string{"x": "session-expires", "k": "supported", "m": "contact", "i": "call-id", "f": "from", "t": "to", "c": "content-type", "l": "content-length"}[name]
	if long != "" {
		return long
	}
	return name
}

// parse reads what the rules look at; a message that cannot be read is one without anything.
func parse(e ladder.Entry) *message {
	m := &message{out: e.Out, far: e.Far, header: map[string][]string{}}
	head, body, _ := strings.Cut(strings.ReplaceAll(e.Text, "\r\n", "\n"), "\n\n")
	m.body = body
	lines := strings.Split(head, "\n")
	words := strings.Fields(lines[0])
	for _, l := range lines[1:] {
		if name, value, ok := strings.Cut(l, ":"); ok {
			m.header[full(name)] = append(m.header[full(name)], strings.TrimSpace(value))
		}
	}
	switch {
	case len(words) > 1 && words[0] == "SIP/2.0":
		m.code, _ = strconv.Atoi(words[1]) // 0 is no code
		if cseq := strings.Fields(m.get("cseq")); len(cseq) == 2 {
			m.method = cseq[1]
		}
	case len(words) > 0:
		m.method = words[0]
	}
	return m
}

// tag is that of a From or To.
func tag(value string) string {
	_, t, _ := strings.Cut(value, ";tag=")
	t, _, _ = strings.Cut(t, ";")
	return t
}

// answer is the SDP that the line has answered our offer with, "" = none.
func (f *Facts) answer() (sdp string, m *message) {
	for _, m := range f.replies("INVITE", 200) {
		if m.body != "" {
			return m.body, m
		}
	}
	return "", nil
}

// line returns the rest of the first line of an SDP that begins so.
func line(sdp, prefix string) string {
	for l := range strings.SplitSeq(sdp, "\n") {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), prefix); ok {
			return rest
		}
	}
	return ""
}

// events is the payload type of telephone-event in an SDP, "" = none.
func events(sdp string) string {
	for l := range strings.SplitSeq(sdp, "\n") {
		rest, ok := strings.CutPrefix(strings.TrimSpace(l), "a=rtpmap:")
		if pt, name, two := strings.Cut(rest, " "); ok && two && strings.HasPrefix(strings.ToLower(name), "telephone-event/8000") {
			return pt
		}
	}
	return ""
}
