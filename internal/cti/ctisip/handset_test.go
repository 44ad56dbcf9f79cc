package ctisip

import (
	"fmt"
	"sync"
	"time"
)

// handset is a far end as RFC 3261 wants it: it repeats its 200 until the ACK comes, and each answer when it is asked again.
type handset struct {
	dial, ring time.Duration

	mu    sync.Mutex
	calls map[string]*theirCall
}

type theirCall struct {
	inv   *msg
	final int // sent, 0 = none
	acked bool
	over  bool
}

func newHandset(dial, ring time.Duration) *handset {
	return &handset{dial: dial, ring: ring, calls: map[string]*theirCall{}}
}

func (p *handset) on(f *far, m *msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := m.header("Call-ID")
	c := p.calls[key]
	switch m.method {
	case "INVITE":
		if c == nil {
			c = &theirCall{inv: m}
			p.calls[key] = c
			after(p.dial, func() { p.rings(f, c) })
			after(p.dial+p.ring, func() { p.answers(f, c, 200, 500*time.Millisecond) })
		}
		f.reply(m, 100, "")
	case "ACK":
		if c != nil {
			c.acked = true
			c.over = c.over || c.final >= 300
		}
	case "CANCEL":
		if c == nil {
			f.reply(m, 481, "")
			return
		}
		f.reply(m, 200, "")
		if c.final == 0 {
			c.final = 487
			after(0, func() { p.answers(f, c, 487, 500*time.Millisecond) })
		}
	case "BYE":
		if c != nil {
			c.over = true
		}
		f.reply(m, 200, "")
	case "OPTIONS":
		f.reply(m, 200, "")
	}
}

func (p *handset) rings(f *far, c *theirCall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.final == 0 {
		f.reply(c.inv, 180, "")
	}
}

// answers sends a final answer again and again until its ACK comes.
func (p *handset) answers(f *far, c *theirCall, code int, again time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.final != 0 && c.final != code || c.acked || c.over || again > 64*time.Second {
		return
	}
	c.final = code
	body := ""
	if code == 200 {
		body = f.sdp()
	}
	f.reply(c.inv, code, body)
	after(again, func() { p.answers(f, c, code, 2*again) })
}

// left says what of the phone's calls is not over.
func (p *handset) left() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.calls) > 1 {
		return fmt.Sprintf("in %d calls", len(p.calls))
	}
	for _, c := range p.calls {
		switch {
		case c.over:
		case c.final == 200:
			return "up"
		case c.final == 0:
			return "ringing"
		}
	}
	return ""
}
