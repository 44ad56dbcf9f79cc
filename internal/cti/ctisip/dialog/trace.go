package dialog

import (
	"net"
	"net/netip"

	"github.com/emiago/sipgo/sip"
)

// Traced is one message as it was on the wire. Msg is valid until the function it is given to returns.
type Traced struct {
	Out   bool
	Proto string // udp, tcp, tls
	Local netip.AddrPort
	Far   netip.AddrPort
	Msg   []byte
}

// traceUDP shows a datagram: packet sockets see what is repeated too.
func (s *Stack) traceUDP(out bool, far net.Addr, b []byte) {
	ap := portOf(far)
	s.c.Trace(Traced{Out: out, Proto: "udp", Local: s.Local("udp", ap.Addr()), Far: ap, Msg: b})
}

// traceStream shows a message of a stream, which is written out again for it. Datagrams are shown where they pass.
func (s *Stack) traceStream(out bool, m sip.Message) {
	if s.c.Trace == nil || !sip.IsReliable(m.Transport()) {
		return
	}
	far := m.Source()
	if out {
		far = m.Destination()
	}
	ap, err := netip.ParseAddrPort(far)
	if err != nil {
		return
	}
	proto := "tcp"
	if m.Transport() == "TLS" {
		proto = "tls"
	}
	ap = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	s.c.Trace(Traced{Out: out, Proto: proto, Local: s.Local(proto, ap.Addr()), Far: ap, Msg: []byte(m.String())})
}
