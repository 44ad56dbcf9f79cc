package simcarrier

import (
	"fmt"
	"strings"
	"time"
)

// Provisional answers that are sent again until a PRACK comes (RFC 3262).

// supports100rel lets a call in whose INVITE says that it can.
func supports100rel(k *call) bool {
	for _, name := range []string{"supported", "require"} {
		for _, h := range k.invite.heads {
			if h.name == name && hasToken(h.value, "100rel") {
				return true
			}
		}
	}
	k.refuseNow(421, "Extension Required", "Require: 100rel")
	return false
}

func hasToken(list, token string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(t), token) {
			return true
		}
	}
	return false
}

// provisional is a reliable answer that waits for its PRACK.
type provisional struct {
	rseq  uint32
	text  string
	wait  time.Duration
	sent  time.Time
	acked bool
}

// relies makes r reliable; false when another still waits, since only one may be out.
func (k *call) relies(r *reply) bool {
	if p := k.prov; p != nil && !p.acked {
		return false
	}
	n := uint32(1)
	if k.prov != nil {
		n = k.prov.rseq + 1
	}
	k.prov = &provisional{rseq: n, wait: timer1, sent: time.Now()}
	r.extra = append(r.extra[:len(r.extra):len(r.extra)], "Require: 100rel", fmt.Sprintf("RSeq: %d", n))
	return true
}

func (k *call) repeatProvisional(p *provisional) {
	k.later(p.wait, func() {
		switch {
		case p.acked || k.final:
		case time.Since(p.sent) >= timerB:
			k.refuseNow(504, "Server Time-out")
		default:
			k.row.Resent++
			k.c.send(p.text, k.invite.via.replyTo(k.from))
			p.wait *= 2
			k.repeatProvisional(p)
		}
	})
}

// pracked takes a PRACK and says whether it names what waits.
func (k *call) pracked(m *message) bool {
	p := k.prov
	var rseq, cseq uint32
	var method string
	if n, _ := fmt.Sscan(m.get("rack"), &rseq, &cseq, &method); n != 3 || p == nil || p.rseq != rseq || cseq != k.invite.cseq || method != "INVITE" {
		return false
	}
	k.row.Pracks++
	p.acked = true
	if k.due && !k.final {
		k.answer()
	}
	return true
}

// waitsForPRACK says that the answer is due and that the PRACK will bring it.
func (k *call) waitsForPRACK() bool {
	k.due = k.manner.reliable && k.prov != nil && !k.prov.acked
	return k.due
}
