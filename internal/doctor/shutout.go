package doctor

import (
	"net/netip"
	"strings"

	"ringback/internal/cti"
)

// theBlock stands in a rule's line for what accept_from has to name.
const theBlock = "BLOCK"

// stranger is where a request inside the call came from that was refused at the door.
func (f *Facts) stranger() (netip.Addr, bool) {
	from, _, _ := strings.Cut(strings.TrimSuffix(f.media(cti.ShutOutNote), "."), ": ")
	a, err := netip.ParseAddr(from)
	return a, err == nil
}

// block is what is let in, and the net around the stranger: /24, of IPv6 /64.
func (f *Facts) block() string {
	a, ok := f.stranger()
	if !ok {
		return ""
	}
	bits := 24
	if a.Is6() {
		bits = 64
	}
	net, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return strings.Join(append(append([]string{}, f.Trunk.AcceptFrom...), net.String()), ", ")
}

func shutOut(f *Facts) string {
	a, ok := f.stranger()
	if !ok {
		return ""
	}
	return "requests of your calls come from " + a.String() + ", which is not let in"
}
