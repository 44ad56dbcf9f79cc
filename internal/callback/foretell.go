package callback

import (
	"slices"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/routing"
	"ringback/internal/subscriber"
)

// farthest is the last place in all lines together that anything is foretold of.
const farthest = 100

// waitStep is what a foretold wait is rounded up to: nobody reads that it was a second more or less.
const waitStep = 10 * time.Second

// Wait foretells within which time the telephone of a waiting visitor rings, so that it holds nine times in ten; false when
// that is not known: too few calls of her business were measured, or she would be rung only when it has closed, or not any more.
func (c *Conductor) Wait(cb id.Callback) (time.Duration, bool) {
	now, dir := c.Now(), c.Directory()
	q, me := c.line.queue(now, dir, cb)
	if me == nil {
		return 0, false
	}
	if c.line.measures(me.Subscriber) {
		c.spawn(func() { c.remember(me.Subscriber) })
	}
	within, known := routing.Foretell(q)
	within = (within + waitStep - 1).Truncate(waitStep)
	s := dir.Subscribers[me.Subscriber]
	at := now.Add(within)
	if !known || s == nil || !at.Before(me.DueAt) || !dir.Calendar(s, dir.Buttons[me.Button]).Open(at) {
		return 0, false
	}
	return within, true
}

// queue is the line as one who waits in it sees it; nil when she does not wait.
func (l *line) queue(now time.Time, dir *directory.Directory, cb id.Callback) (*routing.Queue, *Callback) {
	l.mu.Lock()
	defer l.mu.Unlock()
	me := l.live[cb]
	if me == nil || me.State != Queued || me.OnLine() {
		return nil, nil
	}
	v := &vista{line: l, now: now, dir: dir, me: me, servers: map[string]int{}, pools: map[id.Subscriber]int{}, like: map[id.Subscriber][]routing.Sample{}}
	v.inHand()
	var ahead []*Callback
	for _, c := range l.live {
		if _, chosen := l.meant[c.ID]; c != me && waits(c) && !chosen && !l.isParked(c.ID) && before(c, me) {
			ahead = append(ahead, c)
		}
	}
	for _, c := range l.back { // it will be rung again soon, and stands where it stood
		if c.DueAt.Before(now.Add(MaxWait)) && c.stands().Before(me.stands()) {
			then := *c
			then.State = Queued
			ahead = append(ahead, &then)
		}
	}
	if len(ahead) > farthest {
		return &routing.Queue{}, me
	}
	slices.SortFunc(ahead, func(a, b *Callback) int {
		if before(a, b) {
			return -1
		}
		return 1
	})
	for _, c := range ahead {
		v.q.Ahead = append(v.q.Ahead, v.turn(c))
	}
	v.q.Self = v.turn(me)
	return &v.q, me
}

// vista is a line that is being written down for routing.
type vista struct {
	*line
	now     time.Time
	dir     *directory.Directory
	me      *Callback
	q       routing.Queue
	servers map[string]int // by agent or telephone: its index
	pools   map[id.Subscriber]int
	like    map[id.Subscriber][]routing.Sample
}

// inHand writes down who is busy, and for whom.
func (v *vista) inHand() {
	for _, c := range v.live {
		a := c.Current()
		if c.State == Queued || a == nil {
			continue
		}
		v.busy(c.Subscriber, by(c.Subscriber, c.Destination, a.Agent), v.now.Sub(a.StartedAt))
	}
	for cb, m := range v.meant {
		if c := v.live[cb]; c != nil && c.State != Queued {
			continue
		}
		for _, a := range m.agents {
			v.busy(m.sub, by(m.sub, "", a), 0)
		}
		if m.own {
			v.busy(m.sub, by(m.sub, "", ""), 0)
		}
	}
}

func (v *vista) busy(sub id.Subscriber, who string, since time.Duration) {
	i, known := v.server(who)
	if known {
		return
	}
	v.q.Servers[i] = routing.Server{Busy: true, Since: since, Like: v.likeOf(sub)}
	p := v.pool(sub)
	v.q.Pools[p].Busy = append(v.q.Pools[p].Busy, i)
}

// by names who answers: an agent, a telephone, or the business's own.
func by(sub id.Subscriber, to cti.Endpoint, a id.Agent) string {
	switch {
	case a != "":
		return string(a)
	case to != "":
		return string(to)
	}
	return string(sub)
}

