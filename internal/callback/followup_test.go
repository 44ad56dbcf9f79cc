package callback_test

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/subscriber"
)

const followUp = "en/agent_follow_up sound/moment en/agent_follow_up"

// takesAndPresses is joe, who takes the call with key 1 and presses 1 again at a time after his answer.
func takesAndPresses(again time.Duration) ctisim.Person {
	const first = 3 * time.Second
	return presses(s(2), "1"+strings.Repeat(" ", int((again-first)/(200*time.Millisecond))-1)+"1", first, 0)
}

// An agent on his own telephone is asked after a talk whether another call is to follow; key 1 makes one, a day later.
func TestFollowUp(t *testing.T) {
	for name, row := range map[string]struct {
		talk   time.Duration
		key    time.Duration // from joe's answer
		order  subscriber.Order
		asked  bool
		follow bool
	}{
		"he wants one":            {minute, s(3+3+60) + 400*time.Millisecond, subscriber.AgentFirst, true, true},
		"he hangs up":             {minute, s(3 + 3 + 60 + 20), subscriber.AgentFirst, true, false},
		"a key in the talk":       {minute, s(3 + 3 + 50), subscriber.AgentFirst, true, false},
		"they have hardly talked": {s(10), s(3+3+10) + 400*time.Millisecond, subscriber.AgentFirst, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, only("joe"), people{"joe": {takesAndPresses(row.key), presses(s(2), "1", s(3), 0)}, "vera": one(ctisim.Answers(s(3), row.talk))}, func(w *world) {
				w.c.Policy.PerNumber = []callback.Rate{{N: 1, Per: 5 * time.Minute}, {N: 3, Per: 24 * time.Hour}}
				cb := w.ask("vera", func(r *callback.Request) { r.Topic, r.SkipLimits = "boiler", false })
				c := w.reaches(cb, callback.Ended)
				pass(s(30))
				w.invariants()
				if got := heardAny(w, "joe", "say "+followUp); got != row.asked {
					t.Errorf("asked: %v", got)
				}
				if got := heardAny(w, "joe", "say en/agent_booked"); got != row.follow {
					t.Errorf("told that it is booked: %v", got)
				}
				n := w.newestOf(t, c)
				if (n != nil) != row.follow {
					t.Fatalf("the call that follows: %+v", n)
				}
				if n == nil {
					return
				}
				if n.State != callback.Scheduled || n.Actor != callback.ByAgent || n.Topic != "boiler" || n.Endpoint != c.Endpoint || n.Button != c.Button {
					t.Errorf("the call that follows: %+v", n)
				}
				between := n.DueAt.Sub(c.EndedAt)
				if between < 24*time.Hour || between > 24*time.Hour+minute {
					t.Errorf("it follows %v after the talk", between)
				}
				pass(25 * time.Hour)
				if n = w.stored(n.ID); n.Outcome != callback.Completed {
					t.Errorf("a day later: %s, %s", n.State, n.Outcome)
				}
			})
		})
	}
}

// newestOf is the newest callback to a number but c, nil = there is none.
func (w *world) newestOf(t *testing.T, c *callback.Callback) *callback.Callback {
	t.Helper()
	all, err := w.border.inner.Callbacks(w.ctx, c.Subscriber, callback.Filter{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if all[i].ID != c.ID {
			return &all[i]
		}
	}
	return nil
}

func heardAny(w *world, name, what string) bool {
	for _, k := range w.phones.Calls() {
		for _, h := range k.Heard {
			if k.To == telephones[name] && h.What == what {
				return true
			}
		}
	}
	return false
}
