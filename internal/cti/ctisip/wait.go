package ctisip

import (
	"context"
	"fmt"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/ladder"
)

// Hold lets a leg of a talk wait, or calls it back; a leg that is in none is put on hold at its far end.
func (sw *Switch) Hold(ctx context.Context, leg id.Leg, on bool) error {
	sw.mu.Lock()
	l := sw.legs[leg]
	talks := l != nil && l.in != nil && l.o.Party != cti.Supervisor && (l.fact.State == cti.Bridged || l.fact.State == cti.Held)
	alone := l != nil && l.in == nil && l.fact.State.Up()
	sw.mu.Unlock()
	switch {
	case talks:
		l.lane.Do(func() { l.putOnHold(on) })
	case alone:
		l.lane.Do(func() { l.holdFar(on) })
	default:
		return fmt.Errorf("hold leg %s: %w", leg, cti.ErrNoLeg)
	}
	return nil
}

// putOnHold lets the leg wait in its talk, or calls it back.
func (l *leg) putOnHold(on bool) {
	br := l.bridge
	if br == nil || l.ended || l.saying || l.waits == on {
		return
	}
	l.waits = on
	if !l.held {
		k := cti.LegResumed
		if on {
			k = cti.LegHeld
		}
		l.tell(k, func(e *cti.Event) { e.By = cti.ByUs })
	}
	br.lane.Do(func() {
		br.waits[l] = on
		br.rec.hears(l, !on) // whom nobody hears says nothing in this talk
		br.arrange()
	})
	l.sayHold(on)
}

// sayHold tells a telephone by a re-INVITE. What it answers changes nothing of what is heard, unless it holds us in turn.
func (l *leg) sayHold(on bool) {
	l.local.OnHold, l.aside, l.wish = on, false, false
	if l.talk == nil || l.o.To.Kind() == cti.Web { // her page is told by the application
		return
	}
	l.talk.offerSecrets(&l.local)
	l.talk.call.Offer(l.local.Offer(), func(code int) {
		if code >= 300 {
			l.traced(ladder.Media, fmt.Sprintf("answers a hold with %d", code))
			l.refused(on)
		}
		if l.bridge != nil && l.held && !l.waits {
			l.holds(true)
		}
	})
}

// refused goes back to what we said before a hold or its end was refused: the next refresh of the session must not be
// refused, too.
func (l *leg) refused(on bool) {
	if l.local.OnHold != on { // something newer is on its way
		return
	}
	l.local.OnHold = !on
	l.talk.offerSecrets(&l.local)
	l.talk.call.Describe(l.local.Offer())
}

// holdFar puts the far end of a leg on hold, or calls it back. The newest wish counts.
func (l *leg) holdFar(on bool) {
	if l.ended || l.end != nil || l.saying || l.talk == nil {
		return
	}
	if l.bridge == nil {
		l.guard()
	}
	if l.wish == on {
		return
	}
	l.wish = on
	if l.o.To.Kind() == cti.Web { // there is nothing to ask
		l.heldFar(on, 200)
		return
	}
	l.local.OnHold = on
	l.talk.offerSecrets(&l.local)
	l.talk.call.Offer(l.local.Offer(), func(code int) { l.heldFar(on, code) })
}

// heldFar takes the far end's answer. Who was called back is listened to again.
func (l *leg) heldFar(on bool, code int) {
	switch {
	case l.ended:
	case code >= 300:
		l.refused(on)
		l.wish = l.aside
		l.tell(cti.LegHoldRefused, func(e *cti.Event) { e.By, e.SIPCode = cti.ByUs, code })
	case l.aside != on:
		k := cti.LegResumed
		if l.aside = on; on {
			k = cti.LegHeld
			l.probe.Stop()
		} else {
			l.listenAgain()
		}
		if !l.joined() { // in a talk, hold is something else
			l.tell(k, func(e *cti.Event) { e.By, e.SIPCode = cti.ByUs, code })
		}
	}
}

// unpair parts two of whom one waits: that one hears so, the other one silence. Neither hears the other.
func (br *bridge) unpair(members []*leg) {
	if br.room != nil {
		br.room.Close()
	}
	for _, l := range members {
		if br.paired {
			l.stream.Unbridge()
		}
		p := br.sw.onHold(l)
		if !br.waits[l] {
			p.First, p.Then = nil, nil
		}
		l.stream.Play(p)
	}
	br.paired = false
}
