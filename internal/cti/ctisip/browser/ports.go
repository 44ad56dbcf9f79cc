package browser

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// Bounds of what comes over TCP. A browser whose network is slow loses what does not fit; nobody waits for it.
const (
	tcpFirst  = 5 * time.Second // until its first check has come
	tcpOut    = 64 << 10        // bytes that wait to be sent: 6 s of speech
	tcpIn     = 64              // packets that wait to be taken
	tcpTotal  = MaxPeers + 500  // connections at a time
	tcpPerOne = 64              // of one address
)

// crowd is a listener that lets in so many connections at a time, and so many of one address. One too many is closed.
type crowd struct {
	net.Listener
	mu   sync.Mutex
	all  int
	from map[netip.Addr]int
}

func newCrowd(l net.Listener) *crowd { return &crowd{Listener: l, from: map[netip.Addr]int{}} }

// Accept returns the next connection that has room.
func (w *crowd) Accept() (net.Conn, error) {
	for {
		c, err := w.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if g := w.enter(c); g != nil {
			return g, nil
		}
		c.Close()
	}
}

func (w *crowd) enter(c net.Conn) *guest {
	ap, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return nil
	}
	from := ap.Addr().Unmap()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all >= tcpTotal || w.from[from] >= tcpPerOne {
		return nil
	}
	w.all++
	w.from[from]++
	return &guest{Conn: c, of: w, from: from}
}

// guest is a connection that was counted.
type guest struct {
	net.Conn
	of   *crowd
	from netip.Addr
	once sync.Once
}

// Close gives the place back.
func (g *guest) Close() error {
	g.once.Do(func() {
		g.of.mu.Lock()
		defer g.of.mu.Unlock()
		g.of.all--
		if g.of.from[g.from]--; g.of.from[g.from] <= 0 {
			delete(g.of.from, g.from)
		}
	})
	return g.Conn.Close()
}
