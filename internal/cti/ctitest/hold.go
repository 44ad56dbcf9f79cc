package ctitest

import (
	"time"

	"ringback/internal/cti"
)

// putAside: the far end of a leg in no talk waits for as long as it is to; who talks then is not on hold any more.
func putAside(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers", After: time.Second})
	o := r.up("cb_1", cti.Visitor, Number(ann))
	for _, on := range []bool{true, true, false, false, true} {
		if err := r.h.Switch.Hold(r.ctx, o.Leg, on); err != nil {
			r.Fatalf("hold %v: %v", on, err)
		}
		r.quiet(time.Minute)
	}
	until := []cti.EventKind{cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegHeld, cti.LegResumed, cti.LegHeld}
	r.in(o.Leg, until...)
	if e := r.await(o.Leg, cti.LegHeld); e.By != cti.ByUs || e.SIPCode != 200 {
		r.Errorf("held by %s, code %d", e.By, e.SIPCode)
	}
	r.h.Script(Number(3000), Person{Does: "answers", After: time.Second})
	a := r.up("cb_1", cti.Agent, Number(3000))
	if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: "cb_1", A: a.Leg, B: o.Leg}); err != nil {
		r.Fatalf("join: %v", err)
	}
	r.await(o.Leg, cti.LegJoined)
	r.quiet(time.Minute)
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(o.Leg, cti.NormalClearing, cti.ByUs)
	r.in(o.Leg, append(until, cti.LegJoined, cti.LegEnded)...)
	r.openIs(0)
}

// refusesHold: it is told, and the leg lives on.
func refusesHold(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers", After: time.Second, HoldCode: 488})
	o := r.up("cb_1", cti.Visitor, Number(ann))
	for n := 1; n <= 2; n++ {
		if err := r.h.Switch.Hold(r.ctx, o.Leg, true); err != nil {
			r.Fatalf("hold: %v", err)
		}
		if e := r.nth(o.Leg, cti.LegHoldRefused, n); e.SIPCode != 488 {
			r.Errorf("refused with %d", e.SIPCode)
		}
	}
	r.quiet(time.Minute)
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(o.Leg, cti.NormalClearing, cti.ByUs)
	r.in(o.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegHoldRefused, cti.LegHoldRefused, cti.LegEnded)
	r.openIs(0)
}
