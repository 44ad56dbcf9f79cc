package callback

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// Every state but the last has a way out on its own and by request, and no event leads out of ended.
func TestTables(t *testing.T) {
	for name, l := range map[string]life{"agent first": agentFirst, "visitor first": visitorFirst, "caller first": callerFirst} {
		for _, s := range States {
			row := l[s]
			if s == Ended {
				if len(row) != 0 {
					t.Errorf("%s: something happens after the end: %v", name, row)
				}
				continue
			}
			if len(row) == 0 && name == "caller first" && (s == Scheduled || s == RingingVisitor) {
				continue // there the call has become a callback
			}
			if row[Withdrawn].to != Ended || row[Forbidden].to != Ended {
				t.Errorf("%s: %s cannot be withdrawn or forbidden", name, s)
			}
			for e, r := range row {
				if (r.to == Ended) != (r.outcome != "") {
					t.Errorf("%s: %s on %s leads to %s with outcome %q", name, s, e, r.to, r.outcome)
				}
				if s == Scheduled || s == Queued || e == Withdrawn || e == Forbidden {
					continue
				}
				if r.to != Connected && r.agent == stay && r.to != RingingVisitor && r.to != RingingAgent {
					t.Errorf("%s: %s on %s keeps the agent", name, s, e)
				}
			}
		}
	}
}

// town is a world of a few callbacks and agents, moved by random events. It keeps what a store would keep.
type town struct {
	t      testing.TB
	rand   *rand.Rand
	now    time.Time
	dir    *directory.Directory
	agents map[id.Agent]agent.Status
	all    []*Callback
	legs   int
	hung   map[id.Leg]bool // legs that an act has told to end
	trail  []string
}

func newTown(t testing.TB, seed uint64) *town {
	w := &town{t: t, rand: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		agents: map[id.Agent]agent.Status{}, hung: map[id.Leg]bool{}}
	w.dir = &directory.Directory{Agents: map[id.Agent]*agent.Agent{},
		Subscribers: map[id.Subscriber]*subscriber.Subscriber{"sub_1": {ID: "sub_1", Name: "Acme"}}}
	for _, a := range []id.Agent{"agt_ann", "agt_bob"} {
		w.dir.Agents[a] = &agent.Agent{ID: a, Devices: []agent.Device{{To: cti.Endpoint("sip:" + string(a) + "@a.example")}, {To: "tel:+12025550140"}}}
		w.agents[a] = agent.Status{Presence: agent.Ready}
		if w.rand.IntN(3) == 0 {
			w.dir.Agents[a].Ring = agent.RingTogether
		}
	}
	w.dir.Representations = map[id.Representation]*agent.Representation{
		"rep_ann": {ID: "rep_ann", Agent: "agt_ann", Subscriber: "sub_1"}, "rep_bob": {ID: "rep_bob", Agent: "agt_bob", Subscriber: "sub_1"}}
	w.dir.Index()
	for i := range 3 {
		order := subscriber.AgentFirst
		if w.rand.IntN(2) == 0 {
			order = subscriber.VisitorFirst
		}
		if i == 2 && w.rand.IntN(2) == 0 {
			w.all = append(w.all, w.caller())
			continue
		}
		w.all = append(w.all, &Callback{ID: id.Callback(fmt.Sprintf("cb_%d", i)), Subscriber: "sub_1", State: Queued, Order: order, Tries: 2,
			Endpoint: "tel:+12025550100", ArrivedAt: w.now, DueAt: w.now.Add(MaxWait), MaxTalk: time.Hour, Version: 1})
	}
	return w
}

