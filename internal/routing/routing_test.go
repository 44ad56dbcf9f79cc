package routing

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/id"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// who is a ready candidate who has been idle for a time.
func who(a id.Agent, idle time.Duration, change ...func(*Candidate)) Candidate {
	c := Candidate{Agent: a, Presence: agent.Ready, IdleFrom: noon.Add(-idle)}
	for _, f := range change {
		f(&c)
	}
	return c
}

func is(p agent.Presence) func(*Candidate) { return func(c *Candidate) { c.Presence = p } }
func priority(n int) func(*Candidate)      { return func(c *Candidate) { c.Priority = n } }
func missed(n int, ago time.Duration) func(*Candidate) {
	return func(c *Candidate) { c.Missed, c.MissedAt = n, noon.Add(-ago) }
}

func TestLongestIdle(t *testing.T) {
	for _, c := range []struct {
		name     string
		all      []Candidate
		want     id.Agent // "" = nobody
		skipped  []Skip
		hopeless bool
	}{
		{name: "nobody represents the business"},
		{name: "the longest idle", all: []Candidate{who("ann", time.Minute), who("bob", time.Hour)}, want: "bob",
			skipped: []Skip{{"ann", "later_in_line"}}},
		{name: "priority before idleness", all: []Candidate{who("ann", time.Minute, priority(1)), who("bob", time.Hour, priority(2))}, want: "ann",
			skipped: []Skip{{"bob", "later_in_line"}}},
		{name: "no tie: by id", all: []Candidate{who("bob", time.Hour), who("ann", time.Hour)}, want: "ann",
			skipped: []Skip{{"bob", "later_in_line"}}},
		{name: "only who is ready", all: []Candidate{who("ann", time.Hour, is(agent.Talking)), who("bob", time.Minute, is(agent.Paused)),
			who("cleo", time.Second), who("dan", 0, is(agent.SignedOut)), who("eve", 0, is(agent.Reserved)), who("fay", 0, is(agent.WrapUp)), who("gil", 0, is(agent.Finishing))},
			want: "cleo", skipped: []Skip{{"ann", "talking"}, {"bob", "paused"}, {"dan", "signed_out"}, {"eve", "reserved"}, {"fay", "wrap_up"}, {"gil", "finishing"}}},
		{name: "who has just missed it rests", all: []Candidate{who("ann", time.Hour, missed(1, Rest-time.Millisecond)), who("bob", time.Minute)}, want: "bob",
			skipped: []Skip{{"ann", "missed_just_now"}}},
		{name: "rested, she is asked again", all: []Candidate{who("ann", time.Hour, missed(1, Rest)), who("bob", time.Minute)}, want: "ann",
			skipped: []Skip{{"bob", "later_in_line"}}},
		{name: "twice is enough", all: []Candidate{who("ann", time.Hour, missed(2, time.Hour)), who("bob", time.Minute)}, want: "bob",
			skipped: []Skip{{"ann", "missed_twice"}}},
		{name: "all have missed it twice", all: []Candidate{who("ann", time.Hour, missed(2, time.Hour)), who("bob", time.Minute, missed(3, 0))}, hopeless: true},
		{name: "all are busy: not hopeless", all: []Candidate{who("ann", time.Hour, is(agent.Talking)), who("bob", time.Minute, missed(2, 0))}},
		{name: "all rest: not hopeless", all: []Candidate{who("ann", time.Hour, missed(1, 0))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			best, skipped, hopeless := LongestIdle(noon, c.all)
			got := id.Agent("")
			if best != nil {
				got = best.Agent
			}
			if got != c.want || hopeless != c.hopeless || !slices.Equal(skipped, c.skipped) {
				t.Errorf("got %q, hopeless %v, skipped %v; want %q, %v, %v", got, hopeless, skipped, c.want, c.hopeless, c.skipped)
			}
		})
	}
}

// The order in which candidates come in changes nothing, and nobody who may be asked stands before the chosen.
func TestLongestIdleIsAnOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var all []Candidate
		for i := range 1 + r.IntN(6) {
			all = append(all, who(id.Agent(rune('a'+i)), time.Duration(r.IntN(3))*time.Minute, priority(r.IntN(2)), missed(r.IntN(3), time.Duration(r.IntN(40))*time.Second)))
			if r.IntN(3) == 0 {
				all[i].Presence = agent.Paused
			}
		}
		best, skipped, _ := LongestIdle(noon, all)
		given := slices.Clone(all)
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		again, skippedAgain, _ := LongestIdle(noon, all)
		if (best == nil) != (again == nil) || best != nil && best.Agent != again.Agent || !slices.Equal(skipped, skippedAgain) {
			t.Fatalf("%v: %v, shuffled %v", given, best, again)
		}
		if best == nil {
			continue
		}
		if len(skipped) != len(all)-1 {
			t.Fatalf("%v: %d are told of beside the chosen", given, len(skipped))
		}
		for _, c := range all {
			if c.not(noon) == "" && c.order(best) < 0 {
				t.Fatalf("%v: %s stands before %s", given, c.Agent, best.Agent)
			}
		}
	}
}
