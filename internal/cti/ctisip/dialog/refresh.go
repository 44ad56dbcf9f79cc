package dialog

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// refresh keeps a session alive that the far end limits in time (RFC 4028) when it asks us to do it, by re-INVITEs with
// the description that was sent last.
type refresh struct {
	every   time.Duration // Session-Expires
	timer   *Timer
	pending *sip.Request // our re-INVITE without a final answer
	ptx     sip.ClientTransaction
	body    []byte // our description
}

// startTimer reads the Session-Expires of an answer. Only refresher=uac is ours.
func (c *Call) startTimer(r *sip.Response) {
	v := header(r, "Session-Expires")
	if v == "" {
		v = header(r, "x")
	}
	every := seconds(v)
	if every < 10*time.Second || !strings.Contains(strings.ReplaceAll(strings.ToLower(v), " ", ""), "refresher=uac") {
		return
	}
	c.every = every
	c.arm(every / 2)
}

func (c *Call) arm(d time.Duration) {
	c.timer.Stop()
	c.timer = c.lane.After(d, c.Refresh)
}

func (c *Call) stopTimer() {
	c.timer.Stop()
	if c.ptx != nil {
		c.ptx.Terminate()
	}
	c.pending, c.ptx = nil, nil
}

// Describe tells the call what our newest description is; the owner calls it whenever it has written one.
func (c *Call) Describe(body []byte) { c.body = body }

// Refresh sends a re-INVITE with our description. It waits while another INVITE of the dialog is open, and backs off when
// both sides ask at once (491).
func (c *Call) Refresh() {
	if c.state != answered {
		return
	}
	if c.pending != nil || c.open != nil {
		c.arm(c.backOff())
		return
	}
	c.cseq++
	r := c.within(sip.INVITE, c.cseq)
	ct := sip.ContentTypeHeader("application/sdp")
	r.AppendHeader(&ct)
	r.AppendHeader(sip.NewHeader("Allow", allow))
	if c.every > 0 {
		r.AppendHeader(sip.NewHeader("Supported", "timer"))
		r.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(c.every/time.Second))+";refresher=uac"))
	}
	r.SetBody(c.body)
	_, tx, err := c.s.transact(r)
	if err != nil {
		c.arm(c.backOff())
		return
	}
	c.pending, c.ptx = r, tx
	c.s.follow(c.lane, tx, nil, func(error) {
		if c.pending == r {
			c.pending, c.ptx = nil, nil
			c.arm(c.backOff())
		}
	})
}

// backOff is 2.1 to 4 s: the Call-ID is ours (RFC 3261 section 14.1).
func (c *Call) backOff() time.Duration {
	return 2100*time.Millisecond + time.Duration(c.s.c.Random(190))*10*time.Millisecond
}

// refreshing takes an answer to our re-INVITE and says whether it was one.
func (c *Call) refreshing(r *sip.Response) bool {
	if c.state != answered || r.CSeq().SeqNo <= c.invSeq {
		return false
	}
	if c.pending == nil || r.CSeq().SeqNo != c.pending.CSeq().SeqNo {
		if r.StatusCode >= 200 && r.StatusCode < 300 { // repeated: its ACK was lost
			c.s.write(c.within(sip.ACK, r.CSeq().SeqNo))
		}
		return true
	}
	if r.StatusCode < 200 {
		return true
	}
	seq, tx := c.pending.CSeq().SeqNo, c.ptx
	c.pending, c.ptx = nil, nil
	switch {
	case r.StatusCode < 300:
		c.retarget(r.Contact())
		c.s.write(c.within(sip.ACK, seq))
		tx.Terminate()
		if c.every > 0 {
			c.arm(c.every / 2)
		}
	default:
		tx.Terminate()
		switch {
		case r.StatusCode == 481 || r.StatusCode == 408:
			c.gone(true, "")
		case r.StatusCode == 491 || c.every > 0:
			c.arm(c.backOff())
		}
	}
	return true
}

// retarget takes a new Contact of the far end (RFC 3261 section 12.2).
func (c *Call) retarget(h *sip.ContactHeader) {
	if h == nil || h.Address.Host == "" {
		return
	}
	c.target = *h.Address.Clone()
	if len(c.routes) == 0 {
		c.next = c.hop(c.target, c.inv)
	}
}
