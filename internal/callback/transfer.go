package callback

import (
	"fmt"
	"slices"
	"strings"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/subscriber"
)

// transfer is whom a telephone in talk asks its call to go on with.
type transfer struct {
	party    cti.Party
	to       cti.Endpoint
	agent    id.Agent // "" = nobody who represents the business
	replaces string   // the call that the target has with who asks; "" = none
	takes    string   // the call by which the target itself has asked for the other's place; "" = it is rung
	says     string   // who it is, for the journal
	role     Role     // of the leg that is rung
}

// transferTo finds who is meant by what was dialled, and says whether the business's callbacks may go there: to somebody
// who represents it, to its own telephone, and else only where its visitors could be called. A number may have been written
// as an address: that of a telephone known here is that telephone, such as an extension of the business's exchange.
func (p *Policy) transferTo(raw, address cti.Endpoint, s *subscriber.Subscriber, dir *directory.Directory) (transfer, error) {
	if known(address, s, dir) {
		raw = address
	}
	return p.reaches(raw, s, dir)
}

// known says whether an address is that of a telephone of the business.
func known(address cti.Endpoint, s *subscriber.Subscriber, dir *directory.Directory) bool {
	if address == "" {
		return false
	}
	is := func(e cti.Endpoint) bool { return e.Kind() == cti.SIP && e.Telephone() == address.Telephone() }
	for _, r := range dir.Representatives(s.ID) {
		if ag := dir.Agents[r.Agent]; ag != nil && slices.ContainsFunc(ag.Devices, func(d agent.Device) bool { return is(d.To) }) {
			return true
		}
	}
	return is(s.Destination)
}

// reaches is transferTo of one spelling.
func (p *Policy) reaches(raw cti.Endpoint, s *subscriber.Subscriber, dir *directory.Directory) (transfer, error) {
	dialled, number := raw, phone.Number("")
	if raw.Kind() == cti.Tel {
		n, err := phone.Parse(raw.Number(), s.Region())
		if err != nil {
			return transfer{}, err
		}
		dialled, number = cti.Endpoint("tel:"+n.E164()), n
	}
	user, _, _, _, _ := dialled.SIPURI()
	if account, ok := dialled.Account(); ok {
		user = account
	}
	for _, r := range dir.Representatives(s.ID) {
		ag := dir.Agents[r.Agent]
		if ag == nil || len(ag.Devices) == 0 {
			continue
		}
		for _, dev := range ag.Devices {
			account, registers := dev.To.Account()
			if dev.To.Telephone() == dialled.Telephone() || registers && user != "" && strings.EqualFold(user, account) {
				return transfer{party: cti.Agent, to: dev.To, agent: ag.ID, says: ag.Slug}, nil
			}
		}
		if user != "" && strings.EqualFold(user, ag.Slug) { // sip:bob@ whatever the telephone was set up with
			return transfer{party: cti.Agent, to: ag.Devices[0].To, agent: ag.ID, says: ag.Slug}, nil
		}
	}
	switch {
	case s.Destination != "" && s.Destination.Telephone() == dialled.Telephone():
		return transfer{party: cti.Subscriber, to: s.Destination, says: "the business's own telephone"}, nil
	case number == "":
		if !p.allowsSIP(dialled) {
			return transfer{}, fault.At("endpoint", fault.EndpointNotAllowed, "Nobody who represents this business is at %s.", dialled)
		}
		return transfer{party: cti.Agent, to: dialled, says: "an allowed Internet telephone"}, nil
	case dir.Own(number):
		return transfer{}, fault.At("number", fault.NumberOwn, "That telephone is not one of this business.")
	}
	if err := s.MayCall(number); err != nil {
		return transfer{}, err
	}
	return transfer{party: cti.Agent, to: dialled, says: number.Mask()}, nil
}

// refers takes the wish of a telephone in talk. What the store refuses (somebody else has just got this agent, the number
// was called too often) is refused to the telephone, and the talk goes on.
func (c *Conductor) refers(ev cti.Event) {
	c.push(ev.Callback, job{keep: true, do: func(d *draft) error { d.refers(ev, c); return nil },
		miss: func() {
			c.push(ev.Callback, job{keep: true, do: func(d *draft) error {
				d.refuseTransfer(ev.Leg, "it is in use, or was called too often")
				return nil
			}})
		}})
}

