package media

import (
	"errors"
	"net"
	"net/netip"

	"ringback/internal/wire"
)

// socket is a stream's way to the network. send is called under the stream's lock and not after close.
type socket interface {
	send(b []byte, to netip.AddrPort) error
	close()
}

// attach gives the stream its socket and lets its packets be received: by one of the pollers where there are some, else
// by a goroutine of its own. A control socket carries RTCP. The engine's lock is held.
func (e *Engine) attach(s *Stream, conn net.PacketConn, control bool) socket {
	if udp, ok := conn.(*net.UDPConn); ok {
		if raw, err := udp.SyscallConn(); err == nil {
			wire.Mark(raw, udp.LocalAddr().(*net.UDPAddr).IP.To4() == nil, e.c.Mark)
		}
		if p := e.poller(); p != nil {
			if k, err := p.adopt(udp, s, control); err == nil {
				return k
			}
		}
	}
	k := &connSocket{conn: conn, control: control}
	k.udp, _ = conn.(*net.UDPConn)
	e.readers.Go(func() { k.read(s) })
	return k
}

// connSocket is a socket of any network: also of a simulated one.
type connSocket struct {
	conn net.PacketConn
	udp  *net.UDPConn // conn, when it is one: sends without allocating
	to   netip.AddrPort
	addr net.Addr // of to

	control bool
}

func (k *connSocket) send(b []byte, to netip.AddrPort) error {
	if k.udp != nil {
		_, err := k.udp.WriteToUDPAddrPort(b, to)
		return err
	}
	if k.to != to {
		k.to, k.addr = to, net.UDPAddrFromAddrPort(to)
	}
	_, err := k.conn.WriteTo(b, k.addr)
	return err
}

func (k *connSocket) close() { k.conn.Close() }

const (
	maxPacket = 1500
	maxFails  = 1000 // failed reads in a row after which a socket is given up
)

// read takes packets until the socket is closed.
func (k *connSocket) read(s *Stream) {
	b := make([]byte, maxPacket)
	for fails := 0; fails < maxFails; {
		n, from, err := k.recv(b)
		switch {
		case err == nil:
			fails = 0
			if k.control {
				s.receiveControl(b[:n], from)
			} else {
				s.receive(b[:n], from)
			}
		case errors.Is(err, net.ErrClosed):
			return
		default:
			fails++
		}
	}
	s.e.log.Error("media socket cannot be read", "port", s.port)
}

func (k *connSocket) recv(b []byte) (int, netip.AddrPort, error) {
	if k.udp != nil {
		n, from, err := k.udp.ReadFromUDPAddrPort(b)
		return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
	}
	n, from, err := k.conn.ReadFrom(b)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	if u, ok := from.(*net.UDPAddr); ok {
		ap := u.AddrPort()
		return n, netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
	}
	ap, err := netip.ParseAddrPort(from.String())
	return n, ap, err
}
