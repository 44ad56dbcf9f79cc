package browser

import (
	"net"
	"sync"
	"sync/atomic"
)

// peer is a browser by its name: the connection that it has now, and the leg that lives there.
type peer struct {
	hub  *Hub
	name string

	mu   sync.Mutex
	told bool        // that it is there
	conn *connection // nil = it has none
	line *Line       // nil = no leg
}

// replace gives the peer another connection, nil = none, and returns the one before. Its leg goes on over the new one.
func (p *peer) replace(c *connection) (old *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, p.conn = p.conn, c
	if old != nil {
		old.in.Store(nil)
	}
	if c != nil {
		c.in.Store(p.line)
	}
	if p.line != nil {
		p.line.conn.Store(c)
	}
	return old
}

// turn notes whether the browser is there, and says whether that is to be told: of a connection that was replaced nothing is.
func (p *peer) turn(c *connection, on bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != c {
		return false
	}
	news := c.on.Swap(on) != on && on || p.told && !on
	p.told = on
	return news
}

// drop takes a connection from the peer that has failed; false = it had another one already.
func (p *peer) drop(c *connection) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != c {
		return false
	}
	p.conn = nil
	c.in.Store(nil)
	if p.line != nil {
		p.line.conn.Store(nil)
	}
	return true
}

func (p *peer) up() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn != nil && p.conn.on.Load()
}

func (p *peer) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn == nil && p.line == nil
}

// Line is the way of a leg's sound to a browser, whatever connection that has.
type Line struct {
	peer *peer
	in   func([]byte)
	own  atomic.Uint32 // the leg's source, since it has sent
	conn atomic.Pointer[connection]
}

// Take gives a browser's sound to a leg; in is called with each packet that comes, RTP or RTCP, and must not keep it. False:
// the browser is not there, or has a leg.
func (h *Hub) Take(name string, in func([]byte)) (*Line, bool) {
	h.mu.Lock()
	p := h.peers[name]
	h.mu.Unlock()
	if p == nil {
		return nil, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil || !p.conn.on.Load() || p.line != nil {
		return nil, false
	}
	l := &Line{peer: p, in: in}
	l.conn.Store(p.conn)
	p.line = l
	p.conn.in.Store(l)
	return l, true
}

// Taken says whether a leg has the browser's sound.
func (h *Hub) Taken(name string) bool {
	if h == nil {
		return true // there is no door
	}
	h.mu.Lock()
	p := h.peers[name]
	h.mu.Unlock()
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line != nil
}

// Send sends a packet of the leg, RTP or RTCP. While the browser is away it goes nowhere.
func (l *Line) Send(b []byte) error {
	c := l.conn.Load()
	switch {
	case len(b) < 12:
		return net.ErrClosed
	case c == nil || !c.on.Load():
		return nil
	case control(b):
		return c.report(b, l.own.Load())
	}
	l.own.Store(uint32(b[8])<<24 | uint32(b[9])<<16 | uint32(b[10])<<8 | uint32(b[11]))
	return c.out.send(b)
}

// deliver hands a packet of the browser to the leg; reports on us name the leg's own source.
func (l *Line) deliver(b []byte, ssrc uint32) {
	if control(b) {
		exchange(b, ssrc, l.own.Load())
	}
	l.in(b)
}

// control says whether a packet is RTCP (RFC 5761 section 4).
func control(b []byte) bool { return len(b) > 1 && b[1] >= 192 && b[1] <= 223 }

// Close gives the browser back: another leg may have it.
func (l *Line) Close() {
	if l.peer.leave(l) {
		l.peer.hub.forget(l.peer)
	}
}

func (p *peer) leave(l *Line) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line != l {
		return false
	}
	p.line = nil
	if c := p.conn; c != nil {
		c.in.Store(nil)
	}
	return true
}
