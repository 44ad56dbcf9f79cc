package ctisip

import (
	"net/netip"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/sdp"
)

// openSound gives the leg a socket of the family that the try's far end has: one family a description. false = there is
// none, and the leg may have been ended for it.
func (t *try) openSound() bool {
	l, far := t.l, t.dest.Addr()
	if t.fork != nil || l.stream != nil && l.v4 == far.Is4() {
		return true
	}
	if l.stream != nil { // an INVITE that is still open goes by the other family: its sound may not be taken away
		for _, o := range l.tries {
			if o != t && o.open() {
				return false
			}
		}
		l.stream.Close()
		l.stream = nil
	}
	s, err := l.sw.engine.OpenTo(ears{l}, far)
	if err != nil {
		l.sw.c.Log.Error("no media socket", "leg", l.o.Leg, "error", err)
		if len(l.tries) < 2 && !l.more() {
			l.finish(ending{cti.Congestion, cti.ByUs, 0})
		}
		return false
	}
	l.stream, l.v4 = s, far.Is4()
	l.local = sdp.Local{ID: derivedNumber(l.o.Leg), Version: l.local.Version, Port: s.Port()}
	return true
}

// localTo is our address in what we tell the far end of the try of our sound.
func (t *try) localTo() netip.Addr {
	sw, far := t.l.sw, t.dest.Addr()
	for _, bound := range []netip.Addr{sw.c.RTPBind, sw.c.RTPOther} {
		if bound.IsValid() && !bound.IsUnspecified() && bound.Is4() == far.Is4() {
			return bound
		}
	}
	return sw.stack.Local(t.transport, far).Addr()
}

// unreachable says whether far would be told an address of ours that means nothing outside of our network: a unique local
// or link-local one of IPv6. (A private IPv4 address may be translated on its way, and `check` asks for the public one.)
func unreachable(ours, far netip.Addr) bool {
	return far.Is6() && outside(far) && !outside(ours)
}
