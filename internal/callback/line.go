package callback

import (
	"slices"
	"sync"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// line is who waits for whom: callbacks by arrival, agents by presence, calls in hand by business. It mirrors what is
// on disk, is rebuilt by a start, and learns of every step after its commit.
type line struct {
	mu        sync.Mutex
	live      map[id.Callback]*Callback // queued, ringing, connected; not changed by anybody
	scheduled map[id.Callback]promise
	back      map[id.Callback]*Callback // of those, who has waited before and keeps her place
	agents    map[id.Agent]agent.Status
	meant     map[id.Callback]meant        // chosen, not on disk yet
	fresh     map[id.Agent]bool            // moved since a read of the presences began; nil = none is under way
	free      map[id.Subscriber]bool       // somebody who represents it is ready; known for the length of one match
	away      map[id.Agent]bool            // whose desk is not heard of any more
	gone      map[id.Agent]time.Time       // whose browser has lost its connection, and when
	asked     map[id.Representation]uint64 // whose turn it was last: the higher, the later
	asks      uint64
	rests     map[cti.Endpoint]time.Time  // telephones that were busy, until they are rung again
	resuming  map[id.Callback]id.Callback // a caller on the line: what she was waiting for
	measured  map[id.Subscriber]*measure  // how long calls take
	kicked    chan struct{}
}

// meant is a choice that is being stored: who shall answer for which business.
type meant struct {
	agents []id.Agent // none = a telephone of nobody in particular
	own    bool       // the business's own telephone
	sub    id.Subscriber
}

func newLine() *line {
	return &line{live: map[id.Callback]*Callback{}, scheduled: map[id.Callback]promise{}, back: map[id.Callback]*Callback{}, agents: map[id.Agent]agent.Status{},
		meant: map[id.Callback]meant{}, away: map[id.Agent]bool{}, gone: map[id.Agent]time.Time{}, asked: map[id.Representation]uint64{}, rests: map[cti.Endpoint]time.Time{}, resuming: map[id.Callback]id.Callback{}, measured: map[id.Subscriber]*measure{}, kicked: make(chan struct{}, 1)}
}

// kick asks for a look at the line.
func (l *line) kick() {
	select {
	case l.kicked <- struct{}{}:
	default:
	}
}

// note takes in a callback as it is on disk now.
func (l *line) note(c *Callback) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learn(l.live[c.ID], c)
	delete(l.live, c.ID)
	delete(l.scheduled, c.ID)
	delete(l.back, c.ID)
	delete(l.resuming, c.ID)
	if c.OnLine() && c.Resumes != "" {
		l.resuming[c.ID] = c.Resumes
	}
	switch {
	case c.State == Scheduled:
		l.scheduled[c.ID] = promise{c.Subscriber, c.DueAt}
		if !c.ArrivedAt.IsZero() {
			l.back[c.ID] = c
		}
	case c.Live():
		l.live[c.ID] = c
	}
	if !waits(c) {
		delete(l.meant, c.ID)
	}
	l.rest(c)
}

// moved takes in agents' moves that are on disk now.
func (l *line) moved(moves []Move) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range moves {
		old, known := l.agents[m.Agent]
		if m.Lenient && (!known || !slices.Contains(m.From, old.Presence)) {
			continue
		}
		st := m.Status
		if st.IdleFrom.IsZero() {
			st.IdleFrom = old.IdleFrom
		}
		l.agents[m.Agent] = st
		if l.fresh != nil {
			l.fresh[m.Agent] = true
		}
	}
}

// reading says that presences are being read from disk.
func (l *line) reading() {
	l.mu.Lock()
	l.fresh = map[id.Agent]bool{}
	l.mu.Unlock()
}

// read takes in what was read, but for who has moved meanwhile.
func (l *line) read(all map[id.Agent]agent.Status, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ok {
		for a := range l.agents {
			if _, there := all[a]; !there {
				delete(l.agents, a)
			}
		}
		for a, st := range all {
			if !l.fresh[a] {
				l.agents[a] = st
			}
		}
	}
	l.fresh = nil
}

// mean marks a choice that is not on disk yet, under the lock; forget takes it back when it did not come to be.
func (l *line) mean(c *Callback, ch *Choice) {
	m := meant{own: ch.Party == cti.Subscriber, sub: c.Subscriber}
	for _, r := range append([]Ring{{Agent: ch.Agent, Representation: ch.Representation}}, ch.More...) {
		if r.Agent != "" {
			m.agents = append(m.agents, r.Agent)
			l.asks++
			l.asked[r.Representation] = l.asks
		}
	}
	l.meant[c.ID] = m
	clear(l.free)
}

func (l *line) forget(cb id.Callback) {
	l.mu.Lock()
	delete(l.meant, cb)
	l.mu.Unlock()
	l.kick()
}

func (l *line) status(a id.Agent) agent.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.agents[a]
}

func (l *line) statuses() map[id.Agent]agent.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[id.Agent]agent.Status, len(l.agents))
	for a, st := range l.agents {
		out[a] = st
	}
	return out
}