// caller is somebody who has called.
func (w *town) caller() *Callback {
	return &Callback{ID: "cb_caller", Subscriber: "sub_1", State: Queued, Order: CallerFirst, Inbound: true, Resumes: "cb_0", Tries: 2, Endpoint: "tel:+12025550101",
		ArrivedAt: w.now, DueAt: w.now.Add(ActGrace), MaxTalk: time.Hour, Version: 1, Fence: 1, Attempts: []Attempt{{N: 1, Fence: 1, StartedAt: w.now,
			Legs: []Leg{{ID: "leg_caller", Party: cti.Visitor, Endpoint: "tel:+12025550101", State: cti.Created, CreatedAt: w.now, SentAt: w.now}}}}}
}

// step does something to a callback as Store.Step does: all or nothing.
func (w *town) step(c *Callback, what string, do func(*draft)) {
	w.now = w.now.Add(time.Duration(w.rand.IntN(5000)) * time.Millisecond)
	old := c.Clone()
	d := &draft{Callback: c.Clone(), at: w.now, dir: w.dir, hash: func(e cti.Endpoint) string { return "hash of " + string(e) }, newLeg: func() id.Leg { w.legs++; return id.Leg(fmt.Sprintf("leg_%d", w.legs)) },
		status: func(a id.Agent) agent.Status { return w.agents[a] }}
	do(d)
	if len(d.lines) == 0 {
		if d.State != old.State || len(d.acts) > 0 || len(d.moves) > 0 {
			w.fail("%s %s: a change without a line", c.ID, what)
		}
		return
	}
	agents := map[id.Agent]agent.Status{}
	for a, s := range w.agents {
		agents[a] = s
	}
	for _, m := range d.moves {
		if !w.holds(m, agents[m.Agent]) {
			if m.Lenient {
				continue
			}
			return // ErrAgentTaken
		}
		agents[m.Agent] = m.Status
	}
	w.trail = append(w.trail, fmt.Sprintf("%v %s %s: %s -> %s %v", w.now.Format("04:05"), c.ID, what, old.State, d.State, d.acts))
	w.agents = agents
	for _, a := range d.acts {
		if a.Effect == HangUpAgent || a.Effect == HangUpVisitor {
			w.hung[a.Leg] = true
		}
	}
	*c = *d.Callback
	c.Version += int64(len(d.lines))
	w.check(old, c, what)
}

func (w *town) holds(m Move, s agent.Status) bool {
	return slices.Contains(m.From, s.Presence)
}

func (w *town) fail(format string, args ...any) {
	w.t.Helper()
	for _, s := range w.trail {
		w.t.Log(s)
	}
	w.t.Fatalf(format, args...)
}

// random is one random event, in place or not.
func (w *town) random() {
	c := w.all[w.rand.IntN(len(w.all))]
	switch n := w.rand.IntN(20); {
	case n < 4:
		for a, s := range w.agents {
			if s.Presence == agent.Ready && waits(c) {
				w.step(c, "agent found "+string(a), func(d *draft) {
					d.apply(Input{Event: AgentFound, Actor: ByRingback, Choice: w.choice(c, a)})
				})
				return
			}
		}
	case n < 15:
		w.randomFact(c)
	case n < 16:
		e := []Event{Withdrawn, Forbidden, NobodyLeft, OutOfTime, CalledNow, Due, PutOff, StillWaits, CallbackOffered, TalkedAlready, Reassigned}[w.rand.IntN(11)]
		w.step(c, string(e), func(d *draft) { d.apply(Input{Event: e, Actor: ByRingback}) })
	case n < 17 && w.rand.IntN(3) == 0:
		w.transfer(c)
	case n < 17 && w.rand.IntN(2) == 0:
		w.company(c)
	case n < 17:
		w.step(c, "a wake-up", func(d *draft) {
			d.at = d.DueAt
			if d.Live() {
				d.due(w.facts(c))
			}
		})
	case n < 18:
		var facts []cti.LegFact // a switch that has lost everything
		w.step(c, "a crash", func(d *draft) {
			if d.Live() {
				d.compare(facts)
			}
		})
	default:
		for a, s := range w.agents {
			if s.Presence == agent.WrapUp {
				s.Presence = agent.Ready
				w.agents[a] = s
			} else if w.rand.IntN(4) == 0 {
				wanted := []agent.Event{agent.Finish, agent.SignIn, agent.Pause}[w.rand.IntN(3)]
				s.Presence, _ = s.Presence.Next(wanted)
				w.agents[a] = s
			}
			return
		}
	}
}

