package browser

import (
	"net"
	"net/netip"

	"ringback/internal/cti/ctisip/turn"
)

// relay opens the door for browsers whose network lets nothing through but TLS: it relays to our port of speech alone.
func (h *Hub) relay() {
	if h.c.Relayed == nil {
		return
	}
	if ways := h.ways(); len(ways) > 0 {
		h.turn = turn.Open(turn.Config{Listener: h.c.Relayed, Ways: ways, Escaped: h.c.Escaped, Log: h.c.Log})
	}
}

// Credential is what a browser relays its speech with; false = there is no relay.
func (h *Hub) Credential(name string) (user, password string, ok bool) {
	if h.turn == nil {
		return "", "", false
	}
	user, password = h.turn.Credential(name)
	return user, password, true
}

// ways are the addresses of our candidates, and where each is on this machine: its own socket, or the loopback where that
// is open on all addresses.
func (h *Hub) ways() (out []turn.Way) {
	at := h.Addr()
	for _, name := range h.names() {
		to := at
		if at.Addr().IsUnspecified() {
			to = netip.AddrPortFrom(loopback(name), at.Port())
		}
		// [::] has both families, any other socket its own.
		if name.Is6() != to.Addr().Is6() || at.Addr() == netip.IPv4Unspecified() && name.Is6() {
			continue
		}
		out = append(out, turn.Way{Name: netip.AddrPortFrom(name, at.Port()), To: to})
	}
	return out
}

// names are the addresses that browsers are told.
func (h *Hub) names() (out []netip.Addr) {
	if len(h.c.Public) > 0 {
		return h.c.Public
	}
	for _, a := range h.muxU.GetListenAddresses() {
		ap, err := netip.ParseAddrPort(a.(*net.UDPAddr).String())
		switch ip := ap.Addr().Unmap(); {
		case err != nil, ip.IsLinkLocalUnicast(), ip.IsLoopback() && h.Addr().Addr().IsUnspecified() && !h.c.loopback:
		default:
			out = append(out, ip)
		}
	}
	return out
}

func loopback(of netip.Addr) netip.Addr {
	if of.Is6() {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
