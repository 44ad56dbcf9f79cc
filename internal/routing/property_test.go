package routing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// office is who could answer at one instant, by chance, and what is asked.
func office(r *rand.Rand) (Waiter, []Candidate) {
	w := Waiter{Arrived: noon.Add(-time.Duration(r.IntN(120)) * time.Second)}
	if r.IntN(3) == 0 {
		w.Skills = map[string]int{"gas": 1 + r.IntN(3)}
	}
	if r.IntN(3) == 0 {
		w.Language = []string{"en", "de"}[r.IntN(2)]
	}
	if r.IntN(3) == 0 {
		w.Wanted, w.WantedUntil = id.Agent(rune('a'+r.IntN(3))), noon.Add(time.Duration(r.IntN(60)-30)*time.Second)
	}
	var all []Candidate
	for i := range 1 + r.IntN(14) {
		c := who(id.Agent(rune('a'+i)), time.Duration(r.IntN(3))*time.Minute, priority(r.IntN(2)), missed(r.IntN(3), time.Duration(r.IntN(40))*time.Second),
			asked(uint64(r.IntN(4))), draws(uint64(r.IntN(4))), talked(r.IntN(3)), can("gas", r.IntN(4)))
		if r.IntN(2) == 0 {
			c.Languages = []string{"en", "de"}[r.IntN(2):][:1]
		}
		c.Presence = []agent.Presence{agent.Ready, agent.Ready, agent.Ready, agent.Talking, agent.Paused, agent.WrapUp}[r.IntN(6)]
		if r.IntN(6) == 0 {
			c.Closed, c.Opens = true, noon.Add(time.Hour)
		}
		if r.IntN(6) == 0 {
			c.BusyUntil = noon.Add(time.Duration(r.IntN(20)-10) * time.Second)
		}
		all = append(all, c)
	}
	return w, all
}

// Whatever is asked and whoever is there, by every strategy: the order in which candidates come in changes nothing; each
// is chosen or told of with a reason, once; who is chosen may be asked; nobody who may be asked is passed over for nobody;
// and time alone changes the answer no earlier than it says.
func TestChooseAlways(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		w, all := office(r)
		s := subscriber.Strategies[r.IntN(len(subscriber.Strategies))]
		d := Choose(noon, s, w, all)
		given := fmt.Sprintf("%s %+v\n%+v\n%+v", s, w, all, d)
		shuffled := slices.Clone(all)
		r.Shuffle(len(all), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again := Choose(noon, s, w, shuffled); fmt.Sprint(again) != fmt.Sprint(d) {
			t.Fatalf("shuffled: %+v\n%s", again, given)
		}
		if len(d.Chosen) == 0 {
			stillNobody(t, s, w, all, d, given)
			continue
		}
		seen := map[id.Agent]bool{}
		for _, c := range d.Chosen {
			seen[c.Agent] = true
			if c.Presence != agent.Ready || c.Closed || c.Missed >= MaxMissed || c.Skills["gas"] < w.Skills["gas"] || noon.Before(c.BusyUntil) {
				t.Fatalf("%s was chosen\n%s", c.Agent, given)
			}
		}
		for _, k := range d.Skipped {
			if seen[k.Agent] || k.Why == "" {
				t.Fatalf("%s is told of twice, or without a reason\n%s", k.Agent, given)
			}
			seen[k.Agent] = true
		}
		if len(seen) != len(all) || d.Why == "" || d.Hopeless || s != subscriber.AllAtOnce && len(d.Chosen) != 1 {
			t.Fatalf("somebody is not told of\n%s", given)
		}
	}
}

// stillNobody: until Next, nobody can be asked; at Next somebody might.
func stillNobody(t *testing.T, s subscriber.Strategy, w Waiter, all []Candidate, d Decision, given string) {
	t.Helper()
	for _, after := range []time.Duration{time.Millisecond, 5 * time.Second, time.Minute, 59 * time.Minute} {
		at := noon.Add(after)
		if !d.Next.IsZero() && !at.Before(d.Next) {
			break
		}
		if later := Choose(at, s, w, all); len(later.Chosen) > 0 {
			t.Fatalf("%v later %+v is chosen\n%s", after, later.Chosen, given)
		}
	}
	if len(Explain(noon, s, w, all)) != len(all) {
		t.Fatalf("of whom nothing is told: %+v\n%s", Explain(noon, s, w, all), given)
	}
}

// Every strategy is fair in its way: with everybody always ready, one after the other gives each the same number of calls,
// in order gives all to the first, chance leaves nobody out.
func TestStrategiesOverTime(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, s := range []subscriber.Strategy{subscriber.RoundRobin, subscriber.InOrder, subscriber.Random, subscriber.LongestIdle, subscriber.LeastTalk} {
		all := []Candidate{who("ann", 0), who("bob", 0), who("cleo", 0)}
		got := map[id.Agent]int{}
		for i := range 300 {
			for j := range all {
				all[j].Draw = r.Uint64()
			}
			a := Choose(noon, s, Waiter{}, all).Chosen[0].Agent
			got[a]++
			for j := range all {
				if all[j].Agent == a {
					all[j].Asked, all[j].Talked, all[j].IdleFrom = uint64(i+1), all[j].Talked+time.Minute, noon.Add(time.Duration(i+1)*time.Minute)
				}
			}
		}
		switch {
		case s == subscriber.InOrder && got["ann"] != 300:
			t.Errorf("%s: %v", s, got)
		case s == subscriber.Random && (got["ann"] < 60 || got["bob"] < 60 || got["cleo"] < 60):
			t.Errorf("%s: %v", s, got)
		case s != subscriber.InOrder && s != subscriber.Random && (got["ann"] != 100 || got["bob"] != 100):
			t.Errorf("%s: %v", s, got)
		}
	}
}
