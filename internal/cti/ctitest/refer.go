package ctitest

import (
	"errors"
	"time"

	"ringback/internal/cti"
)

// transfer: who asks to be replaced is taken out of the bridge, the other one waits and is joined with whom was asked
// for; asked again by that one, who is not answered, both are joined again.
func transfer(r *row) {
	a, b := r.h.Phone(ann), r.h.Phone(bob)
	r.h.Script(a, Person{Does: "answers", After: time.Second, Refers: b, ReferAfter: 20 * time.Second})
	r.h.Script(b, Person{Does: "answers", After: time.Second, Refers: "tel:+12025550177", ReferAfter: 30 * time.Second})
	r.h.Script(Number(3000), Person{Does: "answers", After: time.Second})
	first := r.up("cb_1", cti.Agent, a)
	visitor := r.up("cb_1", cti.Visitor, Number(3000))
	join := func(x, y cti.Order) {
		if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: "cb_1", A: x.Leg, B: y.Leg, MaxTalk: 10 * time.Minute}); err != nil {
			r.Fatalf("join: %v", err)
		}
	}
	refer := func(o cti.Order, how cti.Progress) {
		if err := r.h.Switch.Refer(r.ctx, o.Leg, how); err != nil {
			r.Fatalf("refer %s: %v", how, err)
		}
	}
	join(first, visitor)
	if e := r.await(first.Leg, cti.LegRefer); e.Target != b {
		r.Errorf("asked for %s, want %s", e.Target, b)
	}
	refer(first, cti.ReferTrying)
	r.await(first.Leg, cti.LegParted)
	r.await(visitor.Leg, cti.LegParted)
	second := r.up("cb_1", cti.Agent, b)
	refer(first, cti.ReferRinging)
	join(visitor, second)
	r.await(second.Leg, cti.LegJoined)
	refer(first, cti.ReferDone)
	r.hangUp(first.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(first.Leg, cti.NormalClearing, cti.ByUs)

	if e := r.await(second.Leg, cti.LegRefer); e.Target.Number() != "+12025550177" {
		r.Errorf("asked for %s", e.Target)
	}
	refer(second, cti.ReferTrying)
	r.await(second.Leg, cti.LegParted)
	r.quiet(5 * time.Second)
	join(visitor, second)
	refer(second, cti.ReferFailed)
	again := r.await(visitor.Leg, cti.LegJoined)
	r.quiet(9 * time.Minute)
	if r.told(visitor.Leg)[len(r.told(visitor.Leg))-1].Kind == cti.LegEnded {
		r.Errorf("the longest talk of a bridge that was over ended the next, joined %v", again.At)
	}
	r.hangUp(visitor.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(second.Leg, cti.NormalClearing, cti.ByUs)
	r.in(visitor.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined, cti.LegParted, cti.LegJoined,
		cti.LegParted, cti.LegJoined, cti.LegEnded)
	if err := r.h.Switch.Refer(r.ctx, first.Leg, cti.ReferDone); !errors.Is(err, cti.ErrNoLeg) {
		r.Errorf("refer of an ended leg: %v, want ErrNoLeg", err)
	}
	r.openIs(0)
}

// noTransfer: a transfer by a line to the network would call anybody at our cost.
func noTransfer(r *row) {
	for i, p := range []cti.Party{cti.Agent, cti.Visitor} {
		at := []cti.Endpoint{Number(ann), r.h.Phone(bob)}[i]
		r.h.Script(at, Person{Does: "answers", After: time.Second, Refers: "tel:+12025550177", ReferAfter: 10 * time.Second})
		r.h.Script(Number(3000), Person{Does: "answers", After: time.Second})
		other := cti.Visitor
		if p == cti.Visitor {
			other = cti.Agent
		}
		a, b := r.up("cb_1", p, at), r.up("cb_1", other, Number(3000))
		if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: "cb_1", A: a.Leg, B: b.Leg}); err != nil {
			r.Fatalf("join: %v", err)
		}
		r.await(a.Leg, cti.LegJoined)
		r.quiet(15 * time.Second)
		r.hangUp(b.Leg, cti.HangUp{Cause: cti.NormalClearing})
		r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
		r.in(a.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined, cti.LegEnded)
	}
}
