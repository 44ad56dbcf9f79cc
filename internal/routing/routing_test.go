package routing

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// who is a ready candidate who has been idle for a time.
func who(a id.Agent, idle time.Duration, change ...func(*Candidate)) Candidate {
	c := Candidate{Agent: a, Representation: id.Representation(a), Presence: agent.Ready, IdleFrom: noon.Add(-idle)}
	for _, f := range change {
		f(&c)
	}
	return c
}

func is(p agent.Presence) func(*Candidate) { return func(c *Candidate) { c.Presence = p } }
func priority(n int) func(*Candidate)      { return func(c *Candidate) { c.Priority = n } }
func can(skill string, level int) func(*Candidate) {
	return func(c *Candidate) { c.Skills = map[string]int{skill: level} }
}
func speaks(l ...string) func(*Candidate) { return func(c *Candidate) { c.Languages = l } }
func closed(d time.Duration) func(*Candidate) {
	return func(c *Candidate) { c.Closed, c.Opens = true, noon.Add(d) }
}
func busy(d time.Duration) func(*Candidate) { return func(c *Candidate) { c.BusyUntil = noon.Add(d) } }
func asked(n uint64) func(*Candidate)       { return func(c *Candidate) { c.Asked = n } }
func draws(n uint64) func(*Candidate)       { return func(c *Candidate) { c.Draw = n } }
func talked(minutes int) func(*Candidate) {
	return func(c *Candidate) { c.Talked = time.Duration(minutes) * time.Minute }
}
func missed(n int, ago time.Duration) func(*Candidate) {
	return func(c *Candidate) { c.Missed, c.MissedAt = n, noon.Add(-ago) }
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name     string
		all      []Candidate
		by       subscriber.Strategy
		waits    Waiter
		want     id.Agent // several with blanks between; "" = nobody
		why      string   // "" = not asked
		skipped  []Skip
		hopeless bool
		next     time.Duration // 0 = not asked
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
		{name: "all rest: not hopeless", all: []Candidate{who("ann", time.Hour, missed(1, 0))}, next: Rest},

		{name: "a skill is asked for", waits: Waiter{Skills: map[string]int{"plumbing": 3}},
			all: []Candidate{who("ann", time.Hour), who("bob", time.Minute, can("plumbing", 3)), who("cleo", time.Minute, can("plumbing", 2))}, want: "bob",
			skipped: []Skip{{"cleo", "skill plumbing 2 of 3"}, {"ann", "skill plumbing 0 of 3"}}},
		{name: "who can more of what is asked, before the longest idle", waits: Waiter{Skills: map[string]int{"plumbing": 3}},
			all: []Candidate{who("ann", time.Hour, can("plumbing", 3)), who("bob", time.Minute, can("plumbing", 5))}, want: "bob", skipped: []Skip{{"ann", "later_in_line"}}},
		{name: "two skills, and nobody has both: she waits", waits: Waiter{Skills: map[string]int{"gas": 1, "plumbing": 1}},
			all: []Candidate{who("ann", 0, can("gas", 5)), who("bob", 0, can("plumbing", 5))}},
		{name: "all who can have missed it twice", waits: Waiter{Skills: map[string]int{"gas": 1}},
			all: []Candidate{who("ann", 0, can("gas", 1), missed(2, 0)), who("bob", 0)}, hopeless: true},

		{name: "her language first", waits: Waiter{Language: "de-AT", Arrived: noon}, all: []Candidate{who("ann", time.Hour, speaks("en")), who("bob", 0, speaks("en", "de"))},
			want: "bob", skipped: []Skip{{"ann", "language"}}},
		{name: "her language is waited for, for a minute", waits: Waiter{Language: "de", Arrived: noon.Add(-LanguageWait + time.Second)},
			all: []Candidate{who("ann", time.Hour, speaks("en")), who("bob", 0, speaks("de"), is(agent.Talking))}, next: time.Second},
		{name: "then somebody is better than nobody", waits: Waiter{Language: "de", Arrived: noon.Add(-LanguageWait)},
			all: []Candidate{who("ann", time.Hour, speaks("en")), who("bob", 0, speaks("de"), is(agent.Talking))}, want: "ann", skipped: []Skip{{"bob", "talking"}}},
		{name: "a language of nobody at work is not waited for", waits: Waiter{Language: "de", Arrived: noon},
			all: []Candidate{who("ann", time.Hour, speaks("en")), who("bob", 0, speaks("de"), is(agent.SignedOut))}, want: "ann", skipped: []Skip{{"bob", "signed_out"}}},
		{name: "who says no language speaks any", waits: Waiter{Language: "de", Arrived: noon}, all: []Candidate{who("ann", time.Hour)}, want: "ann"},

		{name: "not her hours", all: []Candidate{who("ann", time.Hour, closed(time.Hour)), who("bob", 0)}, want: "bob", skipped: []Skip{{"ann", "outside_hours"}}},
		{name: "nobody's hours: not hopeless", all: []Candidate{who("ann", time.Hour, closed(2*time.Hour)), who("bob", 0, closed(time.Hour))}, next: time.Hour},

		{name: "kept for who talked with her last", waits: Waiter{Wanted: "ann", WantedUntil: noon.Add(time.Second)},
			all: []Candidate{who("ann", 0, is(agent.Talking)), who("bob", time.Hour)}, next: time.Second},
		{name: "and given to her", waits: Waiter{Wanted: "ann", WantedUntil: noon.Add(time.Second)},
			all: []Candidate{who("ann", 0, priority(9)), who("bob", time.Hour)}, want: "ann", why: "kept for her", skipped: []Skip{{"bob", "kept_for_another"}}},
		{name: "then to anybody", waits: Waiter{Wanted: "ann", WantedUntil: noon},
			all: []Candidate{who("ann", 0, is(agent.Talking)), who("bob", time.Hour)}, want: "bob", skipped: []Skip{{"ann", "talking"}}},
		{name: "but to her first", waits: Waiter{Wanted: "ann", WantedUntil: noon}, all: []Candidate{who("ann", 0, priority(9)), who("bob", time.Hour)},
			want: "ann", skipped: []Skip{{"bob", "later_in_line"}}},
		{name: "not for who has gone", waits: Waiter{Wanted: "ann", WantedUntil: noon.Add(time.Hour)},
			all: []Candidate{who("ann", 0, is(agent.Paused)), who("bob", time.Hour)}, want: "bob", skipped: []Skip{{"ann", "paused"}}},
		{name: "not for who has let it pass", waits: Waiter{Wanted: "ann", WantedUntil: noon.Add(time.Hour)},
			all: []Candidate{who("ann", 0, missed(1, time.Second)), who("bob", time.Hour)}, want: "bob", skipped: []Skip{{"ann", "missed_just_now"}}},

		{name: "her telephone is busy", all: []Candidate{who("ann", time.Hour, busy(5*time.Second)), who("bob", 0)}, want: "bob", skipped: []Skip{{"ann", "telephone_busy"}}},
		{name: "all telephones are busy", all: []Candidate{who("ann", time.Hour, busy(5*time.Second))}, next: 5 * time.Second},

		{name: "one after the other", by: subscriber.RoundRobin, all: []Candidate{who("ann", time.Hour, asked(2)), who("bob", 0, asked(1)), who("cleo", 0, asked(3))},
			want: "bob", why: "her turn", skipped: []Skip{{"ann", "later_in_line"}, {"cleo", "later_in_line"}}},
		{name: "who was never asked, in order", by: subscriber.RoundRobin, all: []Candidate{who("ann", time.Hour, asked(2)), who("bob", 0)}, want: "bob", skipped: []Skip{{"ann", "later_in_line"}}},
		{name: "in order", by: subscriber.InOrder, all: []Candidate{who("bob", time.Hour), who("ann", 0)}, want: "ann", why: "first in order", skipped: []Skip{{"bob", "later_in_line"}}},
		{name: "by chance", by: subscriber.Random, all: []Candidate{who("ann", time.Hour, draws(7)), who("bob", 0, draws(3))}, want: "bob", why: "by chance", skipped: []Skip{{"ann", "later_in_line"}}},
		{name: "talked least", by: subscriber.LeastTalk, all: []Candidate{who("ann", time.Hour, talked(2)), who("bob", 0, talked(1))}, want: "bob", why: "talked least",
			skipped: []Skip{{"ann", "later_in_line"}}},
		{name: "all at once", by: subscriber.AllAtOnce, all: []Candidate{who("ann", time.Hour), who("bob", 0), who("cleo", 0, is(agent.Talking))}, want: "ann bob", why: "all at once",
			skipped: []Skip{{"cleo", "talking"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Choose(noon, c.by, c.waits, c.all)
			var got []id.Agent
			for _, g := range d.Chosen {
				got = append(got, g.Agent)
			}
			want := strings.Fields(string(c.want))
			if fmt.Sprint(got) != fmt.Sprint(want) || d.Hopeless != c.hopeless || !slices.Equal(d.Skipped, c.skipped) || c.why != "" && d.Why != c.why || c.next != 0 && !d.Next.Equal(noon.Add(c.next)) {
				t.Errorf("got %v (%s), hopeless %v, skipped %v, again at %v; want %q (%s), %v, %v, in %v", got, d.Why, d.Hopeless, d.Skipped, d.Next, c.want, c.why, c.hopeless, c.skipped, c.next)
			}
		})
	}
}
