package callback

import (
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// Of a business so many calls are kept as a measure of those to come, and none that is older.
const (
	measureOf  = 64
	measureAge = 14 * 24 * time.Hour
)

// measure is how long the last calls of a business took.
type measure struct {
	taken []service // the newest last
	read  bool      // those of before the start are asked for
}

// service is how long a call kept who answered it.
type service struct {
	cb     id.Callback
	n      int           // its attempt
	lead   time.Duration // until the visitor's telephone was rung
	whole  time.Duration // until it was over
	talked bool          // notes are written after it
}

// take is what an attempt that has ended took, with those before it in which no telephone of the visitor's was rung: she kept her
// place meanwhile. False when it is no measure: nobody was rung, she had called us, or nobody knows what became of it.
func take(c *Callback, n int) (t service, ok bool) {
	if n < 1 || n > len(c.Attempts) || c.Order == CallerFirst {
		return t, false
	}
	a := &c.Attempts[n-1]
	i := slices.IndexFunc(a.Legs, func(l Leg) bool { return l.Party == cti.Visitor })
	if a.Result == "" || a.Result == ResultUnknown || !a.RangVisitor || i < 0 {
		return t, false
	}
	t = service{cb: c.ID, n: n, lead: a.Legs[i].CreatedAt.Sub(a.StartedAt), whole: a.EndedAt.Sub(a.StartedAt), talked: a.Result == ResultConnected}
	for j := n - 2; j >= 0 && !c.Attempts[j].RangVisitor; j-- {
		d := c.Attempts[j].EndedAt.Sub(c.Attempts[j].StartedAt)
		t.lead, t.whole = t.lead+d, t.whole+d
	}
	return t, true
}

// learn measures a call whose attempt has ended with this step, under the lock.
func (l *line) learn(was, now *Callback) {
	if was == nil || was.Current() == nil {
		return
	}
	if t, ok := take(now, was.Current().N); ok {
		m := l.measureOf(now.Subscriber)
		m.add(t)
	}
}

func (l *line) measureOf(sub id.Subscriber) *measure {
	m := l.measured[sub]
	if m == nil {
		m = &measure{}
		l.measured[sub] = m
	}
	return m
}

func (m *measure) add(t service) {
	m.taken = append(m.taken, t)
	if len(m.taken) > measureOf {
		m.taken = slices.Delete(m.taken, 0, len(m.taken)-measureOf)
	}
}

// measures says whether the calls of a business have yet to be read from disk, once.
func (l *line) measures(sub id.Subscriber) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.measureOf(sub)
	first := !m.read
	m.read = true
	return first
}

// remember measures calls of a business that ended before this process began. What cannot be read is not known: nobody is
// told a wait then, until enough calls have ended.
func (c *Conductor) remember(sub id.Subscriber) {
	all, err := c.store.Callbacks(c.ctx, sub, Filter{State: Ended, Limit: measureOf})
	if err != nil {
		c.forgetful(sub, err)
		return
	}
	var old []service
	for i := len(all) - 1; i >= 0; i-- { // the newest last
		if all[i].EndedAt.Before(c.Now().Add(-measureAge)) || all[i].Order == CallerFirst {
			continue
		}
		whole, err := c.store.Callback(c.ctx, sub, all[i].ID)
		if err != nil {
			c.forgetful(sub, err)
			return
		}
		if t, ok := take(whole, len(whole.Attempts)); ok {
			old = append(old, t)
		}
	}
	c.line.recall(sub, old)
}

func (c *Conductor) forgetful(sub id.Subscriber, err error) {
	if c.ctx.Err() == nil {
		c.Log.Warn("earlier calls cannot be read: no wait is foretold yet", "subscriber", sub, "err", err)
	}
}

// recall puts what was read before what was measured meanwhile.
func (l *line) recall(sub id.Subscriber, old []service) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.measureOf(sub)
	fresh := m.taken
	m.taken = nil
	for _, t := range old {
		if !slices.ContainsFunc(fresh, func(f service) bool { return f.cb == t.cb && f.n == t.n }) {
			m.add(t)
		}
	}
	for _, t := range fresh {
		m.add(t)
	}
}
