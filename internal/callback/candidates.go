package callback

import (
	"hash/fnv"
	"slices"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/routing"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// chooseAgent asks routing. With the visitor rung first only one is held for her; when she has answered, all may be rung.
func (l *line) chooseAgent(now time.Time, dir *directory.Directory, s *subscriber.Subscriber, reps []*agent.Representation, c *Callback) (ch *Choice, hopeless bool, next time.Time) {
	d := routing.Choose(now, strategyFor(s, c), waiter(now, c, s, dir), l.candidates(now, dir, s, reps, c))
	if len(d.Chosen) == 0 {
		return nil, d.Hopeless, d.Next
	}
	rung, who := l.telephones(now, dir, d.Chosen)
	return &Choice{Agent: rung[0].Agent, Representation: rung[0].Representation, Device: rung[0].Device, Endpoint: rung[0].Endpoint,
		Party: rung[0].Party, More: rung[1:], Detail: who + ": " + d.Why + told(dir, d.Skipped)}, false, time.Time{}
}

// strategyFor is how one is chosen for a callback as it stands.
func strategyFor(s *subscriber.Subscriber, c *Callback) subscriber.Strategy {
	if s.Routing.Strategy == subscriber.AllAtOnce && c.Order == subscriber.VisitorFirst && c.State == Queued {
		return subscriber.LongestIdle
	}
	return s.Routing.Strategy
}

// telephones are what is rung for those who were chosen: of each the first that does not rest, or all.
func (l *line) telephones(now time.Time, dir *directory.Directory, chosen []routing.Candidate) (out []Ring, who string) {
	for i, c := range chosen {
		ag := dir.Agents[c.Agent]
		first := l.rested(now, ag)
		out = append(out, Ring{ag.ID, c.Representation, first, ag.Devices[first].To, cti.Agent})
		if ag.Ring == agent.RingTogether {
			out = append(out, others(ag, c.Representation, first)...)
		}
		if i > 0 {
			who += ", "
		}
		who += ag.Slug
	}
	return out, who
}

// waiter is what a callback asks of who answers it.
func waiter(now time.Time, c *Callback, s *subscriber.Subscriber, dir *directory.Directory) routing.Waiter {
	w := routing.Waiter{Arrived: c.ArrivedAt, Language: c.Language, Wanted: c.Wanted, WantedUntil: c.WantedUntil}
	if b := dir.Buttons[c.Button]; b != nil {
		w.Skills = b.Skills
	}
	if w.Arrived.IsZero() {
		w.Arrived = now // it arrives with this decision
	}
	if w.WantedUntil.IsZero() {
		w.WantedUntil = w.Arrived.Add(s.Routing.PreferLast)
	}
	return w
}

// candidates are all who represent the business and have a telephone; who is meant for another callback already counts
// as reserved.
func (l *line) candidates(now time.Time, dir *directory.Directory, s *subscriber.Subscriber, reps []*agent.Representation, c *Callback) []routing.Candidate {
	taken := l.taken()
	all := make([]routing.Candidate, 0, len(reps))
	for _, r := range reps {
		ag := dir.Agents[r.Agent]
		if ag == nil || len(ag.Devices) == 0 {
			continue
		}
		st := l.agents[r.Agent]
		switch {
		case taken[r.Agent]:
			st.Presence = agent.Reserved
		case l.away[r.Agent] && st.Presence == agent.Ready:
			st.Presence = agent.Paused // as soon as it is on disk
		}
		n, last := missed(c, ag.Has)
		if c.State != Queued && n > 0 && last.After(c.Current().StartedAt) {
			n = routing.MaxMissed // the visitor is on the line: who let it ring is not asked again
		}
		one := routing.Candidate{Agent: r.Agent, Representation: r.ID, Priority: r.Priority, Skills: r.Skills, Languages: r.Languages,
			Presence: st.Presence, IdleFrom: st.IdleFrom, Asked: l.asked[r.ID], Talked: st.Talked,
			BusyUntil: l.busyUntil(now, ag), Missed: n, MissedAt: last}
		if !r.Hours.Always() {
			one.Closed, one.Opens = closed(r.Hours, now, s.Location())
		}
		if s.Routing.Strategy == subscriber.Random {
			one.Draw = lot(c.ID, r.Agent)
		}
		all = append(all, one)
	}
	return all
}

// taken are those who are meant for a callback that is not on disk yet.
func (l *line) taken() map[id.Agent]bool {
	taken := map[id.Agent]bool{}
	for _, m := range l.meant {
		for _, a := range m.agents {
			taken[a] = true
		}
	}
	return taken
}

// closed says whether it is not somebody's hours, and when they begin again; zero = never.
func closed(h schedule.Hours, now time.Time, loc *time.Location) (is bool, opens time.Time) {
	if h.Open(now, loc) {
		return false, time.Time{}
	}
	opens, _ = h.Next(now, loc)
	return true, opens
}

// someReady says whether anybody who represents a business is ready: if not, a long line need not be looked at one by one.
func (l *line) someReady(s id.Subscriber, reps []*agent.Representation) (yes bool) {
	if known, ok := l.free[s]; ok {
		return known
	}
	taken := l.taken()
	yes = slices.ContainsFunc(reps, func(r *agent.Representation) bool {
		return l.agents[r.Agent].Presence == agent.Ready && !l.away[r.Agent] && !taken[r.Agent]
	})
	if l.free != nil {
		l.free[s] = yes
	}
	return yes
}

// unasked says whether no telephone of theirs was rung for a callback yet: nobody has let it pass.
func unasked(c *Callback) bool {
	for i := range c.Attempts {
		for j := range c.Attempts[i].Legs {
			if c.Attempts[i].Legs[j].Party != cti.Visitor {
				return false
			}
		}
	}
	return true
}

// lot is one for an agent, another one for each callback: chance that comes out the same when it is decided again.
func lot(cb id.Callback, a id.Agent) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(string(cb) + " " + string(a)))
	return h.Sum64()
}

