package ctisip

import (
	"strings"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/sdp"
)

// earlyMedia takes the description of a provisional answer. What the network plays to the visitor's leg ("no longer in
// service") is heard by the leg that waits for her; nothing goes the other way.
func (l *leg) earlyMedia(t *try, body []byte) {
	m, c, ok := t.read(body)
	if !ok {
		return
	}
	l.stream.Remote(l.remote(m, c, t, t.dest.Addr(), false))
	if l.early {
		return
	}
	l.early = true
	l.tell(cti.LegEarly)
	if w := l.waiting(); w != nil && (l.o.Party == cti.Visitor || l.o.For != "") && w.stream != nil {
		l.stream.Early(w.stream)
	}
}

// read parses an answer to our offer and picks the codec and the keys.
func (t *try) read(body []byte) (*sdp.Media, sdp.Codec, bool) {
	own := t.ownSDP()
	s, err := sdp.Parse(body)
	if err != nil {
		return nil, sdp.Codec{}, false
	}
	m, err := s.Sound()
	if err != nil {
		return nil, sdp.Codec{}, false
	}
	c, ok := m.Pick(own.Codecs)
	return m, c, ok && t.agreed(own, m)
}

// Answered is a 2xx: this INVITE is the leg from here on.
func (t *try) Answered(c *dialog.Call, body []byte) {
	l := t.l
	t.silence.Stop()
	if l.talk != nil && !l.ended && t.fork != nil {
		t.taken(body)
		return
	}
	if l.ended || l.end != nil || l.talk != nil {
		c.Bye("")
		return
	}
	t.wins()
	for _, o := range l.tries {
		if o != t && o.open() && o.fork == nil {
			o.loser = true
			o.call.Cancel(cancelReason(cti.NormalClearing))
		}
	}
	l.talk, l.upAt = t, time.Now()
	if t.line != nil {
		l.sw.heardOf(t.line, t.dest)
	}
	l.ring.Stop()
	l.hard.Stop()
	l.openDoor(c.Next().Addr())
	if len(body) == 0 {
		body = t.early
	}
	m, codec, ok := t.read(body)
	if !ok {
		l.end, l.saying = &ending{cti.NetworkOutOfOrder, cti.ByUs, 488}, true
		c.Bye("")
		return
	}
	from, natted := c.Remote()
	l.stream.Remote(l.remote(m, codec, t, from.Addr(), natted))
	l.stream.Answered()
	if t.secret.now.Suite != "" { // a re-INVITE of ours names the one key that is in use
		t.offerSecrets(&l.local)
		c.Describe(l.local.Offer())
	}
	l.held = holds(m.Direction)
	l.sw.mu.Lock()
	l.codec, l.sound, l.fact.CallID = codec.Name, l.stream, c.CallID()
	if t.line != nil {
		l.fact.Trunk = t.line.ID
	}
	l.sw.mu.Unlock()
	ref := c.Ref()
	l.tell(cti.LegAnswered, func(e *cti.Event) {
		e.Ref, e.SIPCode = ref, 200
		if a := c.Attestation(); a != "" {
			e.Note = "attestation " + a
		}
	})
	l.answered()
}

// Offered answers a re-INVITE or UPDATE: hold and back, a moved far end, a fax that is refused.
func (t *try) Offered(c *dialog.Call, body []byte) ([]byte, int) {
	l := t.l
	if l.ended || l.talk != t && (l.talk != nil || c.Up()) {
		return nil, 488
	}
	if body == nil {
		t.offerSecrets(&l.local)
		out := l.local.Offer()
		c.Describe(out)
		return out, 0
	}
	out, m, codec, ok := t.answerTo(body)
	if !ok {
		return nil, 488
	}
	c.Describe(out)
	l.moved(t, m, codec)
	return out, 0
}

// answerTo reads an offer of theirs and writes our answer to it.
func (t *try) answerTo(offer []byte) ([]byte, *sdp.Media, sdp.Codec, bool) {
	own := &t.l.local
	s, err := sdp.Parse(offer)
	if err != nil {
		return nil, nil, sdp.Codec{}, false
	}
	m, err := s.Sound()
	if err != nil {
		return nil, nil, sdp.Codec{}, false
	}
	codec, ok := m.Pick(own.Codecs)
	if !ok || !t.offered(own, m) {
		return nil, nil, sdp.Codec{}, false
	}
	return own.Answer(s, codec), m, codec, true
}

// Counter is the far end's answer to a description of ours that it had asked for.
func (t *try) Counter(_ *dialog.Call, body []byte) {
	if t.l.ended || t.l.talk != t {
		return
	}
	if m, c, ok := t.read(body); ok {
		t.l.moved(t, m, c)
	}
}

func (l *leg) moved(t *try, m *sdp.Media, c sdp.Codec) {
	if !t.call.Up() { // before the answer: where the network's own sound comes from
		l.stream.Remote(l.remote(m, c, t, t.dest.Addr(), false))
		return
	}
	from, natted := t.call.Remote()
	l.stream.Remote(l.remote(m, c, t, from.Addr(), natted))
	l.sw.mu.Lock()
	l.codec = c.Name
	l.sw.mu.Unlock()
	l.hold(holds(m.Direction))
}

// Info is a key in a message: application/dtmf-relay has lines "Signal=5", application/dtmf the key alone.
func (t *try) Info(_ *dialog.Call, contentType string, body []byte) {
	if b, ok := infoDigit(contentType, string(body)); ok && t.l.talk == t {
		t.l.digit(b)
	}
}

func infoDigit(contentType, body string) (byte, bool) {
	v := strings.TrimSpace(body)
	if contentType == "application/dtmf-relay" {
		v = ""
		for line := range strings.Lines(body) {
			if k, s, ok := strings.Cut(line, "="); ok && strings.EqualFold(strings.TrimSpace(k), "Signal") {
				v = strings.TrimSpace(s)
				break
			}
		}
	}
	switch v {
	case "10":
		v = "*"
	case "11":
		v = "#"
	}
	if len(v) != 1 {
		return 0, false
	}
	b := v[0]
	if b >= 'a' && b <= 'd' {
		b -= 'a' - 'A'
	}
	if strings.IndexByte("0123456789*#ABCD", b) < 0 {
		return 0, false
	}
	return b, true
}

// Expired ends a call whose session nobody has refreshed.
func (t *try) Expired(c *dialog.Call) {
	l := t.l
	if l.ended || l.talk != t {
		return
	}
	c.Bye(`SIP;cause=408;text="Session expired"`)
	l.finish(ending{cti.MediaLost, cti.ByNetwork, 408})
}

// Gone is the end of an answered call.
func (t *try) Gone(_ *dialog.Call, byThem bool, reason string) {
	l := t.l
	t.drop()
	if l.ended || l.talk != t {
		t.hush()
		return
	}
	if l.end == nil {
		l.end = &ending{cti.NormalClearing, cti.ByUs, 0}
		if byThem {
			l.end.by = l.o.Party.Person()
			if l.machine && l.confirming() {
				l.end.cause = cti.Machine // its recording is over
			}
		}
	}
	l.finish(*l.end)
}
