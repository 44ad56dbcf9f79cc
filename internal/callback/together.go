package callback

import (
	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/speech"
)

// An attempt may ring several telephones at once: all of an agent who wants that, or those of several agents. Each agent
// is reserved. Who confirms first has the call; the others are let go of.

// Ring is one telephone that an attempt rings.
type Ring struct {
	Agent          id.Agent // "" = nobody's in particular
	Representation id.Representation
	Device         int
	Endpoint       cti.Endpoint
	Party          cti.Party
}

// telephones are all that are rung for an attempt now: as it was chosen, or what follows from who is reserved.
func (d *draft) telephones(a *Attempt, ch *Choice) []Ring {
	if ch != nil && ch.Endpoint != "" {
		return append([]Ring{{ch.Agent, ch.Representation, ch.Device, ch.Endpoint, ch.Party}}, ch.More...)
	}
	party, to := d.agentTelephone(a, nil)
	out := []Ring{{a.Agent, a.Representation, a.Device, to, party}}
	if ag := d.dir.Agents[a.Agent]; ag != nil && ag.Ring == agent.RingTogether {
		out = append(out, others(ag, a.Representation, a.Device)...)
	}
	return out
}

// others are the telephones of an agent but one.
func others(ag *agent.Agent, rep id.Representation, but int) (out []Ring) {
	for i, dev := range ag.Devices {
		if i != but {
			out = append(out, Ring{ag.ID, rep, i, dev.To, cti.Agent})
		}
	}
	return out
}

// reserveAll reserves who was chosen beside the attempt's own agent.
func (d *draft) reserveAll(ch *Choice) {
	seen := map[id.Agent]bool{ch.Agent: true}
	for _, r := range ch.More {
		if !seen[r.Agent] {
			seen[r.Agent] = true
			d.moveAgent(reserve, &Attempt{Agent: r.Agent})
		}
	}
}

// agentLeg is the leg of theirs that counts, nil = none: the one that talks, the newest where a transfer has brought
// another; else the newest that is not ended.
func (a *Attempt) agentLeg() (best *Leg) {
	for i := range a.Legs {
		l := &a.Legs[i]
		switch {
		case l.Party == cti.Visitor || l.beside() || l.State == cti.Ended:
		case best == nil, !best.taken(), l.taken() && (l.CreatedAt.After(best.ConfirmedAt) || l.ConfirmedAt.Before(best.ConfirmedAt)):
			best = l
		}
	}
	return best
}

// taken says whether a person has taken the call on this leg, which is up.
func (l *Leg) taken() bool {
	return l.State == cti.Confirmed || l.State == cti.Bridged || l.State == cti.Held
}

// wins: of all that ring, this one has the call. The others stop, and who was held for them is free.
func (d *draft) wins(a *Attempt, l *Leg) {
	freed := map[id.Agent]bool{l.Agent: true}
	for _, o := range d.ringing(a, l) {
		d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: o.ID, Cause: cti.CauseCancelled, Say: speech.Taken})
		if o.Agent != "" && !freed[o.Agent] {
			freed[o.Agent] = true
			d.moveAgent(free, &Attempt{Agent: o.Agent})
		}
	}
	d.isServedBy(a, l)
}

// isServedBy makes the agent of a leg the attempt's.
func (d *draft) isServedBy(a *Attempt, l *Leg) {
	ag := d.dir.Agents[l.Agent]
	if ag == nil || a.Agent == "" && l.Agent == "" {
		return
	}
	if a.Agent != l.Agent {
		a.Agent, a.Representation = l.Agent, d.representation(l.Agent)
	}
	for i, dev := range ag.Devices {
		if dev.To == l.Endpoint {
			a.Device = i
		}
	}
}

func (d *draft) representation(a id.Agent) id.Representation {
	for _, r := range d.dir.Representatives(d.Subscriber) {
		if r.Agent == a {
			return r.ID
		}
	}
	return ""
}

// ringing are the other legs of theirs that nobody has taken yet.
func (d *draft) ringing(a *Attempt, but *Leg) (out []*Leg) {
	for i := range a.Legs {
		if o := &a.Legs[i]; o.ID != but.ID && o.Party != cti.Visitor && !o.beside() && o.State != cti.Ended && o.ConfirmedAt.IsZero() && !d.transferred(o) {
			out = append(out, o)
		}
	}
	return out
}

// beaten says whether somebody else has taken the call that this leg was rung for: what comes of it means nothing.
func (c *Callback) beaten(a *Attempt, l *Leg) bool {
	if l.Party == cti.Visitor || c.transferred(l) {
		return false
	}
	for i := range a.Legs {
		o := &a.Legs[i]
		if o.ID == l.ID || o.Party == cti.Visitor || o.ConfirmedAt.IsZero() || c.transferred(o) || o.leftBefore(l) {
			continue
		}
		if l.ConfirmedAt.IsZero() || o.ConfirmedAt.Before(l.ConfirmedAt) || o.ConfirmedAt.Equal(l.ConfirmedAt) && o.Agent == a.Agent && l.Agent != a.Agent {
			return true
		}
	}
	return false
}

// goesOn: a leg of theirs has ended, and her next telephone is rung, or others ring on. false = nobody is asked any more.
func (d *draft) goesOn(a *Attempt, l *Leg, in Input) bool {
	who, ended, refused := l.Agent, l.ID, l.later() || l.passed()
	if !refused && d.tryNextDevice(a, l, in) {
		return true
	}
	_, l = d.Leg(ended)
	left := d.ringing(a, l)
	hers := false
	for _, o := range left {
		if o.Agent != who {
			continue
		}
		if hers = true; refused {
			d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: o.ID, Cause: cti.CauseCancelled})
		}
	}
	if len(left) == 0 {
		return false
	}
	if !hers && who != "" {
		d.moveAgent(letsGo(in), &Attempt{Agent: who})
		if a.Agent == who {
			d.isServedBy(a, left[0])
		}
	}
	d.log(Line{Actor: in.Actor, From: d.State, Event: "rings_on", To: d.State, Detail: in.Detail + "; others ring on"})
	return true
}

// letsGo is how an agent is let go of whose telephone was rung in vain.
func letsGo(in Input) move {
	switch {
	case in.Away:
		return away
	case in.Let && in.Result == ResultAgentDeclined:
		return decline
	case in.Let:
		return let
	}
	return free
}

// freeOthers lets go of all who are rung for an attempt that ends, beside its own agent.
func (d *draft) freeOthers(a *Attempt) {
	if l := a.agentLeg(); l != nil && l.taken() {
		return // they were let go of when somebody took it
	}
	freed := map[id.Agent]bool{a.Agent: true, "": true}
	for _, o := range d.ringing(a, &Leg{}) {
		if !freed[o.Agent] && d.statusOf(o.Agent).Callback == d.ID { // else she was let go of before, and serves another one
			freed[o.Agent] = true
			d.moveAgent(free, &Attempt{Agent: o.Agent})
		}
	}
}

// turnedAway is what an agent has said with a key on any telephone that was rung for her in this attempt.
func (a *Attempt) turnedAway(l *Leg) (laterOn, passed bool) {
	for i := range a.Legs {
		if o := &a.Legs[i]; o.Agent == l.Agent && o.Party == l.Party && o.State == cti.Ended && !o.CreatedAt.Before(l.CreatedAt) {
			laterOn, passed = laterOn || o.later(), passed || o.passed()
		}
	}
	return laterOn, passed
}
