// Package routing decides who gets the call. It is pure: candidates in, a choice and the reasons out.
package routing

import (
	"cmp"
	"slices"
	"time"

	"ringback/internal/agent"
	"ringback/internal/id"
)

// Candidate is an agent who represents the business that is asked for.
type Candidate struct {
	Agent          id.Agent
	Representation id.Representation
	Priority       int
	Presence       agent.Presence
	IdleFrom       time.Time
	Missed         int       // offers of this callback that she let pass
	MissedAt       time.Time // the last of them
}

// Skip tells why a candidate was not chosen.
type Skip struct {
	Agent id.Agent
	Why   string // presence word, "missed_just_now", "missed_twice", "later_in_line"
}

// Rest is how long an agent is not offered the callback that she has just missed.
const Rest = 20 * time.Second

// MaxMissed offers of one callback are made to an agent.
const MaxMissed = 2

// LongestIdle picks, among the ready who may be asked, the lowest priority, then the longest idle; skipped tells of the
// others, in that order. hopeless says that nobody is left who could ever be asked: all have missed it twice. A long
// line asks this for everybody in it, mostly in vain: then nothing is sorted and nobody is told of.
func LongestIdle(now time.Time, all []Candidate) (best *Candidate, skipped []Skip, hopeless bool) {
	hopeless = len(all) > 0
	for i := range all {
		c := &all[i]
		hopeless = hopeless && c.Missed >= MaxMissed
		if c.not(now) == "" && (best == nil || c.order(best) < 0) {
			best = c
		}
	}
	if best == nil {
		return nil, nil, hopeless
	}
	chosen := *best
	for _, c := range slices.SortedStableFunc(slices.Values(all), func(a, b Candidate) int { return a.order(&b) }) {
		if c.Agent != chosen.Agent {
			skipped = append(skipped, Skip{c.Agent, cmp.Or(c.not(now), "later_in_line")})
		}
	}
	return &chosen, skipped, false
}

// order is who is asked first.
func (c *Candidate) order(o *Candidate) int {
	return cmp.Or(cmp.Compare(c.Priority, o.Priority), c.IdleFrom.Compare(o.IdleFrom), cmp.Compare(c.Agent, o.Agent))
}

// not says why a candidate may not be asked now; "" = she may.
func (c *Candidate) not(now time.Time) string {
	switch {
	case c.Missed >= MaxMissed:
		return "missed_twice"
	case c.Presence != agent.Ready:
		return string(c.Presence)
	case c.Missed > 0 && now.Before(c.MissedAt.Add(Rest)):
		return "missed_just_now"
	}
	return ""
}
