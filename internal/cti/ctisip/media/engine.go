package media

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
)

// Engine owns all media sockets of a switch.
type Engine struct {
	c       Config
	log     *slog.Logger
	count   *Counters
	comfort comfort
	pace    *pacer
	readers sync.WaitGroup
	polls   []*poller // one a processor, from the first UDP socket on; empty = each socket has a goroutine

	link sync.Mutex // held while streams are joined or parted; before any Stream.mu

	mu      sync.Mutex
	streams map[*Stream]struct{}
	rooms   map[*Room]struct{} // whose goroutines run
	opened  int                // streams so far
	port    uint16             // the next to try
	closed  bool
}

// What Open fails with.
var (
	ErrNoPort = errors.New("every port is in use")
	ErrClosed = errors.New("media: engine closed")
)

// New returns an engine without streams.
func New(c Config) *Engine {
	if c.Rand == nil {
		c.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Counters == nil {
		c.Counters = new(Counters)
	}
	return &Engine{c: c, log: c.Log, count: c.Counters, comfort: newComfort(), pace: newPacer(),
		streams: map[*Stream]struct{}{}, rooms: map[*Room]struct{}{}, port: even(c.PortMin)}
}

// Counters returns the packets of all streams.
func (e *Engine) Counters() *Counters { return e.count }

// Open opens a leg's socket on the next free even port of Config.Bind. The error names the range when it is used up.
func (e *Engine) Open(o Owner) (*Stream, error) { return e.OpenTo(o, e.c.Bind) }

// OpenTo is Open on an address of the family of far.
func (e *Engine) OpenTo(o Owner, far netip.Addr) (*Stream, error) {
	bind, err := e.bind(far)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	conn, port, err := e.socket(bind)
	if err != nil {
		return nil, err
	}
	s := newStream(e, o, port)
	s.bind = bind
	e.streams[s] = struct{}{}
	e.opened++
	s.out.socket = e.attach(s, conn, false)
	return s, nil
}

// poller returns the one whose turn it is, nil = there are none. The engine's lock is held.
func (e *Engine) poller() *poller {
	for len(e.polls) < runtime.GOMAXPROCS(0) {
		p, err := newPoller()
		if err != nil {
			return nil
		}
		e.polls = append(e.polls, p)
		e.readers.Go(p.run)
	}
	return e.polls[e.opened%len(e.polls)]
}

// socket tries each even port once, beginning after the last one given out: what still comes for an older call should
// find nobody.
func (e *Engine) socket(bind netip.Addr) (net.PacketConn, uint16, error) {
	lo, hi := int(even(e.c.PortMin)), int(e.c.PortMax)
	for range (hi-lo)/2 + 1 {
		p := e.port
		if e.port += 2; int(e.port) > hi || e.port < p {
			e.port = uint16(lo)
		}
		conn, err := e.c.Net.ListenPacket(netip.AddrPortFrom(bind, p).String())
		switch {
		case err == nil:
			return conn, portOf(conn), nil
		case !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, os.ErrExist):
			return nil, 0, fmt.Errorf("media: %w", err)
		}
	}
	return nil, 0, fmt.Errorf("media: ports %d-%d of %s: %w", e.c.PortMin, e.c.PortMax, bind, ErrNoPort)
}

// bind is our address of the family of far.
func (e *Engine) bind(far netip.Addr) (netip.Addr, error) {
	for _, b := range []netip.Addr{e.c.Bind, e.c.Other} {
		if b.IsValid() && b.Is4() == far.Unmap().Is4() {
			return b, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("media: there is no address of the family of %s", far)
}

func even(p uint16) uint16 { return p + p&1 }

func portOf(c net.PacketConn) uint16 {
	_, p, _ := net.SplitHostPort(c.LocalAddr().String())
	n, _ := strconv.ParseUint(p, 10, 16)
	return uint16(n)
}

func (e *Engine) forget(s *Stream) {
	e.mu.Lock()
	delete(e.streams, s)
	e.mu.Unlock()
}

// Close ends all streams and waits until nothing of them runs. No Owner may call it.
func (e *Engine) Close() {
	e.mu.Lock()
	was := e.closed
	e.closed = true
	all := make([]*Stream, 0, len(e.streams))
	for s := range e.streams {
		all = append(all, s)
	}
	rooms := slices.Collect(maps.Keys(e.rooms))
	e.mu.Unlock()
	if was {
		return
	}
	for _, r := range rooms {
		r.Close()
	}
	for _, s := range all {
		s.Close()
	}
	for _, p := range e.polls {
		p.close()
	}
	e.readers.Wait()
	e.pace.close()
}
