package ctitest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// refused gives an order that must not be carried out and checks that nothing has left.
func (r *row) refused(o cti.Order, want error) {
	r.Helper()
	before := r.h.Rung(o.To)
	if err := r.h.Switch.Originate(r.ctx, o); !errors.Is(err, want) {
		r.Errorf("originate %s: %v, want %v", o.Leg, err, want)
	}
	r.quiet(2 * time.Second)
	if n := r.h.Rung(o.To); n != before {
		r.Errorf("originate %s was refused and rang", o.Leg)
	}
}

func (r *row) lets(o cti.Order) {
	r.Helper()
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.CauseCancelled})
	r.await(o.Leg, cti.LegEnded)
}

func second(r *row) {
	r.h.Script(Number(ann), Person{Does: "rings"})
	r.h.Script(Number(bob), Person{Does: "rings"})
	v := r.order("cb_1", cti.Visitor, Number(ann))
	r.originate(v)
	r.await(v.Leg, cti.LegRinging)
	w := r.order("cb_1", cti.Visitor, Number(ann))
	w.Fence = 2
	r.refused(w, cti.ErrSecondCall)

	a, b := r.order("cb_1", cti.Agent, Number(bob)), r.order("cb_1", cti.Agent, Number(bob))
	r.originate(a) // ring all: several agents may share a fence
	r.originate(b)
	other := r.order("cb_2", cti.Visitor, Number(bob))
	r.originate(other)

	r.lets(v)
	r.refused(v, cti.ErrSecondCall)
	r.originate(w)
	for _, o := range []cti.Order{w, a, b, other} {
		r.lets(o)
	}
	r.openIs(0)
}

func stale(r *row) {
	r.h.Script(Number(ann), Person{Does: "rings"})
	o := r.order("cb_1", cti.Agent, Number(ann))
	if err := r.h.Switch.Fence(r.ctx, "cb_1", 5, false); err != nil {
		r.Fatalf("fence: %v", err)
	}
	r.refused(o, cti.ErrStaleToken)
	o.Fence = 5
	r.originate(o)
	p := r.order("cb_1", cti.Agent, Number(ann))
	p.Fence = 7
	r.originate(p)
	q := r.order("cb_1", cti.Agent, Number(ann))
	q.Fence = 6
	r.refused(q, cti.ErrStaleToken)
	r.originate(o) // its leg is live: the same order again
	r.lets(o)
	r.lets(p)
}

func cancelled(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers"})
	o := r.up("cb_1", cti.Visitor, Number(ann))
	if err := r.h.Switch.Fence(r.ctx, "cb_1", 2, true); err != nil {
		r.Fatalf("fence: %v", err)
	}
	r.quiet(5 * time.Second)
	if n := len(r.told(o.Leg)); r.h.Open() != 1 || r.told(o.Leg)[n-1].Kind == cti.LegEnded {
		r.Error("the fence touched a leg that is up")
	}
	p := r.order("cb_1", cti.Agent, Number(ann))
	p.Fence = 99
	r.refused(p, cti.ErrCancelled)
	q := r.order("cb_2", cti.Agent, Number(ann))
	r.originate(q)
	r.lets(o)
	r.lets(q)
}

func pastDeadline(r *row) {
	r.h.Script(Number(ann), Person{Does: "rings"})
	o := r.order("cb_1", cti.Visitor, Number(ann))
	o.Deadline = time.Now().Add(-time.Second)
	r.refused(o, cti.ErrPastDeadline)
	o.Deadline = time.Now().Add(time.Second)
	r.originate(o)
	r.lets(o)
}

func noTrunk(r *row) {
	reconcile(r, nil)
	o := r.order("cb_1", cti.Visitor, Number(ann))
	r.refused(o, cti.ErrNoTrunk)
	elsewhere := r.h.Trunk
	elsewhere.Prefixes = []string{"+49"}
	if err := r.h.Switch.Trunks(r.ctx, []cti.Trunk{elsewhere}); err != nil {
		r.Fatal(err)
	}
	r.refused(o, cti.ErrNoTrunk)
	small := r.h.Trunk
	small.MaxCalls = 1
	if err := r.h.Switch.Trunks(r.ctx, []cti.Trunk{small}); err != nil {
		r.Fatal(err)
	}
	r.h.Script(Number(ann), Person{Does: "rings"})
	r.originate(o) // what was refused for want of a trunk was not used up
	p := r.order("cb_2", cti.Visitor, Number(ann))
	r.refused(p, cti.ErrNoTrunk)
	r.lets(o)
	p.Via = "trk_other"
	r.refused(p, cti.ErrNoTrunk)
	p.Via = small.ID
	r.originate(p)
	r.lets(p)
}

func notReconciled(r *row) {
	trunks(r)
	r.h.Script(Number(ann), Person{Does: "rings"})
	o := r.order("cb_1", cti.Visitor, Number(ann))
	r.refused(o, cti.ErrNotReconciled)
	reconcile(r, nil)
	r.originate(o)
	r.lets(o)
}

// many gives and repeats orders from many sides at once: every telephone is rung once, every leg ends once.
func many(r *row) {
	const n = 20
	var orders []cti.Order
	for i := range n {
		to := Number(3000 + i)
		r.h.Script(to, Person{Does: "answers", After: time.Duration(i%4) * time.Second, Talk: time.Duration(1+i%3) * time.Second})
		orders = append(orders, r.order(id.Callback(fmt.Sprintf("cb_%d", i)), cti.Visitor, to))
	}
	var wg sync.WaitGroup
	for _, o := range orders {
		for k := range 3 {
			wg.Go(func() {
				err := r.h.Switch.Originate(r.ctx, o)
				if err != nil && !errors.Is(err, cti.ErrSecondCall) {
					r.Errorf("originate: %v", err)
				}
				if _, err := r.h.Switch.Legs(r.ctx, o.Callback); err != nil {
					r.Errorf("legs: %v", err)
				}
				if k == 2 {
					r.quiet(2 * time.Second)
					_ = r.h.Switch.HangUp(r.ctx, o.Leg, cti.HangUp{Cause: cti.CauseCancelled})
				}
			})
		}
	}
	wg.Wait()
	for _, o := range orders {
		r.await(o.Leg, cti.LegEnded)
		if n := r.h.Rung(o.To); n != 1 {
			r.Errorf("%s was rung %d times", o.To, n)
		}
	}
	r.once(orders[0].Leg)
	r.openIs(0)
}
