package ctisip

import (
	"context"
	"fmt"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/id"
)

// Referred is a far end's wish to be replaced. Only a telephone of an agent or a business may have it, in talk: from a
// trunk, or from a visitor's Internet telephone, it would be a way to call anybody at our cost.
func (t *try) Referred(_ *dialog.Call, r dialog.Refer) (int, string) {
	l := t.l
	switch {
	case t.line != nil || l.o.To.Kind() != cti.SIP || l.o.Party == cti.Visitor:
		return 403, "Forbidden"
	case l.ended || l.saying || l.talk != t || !l.joined():
		return 603, "Decline"
	case r.Replaces != "" && l.sw.stack.Ours(r.CallID): // a call of another visitor cannot be taken over
		return 603, "Decline"
	}
	target := cti.Endpoint(r.Target)
	if target.Kind() == cti.SIP {
		if _, err := cti.ParseEndpoint(r.Target); err != nil {
			return 400, "Bad Refer-To"
		}
	}
	address := cti.Endpoint(r.Address)
	if _, err := cti.ParseEndpoint(r.Address); err != nil {
		address = ""
	}
	l.refers = true
	l.lane.Do(func() { // after the 202
		l.tell(cti.LegRefer, func(e *cti.Event) { e.Target, e.Address, e.Replaces = target, address, r.Replaces })
	})
	return 202, "Accepted"
}

// news are what a telephone is told by NOTIFY about its wish.
var news = map[cti.Progress]struct {
	code   int
	reason string
	final  bool
}{
	cti.ReferTrying:  {100, "Trying", false},
	cti.ReferRinging: {180, "Ringing", false},
	cti.ReferDone:    {200, "OK", true},
	cti.ReferFailed:  {480, "Temporarily Unavailable", true},
	cti.ReferRefused: {603, "Decline", true},
}

// Refer tells a telephone that has asked to be replaced how it goes.
func (sw *Switch) Refer(ctx context.Context, leg id.Leg, how cti.Progress) error {
	n, known := news[how]
	sw.mu.Lock()
	l := sw.legs[leg]
	up := l != nil && l.fact.State.Up()
	sw.mu.Unlock()
	if !up || !known {
		return fmt.Errorf("refer of leg %s: %w", leg, cti.ErrNoLeg)
	}
	l.lane.Do(func() {
		if l.ended || l.saying || !l.refers {
			return
		}
		if how == cti.ReferTrying {
			l.part(cti.Program{Then: cti.SoundWait}, cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundRingback})
		} else {
			l.talk.call.Notify(n.code, n.reason, n.final)
		}
		l.notTaken(how)
		l.refers = !n.final
	})
	return nil
}