func (d *draft) refers(ev cti.Event, c *Conductor) {
	a, l := d.Leg(ev.Leg)
	s := d.dir.Subscribers[d.Subscriber]
	switch {
	case l == nil || s == nil:
		d.outOfPlace = append(d.outOfPlace, string(ev.Kind))
		return
	case d.State != Connected || a != d.Current() || l.Party == cti.Visitor || l.beside() || !joined(l) || d.pending(a) != nil || a.consulted() != nil || len(a.thirds()) > 0:
		d.refuseTransfer(l.ID, "it is not in talk")
		return
	}
	t, err := c.Policy.transferTo(ev.Target, ev.Address, s, d.dir)
	switch {
	case err != nil:
		d.refuseTransfer(l.ID, err.Error())
		return
	case ev.Takes != "" && t.to != ev.Target:
		d.refuseTransfer(l.ID, "it is no telephone of this business")
		return
	case t.to == l.Endpoint && ev.Takes == "":
		d.refuseTransfer(l.ID, "to itself")
		return
	}
	if err := c.mayRing(d, a, t); err != nil {
		d.refuseTransfer(l.ID, err.Error())
		return
	}
	if t.agent != "" || t.party == cti.Subscriber {
		t.replaces, t.takes = ev.Replaces, ev.Takes // a telephone of the same business
	}
	d.apply(Input{Event: TransferAsked, Actor: ByAgent, Transfer: &t, From: l.ID, Detail: askedFor(l, t)})
}

func askedFor(l *Leg, t transfer) string {
	if t.takes != "" {
		return fmt.Sprintf("%s takes the place of %s %s", t.says, l.Party, l.ID)
	}
	return fmt.Sprintf("%s %s asks for %s", l.Party, l.ID, t.says)
}

func (d *draft) refuseTransfer(leg id.Leg, why string) {
	d.acts = append(d.acts, Act{Effect: ReferRefused, Leg: leg})
	d.note(ByRingback, "transfer_refused", "%s: %s", leg, why)
}

// transferred says whether a leg of theirs was rung after the talk had begun.
func (c *Callback) transferred(l *Leg) bool {
	return l.Party != cti.Visitor && !c.JoinedAt.IsZero() && l.CreatedAt.After(c.JoinedAt)
}

// pending is the leg that a transfer rings, nil = none is under way.
func (c *Callback) pending(a *Attempt) *Leg {
	for i := range a.Legs {
		if l := &a.Legs[i]; c.transferred(l) && !l.beside() && l.State != cti.Ended && l.ConfirmedAt.IsZero() {
			return l
		}
	}
	return nil
}

// rings says whether a leg is the one that a transfer rings: when it gets lost, the talk is not.
func (d *draft) rings(l *Leg) bool {
	return d.State == Connected && (l.beside() || d.transferred(l) && l.ConfirmedAt.IsZero())
}

// askedBy is who asked for the transfer to leg l, if that telephone is still on the line.
func (c *Callback) askedBy(a *Attempt, l *Leg) id.Leg {
	for i := len(a.Legs) - 1; i >= 0; i-- {
		if o := &a.Legs[i]; o.ID != l.ID && o.Party != cti.Visitor && !o.beside() && !c.beaten(a, o) && o.State != cti.Ended && !o.ConfirmedAt.IsZero() {
			return o.ID
		}
	}
	return ""
}

// inTalk is what a fact about a leg of theirs means in talk: it may be the one that a transfer rings, or the one that
// asked for it.
func (d *draft) inTalk(a *Attempt, l *Leg, ev cti.Event) (Event, Input) {
	if l.beside() {
		return d.besideTalk(a, l, ev)
	}
	rung := d.transferred(l) && (l.ConfirmedAt.IsZero() || ev.Kind == cti.LegConfirmed)
	in := Input{From: d.askedBy(a, l), Leg: l}
	switch {
	case rung && ev.Kind == cti.LegConfirmed:
		return TransferTaken, in
	case rung && ev.Kind == cti.LegRinging && in.From != "":
		d.acts = append(d.acts, Act{Effect: ReferRinging, Leg: in.From})
	case ev.Kind != cti.LegEnded:
	case rung && in.From != "":
		return TransferBack, in
	case rung:
		if party, desk := d.agentTelephone(a, nil); desk != l.Endpoint {
			in.Transfer = &transfer{party: party, to: desk, agent: a.Agent}
			return TransferReturn, in
		}
		return AgentLeft, Input{Reason: ReasonTransferFailed}
	case d.followed(a, l):
	default:
		if e, in, others := d.agentGoes(a); others {
			return e, in
		}
		return AgentLeft, Input{Reason: talkReason(ev.Cause)}
	}
	return "", Input{}
}

