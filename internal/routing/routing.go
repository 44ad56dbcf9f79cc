// Package routing decides who gets the call. It is pure: who waits and who could answer in, a choice and the reasons out.
package routing

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ringback/internal/agent"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// Choose decides who is asked for w, among all who represent the business. A long line asks this for everybody in it,
// mostly in vain: then nothing is sorted, and nobody is told of.
func Choose(now time.Time, s subscriber.Strategy, w Waiter, all []Candidate) Decision {
	q := question{now: now, strategy: s, w: w}
	q.wishes(all)
	d := Decision{Hopeless: q.hopeless(all)}
	var best *Candidate
	for i := range all {
		c := &all[i]
		d.soonest(now, q.again(c))
		if q.not(c) == "" && (best == nil || q.order(c, best) < 0) {
			best = c
		}
	}
	if best == nil {
		d.soonest(now, q.widens())
		return d
	}
	return Decision{Chosen: q.together(best, all), Skipped: q.skipped(best, all), Why: q.why()}
}

// Explain tells of each candidate why she is not asked now; whom nothing hinders is not told of.
func Explain(now time.Time, s subscriber.Strategy, w Waiter, all []Candidate) (out []Skip) {
	q := question{now: now, strategy: s, w: w}
	q.wishes(all)
	for _, c := range q.sorted(all) {
		if why := q.not(&c); why != "" {
			out = append(out, Skip{c.Agent, why})
		}
	}
	return out
}

// Waiter is who waits for an agent, and what is asked of one.
type Waiter struct {
	Arrived     time.Time
	Skills      map[string]int // at least so much of each
	Language    string         // of the visitor; "" = any
	Wanted      id.Agent       // she alone is asked until WantedUntil, while she is at work; then first; "" = nobody
	WantedUntil time.Time
}

// Candidate is an agent who represents the business that is asked for.
type Candidate struct {
	Agent          id.Agent
	Representation id.Representation
	Priority       int // lower is asked first
	Skills         map[string]int
	Languages      []string // none = any
	Presence       agent.Presence
	Closed         bool      // it is not her hours
	Opens          time.Time // of Closed: when they begin; zero = never
	IdleFrom       time.Time
	Asked          uint64        // her turn: the higher, the later she was asked for this business; 0 = never
	Talked         time.Duration // since she signed in
	Draw           uint64        // by chance
	BusyUntil      time.Time     // all her telephones rest: each was busy
	Missed         int           // offers of this callback that she let pass
	MissedAt       time.Time     // the last of them
}

// Decision is who is asked, and why nobody else. Chosen is empty when nobody can be asked now.
type Decision struct {
	Chosen   []Candidate // one; several with all_at_once
	Why      string      // of the choice
	Skipped  []Skip      // all others, in the order in which they would be asked
	Hopeless bool        // nobody is left who could ever be asked: all have missed it twice
	Next     time.Time   // with nobody chosen: when time alone may change that; zero = never
}

// Skip tells why a candidate was not chosen.
type Skip struct {
	Agent id.Agent
	Why   string // presence word, "missed_just_now", "missed_twice", "outside_hours", "language", "kept_for_another", "telephone_busy", "skill …", "later_in_line"
}

const (
	// Rest is how long an agent is not offered the callback that she has just missed.
	Rest = 20 * time.Second
	// MaxMissed offers of one callback are made to an agent.
	MaxMissed = 2
	// LanguageWait is how long a visitor waits for somebody who speaks her language, while such a one is at work.
	LanguageWait = time.Minute
	// MaxAtOnce agents are rung at once, at most.
	MaxAtOnce = 10
)

// question is one call of Choose.
type question struct {
	now      time.Time
	strategy subscriber.Strategy
	w        Waiter
	speaks   bool // somebody at work speaks the language, and it is waited for
	kept     bool // it is kept for who is wanted
}

// wishes settles which of the waiter's wishes hold now: one that nobody at work can meet does not.
func (q *question) wishes(all []Candidate) {
	for i := range all {
		c := &all[i]
		if q.unable(c) != "" || !atWork(c.Presence) {
			continue
		}
		q.speaks = q.speaks || q.w.Language != "" && q.now.Before(q.w.Arrived.Add(LanguageWait)) && q.understands(c)
		q.kept = q.kept || c.Agent == q.w.Wanted && c.Missed == 0 && q.now.Before(q.w.WantedUntil)
	}
}

// atWork says whether an agent will be ready again by herself.
func atWork(p agent.Presence) bool {
	return p == agent.Ready || p == agent.Reserved || p == agent.Talking || p == agent.WrapUp
}

// hopeless: somebody was asked, and of those who can do it nobody is left.
func (q *question) hopeless(all []Candidate) bool {
	some := false
	for i := range all {
		c := &all[i]
		if q.lacks(c) != "" {
			continue
		}
		if c.Missed < MaxMissed {
			return false
		}
		some = true
	}
	return some
}

