package callback

import (
	"slices"
	"strings"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/routing"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// whoRings tells who would be rung for a callback, in order, and who would not and why. Under the line's lock.
func (p *Rehearsed) whoRings(l *line, dir *directory.Directory, cb *Callback, ch *Choice, c *Conductor) {
	s := dir.Subscribers[cb.Subscriber]
	in := cb.Clone()
	in.State = Queued
	reps := dir.Representatives(s.ID)
	if len(reps) == 0 {
		if s.Destination != "" {
			p.Rings = append(p.Rings, Rung{Telephones: []RungTelephone{{To: s.Destination}}})
			p.Why = "its own telephone"
		}
	} else {
		p.agents(l, dir, s, reps, in)
	}
	if to := s.Routing.Escalate.To; to != "" {
		p.Escalates, p.After = escalatesTo(dir, s.ID, to), s.Routing.Escalate.After
	}
	if p.Escalates != nil && ch != nil && ch.Representation == Escalated {
		p.Rings, p.Why = []Rung{*p.Escalates}, "escalated"
	}
	for i := range p.Rings {
		p.Rings[i].tells(in, dir, p.Served, c.Speaker)
	}
	if p.Escalates != nil {
		p.Escalates.tells(in, dir, p.Served, c.Speaker)
	}
}

// agents are those who represent the business, as routing would ask them.
func (p *Rehearsed) agents(l *line, dir *directory.Directory, s *subscriber.Subscriber, reps []*agent.Representation, in *Callback) {
	strategy, wants, all := strategyFor(s, in), waiter(p.Served, in, s, dir), l.candidates(p.Served, dir, s, reps, in)
	d := routing.Choose(p.Served, strategy, wants, all)
	skipped := d.Skipped
	if len(d.Chosen) == 0 {
		skipped = routing.Explain(p.Served, strategy, wants, all)
	}
	p.Why = d.Why
	for i, who := range d.Chosen {
		r := l.rung(p.Served, dir, who.Agent, who.Representation)
		r.Together = i > 0
		p.Rings = append(p.Rings, r)
	}
	for _, k := range skipped {
		if len(d.Chosen) > 0 && (k.Why == "later_in_line" || k.Why == "kept_for_another") {
			at := slices.IndexFunc(all, func(c routing.Candidate) bool { return c.Agent == k.Agent })
			p.Rings = append(p.Rings, l.rung(p.Served, dir, k.Agent, all[at].Representation))
			continue
		}
		p.Passed = append(p.Passed, PassedOver{k.Agent, k.Why})
	}
	for _, r := range reps {
		if ag := dir.Agents[r.Agent]; ag != nil && len(ag.Devices) == 0 {
			p.Passed = append(p.Passed, PassedOver{ag.ID, "no_telephone"})
		}
	}
}

// rung is an agent with her telephones in the order in which they are rung: from the first that does not rest.
func (l *line) rung(now time.Time, dir *directory.Directory, a id.Agent, rep id.Representation) Rung {
	ag, r := dir.Agents[a], Rung{Agent: a, Representation: rep}
	first := l.rested(now, ag)
	for i := range ag.Devices {
		r.Telephones = append(r.Telephones, RungTelephone{To: ag.Devices[(first+i)%len(ag.Devices)].To})
	}
	return r
}

func escalatesTo(dir *directory.Directory, s id.Subscriber, to string) *Rung {
	if strings.Contains(to, ":") {
		return &Rung{Representation: Escalated, Telephones: []RungTelephone{{To: cti.Endpoint(to)}}}
	}
	ag := dir.Agents[id.Agent(dir.ID(directory.Agent, to))]
	if ag == nil || answersFor(dir, ag.ID, s) {
		return nil
	}
	r := &Rung{Agent: ag.ID, Representation: Escalated}
	for _, d := range ag.Devices {
		r.Telephones = append(r.Telephones, RungTelephone{To: d.To})
	}
	return r
}

// tells fills in what the switch would be ordered for each telephone.
func (r *Rung) tells(cb *Callback, dir *directory.Directory, at time.Time, sp speech.Speaker) {
	r.CallerID = callerID(cb, &Attempt{Representation: r.Representation}, dir.Subscribers[cb.Subscriber], dir)
	for i := range r.Telephones {
		t := &r.Telephones[i]
		c := cb.Clone()
		c.State = RingingAgent
		party := cti.Agent
		if r.Agent == "" && r.Representation != Escalated {
			party = cti.Subscriber
		}
		c.Attempts = []Attempt{{N: 1, Agent: r.Agent, Representation: r.Representation, Legs: []Leg{{ID: "leg_rehearsed", Party: party, Agent: r.Agent, Endpoint: t.To, CreatedAt: at}}}}
		a := &c.Attempts[0]
		o := order(c, a, &a.Legs[0], dir, at, sp)
		t.Ring, t.Confirm = o.Ring, o.Confirm
		m := toAgent(sp, c, repOf(c, a, &a.Legs[0], dir), dir)
		t.Hears = m.heard(heardWhen{"answers", o.Hear.First}, heardWhen{"takes_it", o.Waits.First})
	}
}

// visitorWords are what the visitor hears on her telephone.
func visitorWords(cb *Callback, dir *directory.Directory, sp speech.Speaker, at time.Time) []Spoken {
	c := cb.Clone()
	c.Attempts = []Attempt{{N: 1, Legs: []Leg{{ID: "leg_rehearsed", Party: cti.Visitor, Endpoint: c.Endpoint, CreatedAt: at}}}}
	a := &c.Attempts[0]
	o := order(c, a, &a.Legs[0], dir, at, sp)
	all := []heardWhen{{"answers", o.Hear.First}, {"takes_it", o.Waits.First}}
	if s := dir.Subscribers[c.Subscriber]; s != nil && s.Records(dir.Buttons[c.Button]) {
		all = append(all, heardWhen{"joined", toVisitor(sp, c, dir).says(speech.TalkRecorded)})
	}
	return toVisitor(sp, c, dir).heard(append(all, heardWhen{"machine", o.Message})...)
}