// DeviceRest is how long a telephone that was busy is not rung; its agent may be, at another one.
const DeviceRest = 20 * time.Second

// rest notes which telephones of the newest attempt were busy: they rest, whoever else wants them; their agents do not.
func (l *line) rest(c *Callback) {
	a := c.last()
	if a == nil {
		return
	}
	for i := range a.Legs {
		if g := &a.Legs[i]; g.Party == cti.Agent && g.Cause == cti.UserBusy && g.AnsweredAt.IsZero() {
			l.rests[g.Endpoint] = later(l.rests[g.Endpoint], g.EndedAt.Add(DeviceRest))
		}
	}
}

// rested is the first of an agent's telephones that does not rest; the first of all when all do.
func (l *line) rested(now time.Time, ag *agent.Agent) int {
	for i, d := range ag.Devices {
		if !now.Before(l.rests[d.To]) {
			return i
		}
	}
	return 0
}

// busyUntil is when the first of an agent's telephones may be rung again, if all of them rest.
func (l *line) busyUntil(now time.Time, ag *agent.Agent) (until time.Time) {
	for i, d := range ag.Devices {
		r := l.rests[d.To]
		switch {
		case !now.Before(r):
			delete(l.rests, d.To)
			return time.Time{}
		case i == 0 || r.Before(until):
			until = r
		}
	}
	return until
}

// why tells of each who represents the business why she is not asked for a callback now.
func (l *line) why(now time.Time, dir *directory.Directory, c *Callback) string {
	s := dir.Subscribers[c.Subscriber]
	if s == nil || c.Destination != "" {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all := told(dir, routing.Explain(now, s.Routing.Strategy, waiter(now, c, s, dir), l.candidates(now, dir, s, dir.Representatives(s.ID), c)))
	if all == "" {
		return ""
	}
	return all[len("; "):]
}

// told writes down who was skipped, for the journal.
func told(dir *directory.Directory, skipped []routing.Skip) (s string) {
	for _, k := range skipped {
		s += "; " + slugOf(dir, k.Agent) + ": " + k.Why
	}
	return s
}

func slugOf(dir *directory.Directory, a id.Agent) string {
	if ag := dir.Agents[a]; ag != nil {
		return ag.Slug
	}
	return string(a)
}
