package browser

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"ringback/internal/wire"
)

// Bounds of what comes over TCP. A browser whose network is slow loses what does not fit; nobody waits for it.
const (
	tcpFirst = 5 * time.Second // until its first check has come
	tcpOut   = 64 << 10        // bytes that wait to be sent: 6 s of speech
	tcpIn    = 64              // packets that wait to be taken
	tcpTotal = MaxPeers + 500  // connections at a time, to each port
	// tcpPerOne is of one address, to each port: an office behind one whose network blocks UDP has 250 desks there, for a browser
	// that is loaded again has two connections for a moment. It is a fifth of all, so that no address keeps all others out; who
	// sends no check of ours is gone after tcpFirst.
	tcpPerOne = 500
)

// anyPortTries is how many free ports of UDP are tried until the same of TCP is free.
const anyPortTries = 20

// listen opens the UDP port, and the same of TCP. Without that one browsers whose network blocks UDP do not get through.
func (h *Hub) listen(s *webrtc.SettingEngine) (err error) {
	at, err := net.ResolveUDPAddr("udp", h.c.Listen)
	if err != nil {
		return err
	}
	if at.IP == nil {
		at.IP = net.IPv4zero
	}
	ap := netip.AddrPortFrom(at.AddrPort().Addr().Unmap(), uint16(at.Port))
	tcp, err := h.ports(ap)
	if err != nil {
		return err
	}
	if u, ok := h.udp.(*net.UDPConn); ok { // what the system does not give it does not give
		u.SetReadBuffer(wire.Buffer)
		u.SetWriteBuffer(wire.Buffer)
	}
	h.muxU = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: h.udp, Logger: logs{h.c.Log}.NewLogger("ice")})
	s.SetICEUDPMux(h.muxU)
	if tcp != nil {
		h.overTCP(tcp)
	}
	if h.c.Streams != nil {
		h.overTCP(h.c.Streams)
	}
	if len(h.muxT) > 0 {
		s.SetICETCPMux(ice.NewMultiTCPMuxDefault(h.muxT...))
	}
	return nil
}

// ports opens the port of UDP and the same of TCP, nil = it is in use, or the network is none of this machine. Where any port
// will do, one is looked for that is free in both.
func (h *Hub) ports(at netip.AddrPort) (tcp net.Listener, err error) {
	for try := 1; ; try++ {
		if h.udp, err = h.socket(at); err != nil {
			return nil, err
		}
		if _, simulated := h.c.Net.(*wire.Simulated); simulated {
			return nil, nil
		}
		if tcp, err = net.Listen("tcp", h.udp.LocalAddr().String()); err == nil {
			return tcp, nil
		}
		if at.Port() != 0 || try == anyPortTries {
			h.c.Log.Warn("browsers whose network blocks UDP do not get through here: the TCP port of listen.rtc is in use", "error", err)
			return nil, nil
		}
		h.udp.Close()
	}
}

// socket opens the UDP port; [::] is every address of the machine, IPv4 too.
func (h *Hub) socket(at netip.AddrPort) (net.PacketConn, error) {
	if real, ok := h.c.Net.(wire.Real); ok && at.Addr() == netip.IPv6Unspecified() {
		return real.ListenBoth(at.Port())
	}
	return h.c.Net.ListenPacket(at.String())
}

// overTCP lets browsers in that come to l.
func (h *Hub) overTCP(l net.Listener) {
	h.muxT = append(h.muxT, ice.NewTCPMuxDefault(ice.TCPMuxParams{Listener: newCrowd(l), ReadBufferSize: tcpIn, WriteBufferSize: tcpOut,
		FirstStunBindTimeout: tcpFirst, AliveDurationForConnFromStun: tcpFirst, Logger: logs{h.c.Log}.NewLogger("ice")}))
}

// shut closes the ports.
func (h *Hub) shut() {
	h.muxU.Close()
	for _, m := range h.muxT {
		m.Close()
	}
	h.udp.Close()
}

// crowd is a listener that lets in so many connections at a time, and so many of one address. One too many is closed.
type crowd struct {
	net.Listener
	one  int // places for one address
	mu   sync.Mutex
	all  int
	from map[netip.Addr]int
}

func newCrowd(l net.Listener) *crowd {
	return &crowd{Listener: l, one: tcpPerOne, from: map[netip.Addr]int{}}
}

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
	if w.all >= tcpTotal || w.from[from] >= w.one {
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