// choice is an agent, with her other telephone where both ring together, and now and then with another who is ready.
func (w *town) choice(c *Callback, a id.Agent) *Choice {
	ag := w.dir.Agents[a]
	ch := &Choice{Agent: a, Endpoint: ag.Devices[0].To, Party: cti.Agent}
	if ag.Ring == agent.RingTogether {
		ch.More = others(ag, "", 0)
	}
	for b, s := range w.agents {
		if b != a && s.Presence == agent.Ready && w.rand.IntN(2) == 0 && (c.Order != subscriber.VisitorFirst || c.State != Queued) {
			ch.More = append(ch.More, Ring{Agent: b, Endpoint: w.dir.Agents[b].Devices[0].To, Party: cti.Agent})
		}
	}
	return ch
}

// transfer asks for somebody who is ready, or for a number.
func (w *town) transfer(c *Callback) {
	a := c.Current()
	if a == nil || c.State != Connected || c.JoinedAt.IsZero() || c.pending(a) != nil || a.consulted() != nil || len(a.thirds()) > 0 {
		return
	}
	for _, l := range a.Legs {
		if l.Party == cti.Visitor || l.beside() || l.State != cti.Bridged {
			continue
		}
		t := &transfer{party: cti.Agent, to: "tel:+12025550199"}
		for b, s := range w.agents {
			if s.Presence == agent.Ready {
				t.agent, t.to = b, w.dir.Agents[b].Devices[0].To
			}
		}
		w.step(c, "a transfer to "+string(t.to), func(d *draft) { d.apply(Input{Event: TransferAsked, Actor: ByAgent, Transfer: t, From: l.ID}) })
		return
	}
}

func (w *town) randomFact(c *Callback) {
	if len(c.Attempts) == 0 {
		return
	}
	a := c.Attempts[len(c.Attempts)-1]
	if w.rand.IntN(8) == 0 {
		a = c.Attempts[w.rand.IntN(len(c.Attempts))]
	}
	if len(a.Legs) == 0 {
		return
	}
	l := a.Legs[w.rand.IntN(len(a.Legs))]
	ev := cti.Event{At: w.now, Kind: legEvents[w.rand.IntN(len(legEvents))], Leg: l.ID, Party: l.Party, By: cti.ByNetwork}
	if ev.Kind == cti.LegEnded {
		ev.Cause = cti.Causes[w.rand.IntN(len(cti.Causes))]
	}
	if ev.Kind == cti.LegConfirmed && l.State != cti.Answered {
		ev.Kind = cti.LegAnswered
	}
	w.step(c, fmt.Sprintf("%s of the %s %s %s", ev.Kind, l.Party, l.ID, ev.Cause), func(d *draft) { d.fact(ev) })
}

// facts are what a switch knows that has missed nothing.
func (w *town) facts(c *Callback) []cti.LegFact {
	var out []cti.LegFact
	for _, a := range c.Attempts {
		for _, l := range a.Legs {
			out = append(out, cti.LegFact{Leg: l.ID, Known: true, State: l.State, Cause: l.Cause, By: l.By})
		}
	}
	return out
}

