package simcarrier

import (
	"net"
	"net/netip"
	"time"
)

// packetConn reads and writes without an allocation for each packet where the socket allows it.
type packetConn struct {
	net.PacketConn
	udp  *net.UDPConn // nil in simulated networks
	addr netip.AddrPort
}

func packets(c net.PacketConn) packetConn {
	p := packetConn{PacketConn: c}
	p.udp, _ = c.(*net.UDPConn)
	p.addr = addrOf(c.LocalAddr())
	return p
}

func (p packetConn) read(b []byte) (int, netip.AddrPort, error) {
	if p.udp != nil {
		n, from, err := p.udp.ReadFromUDPAddrPort(b)
		return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
	}
	n, from, err := p.ReadFrom(b)
	if err != nil {
		return n, netip.AddrPort{}, err
	}
	return n, addrOf(from), nil
}

func (p packetConn) write(b []byte, to netip.AddrPort) error {
	var err error
	if p.udp != nil {
		_, err = p.udp.WriteToUDPAddrPort(b, to)
	} else {
		_, err = p.WriteTo(b, net.UDPAddrFromAddrPort(to))
	}
	return err
}

func (p packetConn) until(t time.Time) { _ = p.SetReadDeadline(t) }

func addrOf(a net.Addr) netip.AddrPort {
	if u, ok := a.(*net.UDPAddr); ok {
		ap := u.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	ap, _ := netip.ParseAddrPort(a.String())
	return ap
}
