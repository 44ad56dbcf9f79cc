package ctisip

import (
	"context"
	"fmt"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/ladder"
)

// Hold lets a leg of a talk wait, or calls it back.
func (sw *Switch) Hold(ctx context.Context, leg id.Leg, on bool) error {
	sw.mu.Lock()
	l := sw.legs[leg]
	talks := l != nil && l.in != nil && l.o.Party != cti.Supervisor && (l.fact.State == cti.Bridged || l.fact.State == cti.Held)
	sw.mu.Unlock()
	if !talks {
		return fmt.Errorf("hold leg %s: %w", leg, cti.ErrNoLeg)
	}
	l.lane.Do(func() { l.putOnHold(on) })
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
	l.local.OnHold = on
	if l.talk == nil || l.o.To.Kind() == cti.Web { // her page is told by the application
		return
	}
	l.talk.offerSecrets(&l.local)
	l.talk.call.Offer(l.local.Offer(), func(code int) {
		if code >= 300 {
			l.traced(ladder.Media, fmt.Sprintf("answers a hold with %d", code))
		}
		if l.bridge != nil && l.held && !l.waits {
			l.holds(true)
		}
	})
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
