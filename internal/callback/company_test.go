package callback

import (
	"testing"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/id"
)

// company has somebody asked, let in, or let go, or a supervisor come, as conductors do.
func (w *town) company(c *Callback) {
	a := c.Current()
	if a == nil || c.State != Connected || c.JoinedAt.IsZero() {
		return
	}
	if k := a.consulted(); k != nil {
		w.step(c, "whom she asks comes or goes", func(d *draft) { w.settles(d) })
		return
	}
	if c.pending(a) != nil || a.agentLeg() == nil || a.visitorLeg() == nil {
		return
	}
	t := &transfer{party: cti.Agent, to: "tel:+12025550199"}
	for b, s := range w.agents {
		if s.Presence == agent.Ready && b != a.Agent {
			t.agent, t.to = b, w.dir.Agents[b].Devices[0].To
		}
	}
	e := []Event{ConsultAsked, ThirdAsked, WatchAsked}[w.rand.IntN(3)]
	switch t.role = map[Event]Role{ConsultAsked: Consulted, ThirdAsked: Third, WatchAsked: "listen"}[e]; {
	case e == WatchAsked && t.agent == "":
		return
	case e == WatchAsked:
		t.party = cti.Supervisor
	case e == ConsultAsked && len(a.thirds()) > 0:
		return
	}
	w.step(c, string(e)+" "+string(t.to), func(d *draft) { d.apply(Input{Event: e, Actor: ByAgent, Transfer: t, From: a.agentLeg().ID}) })
}

// settles decides what becomes of whom the agent asks.
func (w *town) settles(d *draft) {
	a := d.Current()
	k := a.consulted()
	switch n := w.rand.IntN(3); {
	case n == 0:
		d.apply(Input{Event: ConsultBack, Actor: ByAgent, Leg: k})
	case k.ConfirmedAt.IsZero():
		k.Role = NoRole
		d.note(ByAgent, "transfer_blind", "")
	case n == 1:
		k.Role = Third
		d.apply(Input{Event: ThirdTaken, Actor: ByAgent, Leg: k})
	default:
		in := Input{Event: ConsultDone, Actor: ByAgent, Leg: k}
		if l := a.agentLeg(); l != nil {
			in.From = l.ID
		}
		d.apply(in)
	}
}

// talks brings a callback to where its visitor and its agent talk.
func (w *town) talks(c *Callback) {
	for range 20 {
		if waits(c) {
			a := []id.Agent{"agt_ann", "agt_bob"}[w.rand.IntN(2)]
			w.step(c, "agent found "+string(a), func(d *draft) {
				d.apply(Input{Event: AgentFound, Actor: ByRingback, Choice: &Choice{Agent: a, Endpoint: w.dir.Agents[a].Devices[0].To, Party: cti.Agent}})
			})
		}
		a := c.Current()
		if a == nil {
			continue
		}
		for _, l := range a.Legs {
			next := map[cti.LegState]cti.EventKind{cti.Created: cti.LegAnswered, cti.Answered: cti.LegConfirmed}[l.State]
			if l.State == cti.Confirmed && c.State == Connected {
				next = cti.LegJoined
			}
			if next != "" && !w.hung[l.ID] {
				w.step(c, string(next), func(d *draft) { d.fact(cti.Event{At: w.now, Kind: next, Leg: l.ID, Party: l.Party, By: cti.ByNetwork}) })
			}
		}
	}
}

// Whatever happens to those who talk, to those beside them and to those who are asked, in whatever order, nobody is left held
// and nobody is left talking.
func TestCompany(t *testing.T) {
	for seed := range uint64(500) {
		w := newTown(t, seed)
		w.talks(w.all[0])
		for range 80 {
			if w.rand.IntN(3) == 0 {
				w.company(w.all[0])
			}
			if w.rand.IntN(2) == 0 {
				w.randomFact(w.all[0])
			} else {
				w.random()
			}
		}
	}
}
