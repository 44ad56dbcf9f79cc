package dialog

import (
	"io"
	"net/netip"
	"sync"
	"time"
)

// Front is the front door: who is unknown may register there, and do nothing else.
type Front struct {
	// Knock judges a datagram of a stranger: it goes on to Register, is answered by reply, or gets not one byte.
	Knock func(b []byte, from netip.AddrPort) (pass bool, reply []byte)
	// Admit says whether a stranger may open a stream.
	Admit func(from netip.Addr) bool
	// Judge looks at the beginning of such a stream; enough = more of it would not change the verdict.
	Judge func(b []byte) (ok, enough bool)
}

// Limits of streams whose far end has not registered yet.
const (
	newcomerMax   = 64
	newcomerEach  = 8
	newcomerWord  = 10 * time.Second // until the first line of a REGISTER is there
	newcomerStays = 32 * time.Second // until it has registered
)

// newcomers counts the streams of strangers.
type newcomers struct {
	front *Front // nil = strangers have no door

	mu   sync.Mutex
	each map[netip.Addr]int
	all  int
}

func (n *newcomers) admit(a netip.Addr) bool {
	if n.front == nil || !n.front.Admit(a) {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all >= newcomerMax || n.each[a] >= newcomerEach {
		return false
	}
	if n.each == nil {
		n.each = map[netip.Addr]int{}
	}
	n.each[a]++
	n.all++
	return true
}

func (n *newcomers) leave(a netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all--
	if n.each[a]--; n.each[a] <= 0 {
		delete(n.each, a)
	}
}

// newcomer is a stream of a stranger: nothing of it reaches the parser before its first line is a REGISTER for us, and it
// does not stay for long unless it registers.
type newcomer struct {
	*guest
	h     *hall
	begun time.Time
	held  []byte // read, judged and not yet handed on
	known bool
}

func (h *hall) newcomer(g *guest) *newcomer { return &newcomer{guest: g, h: h, begun: time.Now()} }

// Read hands on what the front door has let in. One goroutine reads a stream.
func (n *newcomer) Read(b []byte) (int, error) {
	if !n.known {
		if err := n.listen(); err != nil {
			return 0, err
		}
		n.known = true
	}
	if len(n.held) > 0 {
		k := copy(b, n.held)
		n.held = n.held[k:]
		return k, nil
	}
	if n.h.allow(addrOf(n.RemoteAddr())) {
		return n.guest.Read(b)
	}
	if err := n.SetReadDeadline(n.begun.Add(newcomerStays)); err != nil {
		return 0, err
	}
	return n.Conn.Read(b)
}

// listen reads the first line.
func (n *newcomer) listen() error {
	if err := n.SetReadDeadline(n.begun.Add(newcomerWord)); err != nil {
		return err
	}
	b := make([]byte, 512)
	for {
		k, err := n.Conn.Read(b)
		if err != nil {
			return err
		}
		n.held = append(n.held, b[:k]...)
		switch ok, enough := n.h.new.front.Judge(n.held); {
		case ok:
			return nil
		case enough:
			n.h.dropped("source")
			return io.EOF
		}
	}
}

// came and gone keep the streams that others have opened.
func (s *Stack) came(far netip.AddrPort, g *guest) {
	s.mu.Lock()
	s.guests[far] = g
	s.mu.Unlock()
}

func (s *Stack) gone(far netip.AddrPort, g *guest) {
	close(g.over)
	s.mu.Lock()
	mine := s.guests[far] == g
	if mine {
		delete(s.guests, far)
	}
	s.mu.Unlock()
	if mine && s.c.StreamEnded != nil {
		s.c.StreamEnded(far)
	}
}

// Expect ends the stream that far has opened when nothing is heard on it for so long; 0 = as long as others may be silent.
func (s *Stack) Expect(far netip.AddrPort, quiet time.Duration) {
	s.mu.Lock()
	g := s.guests[far]
	s.mu.Unlock()
	if g == nil || g.quiet.Swap(int64(quiet)) == int64(quiet) || quiet == 0 {
		return
	}
	g.SetReadDeadline(time.Now().Add(quiet)) // the read that waits now began with the other patience
}

// guestOver returns what is closed when the stream that far has opened ends; nil = there is none.
func (s *Stack) guestOver(far netip.AddrPort) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.guests[far]; g != nil {
		return g.over
	}
	return nil
}

// stranger says whether a request came over a stream of somebody who has not registered and is no REGISTER: not one byte
// goes back, and the stream ends.
func (s *Stack) stranger(source string, register bool) bool {
	far, err := netip.ParseAddrPort(source)
	if err != nil || register || s.c.Allow(far.Addr().Unmap()) {
		return false
	}
	s.c.Dropped("source")
	s.mu.Lock()
	g := s.guests[netip.AddrPortFrom(far.Addr().Unmap(), far.Port())]
	s.mu.Unlock()
	if g != nil {
		g.Close()
	}
	return true
}
