package callback

import (
	"context"
	"strings"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// TransferKind is how an agent hands a visitor over.
type TransferKind string

const (
	Blind TransferKind = "blind" // the visitor goes on with whoever answers; who does not gives her back
	Warm  TransferKind = "warm"  // the agent speaks with that one first, while the visitor waits
)

// mostThirds are in a talk beside visitor and agent.
const mostThirds = 6

// Transfer hands the visitor of a talk over to an agent (id or slug) who represents the business, a number, or an endpoint
// that its callbacks may go to. Blind: the agent is let go when that one has answered. Warm: until CompleteTransfer, or until
// the agent hangs up, the visitor waits; CancelTransfer comes back to her. Faults: too_late when they do not talk or somebody
// is being asked already, and those of the number policy.
func (c *Conductor) Transfer(ctx context.Context, cb id.Callback, to string, kind TransferKind, by Actor) (*Callback, error) {
	if kind != Blind && kind != Warm {
		return nil, fault.At("kind", fault.WrongType, "kind is blind or warm.")
	}
	return c.step(ctx, cb, func(d *draft) error {
		a, err := d.talkers()
		if err != nil {
			return err
		}
		if len(a.thirds()) > 0 {
			return fault.New(fault.TooLate, "There are more than two in this talk: hang up, and the others go on.")
		}
		l := a.agentLeg()
		t, err := c.asked(d, a, to)
		if err != nil {
			return err
		}
		in := Input{Event: TransferAsked, Actor: by, Transfer: &t, From: l.ID, Parts: true, Detail: "to " + t.says}
		if kind == Warm {
			t.role = Consulted
			in.Event, in.Detail = ConsultAsked, t.says+" is asked first"
		}
		d.apply(in)
		return nil
	})
}

// asked finds who is meant, and says whether that one may be rung for this talk now.
func (c *Conductor) asked(d *draft, a *Attempt, to string) (transfer, error) {
	s := d.dir.Subscribers[d.Subscriber]
	if s == nil {
		return transfer{}, fault.New(fault.NotFound, "There is no such callback.")
	}
	raw := cti.Endpoint(strings.TrimSpace(to))
	for _, r := range d.dir.Representatives(s.ID) {
		ag := d.dir.Agents[r.Agent]
		if ag == nil || string(ag.ID) != to && !strings.EqualFold(ag.Slug, to) {
			continue
		}
		if len(ag.Devices) == 0 {
			return transfer{}, fault.At("to", fault.TooLate, "%s has no telephone.", ag.Name)
		}
		raw = ag.Devices[0].To
	}
	if raw == "" {
		return transfer{}, fault.At("to", fault.FieldRequired, "Say to whom: an agent, a number or an endpoint.")
	}
	if k := raw.Kind(); k != cti.Tel && k != cti.SIP && k != cti.Web {
		raw = cti.Endpoint("tel:" + to)
	}
	t, err := c.Policy.transferTo(raw, "", s, d.dir)
	if err != nil {
		return t, err
	}
	if t.agent == a.Agent && t.agent != "" {
		return t, fault.At("to", fault.TooLate, "%s talks with the visitor already.", t.says)
	}
	for i := range a.Legs {
		if l := &a.Legs[i]; l.State != cti.Ended && l.Endpoint == t.to {
			return t, fault.At("to", fault.TooLate, "%s is in this call already.", t.says)
		}
	}
	return t, c.mayRing(d, a, t)
}

// mayRing says whether somebody may be rung for a talk now, and counts it.
func (c *Conductor) mayRing(d *draft, a *Attempt, t transfer) error {
	switch {
	case t.agent == a.Agent && t.agent != "":
	case t.agent != "" && c.line.statuses()[t.agent].Presence != agent.Ready:
		return fault.At("to", fault.TooLate, "%s is not ready.", t.says)
	case t.agent == "" && t.party == cti.Agent:
		hash := c.HashNumber(t.to)
		if blocked(d.dir, hash, d.Subscriber, d.at) {
			return fault.At("to", fault.NumberNotServed, "The number is blocked.")
		}
		d.velocity = append(d.velocity, c.numberLimits(hash)...)
	}
	return nil
}

// talkers is the attempt whose visitor and agent talk with each other, while nobody is asked to take over.
func (d *draft) talkers() (*Attempt, error) {
	a := d.Current()
	switch {
	case d.State == Ended:
		return nil, fault.New(fault.AlreadyEnded, "This callback has already ended.")
	case d.State != Connected || d.JoinedAt.IsZero() || a.agentLeg() == nil || a.visitorLeg() == nil:
		return nil, fault.New(fault.TooLate, "They do not talk with each other.")
	case d.pending(a) != nil || a.consulted() != nil:
		return nil, fault.New(fault.TooLate, "Somebody is being asked already.")
	case !joined(a.agentLeg()) || !joined(a.visitorLeg()):
		return nil, fault.New(fault.TooLate, "They do not talk with each other at this moment.")
	}
	return a, nil
}

// CompleteTransfer lets the visitor go on with whom the agent asks; while that telephone still rings it becomes a blind one.
func (c *Conductor) CompleteTransfer(ctx context.Context, cb id.Callback, by Actor) (*Callback, error) {
	return c.step(ctx, cb, func(d *draft) error {
		a := d.Current()
		if d.State != Connected || a == nil || a.consulted() == nil {
			return fault.New(fault.TooLate, "Nobody is being asked.")
		}
		k := a.consulted()
		if k.ConfirmedAt.IsZero() {
			k.Role = NoRole
			d.note(by, "transfer_blind", "%s %s still rings: the visitor goes on with it when it answers", k.Party, k.ID)
			return nil
		}
		in := Input{Event: ConsultDone, Actor: by, Leg: k}
		if l := a.agentLeg(); l != nil {
			in.From = l.ID
		}
		d.apply(in)
		return nil
	})
}

// CancelTransfer gives the visitor back to the agent; who was asked, or is still rung, is let go.
func (c *Conductor) CancelTransfer(ctx context.Context, cb id.Callback, by Actor) (*Callback, error) {
	return c.step(ctx, cb, func(d *draft) error {
		a := d.Current()
		if d.State != Connected || a == nil {
			return fault.New(fault.TooLate, "Nobody is being asked.")
		}
		if k := a.consulted(); k != nil {
			d.apply(Input{Event: ConsultBack, Actor: by, Leg: k})
			return nil
		}
		p := d.pending(a)
		if p == nil {
			return fault.New(fault.TooLate, "Nobody is being asked.")
		}
		from := d.askedBy(a, p)
		if from == "" {
			return fault.New(fault.TooLate, "The agent is not on the line any more.")
		}
		p.Role = Dismissed
		who, _, _ := d.represents(p.Endpoint)
		p.Agent = who
		d.apply(Input{Event: TransferBack, Actor: by, From: from})
		d.giveBeside(EndBeside, &Input{Leg: p}, a)
		return nil
	})
}

// Conference lets one more into a talk: an agent, a number or an endpoint as with Transfer; "" = whom the agent asks just now.
// When one of three leaves the others go on.
func (c *Conductor) Conference(ctx context.Context, cb id.Callback, to string, by Actor) (*Callback, error) {
	return c.step(ctx, cb, func(d *draft) error {
		a := d.Current()
		if to == "" && d.State == Connected && a != nil {
			if k := a.consulted(); k != nil && !k.ConfirmedAt.IsZero() {
				k.Role = Third
				d.apply(Input{Event: ThirdTaken, Actor: by, Leg: k})
				return nil
			}
			return fault.At("to", fault.TooLate, "Nobody is being asked who could come in.")
		}
		a, err := d.talkers()
		if err != nil {
			return err
		}
		if len(a.thirds()) >= mostThirds {
			return fault.New(fault.TooLate, "There are %d in this talk, which is the most.", mostThirds+2)
		}
		t, err := c.asked(d, a, to)
		if err != nil {
			return err
		}
		t.role = Third
		d.apply(Input{Event: ThirdAsked, Actor: by, Transfer: &t, Detail: "with " + t.says})
		return nil
	})
}

// Hold lets the visitor of a talk wait, or brings her back: meanwhile she hears that it goes on, and nobody hears her.
func (c *Conductor) Hold(ctx context.Context, cb id.Callback, on bool, by Actor) (*Callback, error) {
	cur, err := c.store.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	a := cur.Current()
	if cur.State != Connected || a == nil || a.visitorLeg() == nil || !joined(a.visitorLeg()) {
		return nil, fault.New(fault.TooLate, "They do not talk with each other.")
	}
	if err := c.sw.Hold(ctx, a.visitorLeg().ID, on); err != nil {
		return nil, fault.New(fault.TooLate, "The visitor is not on the line.").Because(err)
	}
	return c.step(ctx, cb, func(d *draft) error {
		word := "hold"
		if !on {
			word = "hold_over"
		}
		d.note(by, word, "the visitor waits: %v", on)
		return nil
	})
}

// Keys sends keys to the visitor's telephone, which may be an answering system. Which ones is not written down.
func (c *Conductor) Keys(ctx context.Context, cb id.Callback, digits string, by Actor) (*Callback, error) {
	if err := cti.CheckKeys(digits); err != nil {
		return nil, fault.At("digits", fault.WrongType, "%v.", err)
	}
	cur, err := c.store.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	a := cur.Current()
	if cur.State != Connected || a == nil || a.visitorLeg() == nil {
		return nil, fault.New(fault.TooLate, "They do not talk with each other.")
	}
	if err := c.sw.Keys(ctx, a.visitorLeg().ID, digits); err != nil {
		return nil, fault.New(fault.TooLate, "The visitor is not on the line.").Because(err)
	}
	return c.step(ctx, cb, func(d *draft) error {
		d.note(by, "keys", "%d to the visitor", len(digits))
		return nil
	})
}