// check holds the step and the world against what must always be true.
func (w *town) check(old, c *Callback, what string) {
	w.t.Helper()
	if old.State == Ended && (c.State != Ended || c.Outcome != old.Outcome || !c.EndedAt.Equal(old.EndedAt)) {
		w.fail("%s %s: ended is not final: %s", c.ID, what, c.State)
	}
	if (c.State == Ended) != (c.Outcome != "") || (c.State == Ended) != !c.EndedAt.IsZero() || (c.State == Ended) != c.DueAt.IsZero() {
		w.fail("%s %s: state %s with outcome %q, end %v, due %v", c.ID, what, c.State, c.Outcome, c.EndedAt, c.DueAt)
	}
	if !old.ArrivedAt.IsZero() && !c.ArrivedAt.Equal(old.ArrivedAt) {
		w.fail("%s %s: arrived_at changed", c.ID, what)
	}
	if c.Fence < old.Fence {
		w.fail("%s %s: the fence fell", c.ID, what)
	}
	if c.Tried() > c.Tries+spareTries+1 {
		w.fail("%s %s: the visitor was rung %d times", c.ID, what, c.Tried())
	}
	visitors := 0
	for _, a := range c.Attempts {
		for _, l := range a.Legs {
			if l.State == cti.Ended || w.hung[l.ID] {
				continue
			}
			if a.Result != "" {
				w.fail("%s %s: leg %s of the ended attempt %d is told by nobody to end", c.ID, what, l.ID, a.N)
			}
			if l.Party == cti.Visitor {
				visitors++
			}
		}
	}
	if visitors > 1 {
		w.fail("%s %s: %d visitor legs at once", c.ID, what, visitors)
	}
	w.checkAgents(what)
}

// checkAgents: an agent is held by a callback that is ringing or talking with her, and only then.
func (w *town) checkAgents(what string) {
	w.t.Helper()
	serves := map[id.Agent]id.Callback{}
	for _, c := range w.all {
		a := c.Current()
		if a != nil && c.State == Connected && c.pending(a) != nil {
			d := &draft{Callback: c, dir: w.dir}
			if b, _, _ := d.represents(c.pending(a).Endpoint); b != "" && b != a.Agent {
				serves[b] = c.ID
			}
		}
		if a == nil || a.Agent == "" || waits(c) {
			continue
		}
		if other, twice := serves[a.Agent]; twice {
			w.fail("%s: %s serves %s and %s", what, a.Agent, other, c.ID)
		}
		serves[a.Agent] = c.ID
		if c.State != RingingAgent && c.State != RingingVisitor {
			continue
		}
		d := &draft{Callback: c, dir: w.dir}
		for _, l := range d.ringing(a, &Leg{}) {
			if c.State == RingingVisitor && w.hung[l.ID] {
				continue // somebody else has taken it
			}
			if other := serves[l.Agent]; other != "" && other != c.ID {
				w.fail("%s: %s is rung for %s and %s", what, l.Agent, other, c.ID)
			}
			if l.Agent != "" {
				serves[l.Agent] = c.ID
			}
		}
	}
	for _, c := range w.all {
		if a := c.Current(); a != nil {
			for _, l := range a.Legs {
				if l.beside() && l.State != cti.Ended && l.Agent != "" && l.Agent != a.Agent {
					if other := serves[l.Agent]; other != "" && other != c.ID {
						w.fail("%s: %s serves %s and %s", what, l.Agent, other, c.ID)
					}
					serves[l.Agent] = c.ID
				}
			}
		}
	}
	for a, s := range w.agents {
		held := s.Presence == agent.Reserved || s.Presence == agent.Talking || s.Presence == agent.Finishing
		if cb, serving := serves[a]; held != serving || held && s.Callback != cb {
			w.fail("%s: %s is %s for %q and serves %q", what, a, s.Presence, s.Callback, cb)
		}
	}
}

// FuzzTables throws random events at the tables: never an agent left held, one visitor leg at most, every leg of what
// is over told to end, ended is final with exactly one outcome.
func FuzzTables(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed, uint16(120))
	}
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16) {
		w := newTown(t, seed)
		if seed%2 == 1 {
			w.talks(w.all[0])
		}
		for range steps % 1000 {
			w.random()
		}
	})
}
