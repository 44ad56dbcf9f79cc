package callback

import (
	"context"
	"fmt"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// restart rebuilds the line and the wake-ups from the store, hands the switch the legs that were up, and decides about
// each callback by what the switch still knows.
func (c *Conductor) restart(ctx context.Context) error {
	if err := c.forgo(ctx); err != nil {
		return err
	}
	live, err := c.store.Live(ctx)
	if err != nil {
		return err
	}
	var known []cti.KnownLeg
	for _, cb := range live {
		c.line.note(cb)
		c.wake.at(cb.ID, cb.DueAt)
		known = append(known, c.knownLegs(cb)...)
		if err := c.sw.Fence(ctx, cb.ID, cb.Fence, !cb.Live()); err != nil {
			return fmt.Errorf("callback %s: fence: %w", cb.ID, err)
		}
	}
	for _, cb := range live {
		if c.draft(cb.Clone()).rezoned() { // the tables of zones are others than when it was promised
			c.push(cb.ID, job{do: func(d *draft) error { d.rezoned(); return nil }})
		}
	}
	facts, err := c.sw.Reconcile(ctx, known)
	if err != nil {
		return fmt.Errorf("reconcile %d legs: %w", len(known), err)
	}
	byLeg := map[id.Leg]cti.LegFact{}
	for _, f := range facts {
		byLeg[f.Leg] = f
	}
	for _, cb := range live {
		var mine []cti.LegFact
		for _, k := range c.knownLegs(cb) {
			if f, ok := byLeg[k.Order.Leg]; ok {
				mine = append(mine, f)
			}
		}
		if len(mine) > 0 {
			c.push(cb.ID, job{keep: true, do: func(d *draft) error { d.compare(mine); return nil }})
		}
	}
	return nil
}

func (c *Conductor) knownLegs(cb *Callback) []cti.KnownLeg {
	var out []cti.KnownLeg
	for i := range cb.Attempts {
		a := &cb.Attempts[i]
		for j := range a.Legs {
			l := &a.Legs[j]
			if l.State == cti.Ended {
				continue
			}
			k := cti.KnownLeg{Order: order(cb, a, l, c.Directory(), c.Now(), c.Speaker), State: l.State, Sent: !l.SentAt.IsZero(),
				Trunk: l.Trunk, CallID: l.CallID, Ref: []byte(l.Ref)}
			if cb.State == Connected && !cb.JoinedAt.IsZero() {
				k.MaxEnd = cb.JoinedAt.Add(cb.MaxTalk)
				if first, second := a.agentLeg(), a.visitorLeg(); first != nil && second != nil {
					k.With = first.ID
					if l.ID == first.ID {
						k.With = second.ID
					}
				}
			}
			out = append(out, k)
		}
	}
	return out
}

// compare holds what is stored against what the switch knows: catches up with facts that got lost, asks again for
// what was never sent, and gives up what nobody knows.
func (d *draft) compare(facts []cti.LegFact) {
	byLeg := map[id.Leg]cti.LegFact{}
	for _, f := range facts {
		byLeg[f.Leg] = f
	}
	cur := d.Current()
	var gone []id.Leg
	lost := false
	for i := range d.Attempts {
		a := &d.Attempts[i]
		for j := range a.Legs {
			l := &a.Legs[j]
			f, told := byLeg[l.ID]
			switch {
			case l.State == cti.Ended || l.SentAt.IsZero():
			case told && f.Known:
				d.catchUp(l.ID, f)
			case !told && d.at.Sub(l.SentAt) < orderDeadline:
				lost = lost || a == cur && !d.rings(l) && !d.beaten(a, l) // its order may still be on its way: what comes of that closes the leg
			default:
				gone = append(gone, l.ID)
				lost = lost || a == cur && !d.rings(l) && !d.beaten(a, l)
			}
		}
	}
	if lost && d.Live() && d.Current() != nil {
		d.apply(d.lostInput())
	}
	for _, leg := range gone {
		if _, l := d.Leg(leg); l != nil && l.State != cti.Ended {
			f := byLeg[leg]
			d.fact(cti.Event{At: d.at, Kind: cti.LegEnded, Leg: leg, Party: l.Party, Trunk: f.Trunk, CallID: f.CallID, Cause: cti.UnknownAfterCrash, By: cti.ByUs})
		}
	}
	if !d.Live() {
		d.endRest()
	}
	if !d.Live() || lost {
		return
	}
	d.callAgain()
	d.joinAgain()
	if waits(d.Callback) && d.State != Queued && !d.DueAt.After(d.at) {
		d.apply(Input{Event: NobodyLeft, Actor: ByRingback, Result: d.lastAgentResult()})
	}
	if d.State == Connected && d.JoinedAt.IsZero() {
		if first, second := d.waited(d.Current()); first != nil && second != nil {
			d.acts = append(d.acts, Act{Effect: JoinBoth, Leg: first.ID, With: second.ID})
			d.DueAt = d.at.Add(ActGrace)
			d.note(ByRingback, "join_again", "the switch has told of no bridge yet")
		}
	}
}

// lostInput: a connected call was interrupted; a visitor who may be ringing is not rung again before that is over; one
// who had answered was ended and can be rung soon.
func (d *draft) lostInput() Input {
	in := Input{Event: Lost, Actor: ByRingback, Result: ResultUnknown, Reason: ReasonCrash}
	if d.State == Connected {
		in.Reason = ReasonInterrupted
		return in
	}
	a := d.Current()
	if v := a.visitorLeg(); v != nil {
		in.Due = d.at.Add(ActGrace)
		if !v.State.Up() {
			in.Due = v.SentAt.Add(doubtTime)
		}
	}
	return in
}

// catchUp replays the facts that led the switch to where it is.
func (d *draft) catchUp(leg id.Leg, f cti.LegFact) {
	_, l := d.Leg(leg)
	ev := cti.Event{At: d.at, Leg: leg, Party: l.Party, Trunk: f.Trunk, CallID: f.CallID, Cause: f.Cause, By: f.By}
	for _, k := range []cti.EventKind{cti.LegAnswered, cti.LegConfirmed, cti.LegJoined} {
		_, l = d.Leg(leg) // a fact may have added legs beside it
		if rank(f.State) >= rank(stateAfter[k]) && rank(l.State) < rank(stateAfter[k]) && f.State != cti.Ended {
			ev.Kind = k
			d.fact(ev)
		}
	}
	_, l = d.Leg(leg)
	switch {
	case f.State == cti.Held && l.State == cti.Bridged:
		ev.Kind = cti.LegHeld
		d.fact(ev)
	case f.State == cti.Bridged && l.State == cti.Held:
		ev.Kind = cti.LegResumed
		d.fact(ev)
	}
	if f.State == cti.Confirmed && joined(l) {
		ev.Kind = cti.LegParted
		d.fact(ev)
		_, l = d.Leg(leg)
	}
	if f.State == cti.Ended && l.State != cti.Ended {
		ev.Kind = cti.LegEnded
		d.fact(ev)
	}
}

var stateAfter = map[cti.EventKind]cti.LegState{cti.LegAnswered: cti.Answered, cti.LegConfirmed: cti.Confirmed, cti.LegJoined: cti.Bridged}

func rank(s cti.LegState) int {
	switch s {
	case cti.Answered:
		return 1
	case cti.Confirmed:
		return 2
	case cti.Bridged, cti.Held:
		return 3
	}
	return 0
}
