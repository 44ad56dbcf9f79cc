package simcarrier

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"
)

// request is one of ours inside a dialog, sent again until it is answered (RFC 3261 section 17.1).
type request struct {
	method string
	cseq   uint32
	branch string
	text   string
	wait   time.Duration
	sent   time.Time
	done   bool
	then   func(code int, m *message) // with 408 and nil when nobody answers; may be nil
}

// request sends a request to the other side of the dialog.
func (k *call) request(method, contentType, body string, then func(code int, m *message), more ...string) *request {
	k.cseq++
	r := &request{method: method, cseq: k.cseq, branch: k.branch(), wait: timer1, sent: time.Now(), then: then}
	r.text = k.write(method, k.cseq, r.branch, contentType, body, more...)
	k.own[r.cseq] = r
	k.c.send(r.text, k.target)
	k.resend(r)
	return r
}

func (k *call) write(method string, cseq uint32, branch, contentType, body string, more ...string) string {
	var b strings.Builder
	b.WriteString(method + " " + k.uri + " SIP/2.0\r\n")
	b.WriteString("Via: SIP/2.0/" + k.target.proto() + " " + k.target.here().String() + ";branch=" + branch + ";rport\r\nMax-Forwards: 70\r\n")
	for _, r := range k.routes {
		b.WriteString("Route: " + r + "\r\n")
	}
	from := k.ourHead
	if !k.manner.noToTag {
		from += ";tag=" + k.tag
	}
	b.WriteString("From: " + from + "\r\nTo: " + k.theirHead + "\r\n")
	b.WriteString("Call-ID: " + k.row.CallID + "\r\nCSeq: " + strconv.FormatUint(uint64(cseq), 10) + " " + method + "\r\n")
	var extra []string
	if method == "INVITE" || method == "UPDATE" {
		extra = append(extra, "Contact: "+k.contact(), allow)
		extra = append(extra, k.manner.refreshExtra...)
	}
	if contentType != "" {
		extra = append(extra, "Content-Type: "+contentType)
	}
	finish(&b, append(extra, more...), body)
	return b.String()
}

func (k *call) resend(r *request) {
	k.c.alarm(r.wait, func() {
		switch {
		case r.done || k.frozen:
		case k.target.conn != nil: // a stream repeats by itself
			if time.Since(r.sent) < timerB {
				r.wait = timerB - time.Since(r.sent)
				k.resend(r)
			} else {
				k.done(r, 408, nil)
			}
		case time.Since(r.sent) >= timerB:
			k.done(r, 408, nil)
		default:
			k.row.Resent++
			k.c.send(r.text, k.target)
			r.wait = min(2*r.wait, timerB-time.Since(r.sent))
			if r.method != "INVITE" {
				r.wait = min(r.wait, timer2)
			}
			k.resend(r)
		}
	})
}

// response takes a response to a request of ours.
func (k *call) response(m *message) {
	r := k.own[m.cseq]
	if r == nil || r.method != m.cseqMethod {
		if m.cseqMethod == "INVITE" && m.status >= 200 { // a final that came again: its ACK was lost
			k.ack(m)
		}
		return
	}
	if m.status < 200 {
		r.done = r.method == "INVITE" // no more of it; the final is awaited
		if k.out != nil && !k.final {
			k.progress(m)
		}
		return
	}
	if r.method == "INVITE" {
		k.ack(m)
	}
	k.done(r, m.status, m)
}

func (k *call) done(r *request, code int, m *message) {
	r.done = true
	delete(k.own, r.cseq)
	if r.then != nil && !k.over {
		r.then(code, m)
	}
}

func (k *call) ack(m *message) {
	if k.out != nil && !k.row.answered() {
		k.theirHead = m.get("to")
		if m.status < 300 {
			k.routes = m.all("record-route")
			slices.Reverse(k.routes)
			k.remember(m, k.target)
		}
	}
	branch := m.via.branch // of a refusal: the same transaction
	if m.status < 300 {
		branch = k.branch()
	}
	k.c.send(k.write("ACK", m.cseq, branch, "", ""), k.target)
}

// branch is new for each transaction, also when a network with the same seed is started again.
func (k *call) branch() string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(k.row.CallID))
	return "z9hG4bK" + k.c.sources.tag() + strconv.FormatUint(uint64(h.Sum32()), 36)
}

// inviting says whether a re-INVITE of ours waits for its final response.
func (k *call) inviting() bool {
	for _, r := range k.own {
		if r.method == "INVITE" {
			return true
		}
	}
	return false
}

// reinvite offers the session again, with another direction where dir differs, and tells what came of it.
func (k *call) reinvite(dir string, then func(code int)) {
	if k.inviting() {
		return
	}
	ours := k.ours
	ours.dir = dir
	k.change(ours)
	k.media.hold(dir)
	at := stamp(time.Now())
	k.request("INVITE", "", k.ours.text(nil), func(code int, m *message) {
		told := Reinvite{At: at, Direction: dir, Code: code}
		if m != nil && code < 300 && m.body != "" {
			if s, err := parseSDP(m.body); err == nil {
				told.Answer = s.dir
				s.muxed = k.manner.rtcpMux
				k.offer = s
				k.media.send(s, k.ours)
			}
		}
		k.row.told(told)
		if code == 491 { // glare: we do not own the Call-ID, so 0 to 2 s (RFC 3261 section 14.1)
			k.later(time.Duration(k.c.rand.Int64N(int64(2*time.Second))), func() { k.reinvite(dir, then) })
			return
		}
		if then != nil {
			then(code)
		}
	})
}

// pressKey sends a key the way this line does it.
func (k *call) pressKey(key byte) {
	if k.manner.infoKeys {
		k.row.Pressed = append(k.row.Pressed, Key{Key: string(key), At: stamp(time.Now())})
		k.request("INFO", "application/dtmf-relay", "Signal="+string(key)+"\r\nDuration=160\r\n", nil)
		return
	}
	k.media.press(key)
}
