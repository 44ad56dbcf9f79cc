// Package routing decides who gets the call. It is pure: candidates in, a choice and the reasons out.
package routing

import (
	"sort"
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

// LongestIdle picks, among the ready who may be asked, the lowest priority, then the longest idle.
// hopeless says that nobody is left who could ever be asked: all have missed it twice.
func LongestIdle(now time.Time, all []Candidate) (best *Candidate, skipped []Skip, hopeless bool) {
	sorted := append([]Candidate(nil), all...)
	sort.SliceStable(sorted, func(i, j int) bool {
		a, b := sorted[i], sorted[j]
		if a.Priority != b.Priority {
			return a.Priority < b.Priority
		}
		if !a.IdleFrom.Equal(b.IdleFrom) {
			return a.IdleFrom.Before(b.IdleFrom)
		}
		return a.Agent < b.Agent
	})
	hopeless = len(sorted) > 0
	for i := range sorted {
		c := &sorted[i]
		why := ""
		switch {
		case c.Missed >= MaxMissed:
			why = "missed_twice"
		case c.Presence != agent.Ready:
			why = string(c.Presence)
		case c.Missed > 0 && now.Before(c.MissedAt.Add(Rest)):
			why = "missed_just_now"
		case best != nil:
			why = "later_in_line"
		}
		if c.Missed < MaxMissed {
			hopeless = false
		}
		if why == "" {
			best = c
			continue
		}
		skipped = append(skipped, Skip{c.Agent, why})
	}
	return best, skipped, hopeless
}
