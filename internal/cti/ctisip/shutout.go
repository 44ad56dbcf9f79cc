package ctisip

import (
	"net/netip"
	"slices"

	"ringback/internal/cti"
	"ringback/internal/ladder"
)

// shutOutKept is how many addresses are remembered of a trunk.
const shutOutKept = 4

// shutOut takes note of a request inside a call that came from an address which is not let in. It runs where datagrams
// are read, a few times a second at most.
func (sw *Switch) shutOut(callID, method string, from netip.Addr) {
	var l *leg
	var line *line
	sw.mu.Lock()
	for _, other := range sw.legs {
		if other.fact.CallID == callID {
			l, line = other, sw.lines[other.fact.Trunk]
			break
		}
	}
	first := line != nil && !slices.Contains(line.figures.shutOut, from) && len(line.figures.shutOut) < shutOutKept
	if first {
		line.figures.shutOut = append(line.figures.shutOut, from)
	}
	sw.mu.Unlock()
	if l == nil {
		return
	}
	l.traced(ladder.Media, cti.ShutOutNote+from.String()+": "+method)
	if first {
		sw.c.Log.Warn("a carrier's request comes from an address that is not let in", "trunk", line.Slug, "from", from, "method", method)
	}
}

// shutOutOf are the addresses that are not let in by now. The switch's lock is held.
func (sw *Switch) shutOutOf(l *line) (out []netip.Addr) {
	for _, a := range l.figures.shutOut {
		if !sw.doors.Allow(a) {
			out = append(out, a)
		}
	}
	return out
}
