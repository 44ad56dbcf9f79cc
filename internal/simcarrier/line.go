package simcarrier

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"ringback/internal/wire"
)

// line is one of our addresses: SIP arrives there and leaves from there.
type line struct {
	c     *Carrier
	conn  packetConn // UDP; has no PacketConn on a telephone that speaks over a stream only
	addr  netip.AddrPort
	phone *Phone // whose it is; nil = the network's own
}

// hop is the way of a message: over which of our lines, on which connection, to or from whom.
type hop struct {
	line *line
	conn *flow // nil = UDP
	addr netip.AddrPort
}

// proto is how a Via names the transport.
func (h hop) proto() string {
	switch {
	case h.conn == nil:
		return "UDP"
	case h.conn.secure:
		return "TLS"
	}
	return "TCP"
}

// here is our address as the other end of this way sees it.
func (h hop) here() netip.AddrPort {
	if h.conn != nil {
		return h.conn.local
	}
	return h.line.addr
}

// contact is where requests for user reach us on this way. A stream is named by the address that listens.
func (h hop) contact(user string) string {
	switch h.proto() {
	case "TCP":
		return fmt.Sprintf("<sip:%s@%s;transport=tcp>", user, h.listening())
	case "TLS":
		return fmt.Sprintf("<sips:%s@%s;transport=tls>", user, h.listening())
	}
	return fmt.Sprintf("<sip:%s@%s>", user, h.line.addr)
}

func (h hop) listening() netip.AddrPort {
	if h.line.phone != nil {
		return h.conn.local
	}
	return h.line.addr
}

// openLine opens a UDP socket and reads it.
func (c *Carrier) openLine(addr string, p *Phone) (*line, error) {
	conn, err := c.cfg.Net.ListenPacket(addr)
	if err != nil {
		return nil, err
	}
	l := &line{c: c, conn: packets(conn), phone: p}
	l.addr = l.conn.addr
	if u, ok := conn.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(wire.Buffer) // the kernel may give less; then a burst loses packets, as networks do
		_ = u.SetWriteBuffer(wire.Buffer)
	}
	c.wg.Go(l.read)
	return l, nil
}

func (l *line) close() error {
	if l.conn.PacketConn == nil {
		return nil
	}
	return l.conn.Close()
}

func (l *line) read() {
	buf := make([]byte, 65535)
	for {
		n, from, err := l.conn.read(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			select {
			case <-l.c.quit:
				return
			default:
				l.c.log.Debug("carrier: read", "err", err) // an ICMP error of an earlier packet; the socket is fine
				continue
			}
		}
		select {
		case l.c.in <- datagram{string(buf[:n]), hop{line: l, addr: from}}:
		case <-l.c.quit:
			return
		}
	}
}

// serveStreams takes TCP, or TLS with a config, at addr for the network's own line. Simulated networks have none.
func (c *Carrier) serveStreams(addr string, secure *tls.Config) error {
	if _, real := c.cfg.Net.(wire.Real); !real {
		return nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	c.listeners = append(c.listeners, l)
	c.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.flow(c.line, conn, secure != nil)
		}
	})
	return nil
}

// shifted is another address of the block of the network's own line, for personalities that speak from there.
func (c *Carrier) shifted() *line {
	if c.neighbour == nil {
		a := c.line.addr.Addr().As16()
		a[15] = byte(1 + (int(a[15])+99)%254)
		l, err := c.openLine(netip.AddrPortFrom(netip.AddrFrom16(a).Unmap(), c.line.addr.Port()).String(), nil)
		if err != nil {
			c.log.Warn("carrier: no other address of the block", "err", err)
			l = c.line
		}
		c.neighbour = l
	}
	return c.neighbour
}

func (c *Carrier) send(b string, h hop) {
	var err error
	switch {
	case h.conn != nil:
		h.conn.send(b)
	case h.line.conn.PacketConn != nil:
		err = h.line.conn.write([]byte(b), h.addr)
	}
	if err != nil {
		c.log.Debug("carrier: send", "to", h.addr, "err", err)
	}
}
