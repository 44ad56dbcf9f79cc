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
		l.probe.Stop() // who holds need not send
		if l.joined() {
			l.tell(cti.LegHeld)
			l.otherWaits()
		}
	default:
		if l.joined() {
			l.tell(cti.LegResumed)
			l.bridge.other(l).stream.Resume()
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

// otherWaits lets the leg that was put on hold hear that it goes on, unless its holder sends music.
func (l *leg) otherWaits() {
	other := l.bridge.other(l)
	p, err := l.sw.sounds.Program(cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundWait}, other.o.Region)
	if err != nil {
		l.sw.c.Log.Warn("prompt not played", "leg", other.o.Leg, "error", err)
	}
	other.stream.Hold(p)
}

// joinedHeld tells of a hold that began before the bridge did.
func (l *leg) joinedHeld() {
	if l.held {
		l.tell(cti.LegHeld)
		l.otherWaits()
	}
}

// listenAgain watches for silence after a hold: media has told of it, if at all, while it counted for nothing.
func (l *leg) listenAgain() {
	l.lane.After(quietAfter, func() {
		if !l.ended && !l.held && l.talk != nil && time.Since(l.stream.LastHeard()) >= quietAfter {
			l.quiet()
		}
	})
}
