package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"
)

// The library runs a goroutine for each message, so two that came together may overtake each other: a 486 its 180, a BYE
// its re-INVITE. arrived runs before that, on the goroutine that reads the socket, and gives each message of a call its
// place on the call's lane.
func (s *Stack) arrived(m sip.Message) {
	defer s.recovered()
	if m.CallID() == nil || m.CSeq() == nil {
		return
	}
	s.traceStream(false, m)
	c := s.call(string(*m.CallID()))
	switch m := m.(type) {
	case *sip.Response:
		switch {
		case m.CSeq().MethodName != sip.INVITE || m.From() == nil || m.To() == nil || m.Via() == nil:
		case c != nil:
			c.lane.Do(func() { c.response(m) })
		case m.StatusCode < 300:
			s.start(func() {
				defer s.recovered()
				s.foreign(m)
			})
		}
	case *sip.Request:
		if c != nil && !m.IsCancel() {
			s.hold(c, m)
		}
	}
}

// held is the place of a request on its call's lane; its transaction comes a little later.
type held struct {
	tx   chan *sip.ServerTx
	done chan struct{}
	took bool // it was answered; read after done
}

// transactionPatience is how long a lane waits for a transaction that, for a repeated or malformed request, never comes.
const transactionPatience = 200 * time.Millisecond

func (s *Stack) hold(c *Call, r *sip.Request) {
	h := &held{tx: make(chan *sip.ServerTx, 1), done: make(chan struct{})}
	s.held.Store(r, h)
	c.lane.Do(func() {
		defer close(h.done)
		defer s.held.Delete(r)
		if c.repeats(r) {
			return
		}
		t := time.NewTimer(transactionPatience)
		defer t.Stop()
		select {
		case tx := <-h.tx:
			h.took = true
			c.request(r, tx)
		case <-t.C:
		}
	})
}

// seen are the newest requests of a call.
type seen struct {
	keys [8]string
	at   int
}

// repeats says whether a request came before, or is an ACK that nothing waits for: its transaction will not come.
func (c *Call) repeats(r *sip.Request) bool {
	if r.IsAck() && c.open == nil {
		return true
	}
	branch := ""
	if v := r.Via(); v != nil {
		branch, _ = v.Params.Get("branch")
	}
	key := string(r.Method) + branch
	for _, k := range c.keys {
		if k == key {
			return true
		}
	}
	c.keys[c.at] = key
	c.at = (c.at + 1) % len(c.keys)
	return false
}
