package ctitest

import (
	"errors"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// arrives waits for a call that has come in.
func (r *row) arrives(callID string) cti.Event {
	r.Helper()
	limit := time.After(time.Minute)
	for {
		r.mu.Lock()
		more := r.more
		for _, e := range r.events {
			if e.Kind == cti.LegArrived && e.CallID == callID {
				r.mu.Unlock()
				return e
			}
		}
		r.mu.Unlock()
		select {
		case <-more:
		case <-limit:
			r.Fatalf("call %s did not arrive", callID)
		}
	}
}

// takes orders an arrived call to be answered.
func (r *row) takes(cb id.Callback, e cti.Event) cti.Order {
	r.Helper()
	o := r.order(cb, cti.Visitor, cti.Endpoint("tel:"+e.Arrival.From))
	o.Answers = e.CallID
	r.originate(o)
	return o
}

// caller: a call that comes in is told of with both numbers, answered by an order once, joined like any other, and its
// end is the caller's.
func caller(r *row) {
	callID := r.h.Call("+12025553001", "+12025550190", Person{Talk: 30 * time.Second, Press: "1", PressAfter: 2 * time.Second})
	e := r.arrives(callID)
	if e.Arrival != (cti.Arrival{From: "+12025553001", To: "+12025550190"}) || e.Trunk != r.h.Trunk.ID || len(e.Ref) == 0 || e.Leg != "" {
		r.Fatalf("arrived %+v", e)
	}
	visitor := r.takes("cb_1", e)
	if err := r.h.Switch.Originate(r.ctx, visitor); err != nil {
		r.Errorf("the same order again: %v", err)
	}
	up := r.await(visitor.Leg, cti.LegConfirmed)
	if up.CallID != callID || up.Trunk != r.h.Trunk.ID {
		r.Errorf("confirmed %+v", up)
	}
	if d := r.await(visitor.Leg, cti.LegDigit); d.Digit != '1' {
		r.Errorf("key %c", d.Digit)
	}
	r.h.Script(Number(3002), Person{Does: "answers", After: time.Second})
	agent := r.up("cb_1", cti.Agent, Number(3002))
	if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: "cb_1", A: visitor.Leg, B: agent.Leg, MaxTalk: time.Minute}); err != nil {
		r.Fatal(err)
	}
	r.await(visitor.Leg, cti.LegJoined)
	r.ends(visitor.Leg, cti.NormalClearing, cti.ByVisitor)
	r.ends(agent.Leg, cti.NormalClearing, cti.ByUs)
	r.once(visitor.Leg)
	r.openIs(0)
}

// callersRejected: an arrival is refused, or refused by the switch itself when nobody decides; what is over is answered by
// no order.
func callersRejected(r *row) {
	first := r.arrives(r.h.Call("+12025553001", "+12025550190", Person{}))
	if err := r.h.Switch.Reject(r.ctx, first.CallID, cti.HangUp{Cause: cti.UserBusy}); err != nil {
		r.Fatal(err)
	}
	second := r.arrives(r.h.Call("+12025553002", "+12025550190", Person{}))
	r.quiet(cti.ArrivalPatience + time.Minute + time.Second)
	r.openIs(0)
	for _, e := range []cti.Event{first, second} {
		o := r.order("cb_1", cti.Visitor, Number(3001))
		o.Answers = e.CallID
		if err := r.h.Switch.Originate(r.ctx, o); !errors.Is(err, cti.ErrNoLeg) {
			r.Errorf("an arrival that is over: %v", err)
		}
	}
	if err := r.h.Switch.Reject(r.ctx, "nobody", cti.HangUp{}); err != nil {
		r.Error(err)
	}
}

// callerHungUpOn: an arrived leg hears the closing sentence to its end.
func callerHungUpOn(r *row) {
	visitor := r.takes("cb_1", r.arrives(r.h.Call("+12025553001", "+12025550190", Person{})))
	r.await(visitor.Leg, cti.LegConfirmed)
	r.hangUp(visitor.Leg, cti.HangUp{Cause: cti.NormalClearing, Say: cti.Prompt{Sound: cti.SoundSorry}})
	r.ends(visitor.Leg, cti.NormalClearing, cti.ByUs)
	r.openIs(0)
}

// callerAfterCrash: the Ref that came with the arrival, on disk before the answer, ends the call after kill -9.
func callerAfterCrash(r *row) {
	e := r.arrives(r.h.Call("+12025553001", "+12025550190", Person{}))
	visitor := r.takes("cb_1", e)
	r.await(visitor.Leg, cti.LegConfirmed)
	r.h.Switch = r.h.Restart()
	trunks(r)
	reconcile(r, []cti.KnownLeg{{Order: visitor, State: cti.Created, Sent: true, Trunk: e.Trunk, CallID: e.CallID, Ref: e.Ref}})
	r.quiet(40 * time.Second)
	r.openIs(0)
}
