package callback

import (
	"errors"
	"fmt"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// act carries out one effect. The switch's refusals come back as jobs of the callback; its facts come by OnSwitch. What
// ends something is repeated when the switch does not take it, because nobody looks after an ended callback again.
func (c *Conductor) act(cb *Callback, a Act) {
	err := c.command(cb, a)
	if err == nil || c.ctx.Err() != nil {
		return
	}
	c.Log.Warn("act failed", "callback", cb.ID, "effect", a.Effect, "leg", a.Leg, "err", err)
	switch a.Effect {
	case JoinBoth:
		if errors.Is(err, cti.ErrNoLeg) {
			c.spawn(func() { c.joinSoon(cb, a) })
		}
	case HangUpAgent, HangUpVisitor, fenceUp, fenceOff, reload:
		c.spawn(func() { c.insist(cb, a) })
	}
}

// insist repeats an act once a second until the switch takes it.
func (c *Conductor) insist(cb *Callback, a Act) {
	for end := c.Now().Add(patience); c.Now().Before(end) && c.ctx.Err() == nil; {
		c.pause(time.Second)
		if c.command(cb, a) == nil {
			return
		}
	}
}

// joinSoon joins two of whom one may still be leaving the talk before: whoever takes a place over answers at once.
func (c *Conductor) joinSoon(cb *Callback, a Act) {
	for range 3 {
		c.pause(100 * time.Millisecond)
		if c.ctx.Err() != nil || c.command(cb, a) == nil {
			return
		}
	}
}

func (c *Conductor) command(cb *Callback, a Act) error {
	switch a.Effect {
	case FindAgent:
		c.line.kick()
	case CallAgent, CallVisitor:
		c.call(cb, a)
	case JoinBoth:
		return c.join(cb, a)
	case HangUpAgent, HangUpVisitor:
		return c.sw.HangUp(c.ctx, a.Leg, cti.HangUp{Cause: a.Cause, Say: c.said(cb, a)})
	case HoldVisitor:
		return c.sw.Play(c.ctx, a.Leg, c.hold(cb, a))
	case TalkTogether:
		return c.together(cb, a)
	case PartAgent:
		return c.partAgent(cb, a)
	case WatchTalk:
		return c.sw.Monitor(c.ctx, cti.Monitor{Callback: cb.ID, Leg: a.Leg, Of: a.With, Mode: a.Mode})
	case WatchWaits:
		return c.sw.Play(c.ctx, a.Leg, cti.Program{Then: cti.SoundWait})
	case ReferTrying, ReferRinging, ReferDone, ReferFailed, ReferRefused:
		return c.sw.Refer(c.ctx, a.Leg, progress[a.Effect])
	case turnRecording:
		c.spawn(func() { c.turnRecording(cb.ID) })
	case reload:
		return c.Reload(c.ctx)
	case bookFollowUp:
		c.spawn(func() { c.bookFollowUp(cb, a.Leg) })
	case bookCaller:
		c.spawn(func() { c.bookCall(cb) })
	case closeResumed:
		c.closeResumed(cb)
	case fenceUp:
		return c.sw.Fence(c.ctx, cb.ID, cb.Fence, false)
	case fenceOff:
		return c.sw.Fence(c.ctx, cb.ID, cb.Fence, true)
	}
	return nil
}

// talkLeft is how long those who are joined now may talk: what was talked before a transfer counts.
func (c *Callback) talkLeft(now time.Time) time.Duration {
	if c.JoinedAt.IsZero() {
		return c.MaxTalk
	}
	return max(c.MaxTalk-now.Sub(c.JoinedAt), time.Second)
}

// call orders a leg that is on disk as sent.
func (c *Conductor) call(cb *Callback, a Act) {
	leg := a.Leg
	at, l := cb.Leg(leg)
	if l == nil {
		return
	}
	if !c.Policy.maySend(cb, l) {
		c.push(cb.ID, job{keep: true, do: func(d *draft) error {
			d.apply(Input{Event: Forbidden, Actor: ByRingback, Reason: ReasonPolicy, Detail: "this Internet telephone is not allowed any more", Result: ResultCancelled})
			return nil
		}})
		return
	}
	o := order(cb, at, l, c.Directory(), c.Now(), c.Speaker)
	o.Replaces = a.Replaces
	if a.Answers != "" {
		o.Answers, o.Confirm, o.PostDial = a.Answers, cti.ConfirmNone, ""
	}
	err := c.sw.Originate(c.ctx, o)
	if err == nil {
		if len(cb.Attempts) == 1 && len(at.Legs) == 1 && !cb.Inbound {
			c.Meter.Invited(c.Now().Sub(cb.ArrivedAt)) // a booking is not late for having been made early
		}
		return
	}
	if c.ctx.Err() != nil {
		return
	}
	c.Meter.Refused(err)
	c.push(cb.ID, job{keep: true, do: func(d *draft) error {
		if errors.Is(err, errHalted) {
			d.haltedLeg(leg)
		} else {
			d.refused(leg, err)
		}
		return nil
	}})
}

// refused: the switch did not take the order, so nothing has left. Some refusals pass, some mean the leg is over, and
// some mean that this step is not the newest any more.
func (d *draft) refused(leg id.Leg, err error) {
	a, l := d.Leg(leg)
	if l == nil || l.State != cti.Created {
		return
	}
	switch {
	case errors.Is(err, cti.ErrNoLeg): // the caller has hung up before we answered
		d.fact(cti.Event{At: d.at, Kind: cti.LegEnded, Leg: leg, Party: l.Party, Cause: cti.NormalClearing, By: l.Party.Person()})
	case errors.Is(err, cti.ErrNoTrunk):
		d.fact(cti.Event{At: d.at, Kind: cti.LegEnded, Leg: leg, Party: l.Party, Cause: cti.NetworkOutOfOrder, By: cti.ByUs})
	case a != d.Current(), errors.Is(err, cti.ErrCancelled), errors.Is(err, cti.ErrStaleToken):
		d.fact(cti.Event{At: d.at, Kind: cti.LegEnded, Leg: leg, Party: l.Party, Cause: cti.CauseCancelled, By: cti.ByUs})
	case d.at.Sub(l.CreatedAt) > patience:
		d.fact(cti.Event{At: d.at, Kind: cti.LegEnded, Leg: leg, Party: l.Party, Cause: cti.Congestion, By: cti.ByUs})
	default: // a second call, past its deadline, not reconciled, down: it may be taken a little later
		l.SentAt = time.Time{}
		d.DueAt = d.at.Add(time.Second)
		d.note(ByRingback, "not_taken", "%s %s: %v; asked again in a second", l.Party, l.ID, err)
	}
}

// closeUnsent ends the legs of an attempt that were provably never sent: no fact will ever come of them.
func (d *draft) closeUnsent(a *Attempt) {
	for i := range a.Legs {
		if l := &a.Legs[i]; l.State == cti.Created && l.SentAt.IsZero() {
			l.State, l.Cause, l.By, l.EndedAt = cti.Ended, cti.CauseCancelled, cti.ByUs, d.at
		}
	}
}

// patience is how long a leg that the switch does not take is asked for again.
const patience = 45 * time.Second

// callAgain orders legs of the running attempt that were provably never sent.
func (d *draft) callAgain() {
	a := d.Current()
	if a == nil {
		return
	}
	for i := range a.Legs {
		l := &a.Legs[i]
		if l.State != cti.Created || !l.SentAt.IsZero() {
			continue
		}
		l.SentAt = d.at
		e := CallAgent
		if l.Party == cti.Visitor {
			e = CallVisitor
		}
		d.acts = append(d.acts, Act{Effect: e, Leg: l.ID})
		d.DueAt = d.at.Add(ActGrace)
		d.note(ByRingback, "asked_again", "%s", fmt.Sprintf("%s %s", l.Party, l.ID))
	}
}
