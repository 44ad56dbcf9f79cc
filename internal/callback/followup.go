package callback

import (
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// followUpAfter is when a visitor is called again whom an agent wants to be called again.
const followUpAfter = 24 * time.Hour

// lastWords is what somebody hears before her line is closed. An agent who took the call on a telephone of her own, where
// no screen offers it, is asked after a talk whether another call is to follow.
func (d *draft) lastWords(e Effect, in *Input, l *Leg) speech.Sentence {
	if e == HangUpAgent && in.Event == VisitorLeft && d.followable(l) {
		return speech.AgentFollowUp
	}
	return d.sentence(e, in)
}

// followable says whether a leg is of an agent who may want another call to follow this talk.
func (d *draft) followable(l *Leg) bool {
	s := d.dir.Subscribers[d.Subscriber]
	return d.State == Ended && d.Outcome == Completed && d.TalkTime >= TalkedEnough && d.Order == subscriber.AgentFirst &&
		d.Destination == "" && d.Endpoint.Kind() == cti.Tel && l.Party != cti.Visitor && l.Endpoint.Kind() == cti.Tel &&
		s != nil && !s.Suspended && d.dir.Buttons[d.Button] != nil && !d.blocked()
}

// followUp: an agent who is asked wants it.
func (d *draft) followUp(l *Leg, key byte) {
	if key == keyFollow && l.State == cti.Bridged && d.followable(l) {
		d.acts = append(d.acts, Act{Effect: bookFollowUp, Leg: l.ID})
		d.note(ByAgent, "follow_up", "%s %s: another call in a day", l.Party, l.ID)
	}
}

// bookFollowUp makes a callback of it: the same visitor and matter, in a day or at the next opening, by the same rules as
// any other that staff makes. A second key finds the number taken. Whoever pressed hears what came of it.
func (c *Conductor) bookFollowUp(cb *Callback, leg id.Leg) {
	say := speech.AgentBooked
	if err := c.follow(cb); err != nil {
		if c.ctx.Err() != nil {
			return
		}
		c.Log.Info("no call follows", "callback", cb.ID, "err", err)
		say = speech.AgentFailed
	}
	h := cti.HangUp{Cause: cti.NormalClearing, Instead: true, Say: c.said(cb, Act{Effect: HangUpAgent, Leg: leg, Say: say})}
	if err := c.sw.HangUp(c.ctx, leg, h); err != nil && c.ctx.Err() == nil {
		c.Log.Warn("an agent does not hear of the call that follows", "callback", cb.ID, "leg", leg, "err", err)
	}
}

func (c *Conductor) follow(was *Callback) error {
	dir, now := c.Directory(), c.Now().UTC()
	b, s := dir.Buttons[was.Button], dir.Subscribers[was.Subscriber]
	if b == nil || s == nil {
		return errNotWaiting
	}
	r := &Request{Number: was.Number.E164(), Order: was.Order, When: schedule.After(followUpAfter), Name: was.Name, Topic: was.Topic,
		Fields: was.Fields, Page: was.Page, Language: was.Language, Metadata: was.Metadata}
	cb, due, err := c.wish(r, b, s, dir, now)
	if err != nil {
		return err
	}
	cb.Actor, cb.TokenHash = ByAgent, id.TokenHash(c.Mint.Token(id.CallbackToken))
	n := c.belongings(r, cb, s, now)
	n.Consent = nil // it was asked for in the talk
	n.Velocity = untilThen(n.Velocity, due.At.Sub(now))
	return c.create(dir, &n, due, "")
}

// untilThen leaves out the limits that have nothing to say about a call that follows another: what was counted has left
// their time when the telephone rings, and it is staff who promise it. Otherwise no talk of less than five minutes could
// end with "until tomorrow".
func untilThen(limits []Velocity, wait time.Duration) []Velocity {
	return slices.DeleteFunc(limits, func(v Velocity) bool { return v.Per <= wait })
}
