package simcarrier

import (
	"strconv"
	"strings"
	"time"
)

// Timers of RFC 3261 section 17.1.1.1.
const (
	timer1 = 500 * time.Millisecond
	timer2 = 4 * time.Second
	timerB = 64 * timer1
)

// reply is a response beyond its status line. Final replies to an INVITE are sent again until their ACK comes.
type reply struct {
	tag   string // of To; "" = the call's own, "-" = none
	body  string // SDP
	extra []string

	cseq  uint32
	text  string
	to    hop
	ok    bool // 2xx
	acked bool
	wait  time.Duration
	sent  time.Time
}

// respond answers the call's initial INVITE.
func (k *call) respond(code int, reason string, r reply) {
	if code < 200 && k.manner.noProvisional {
		return
	}
	if code > 100 && r.tag == "" {
		r.tag = k.tag
	}
	reliable := code > 100 && code < 200 && k.manner.reliable
	if reliable && !k.relies(&r) {
		return
	}
	k.last = k.c.response(k.invite, k.from, code, reason, k.headers(code, r), r.tag, r.body)
	to := k.invite.via.replyTo(k.from)
	now := time.Now()
	switch {
	case code < 200:
		k.row.provisional(code, now)
		if reliable {
			k.prov.text = k.last
			k.repeatProvisional(k.prov)
		}
	default:
		k.final = true
		k.row.Final, k.row.FinalAt = code, stamp(now)
		r.cseq, r.text, r.to, r.ok = k.invite.cseq, k.last, to, code < 300
		k.repeat(&r)
	}
	k.c.send(k.last, to)
}

func (k *call) headers(code int, r reply) []string {
	h := r.extra
	if code > 100 && code < 300 {
		h = append([]string{"Contact: " + k.contact(), allow}, h...)
	}
	return h
}

const allow = "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK"

// repeat sends a final response again until it is acknowledged: 500 ms, 1 s, 2 s, 4 s, ... for 32 s.
func (k *call) repeat(r *reply) {
	r.wait, r.sent = timer1, time.Now()
	k.replies = append(k.replies, r)
	k.again(r)
}

func (k *call) again(r *reply) {
	k.c.alarm(r.wait, func() {
		switch {
		case r.acked || k.frozen:
		case time.Since(r.sent) >= timerB:
			if r.ok && !k.over { // RFC 3261 section 13.3.1.4: no ACK, so the session is ended
				k.hangUp()
			}
		default:
			k.row.Resent++
			k.c.send(r.text, r.to)
			r.wait = min(2*r.wait, timer2, timerB-time.Since(r.sent))
			k.again(r)
		}
	})
}

// acked takes an ACK.
func (k *call) acked(m *message) {
	if k.lost.acks < k.manner.loseACKs {
		k.lost.acks++
		return
	}
	for _, r := range k.replies {
		if r.cseq != m.cseq || r.acked || r.ok && k.isTwin(r.tag) != k.isTwin(m.toTag) {
			continue
		}
		r.acked = true
		if !r.ok || k.isTwin(m.toTag) {
			continue
		}
		if k.row.AckedAt.IsZero() {
			k.row.AckedAt = stamp(time.Now())
		}
		if k.offer == nil && m.body != "" {
			k.settle(m.body)
		}
		if k.out == nil && m.cseq == k.invite.cseq {
			for _, f := range k.manner.acked {
				f(k)
			}
		}
	}
}

func (k *call) isTwin(tag string) bool { return k.twin != "" && tag == k.twin }

// settle takes the answer to an offer of ours.
func (k *call) settle(body string) {
	s, err := parseSDP(body)
	if err != nil || k.media == nil {
		return
	}
	if s.eventPT < 0 {
		k.ours.eventPT = -1
	}
	s.muxed = k.manner.rtcpMux
	k.offer = s
	k.media.send(s, k.ours)
}

// answerBare answers a request that belongs to no call, or needs no more than a status line.
func (c *Carrier) answerBare(m *message, src hop, code int, reason string, extra ...string) {
	tag := m.toTag
	if tag == "" {
		tag = c.sources.tag()
	}
	c.send(c.response(m, src, code, reason, extra, tag, ""), m.via.replyTo(src))
}

// response writes a response to m (RFC 3261 section 8.2.6). tag "-" leaves To as it was.
func (c *Carrier) response(m *message, src hop, code int, reason string, extra []string, tag, body string) string {
	var b strings.Builder
	b.Grow(600 + len(body))
	b.WriteString("SIP/2.0 " + strconv.Itoa(code) + " " + reason + "\r\n")
	top := true
	for _, h := range m.heads {
		switch h.name {
		case "via":
			v := h.value
			if top {
				_, others, _ := strings.Cut(v, ",")
				if v = m.via.answered(src.addr); others != "" {
					v += "," + others
				}
				top = false
			}
			b.WriteString("Via: " + v + "\r\n")
		case "record-route":
			b.WriteString("Record-Route: " + h.value + "\r\n")
		case "from":
			b.WriteString("From: " + h.value + "\r\n")
		case "to":
			b.WriteString("To: " + h.value)
			if m.toTag == "" && tag != "" && tag != "-" {
				b.WriteString(";tag=" + tag)
			}
			b.WriteString("\r\n")
		}
	}
	b.WriteString("Call-ID: " + m.callID + "\r\nCSeq: " + strconv.FormatUint(uint64(m.cseq), 10) + " " + m.cseqMethod + "\r\n")
	finish(&b, extra, body)
	return b.String()
}

func finish(b *strings.Builder, extra []string, body string) {
	for _, h := range extra {
		b.WriteString(h + "\r\n")
	}
	if strings.HasPrefix(body, "v=0") {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}
