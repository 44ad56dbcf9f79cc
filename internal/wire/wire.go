// Package wire is the network as telephone code sees it: a place to open packet sockets.
//
// The real one opens UDP sockets; the simulated one (simulated.go) carries packets in memory, where a seed decides
// which are lost, late, doubled or out of order.
package wire

import (
	"fmt"
	"net"
	"net/netip"
)

// Net opens packet sockets. Addresses are literal "ip:port"; port 0 asks for any free one.
type Net interface {
	ListenPacket(addr string) (net.PacketConn, error)
}

// Buffer is what a signalling socket asks the kernel for, each way; the default of Linux is 208 KiB.
const Buffer = 4 << 20

// Real opens UDP sockets of the machine.
type Real struct{}

// ListenPacket opens a UDP socket. "0.0.0.0" is IPv4 only and "[::]" IPv6 only: an address family a socket.
func (Real) ListenPacket(addr string) (net.PacketConn, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", addr, err)
	}
	network := "udp4"
	if ap.Addr().Is6() {
		network = "udp6"
	}
	return net.ListenUDP(network, net.UDPAddrFromAddrPort(ap))
}

// ListenBoth opens a UDP socket of every address of the machine, IPv6 and IPv4, where the system has both families.
func (Real) ListenBoth(port uint16) (net.PacketConn, error) {
	return net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv6unspecified, Port: int(port)})
}
