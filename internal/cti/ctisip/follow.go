package ctisip

import (
	"net/netip"
	"strings"

	"ringback/internal/cti"
)

// followPhone lets the calls of a telephone go on where it registers from now: its router, or its network, gave it another
// address in the middle of a call. Over a stream that is the connection which it has just opened.
func (sw *Switch) followPhone(r cti.Registration, to netip.AddrPort) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	for _, l := range sw.legs {
		if l.o.To.Kind() != cti.SIP {
			continue
		}
		l.lane.Do(func() {
			t := l.talk
			if t == nil || t.fork == nil || t.fork.to.User != r.User || t.transport != r.Transport || !t.fork.to.Flow || !samePhone(t.fork.to.URI, r.Contact) {
				return
			}
			l.openDoor(to.Addr())
			t.call.Reroute(to)
		})
	}
}

// samePhone compares two Contacts of a user without ports and parameters: a telephone on a stream names the port of its
// newest connection.
func samePhone(a, b string) bool {
	bare := func(s string) string {
		s, _, _ = strings.Cut(s, ";")
		scheme, rest, _ := strings.Cut(s, ":")
		if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') && i > strings.LastIndexByte(rest, '@') {
			rest = rest[:i]
		}
		return scheme + ":" + rest
	}
	return bare(a) == bare(b)
}