func (v *vista) server(who string) (i int, known bool) {
	if i, known = v.servers[who]; !known {
		i = len(v.q.Servers)
		v.servers[who] = i
		v.q.Servers = append(v.q.Servers, routing.Server{})
	}
	return i, known
}

func (v *vista) pool(sub id.Subscriber) int {
	i, known := v.pools[sub]
	if !known {
		i = len(v.q.Pools)
		v.pools[sub] = i
		size := 0
		if s := v.dir.Subscribers[sub]; s != nil {
			size = s.Limits.Concurrent
		}
		v.q.Pools = append(v.q.Pools, routing.Pool{Size: size})
	}
	return i
}

// likeOf are the measured calls of a business, with the time for notes after them.
func (v *vista) likeOf(sub id.Subscriber) []routing.Sample {
	if all, known := v.like[sub]; known {
		return all
	}
	notes := subscriber.DefaultWrapUp
	if s := v.dir.Subscribers[sub]; s != nil {
		notes = s.Routing.WrapUpTime()
	}
	var all []routing.Sample
	if m := v.measured[sub]; m != nil {
		for _, t := range m.taken {
			after := ActGrace
			if t.talked {
				after = notes
			}
			all = append(all, routing.Sample{Lead: t.lead, Whole: t.whole + after})
		}
	}
	v.like[sub] = all
	return all
}

// turn is who may serve one who waits.
func (v *vista) turn(c *Callback) routing.Turn {
	t := routing.Turn{Pool: v.pool(c.Subscriber), Like: v.likeOf(c.Subscriber)}
	if c.Destination != "" {
		t.By = v.telephone(t.By, by(c.Subscriber, c.Destination, ""))
		return t
	}
	reps, s := v.dir.Representatives(c.Subscriber), v.dir.Subscribers[c.Subscriber]
	switch {
	case s == nil:
		return t
	case len(reps) == 0:
		if s.Destination != "" {
			t.By = v.telephone(t.By, by(c.Subscriber, "", ""))
		}
		return t
	}
	w := waiter(v.now, c, s, v.dir)
	for _, one := range v.candidates(v.now, v.dir, s, reps, c) {
		if !routing.Able(w, &one) {
			continue
		}
		if i, serves := v.agent(one); serves {
			t.By = append(t.By, i)
			if c == v.me {
				v.q.Servers[i].Until = v.until(one.Representation)
			}
		}
	}
	return t
}

func (v *vista) telephone(all []int, who string) []int {
	i, _ := v.server(who)
	return append(all, i)
}

// agent is when an agent may be asked next.
func (v *vista) agent(one routing.Candidate) (i int, serves bool) {
	if i, known := v.servers[string(one.Agent)]; known {
		return i, v.agents[one.Agent].Presence != agent.Finishing
	}
	st := v.agents[one.Agent]
	free := time.Duration(0)
	switch {
	case one.Presence == agent.WrapUp:
		free = max(0, st.Until.Sub(v.now))
	case one.Presence != agent.Ready:
		return 0, false // reserved or talking in a call that is not known any more: it is over in a moment, or she is not there
	}
	if one.BusyUntil.After(v.now) {
		free = max(free, one.BusyUntil.Sub(v.now))
	}
	if one.Missed > 0 {
		free = max(free, one.MissedAt.Add(routing.Rest).Sub(v.now))
	}
	i, _ = v.server(string(one.Agent))
	v.q.Servers[i].Free = free
	return i, true
}

// until is for how long an agent still answers for a business today, looked at in steps; 0 = as long as it matters.
func (v *vista) until(r id.Representation) time.Duration {
	rep := v.dir.Representations[r]
	if rep == nil || rep.Hours.Always() {
		return 0
	}
	loc := time.UTC
	if s := v.dir.Subscribers[rep.Subscriber]; s != nil {
		loc = s.Location()
	}
	for d := endStep; d <= MaxWait+endStep; d += endStep {
		if !rep.Hours.Open(v.now.Add(d), loc) {
			return max(d-endStep, time.Second)
		}
	}
	return 0
}

// endStep is how finely the end of an agent's hours is looked for.
const endStep = time.Minute
