// Package turn relays the speech of browsers whose network lets nothing through but TLS (TURN, RFC 8656, over TCP). It is
// no relay to anywhere: a packet of theirs goes to our own port of browsers' speech, and nothing comes back but from there.
//
// A connection is one client with at most one allocation, so all state of it lives and dies with the connection.
package turn

import (
	"cmp"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Config is what a Server needs.
type Config struct {
	Listener net.Listener // of connections whose TLS handshake is done; the server closes it
	Ways     []Way        // where it relays to; nothing else is reached
	Escaped  func(v any)  // a handler panicked; nil = it is not told
	Log      *slog.Logger // nil = none

	first time.Duration // of tests, for firstWithin
}

// Way is an address of our speech as browsers are told it, and where that is on this machine.
type Way struct{ Name, To netip.AddrPort }

// Bounds. A browser has one connection, and for a moment two when it is loaded again.
const (
	relaysMost  = 2000 // at a time
	relaysOf    = 4    // of one name
	callersMost = relaysMost + 500
	freshMost   = 64 // connections of one address that have no allocation yet; those that have one are counted by name, so an office has as many as it has desks

	firstWithin = 10 * time.Second // until a connection has its allocation
	quietMost   = 2 * time.Minute  // without a word; browsers ask for consent each few seconds (RFC 7675)
	writeWithin = 10 * time.Second
	lifetime    = 10 * time.Minute // of an allocation, until it is refreshed
)

// realm is of the long-term credentials (RFC 8489 section 9.2).
const realm = "ringback"

// Server is an open relay door.
type Server struct {
	c    Config
	keys *keys

	mu      sync.Mutex
	closed  bool
	callers map[*caller]struct{}
	fresh   map[netip.Addr]int // callers without an allocation
	held    map[string]int     // allocations by name
	relays  int
	wg      sync.WaitGroup
}

// Open takes connections until Close.
func Open(c Config) *Server {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.first = cmp.Or(c.first, firstWithin)
	s := &Server{c: c, keys: newKeys(), callers: map[*caller]struct{}{}, fresh: map[netip.Addr]int{}, held: map[string]int{}}
	s.wg.Go(s.accept)
	return s
}

func (s *Server) accept() {
	for {
		conn, err := s.c.Listener.Accept()
		if err != nil {
			return
		}
		if c := s.enter(conn); c != nil {
			s.wg.Go(c.run)
		} else {
			conn.Close()
		}
	}
}

// enter counts a connection; nil = there is no room for it.
func (s *Server) enter(conn net.Conn) *caller {
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return nil
	}
	c := newCaller(s, conn, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.callers) >= callersMost || s.fresh[c.host] >= freshMost {
		return nil
	}
	s.callers[c] = struct{}{}
	s.fresh[c.host]++
	return c
}

// leave forgets a connection and what it held.
func (s *Server) leave(c *caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.callers, c)
	if c.relay != nil {
		s.release(c.relay.name)
	} else {
		lower(s.fresh, c.host)
	}
}

// hold gives a name one more allocation; false = it has enough, or all have.
func (s *Server) hold(c *caller, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.relays >= relaysMost || s.held[name] >= relaysOf {
		return false
	}
	s.relays++
	s.held[name]++
	lower(s.fresh, c.host)
	return true
}

// give takes an allocation back; its connection is a fresh one again.
func (s *Server) give(c *caller, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(name)
	s.fresh[c.host]++
}

// release is called with the lock held.
func (s *Server) release(name string) {
	s.relays--
	lower(s.held, name)
}

// Relays counts the allocations.
func (s *Server) Relays() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.relays
}

// Close ends all connections and waits until nothing of them runs.
func (s *Server) Close() {
	if s == nil {
		return
	}
	s.c.Listener.Close()
	s.mu.Lock()
	s.closed = true
	for c := range s.callers {
		c.conn.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func lower[K comparable](m map[K]int, k K) {
	if m[k]--; m[k] <= 0 {
		delete(m, k)
	}
}