// not says why a candidate may not be asked now; "" = she may.
func (q *question) not(c *Candidate) string {
	if why := q.unable(c); why != "" {
		return why
	}
	switch {
	case c.Presence != agent.Ready:
		return string(c.Presence)
	case c.Missed > 0 && q.now.Before(c.MissedAt.Add(Rest)):
		return "missed_just_now"
	case q.now.Before(c.BusyUntil):
		return "telephone_busy"
	case q.kept && c.Agent != q.w.Wanted:
		return "kept_for_another"
	case q.speaks && !q.understands(c) && c.Agent != q.w.Wanted:
		return "language"
	}
	return ""
}

// unable is why she cannot be asked whatever she does.
func (q *question) unable(c *Candidate) string {
	switch lacks := q.lacks(c); {
	case lacks != "":
		return lacks
	case c.Closed:
		return "outside_hours"
	case c.Missed >= MaxMissed:
		return "missed_twice"
	}
	return ""
}

func (q *question) lacks(c *Candidate) string {
	for _, skill := range sortedKeys(q.w.Skills) {
		if has := c.Skills[skill]; has < q.w.Skills[skill] {
			return fmt.Sprintf("skill %s %d of %d", skill, has, q.w.Skills[skill])
		}
	}
	return ""
}

// again is when time alone may let a candidate be asked.
func (q *question) again(c *Candidate) time.Time {
	switch {
	case q.lacks(c) != "" || c.Missed >= MaxMissed:
		return time.Time{}
	case c.Closed:
		return c.Opens
	case c.Missed > 0 && q.now.Before(c.MissedAt.Add(Rest)):
		return c.MissedAt.Add(Rest)
	}
	return c.BusyUntil
}

// Able says whether a candidate could answer w, were she ready, as things stand: she can do it, it is her hours, and she has not
// let it pass too often; and it is not kept for another who is at work.
func Able(w Waiter, c *Candidate) bool {
	q := question{w: w}
	return q.unable(c) == ""
}

// widens is when a wish is given up.
func (q *question) widens() time.Time {
	switch {
	case q.kept:
		return q.w.WantedUntil
	case q.speaks:
		return q.w.Arrived.Add(LanguageWait)
	}
	return time.Time{}
}

func (d *Decision) soonest(now, t time.Time) {
	if t.After(now) && (d.Next.IsZero() || t.Before(d.Next)) {
		d.Next = t
	}
}

// order is who is asked first: who is wanted, who speaks the language, by priority, who can more of what is asked, then
// by the business's strategy.
func (q *question) order(a, b *Candidate) int {
	return cmp.Or(
		first(a.Agent == q.w.Wanted, b.Agent == q.w.Wanted),
		first(q.understands(a), q.understands(b)),
		cmp.Compare(a.Priority, b.Priority),
		cmp.Compare(q.can(b), q.can(a)),
		q.byStrategy(a, b),
		cmp.Compare(a.Agent, b.Agent),
	)
}

func (q *question) byStrategy(a, b *Candidate) int {
	switch q.strategy {
	case subscriber.RoundRobin:
		return cmp.Or(cmp.Compare(a.Asked, b.Asked), cmp.Compare(a.Representation, b.Representation))
	case subscriber.InOrder:
		return cmp.Compare(a.Representation, b.Representation)
	case subscriber.Random:
		return cmp.Compare(a.Draw, b.Draw)
	case subscriber.LeastTalk:
		return cmp.Or(cmp.Compare(a.Talked, b.Talked), a.IdleFrom.Compare(b.IdleFrom))
	}
	return a.IdleFrom.Compare(b.IdleFrom)
}

// can is how much of what is asked she can do.
func (q *question) can(c *Candidate) (sum int) {
	for skill := range q.w.Skills {
		sum += c.Skills[skill]
	}
	return sum
}

func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// together are all who are rung for this one: best alone, or all who may be asked.
func (q *question) together(best *Candidate, all []Candidate) []Candidate {
	out := []Candidate{*best}
	if q.strategy != subscriber.AllAtOnce {
		return out
	}
	for _, c := range q.sorted(all) {
		if c.Agent != best.Agent && q.not(&c) == "" && len(out) < MaxAtOnce {
			out = append(out, c)
		}
	}
	return out
}

func (q *question) skipped(best *Candidate, all []Candidate) (out []Skip) {
	rung := 1
	for _, c := range q.sorted(all) {
		why := q.not(&c)
		switch {
		case c.Agent == best.Agent:
			continue
		case why == "" && q.strategy == subscriber.AllAtOnce && rung < MaxAtOnce:
			rung++
			continue
		}
		out = append(out, Skip{c.Agent, cmp.Or(why, "later_in_line")})
	}
	return out
}

func (q *question) sorted(all []Candidate) []Candidate {
	return slices.SortedStableFunc(slices.Values(all), func(a, b Candidate) int { return q.order(&a, &b) })
}

// why names the rule that chose.
func (q *question) why() string {
	if q.kept {
		return "kept for her"
	}
	switch q.strategy {
	case subscriber.RoundRobin:
		return "her turn"
	case subscriber.InOrder:
		return "first in order"
	case subscriber.AllAtOnce:
		return "all at once"
	case subscriber.Random:
		return "by chance"
	case subscriber.LeastTalk:
		return "talked least"
	}
	return "longest idle"
}
