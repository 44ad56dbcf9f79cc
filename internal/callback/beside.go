package callback

import (
	"slices"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/id"
)

// Role is what a leg is beside the one that talks with the visitor for the business.
type Role string

// Of a supervisor's leg the role is how she is in the talk: listen, whisper or barge.
const (
	NoRole    Role = ""          // it talks with the visitor, or is rung to
	Consulted Role = "consulted" // whom the agent asks while the visitor waits
	Third     Role = "third"     // one more in the talk
	Dismissed Role = "dismissed" // it is being ended, and that is the end of nothing else
)

// beside says whether the end of a leg is not the end of the talk.
func (l *Leg) beside() bool { return l.Role != NoRole }

// watches says whether it is a supervisor's.
func (l *Leg) watches() bool { return l.Party == cti.Supervisor && l.Role != Dismissed }

// consulted is whom the agent asks, nil = nobody.
func (a *Attempt) consulted() *Leg {
	return a.live(func(l *Leg) bool { return l.Role == Consulted })
}

// thirds are the others who are in the talk, or are rung for it.
func (a *Attempt) thirds() (all []*Leg) {
	for i := range a.Legs {
		if l := &a.Legs[i]; l.Role == Third && l.State != cti.Ended {
			all = append(all, l)
		}
	}
	return all
}

// together are the legs that should talk with each other now: the agent and whom she asks, else the visitor, the agent and
// all others who have come. keep: who is left alone one day waits.
func (a *Attempt) together() (legs []*Leg, keep bool) {
	mine, visitor := a.agentLeg(), a.visitorLeg()
	if k := a.consulted(); k != nil && !k.ConfirmedAt.IsZero() && mine != nil {
		return []*Leg{mine, k}, true
	}
	if visitor != nil {
		legs = append(legs, visitor)
	}
	if mine != nil && !mine.ConfirmedAt.IsZero() {
		legs = append(legs, mine)
	}
	for _, l := range a.thirds() {
		if !l.ConfirmedAt.IsZero() {
			legs = append(legs, l)
		}
	}
	return legs, false
}

func ids(legs []*Leg) (out []id.Leg) {
	for _, l := range legs {
		out = append(out, l.ID)
	}
	return out
}

func joined(l *Leg) bool { return l.State == cti.Bridged || l.State == cti.Held }

// besideTalk is what a fact about a leg beside the talk means.
func (d *draft) besideTalk(a *Attempt, l *Leg, ev cti.Event) (Event, Input) {
	ends, comes := ev.Kind == cti.LegEnded, ev.Kind == cti.LegConfirmed
	in := Input{Leg: l}
	switch {
	case l.Role == Dismissed && ends:
		d.letGo(a, l)
	case l.Role == Consulted && comes:
		return ConsultTaken, in
	case l.Role == Consulted && ends:
		return ConsultBack, in
	case l.Role == Third && comes:
		return ThirdTaken, in
	case l.Role == Third && ends:
		return ThirdLeft, in
	case l.watches() && comes:
		return WatchTaken, in
	case l.watches() && ends:
		return WatchLeft, in
	}
	return "", Input{}
}

// agentGoes is what the end of the agent's own leg means while others are there: whom she was asking goes on with the
// visitor, or is still rung for her; so does a third.
func (d *draft) agentGoes(a *Attempt) (Event, Input, bool) {
	if k := a.consulted(); k != nil {
		if k.ConfirmedAt.IsZero() {
			k.Role = NoRole // what was asked for is a transfer now
			return "", Input{}, true
		}
		return ConsultDone, Input{Leg: k}, true
	}
	for _, l := range a.thirds() {
		if !l.ConfirmedAt.IsZero() {
			return ThirdAlone, Input{Leg: l}, true
		}
	}
	return "", Input{}, false
}

// handBeside moves the agents that a step about legs beside the talk concerns.
func (d *draft) handBeside(in *Input, a *Attempt) {
	switch in.Event {
	case ConsultAsked, ThirdAsked, WatchAsked:
		if who := in.Transfer.agent; who != "" && who != a.Agent && (in.Event != WatchAsked || d.statusOf(who).Presence == agent.Ready) {
			d.moveAgent(reserve, &Attempt{Agent: who})
		}
	case ConsultTaken, ThirdTaken, WatchTaken:
		if d.serves(in.Leg, a) {
			d.moveAgent(talk, &Attempt{Agent: in.Leg.Agent})
		}
	case ConsultBack, ThirdLeft, WatchLeft:
		if in.Leg.State == cti.Ended {
			d.letGo(a, in.Leg)
		} else {
			in.Leg.Role = Dismissed // she is let go when her leg has ended
		}
	case ConsultDone, ThirdAlone:
		d.moveAgent(wrapUp, a)
		who, rep, dev := d.represents(in.Leg.Endpoint)
		a.Agent, a.Representation, a.Device = who, rep, dev
		in.Leg.Role = NoRole
	}
}

