package simcarrier

import (
	"strings"
	"time"
)

// receive takes one datagram from the wire.
func (c *Carrier) receive(d datagram) {
	m, err := parse(d.text)
	if err != nil {
		c.log.Debug("carrier: dropped", "from", d.from, "err", err)
		return
	}
	k := c.calls[m.callID]
	switch {
	case m.method == "":
		switch p := c.phones[m.callID]; {
		case k != nil && !k.frozen:
			k.response(m)
		case p != nil:
			p.response(m)
		}
	case m.method == "INVITE" && m.toTag == "":
		c.invited(m, d.from)
	case k != nil && k.mute(m):
	case m.method == "ACK":
		if k != nil {
			k.acked(m)
		}
	case m.method == "CANCEL" && k != nil:
		k.cancelled(m, d.from)
	case m.method == "REGISTER" && d.from.line.phone == nil:
		c.registers(m, d.from)
	case m.method == "OPTIONS" && m.toTag == "":
		if w, _ := mannerOf(c.manner); !w.silent {
			c.answerBare(m, d.from, 200, "OK", allow)
		}
	case k == nil || !k.mine(m):
		c.answerBare(m, d.from, 481, "Call/Transaction Does Not Exist")
	default:
		k.inside(m, d.from)
	}
}

// mute says that a request of this call is not answered; what it means is still written down.
func (k *call) mute(m *message) bool {
	bye := m.method == "BYE"
	if bye && k.lost.byes < k.manner.loseBYEs {
		k.lost.byes++
		return true
	}
	if bye && (k.frozen || k.manner.deafToBye) {
		if !k.row.answered() || !k.row.ByeAt.IsZero() {
			k.row.Retransmits++
		}
		k.row.bye("them")
		k.finish()
		return true
	}
	return k.frozen || k.manner.silent
}

// mine says whether the To tag is one of ours; a 200 without a tag is answered by requests without one.
func (k *call) mine(m *message) bool {
	return m.toTag == k.tag || k.isTwin(m.toTag) || k.manner.noToTag && m.toTag == ""
}

// inside answers a request inside the dialog.
func (k *call) inside(m *message, src hop) {
	again := m.cseq <= k.theirs
	if again && !k.isTwin(m.toTag) {
		k.row.Retransmits++
	}
	k.theirs = max(k.theirs, m.cseq)
	ok := func(extra ...string) { k.c.answerBare(m, src, 200, "OK", extra...) }
	switch m.method {
	case "BYE":
		ok()
		k.byeFrom(m)
	case "INVITE", "UPDATE":
		k.renegotiate(m, src, again)
	case "OPTIONS":
		ok(allow)
	case "PRACK":
		if !k.pracked(m) && !again {
			k.c.answerBare(m, src, 481, "Call/Transaction Does Not Exist")
			return
		}
		ok()
	case "NOTIFY":
		ok()
		k.notified(m, again)
	case "INFO":
		ok()
		if key := infoKey(m.body); key != "" && !again && k.media != nil {
			k.media.heardKey(key)
		}
	default:
		k.c.answerBare(m, src, 405, "Method Not Allowed", allow)
	}
}

func (k *call) byeFrom(m *message) {
	if k.isTwin(m.toTag) {
		if k.row.TwinByeAt.IsZero() {
			k.row.TwinByeAt = stamp(time.Now())
		}
		return
	}
	if !k.over {
		k.row.bye("them")
		k.finish()
	}
}

// renegotiate answers a re-INVITE or UPDATE: the direction is mirrored, the version grows only when something changed.
func (k *call) renegotiate(m *message, src hop, again bool) {
	switch {
	case k.over || k.media == nil:
		k.c.answerBare(m, src, 481, "Call/Transaction Does Not Exist")
		return
	case again && m.method == "INVITE":
		for _, r := range k.replies {
			if r.cseq == m.cseq && !r.acked {
				k.c.send(r.text, r.to)
			}
		}
		return
	case m.method == "INVITE" && k.inviting():
		k.finalBare(m, src, 491, "Request Pending")
		return
	case m.method == "INVITE" && k.manner.updateOnly:
		k.finalBare(m, src, 488, "Not Acceptable Here")
		return
	}
	k.remember(m, src)
	var offer *session
	body := ""
	if m.body != "" {
		s, err := parseSDP(m.body)
		ours := k.ours
		if err == nil {
			ours, err = k.manner.answerTo(s)
		}
		if err != nil {
			k.finalBare(m, src, 488, "Not Acceptable Here")
			return
		}
		if s.held() && k.manner.held != nil {
			if code := k.manner.held(k); code != 0 {
				k.finalBare(m, src, code, "Not Now")
				return
			}
		}
		k.row.Held = k.row.Held || s.held()
		offer = s
		k.change(ours)
		k.media.send(s, k.ours)
	}
	if k.offer = offer; m.body != "" || m.method == "INVITE" {
		body = k.ours.text(offer)
	}
	r := &reply{cseq: m.cseq, to: m.via.replyTo(src), ok: true, tag: m.toTag}
	extra := []string{"Contact: " + k.contact(), allow}
	if v := m.get("session-expires"); v != "" {
		extra = append(extra, "Session-Expires: "+v)
	}
	r.text = k.c.response(m, src, 200, "OK", extra, "", body)
	if m.method == "INVITE" {
		k.repeat(r)
	}
	k.c.send(r.text, r.to)
	for _, f := range k.manner.renewed {
		f(k)
	}
}

// finalBare refuses a request inside the dialog; a refused INVITE is refused again until its ACK comes.
func (k *call) finalBare(m *message, src hop, code int, reason string) {
	if m.method != "INVITE" {
		k.c.answerBare(m, src, code, reason)
		return
	}
	r := &reply{cseq: m.cseq, to: m.via.replyTo(src)}
	r.text = k.c.response(m, src, code, reason, nil, "", "")
	k.repeat(r)
	k.c.send(r.text, r.to)
}

// change takes a new own side of the session.
func (k *call) change(ours local) {
	ours.id, ours.version, ours.addr = k.ours.id, k.ours.version, k.ours.addr
	if ours.dir != k.ours.dir || ours.text(nil) != k.ours.text(nil) {
		ours.version++
	}
	k.ours = ours
}

// infoKey reads a key from an INFO body: "Signal=5" (dtmf-relay) or "5" (dtmf).
func infoKey(body string) string {
	for line := range strings.SplitSeq(body, "\n") {
		k, v, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			v = k
		} else if !strings.EqualFold(strings.TrimSpace(k), "signal") {
			continue
		}
		if v = strings.TrimSpace(v); len(v) == 1 && keyCode(v[0]) >= 0 {
			return v
		}
	}
	return ""
}
