package ctitest

import (
	"time"

	"ringback/internal/cti"
)

// has is what the application has on disk of an order.
func (r *row) has(o cti.Order, s cti.LegState) cti.KnownLeg {
	k := cti.KnownLeg{Order: o, State: s, Sent: true}
	for _, e := range r.told(o.Leg) {
		if e.CallID != "" {
			k.CallID, k.Trunk = e.CallID, e.Trunk
		}
		if e.Ref != nil {
			k.Ref = e.Ref
		}
	}
	return k
}

func known(r *row) {
	r.h.Script(Number(ann), Person{Does: "rings"})
	o := r.order("cb_1", cti.Agent, Number(ann))
	r.originate(o)
	r.await(o.Leg, cti.LegRinging)
	r.factIs(o, cti.Ringing)
	r.lets(o)
	r.factIs(o, cti.Ended)
	facts, err := r.h.Switch.Legs(r.ctx, "cb_other")
	if err != nil || len(facts) != 0 {
		r.Errorf("legs of an unknown callback: %v, %v", facts, err)
	}
}

func (r *row) factIs(o cti.Order, want cti.LegState) {
	r.Helper()
	facts, err := r.h.Switch.Legs(r.ctx, o.Callback)
	if err != nil || len(facts) != 1 || facts[0].Leg != o.Leg || !facts[0].Known || facts[0].State != want {
		r.Errorf("legs: %+v, %v; want %s", facts, err, want)
	}
}

func adopts(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers"})
	r.h.Script(Number(bob), Person{Does: "busy"})
	a := r.up("cb_1", cti.Agent, Number(ann))
	b := r.order("cb_1", cti.Visitor, Number(bob))
	r.originate(b)
	r.await(b.Leg, cti.LegEnded)
	facts := reconcile(r, []cti.KnownLeg{r.has(a, cti.Answered), r.has(b, cti.Inviting)})
	if f := facts[0]; f.Leg != a.Leg || !f.Known || f.State != cti.Confirmed {
		r.Errorf("a leg that is up: %+v", f)
	}
	if f := facts[1]; f.Leg != b.Leg || !f.Known || f.State != cti.Ended || f.Cause != cti.UserBusy {
		r.Errorf("a leg that has ended: %+v", f)
	}
	r.openIs(1)
	r.lets(a)
}

func restartRinging(r *row) {
	r.h.Script(Number(ann), Person{Does: "rings"})
	o := r.order("cb_1", cti.Visitor, Number(ann))
	r.originate(o)
	r.await(o.Leg, cti.LegRinging)
	k := r.has(o, cti.Ringing)
	r.h.Switch = r.h.Restart()
	r.restarted(k)
}

func restartUp(r *row) {
	a, b := r.bridge(0, 0)
	ka, kb := r.has(a, cti.Bridged), r.has(b, cti.Bridged)
	ka.With, kb.With = b.Leg, a.Leg
	r.h.Switch = r.h.Restart()
	r.restarted(ka, kb)
}

// restarted reconciles a new switch with legs that it never had: it ends them, and their callback is fenced.
func (r *row) restarted(known ...cti.KnownLeg) {
	r.Helper()
	trunks(r)
	for _, f := range reconcile(r, known) {
		if f.Known {
			r.Errorf("a new switch says that it knows %+v", f)
		}
	}
	for _, k := range known {
		again := k.Order
		r.refused(again, cti.ErrSecondCall)
	}
	r.quiet(35 * time.Second)
	r.openIs(0)
	next := r.order(known[0].Order.Callback, cti.Visitor, Number(bob))
	r.h.Script(Number(bob), Person{Does: "rings"})
	next.Fence = 0
	r.refused(next, cti.ErrStaleToken)
	next.Fence = 2
	r.originate(next) // the old visitor leg is surely gone
	r.lets(next)
	r.openIs(0)
}

func restartUnsent(r *row) {
	r.h.Script(Number(ann), Person{Does: "rings"})
	o := r.order("cb_1", cti.Visitor, Number(ann))
	r.h.Switch = r.h.Restart()
	trunks(r)
	reconcile(r, []cti.KnownLeg{{Order: o, State: cti.Created}})
	r.originate(o)
	r.await(o.Leg, cti.LegRinging)
	r.lets(o)
}

func fencesRestart(r *row) {
	r.h.Script(Number(ann), Person{Does: "busy"})
	o := r.order("cb_1", cti.Visitor, Number(ann))
	o.Fence = 7
	r.h.Switch = r.h.Restart()
	trunks(r)
	r.refused(o, cti.ErrNotReconciled)
	reconcile(r, []cti.KnownLeg{r.has(o, cti.Inviting)})
	p := r.order("cb_1", cti.Agent, Number(ann))
	p.Fence = 6
	r.refused(p, cti.ErrStaleToken)
	r.refused(o, cti.ErrSecondCall)
}
