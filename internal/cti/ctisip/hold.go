package ctisip

import (
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/sdp"
)

// holds says whether a description puts us on hold: who wrote it wants to hear nothing (RFC 3264 section 8.4; c=0.0.0.0
// is read as sendonly).
func holds(d sdp.Direction) bool { return d == sdp.SendOnly || d == sdp.Inactive }

// hold takes the direction of the far end's newest description.
func (l *leg) hold(on bool) {
	if l.held == on {
		return
	}
	l.held = on
	switch {
	case on:
		l.probe.Stop()              // who holds need not send
		if l.joined() && !l.waits { // else it may only say that it has understood
			l.tell(cti.LegHeld)
			l.holds(true)
		}
	default:
		if l.joined() && !l.waits {
			l.tell(cti.LegResumed)
			l.holds(false)
		}
		l.listenAgain()
	}
}

// joined says whether the leg and another hear each other, or would but for a hold.
func (l *leg) joined() bool {
	l.sw.mu.Lock()
	defer l.sw.mu.Unlock()
	return l.bridge != nil && (l.fact.State == cti.Bridged || l.fact.State == cti.Held)
}

// holds lets the others of the talk know.
func (l *leg) holds(on bool) {
	br := l.bridge
	br.lane.Do(func() { br.holding(l, on) })
}

// listenAgain watches for silence after a hold: media has told of it, if at all, while it counted for nothing.
func (l *leg) listenAgain() {
	l.lane.After(quietAfter, func() {
		if !l.ended && !l.held && !l.aside && l.talk != nil && time.Since(l.stream.LastHeard()) >= quietAfter {
			l.quiet()
		}
	})
}
