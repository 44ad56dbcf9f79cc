package dialog

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"ringback/internal/wire"
)

// door is a packet socket that lets in only known sources: a stranger's datagram ends here, before the parser, and not
// one byte goes back.
type door struct {
	net.PacketConn
	allow   func(netip.Addr) bool
	front   func(b []byte, from netip.AddrPort) (pass bool, reply []byte) // nil = strangers have no door
	dropped func(why string)
	turned  func(b []byte, from netip.AddrPort) // looks at what was dropped of a stranger; nil = nobody does
	ready   chan struct{}                       // closed at the first read: the transport has taken the socket
	once    sync.Once
	trace   func(out bool, far net.Addr, b []byte) // nil = nobody is shown
}

// ReadFrom returns the next datagram of a known source. Errors of one datagram do not end the socket.
func (d *door) ReadFrom(b []byte) (int, net.Addr, error) {
	d.once.Do(func() { close(d.ready) })
	for failures := 0; ; {
		n, from, err := d.PacketConn.ReadFrom(b)
		if err != nil {
			if failures++; errors.Is(err, net.ErrClosed) || failures > 1000 {
				return n, from, net.ErrClosed
			}
			continue
		}
		switch {
		case !d.allow(addrOf(from)):
			if d.knocks(b[:n], from) {
				return n, from, nil
			}
		case string(b[:n]) == "\r\n\r\n":
			d.PacketConn.WriteTo(b[:2], from) // a telephone keeps its router's binding open and wants to hear that it is
		case n == len(b) || !sipStart(b[:n]):
			d.dropped("malformed")
		default:
			if d.trace != nil {
				d.trace(false, from, b[:n])
			}
			return n, from, nil
		}
	}
}

// WriteTo sends a datagram.
func (d *door) WriteTo(b []byte, to net.Addr) (int, error) {
	if d.trace != nil {
		d.trace(true, to, b)
	}
	return d.PacketConn.WriteTo(b, to)
}

// knocks lets the front door look at a stranger's datagram: it goes on, is answered here and now, or is dropped.
func (d *door) knocks(b []byte, from net.Addr) bool {
	if d.front != nil && sipStart(b) {
		pass, reply := d.front(b, portOf(from))
		if len(reply) > 0 {
			d.PacketConn.WriteTo(reply, from)
			return false
		}
		if pass {
			return true
		}
	}
	d.dropped("source")
	if d.turned != nil {
		d.turned(b, portOf(from))
	}
	return false
}

// sipStart says whether the bytes could be a SIP message, or a keep-alive of empty lines.
func sipStart(b []byte) bool {
	return len(b) > 0 && (b[0] >= 'A' && b[0] <= 'Z' || b[0] >= 'a' && b[0] <= 'z' || b[0] == '\r' || b[0] == '\n')
}

func addrOf(a net.Addr) netip.Addr { return portOf(a).Addr() }

func portOf(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		ap = a.AddrPort()
	case *net.TCPAddr:
		ap = a.AddrPort()
	default:
		ap, _ = netip.ParseAddrPort(a.String())
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// Limits of accepted streams.
const (
	maxStreams  = 512
	idleStream  = 2 * time.Minute
	firstStream = 10 * time.Second // until its first message, a TLS handshake included
	unheard     = 15 * time.Second // what we write is not acknowledged: the far end, or its router, has forgotten the stream
)

// probes find a far end that has gone without a word.
var probes = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// hall is a stream listener that closes the connections of strangers, and those above the limit, unread.
type hall struct {
	net.Listener
	allow   func(netip.Addr) bool
	dropped func(why string)
	places  chan struct{}
	secure  *tls.Config               // nil = no TLS
	taken   func(netip.AddrPort) bool // a source whose connections would be mistaken for one of ours; nil = none
	new     *newcomers
	came    func(netip.AddrPort, *guest)
	gone    func(netip.AddrPort, *guest)
}

func (h *hall) left(far netip.AddrPort, g *guest, known bool) {
	if !known {
		h.new.leave(far.Addr())
	}
	h.gone(far, g)
}

// Accept returns the next connection of a known source. A TLS handshake is made by who reads it first.
func (h *hall) Accept() (net.Conn, error) {
	for {
		c, err := h.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if t, ok := c.(*net.TCPConn); ok {
			watch(t)
		}
		from := portOf(c.RemoteAddr())
		known := h.allow(from.Addr())
		if h.taken != nil && h.taken(from) || !known && !h.new.admit(from.Addr()) {
			h.dropped("source")
			c.Close()
			continue
		}
		select {
		case h.places <- struct{}{}:
			g := &guest{Conn: c, dropped: h.dropped, over: make(chan struct{})}
			g.leave = func() { <-h.places; h.left(from, g, known) }
			if h.secure != nil {
				g.tls = tls.Server(c, h.secure)
				g.Conn = g.tls
			}
			h.came(from, g)
			if known {
				return g, nil
			}
			return h.newcomer(g), nil
		default:
			h.dropped("streams")
			c.Close()
			if !known {
				h.new.leave(addrOf(c.RemoteAddr()))
			}
		}
	}
}

// watch lets the kernel end a stream whose far end is not there any more: without it what we write is repeated for a
// quarter of an hour.
func watch(t *net.TCPConn) {
	_ = t.SetKeepAliveConfig(probes)
	if raw, err := t.SyscallConn(); err == nil {
		wire.Patience(raw, unheard)
	}
}

// guest is an accepted connection that may not be silent for ever.
type guest struct {
	net.Conn
	tls     *tls.Conn // Conn, if it is one
	dropped func(why string)
	began   bool          // a message came
	quiet   atomic.Int64  // it has failed when nothing comes for so long, a time.Duration; 0 = idleStream
	over    chan struct{} // closed when it has ended
	once    sync.Once
	leave   func()
}

func (g *guest) Read(b []byte) (int, error) {
	patience := idleStream
	if q := time.Duration(g.quiet.Load()); q > 0 {
		patience = q
	}
	if !g.began {
		patience = firstStream
	}
	if err := g.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	n, err := g.Conn.Read(b)
	g.began = g.began || n > 0
	if err != nil && g.tls != nil && !g.tls.ConnectionState().HandshakeComplete {
		g.dropped("tls")
	}
	return n, err
}

func (g *guest) Close() error {
	g.once.Do(g.leave)
	return g.Conn.Close()
}

// folds refuses streams with folded headers: split over two segments the parser takes the second line for a header of
// its own (header smuggling). It remembers for each connection whether its last bytes ended a line.
type folds struct {
	mu    sync.Mutex
	ended map[string]bool
}

var errFolded = errors.New("dialog: a folded header on a stream")

func (f *folds) check(p sip.TransportReadProps, data []byte) ([]byte, error) {
	if p.Transport == "UDP" || len(data) == 0 {
		return data, nil
	}
	key := p.LocalAddr.String() + "|" + p.RemoteAddr.String()
	f.mu.Lock()
	defer f.mu.Unlock()
	blank := func(c byte) bool { return c == ' ' || c == '\t' }
	if f.ended[key] && blank(data[0]) || bytes.Contains(data, []byte("\n ")) || bytes.Contains(data, []byte("\n\t")) {
		delete(f.ended, key)
		return nil, fmt.Errorf("%w from %s", errFolded, p.RemoteAddr)
	}
	if data[len(data)-1] != '\n' {
		delete(f.ended, key)
		return data, nil
	}
	if len(f.ended) > 4096 {
		clear(f.ended)
	}
	f.ended[key] = true
	return data, nil
}