func (l *line) counts() map[State]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := map[State]int{Scheduled: len(l.scheduled)}
	for _, c := range l.live {
		n[c.State]++
	}
	return n
}

func (l *line) place(cb id.Callback) (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	me := l.live[cb]
	if me == nil || me.State != Queued {
		return 0, false
	}
	n := 1
	for _, c := range l.live {
		if c.Subscriber == me.Subscriber && c.State == Queued && before(c, me) {
			n++
		}
	}
	return n, true
}

// waits says whether the callback needs somebody to answer: in line, or with its visitor rung or on the line and no agent.
func waits(c *Callback) bool {
	if c.State == Queued {
		return !c.OnLine() || c.ready()
	}
	a := c.Current()
	if a == nil || !a.RangVisitor || c.State != RingingAgent && !(c.State == RingingVisitor && c.Order == subscriber.AgentFirst) {
		return false
	}
	return a.agentLeg() == nil && len(a.Legs) > 1
}

// before is the order of the line: whose telephone we have rung already, then whom staff moved to the front, the last
// first, then who calls us about a callback, then by arrival.
func before(a, b *Callback) bool {
	if ha, hb := a.State != Queued, b.State != Queued; ha != hb {
		return ha
	}
	if !a.FrontAt.Equal(b.FrontAt) {
		return a.FrontAt.After(b.FrontAt)
	}
	if fa, fb := a.OnLine() && a.Resumes != "", b.OnLine() && b.Resumes != ""; fa != fb {
		return fa
	}
	if at, bt := a.stands(), b.stands(); !at.Equal(bt) {
		return at.Before(bt)
	}
	return a.ID < b.ID
}

// Ageing is how much waiting is worth one step of priority.
const Ageing = 5 * time.Minute

// stands is where the callback stands in line: its arrival, moved ahead by its priority. A priority that rises with each
// five minutes of waiting is the same order, for both of any two age alike. So nobody is overtaken by who arrived more
// than subscriber.MaxPriority times Ageing later, and of one priority always goes first who arrived first.
func (c *Callback) stands() time.Time { return c.ArrivedAt.Add(-time.Duration(c.Priority) * Ageing) }

// found is one decision of the line.
type found struct {
	cb     id.Callback
	state  State
	choice *Choice // nil = nobody is left
}

// match decides, in the order of the line, who gets whom. What it chose is marked as meant until it is on disk or
// forgotten. next is when time alone may change its mind; zero = never.
func (l *line) match(now time.Time, dir *directory.Directory) (out []found, next time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = map[id.Subscriber]bool{}
	defer func() { l.free = nil }()
	waiting := make([]*Callback, 0, 16)
	busy, own := l.inHand()
	for _, c := range l.live {
		if _, chosen := l.meant[c.ID]; waits(c) && !chosen && !l.isParked(c.ID) {
			waiting = append(waiting, c)
		}
	}
	slices.SortFunc(waiting, func(a, b *Callback) int {
		if before(a, b) {
			return -1
		}
		return 1
	})
	soonest := func(t time.Time) {
		if !t.IsZero() && t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, c := range waiting {
		s := dir.Subscribers[c.Subscriber]
		if s == nil || s.Suspended || c.State == Queued && (busy[c.Subscriber] >= s.Limits.Concurrent || !c.DueAt.After(now)) {
			continue // its wake-up ends it when it has waited too long
		}
		ch, hopeless, at := l.choose(now, dir, s, c, own[c.Subscriber])
		soonest(at)
		switch {
		case hopeless:
			out = append(out, found{cb: c.ID, state: c.State})
			continue
		case ch == nil:
			continue
		}
		l.mean(c, ch)
		if c.State == Queued {
			busy[c.Subscriber]++
		}
		own[c.Subscriber] = own[c.Subscriber] || ch.Party == cti.Subscriber
		out = append(out, found{c.ID, c.State, ch})
	}
	for _, st := range l.agents {
		if st.Presence == agent.WrapUp || st.Presence == agent.Paused {
			soonest(st.Until)
		}
	}
	return out, next
}

// inHand counts the calls of each business that ring, talk or are about to, and says whose own telephone is in use.
func (l *line) inHand() (busy map[id.Subscriber]int, own map[id.Subscriber]bool) {
	busy, own = map[id.Subscriber]int{}, map[id.Subscriber]bool{}
	for _, c := range l.live {
		if _, chosen := l.meant[c.ID]; c.State != Queued || chosen {
			busy[c.Subscriber]++
			own[c.Subscriber] = own[c.Subscriber] || usesOwn(c, l.meant)
		}
	}
	for cb, m := range l.meant {
		if l.live[cb] == nil { // its wish is being stored at this moment
			busy[m.sub]++
			own[m.sub] = own[m.sub] || m.own
		}
	}
	return busy, own
}

// usesOwn: a call that is served by the business's own telephone, not by an agent or a named destination.
func usesOwn(c *Callback, meant map[id.Callback]meant) bool {
	if c.Destination != "" {
		return false
	}
	if a := c.Current(); a != nil && c.State != Queued {
		return a.Agent == "" && !escalates(a)
	}
	return meant[c.ID].own
}
