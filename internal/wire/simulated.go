package wire

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Simulated is a network in memory. Every choice (lost, late, doubled) comes from its seed, every delay from the clock
// of the goroutine's bubble, so a simulated day runs the same way each time.
type Simulated struct {
	// Fate decides about one packet; nil delivers all at once. It is called under the network's lock.
	Fate func(from, to netip.AddrPort, packet []byte, r *rand.Rand) Fate

	mu    sync.Mutex
	rand  *rand.Rand
	socks map[netip.AddrPort]*socket
	next  uint16
}

// Fate is what becomes of a packet: a copy arrives after each delay; none at all is a loss.
type Fate []time.Duration

// NewSimulated returns an empty network whose choices come from seed.
func NewSimulated(seed uint64) *Simulated {
	return &Simulated{rand: rand.New(rand.NewPCG(seed, 0x77697265)), socks: map[netip.AddrPort]*socket{}, next: 40000}
}

// Lossy loses, doubles and delays packets: loss and double are shares of 1, delays are uniform up to late.
func Lossy(loss, double float64, late time.Duration) func(_, _ netip.AddrPort, _ []byte, r *rand.Rand) Fate {
	return func(_, _ netip.AddrPort, _ []byte, r *rand.Rand) Fate {
		if r.Float64() < loss {
			return nil
		}
		f := Fate{time.Duration(r.Int64N(int64(late) + 1))}
		if r.Float64() < double {
			f = append(f, time.Duration(r.Int64N(int64(late)+1)))
		}
		return f
	}
}

// ListenPacket opens a socket of the simulated network.
func (n *Simulated) ListenPacket(addr string) (net.PacketConn, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", addr, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if ap.Port() == 0 {
		for ap = netip.AddrPortFrom(ap.Addr(), n.next); n.socks[ap] != nil; ap = netip.AddrPortFrom(ap.Addr(), n.next) {
			n.next = max(n.next+2, 40000)
		}
		n.next = max(n.next+2, 40000)
	}
	if n.socks[ap] != nil {
		return nil, fmt.Errorf("listen %s: %w", addr, errInUse)
	}
	s := &socket{net: n, addr: ap, in: make(chan packet, 512), closed: make(chan struct{})}
	n.socks[ap] = s
	return s, nil
}

var errInUse = os.NewSyscallError("bind", os.ErrExist)

type packet struct {
	from netip.AddrPort
	data []byte
}

type socket struct {
	net    *Simulated
	addr   netip.AddrPort
	in     chan packet
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	deadline time.Time
}

func (s *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	select {
	case <-s.closed:
		return 0, net.ErrClosed
	default:
	}
	dst, err := addrPort(to)
	if err != nil {
		return 0, err
	}
	n := s.net
	n.mu.Lock()
	fate := Fate{0}
	if n.Fate != nil {
		fate = n.Fate(s.addr, dst, b, n.rand)
	}
	n.mu.Unlock()
	if len(fate) == 0 {
		return len(b), nil
	}
	p := packet{s.addr, append([]byte(nil), b...)}
	for _, d := range fate {
		if d == 0 {
			n.deliver(dst, p)
		} else {
			time.AfterFunc(d, func() { n.deliver(dst, p) })
		}
	}
	return len(b), nil
}

// deliver drops the packet where nobody listens or the buffer is full, as a kernel does.
func (n *Simulated) deliver(to netip.AddrPort, p packet) {
	n.mu.Lock()
	s := n.socks[to]
	n.mu.Unlock()
	if s == nil {
		return
	}
	select {
	case s.in <- p:
	default:
	}
}

func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	s.mu.Lock()
	deadline := s.deadline
	s.mu.Unlock()
	var late <-chan time.Time
	if !deadline.IsZero() {
		t := time.NewTimer(time.Until(deadline))
		defer t.Stop()
		late = t.C
	}
	select {
	case p := <-s.in:
		return copy(b, p.data), net.UDPAddrFromAddrPort(p.from), nil
	case <-s.closed:
		return 0, nil, net.ErrClosed
	case <-late:
		return 0, nil, os.ErrDeadlineExceeded
	}
}

func (s *socket) Close() error {
	s.once.Do(func() {
		s.net.mu.Lock()
		delete(s.net.socks, s.addr)
		s.net.mu.Unlock()
		close(s.closed)
	})
	return nil
}

func (s *socket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.addr) }

func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	s.deadline = t
	s.mu.Unlock()
	return nil
}
func (s *socket) SetDeadline(t time.Time) error    { return s.SetReadDeadline(t) }
func (s *socket) SetWriteDeadline(time.Time) error { return nil }

func addrPort(a net.Addr) (netip.AddrPort, error) {
	if u, ok := a.(*net.UDPAddr); ok {
		ap := u.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
	}
	return netip.ParseAddrPort(a.String())
}
