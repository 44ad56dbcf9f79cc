// Package phones are the two telephones that every system under test calls: SIP over UDP, PCMU, 50 packets a second.
// They answer at once and measure what arrives at the wire, so that all systems are measured at the same place. They are
// deliberately tiny: they measure a switch, they are not a SIP stack.
package phones

import (
	"fmt"
	"sync"
	"time"
)

// Pair is the two telephones. The visitor's hangs up once both have talked for hold.
type Pair struct {
	book  book
	phone [2]*phone
	wg    sync.WaitGroup
	quit  chan struct{}
}

// Options say how the telephones behave.
type Options struct {
	Hold  time.Duration // from both being up until the visitor hangs up; 0 = until HangUpAll
	Media bool          // send 50 packets of speech a second while up
}

// New opens two telephones on free ports of this machine.
func New(o Options) (*Pair, error) {
	p := &Pair{book: book{m: map[int]*Call{}}, quit: make(chan struct{})}
	for s := range p.phone {
		t, err := newPhone(p, side(s), o)
		if err != nil {
			p.Close()
			return nil, err
		}
		p.phone[s] = t
	}
	return p, nil
}

// NewCall makes a call whose addresses can be given to a system under test.
func (p *Pair) NewCall() *Call { return p.book.add() }

// Forget drops a call that is over.
func (p *Pair) Forget(c *Call) { p.book.forget(c) }

// Visitor and Agent are the SIP addresses of a call's telephones.
func (p *Pair) Visitor(c *Call) string { return fmt.Sprintf("sip:c%d@%s", c.ID, p.phone[visitor].host) }

// Agent is the other one.
func (p *Pair) Agent(c *Call) string { return fmt.Sprintf("sip:a%d@%s", c.ID, p.phone[agent].host) }

// Close ends both telephones without a word.
func (p *Pair) Close() {
	close(p.quit)
	for _, t := range p.phone {
		if t != nil {
			t.sip.Close()
			t.rtp.Close()
		}
	}
	p.wg.Wait()
}

// HangUpAll lets the visitor's telephone hang up everything, perSecond calls a second, and waits until both sides of
// all are over or patience ends. It returns how many were not.
func (p *Pair) HangUpAll(calls []*Call, perSecond int, patience time.Duration) int {
	t := time.NewTicker(time.Second / time.Duration(perSecond))
	defer t.Stop()
	for _, d := range p.phone[visitor].all() {
		<-t.C
		p.wg.Go(func() { p.phone[visitor].bye(d) })
	}
	end := time.NewTimer(patience)
	defer end.Stop()
	left := 0
	for _, c := range calls {
		select {
		case <-c.Over:
		case <-end.C:
			end.Reset(0)
			left++
		}
	}
	return left
}