// followed says whether a newer leg of theirs is up or rings: this one's end is not the end of the talk.
func (d *draft) followed(a *Attempt, l *Leg) bool {
	newer := false
	for i := range a.Legs {
		if o := &a.Legs[i]; o.ID == l.ID {
			newer = true
		} else if newer && o.Party != cti.Visitor && !o.beside() && o.State != cti.Ended {
			return true
		}
	}
	return false
}

// represents is who of the business's agents has a telephone.
func (d *draft) represents(to cti.Endpoint) (id.Agent, id.Representation, int) {
	for _, r := range d.dir.Representatives(d.Subscriber) {
		if ag := d.dir.Agents[r.Agent]; ag != nil {
			for i, dev := range ag.Devices {
				if dev.To == to {
					return ag.ID, r.ID, i
				}
			}
		}
	}
	return "", "", 0
}

// handOver moves the agents that a step of a transfer is about.
func (d *draft) handOver(in *Input, a *Attempt) {
	switch in.Event {
	case TransferAsked:
		if in.Transfer.agent != a.Agent {
			d.moveAgent(reserve, &Attempt{Agent: in.Transfer.agent})
		}
	case TransferBack, TransferReturn:
		d.release(a, in.Leg)
	case TransferTaken:
		who, rep, dev := d.represents(in.Leg.Endpoint)
		if who == a.Agent && who != "" {
			a.Device = dev
			return
		}
		d.moveAgent(wrapUp, a)
		a.Agent, a.Representation, a.Device = who, rep, dev
		d.moveAgent(talk, a)
	}
}

// release lets go of an agent who was rung for a transfer and did not get it.
func (d *draft) release(a *Attempt, l *Leg) {
	if l == nil {
		return
	}
	if who, _, _ := d.represents(l.Endpoint); who != a.Agent {
		d.moveAgent(free, &Attempt{Agent: who})
	}
}

// giveTransfer turns the effects of a transfer into acts.
func (d *draft) giveTransfer(e Effect, in *Input, a *Attempt) {
	switch e {
	case CallTransfer:
		l := d.addLeg(a, in.Transfer.party, in.Transfer.to, in.Transfer.agent)
		d.acts = append(d.acts, Act{Effect: CallAgent, Leg: l.ID, Replaces: in.Transfer.replaces, Answers: in.Transfer.takes})
		d.DueAt = d.at.Add(orderDeadline + ActGrace)
	case ReferTrying:
		if in.Parts {
			e = PartAgent
		}
		d.acts = append(d.acts, Act{Effect: e, Leg: in.From})
	case LetGo:
		if in.From != "" {
			d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: in.From, Cause: cti.NormalClearing})
		}
	default:
		if in.From != "" {
			d.acts = append(d.acts, Act{Effect: e, Leg: in.From})
		}
	}
}

// progress is what the telephone that asked is told by an act.
var progress = map[Effect]cti.Progress{ReferTrying: cti.ReferTrying, ReferRinging: cti.ReferRinging, ReferDone: cti.ReferDone,
	ReferFailed: cti.ReferFailed, ReferRefused: cti.ReferRefused}

// joinAgain joins two who should hear each other and do not: the order to join them got lost.
func (d *draft) joinAgain() {
	a := d.Current()
	if d.State != Connected || d.JoinedAt.IsZero() || a == nil || d.pending(a) != nil || d.gather(a) {
		return
	}
	first, second := d.waited(a)
	if first == nil || second == nil || first.State != cti.Confirmed || second.State != cti.Confirmed {
		return
	}
	d.acts = append(d.acts, Act{Effect: JoinBoth, Leg: first.ID, With: second.ID})
	d.DueAt = d.at.Add(ActGrace)
	d.note(ByRingback, "join_again", "the switch has told of no bridge yet")
}