// serves says whether a leg's agent is held by this callback for that leg alone.
func (d *draft) serves(l *Leg, a *Attempt) bool {
	return l.Agent != "" && l.Agent != a.Agent && d.statusOf(l.Agent).Callback == d.ID
}

// letGo lets go of the agent of a leg beside the talk: who has talked writes notes.
func (d *draft) letGo(a *Attempt, l *Leg) {
	switch {
	case !d.serves(l, a):
	case l.ConfirmedAt.IsZero() || l.Party == cti.Supervisor:
		d.moveAgent(free, &Attempt{Agent: l.Agent})
	default:
		d.moveAgent(wrapUp, &Attempt{Agent: l.Agent})
	}
}

// letAllGo is letGo of all of an attempt, which ends by a rule; their telephones are ended.
func (d *draft) letAllGo(a *Attempt, r rule) {
	for i := range a.Legs {
		l := &a.Legs[i]
		if !l.beside() || l.State == cti.Ended {
			continue
		}
		d.letGo(a, l)
		if !r.calls(HangUpAgent) { // else they are ended with all others
			d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: l.ID, Cause: cti.CauseCancelled})
		}
	}
}

// giveBeside turns the effects of such a step into acts.
func (d *draft) giveBeside(e Effect, in *Input, a *Attempt) {
	switch e {
	case PartAgent:
		if l := a.agentLeg(); l != nil {
			d.acts = append(d.acts, Act{Effect: e, Leg: l.ID})
		}
	case CallBeside:
		l := d.addLeg(a, in.Transfer.party, in.Transfer.to, in.Transfer.agent)
		l.Role = in.Transfer.role
		d.acts = append(d.acts, Act{Effect: CallAgent, Leg: l.ID})
		if d.DueAt = d.talkEnds(); l.Role == Consulted {
			d.DueAt = d.at.Add(orderDeadline + ActGrace)
		}
	case TalkTogether:
		d.talkTogether(a)
	case EndBeside:
		if in.Leg.State != cti.Ended {
			d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: in.Leg.ID, Cause: cti.CauseCancelled})
		}
	case WatchTalk:
		d.watch(a, in.Leg)
	case TalkGoesOn:
		d.DueAt = d.talkEnds()
	}
}

// talkTogether has those talk with each other who should.
func (d *draft) talkTogether(a *Attempt) {
	legs, keep := a.together()
	if len(legs) > 1 {
		d.acts = append(d.acts, Act{Effect: TalkTogether, Leg: legs[0].ID, Legs: ids(legs), Keep: keep})
	}
}

// gather repeats orders that got lost: those who should talk with each other do not. It says whether there was anything to
// look after.
func (d *draft) gather(a *Attempt) bool {
	if k := a.consulted(); k != nil && k.ConfirmedAt.IsZero() {
		return true // she is rung
	}
	legs, _ := a.together()
	several := len(legs) > 2 || a.consulted() != nil
	if several && slices.ContainsFunc(legs, func(l *Leg) bool { return l.State == cti.Confirmed }) {
		d.talkTogether(a)
		d.DueAt = d.at.Add(ActGrace)
		d.note(ByRingback, "join_again", "the switch has told of no bridge yet")
	}
	d.watchOn(a)
	return several
}

// endRest ends those who talk on though the callback has ended: the order got lost. Of two the switch ends the other one by
// itself.
func (d *draft) endRest() {
	a := d.last()
	if a == nil {
		return
	}
	var rest []*Leg
	for i := range a.Legs {
		if l := &a.Legs[i]; joined(l) {
			rest = append(rest, l)
		}
	}
	if len(rest) < 2 {
		return
	}
	for _, l := range rest {
		d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: l.ID, Cause: cti.NormalClearing})
	}
	d.note(ByRingback, "hung_up_again", "%d who talk on", len(rest))
}
