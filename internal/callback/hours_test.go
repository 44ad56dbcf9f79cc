package callback_test

import (
	"slices"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// opens gives Acme opening hours. The bubble's clock begins on Saturday 2000-01-01, 00:00 UTC: Friday, 19:00 in New
// York.
func opens(t testing.TB, hours map[string][]string) func(*directory.Setup) {
	return func(s *directory.Setup) {
		h, err := schedule.ParseHours(hours)
		if err != nil {
			t.Fatal(err)
		}
		s.Subscribers[0].Hours = h
	}
}

func events(lines []callback.Line) (out []string) {
	for _, l := range lines {
		out = append(out, l.Event)
	}
	return out
}

// Half past seven is closing time. Who asks five minutes before and does not answer is tried again within the grace,
// not at night: the try after that is next morning's.
func TestRetryWaitsForTheOpening(t *testing.T) {
	who := people{"ann": one(ctisim.Answers(time.Second, 0)), "bob": one(ctisim.Answers(time.Second, 0)), "vera": one(ctisim.RingsForEver())}
	play(t, opens(t, map[string][]string{"daily": {"09:00-19:30"}}), who, func(w *world) {
		pass(25 * minute)
		cb := w.ask("vera")
		c := w.reaches(cb, callback.Ended)
		var rang []string
		for _, a := range c.Attempts {
			rang = append(rang, a.StartedAt.UTC().Format("02 15:04"))
		}
		wantEqual(t, "tries", rang, []string{"01 00:25", "01 00:40", "01 14:00"})
	})
}

// What came due while no service ran is begun at the next opening, and not at all when it is too late.
func TestDueWhileDown(t *testing.T) {
	for _, c := range []struct {
		name string
		down time.Duration
		hour string // of the first ring
		want callback.Outcome
	}{
		{"up again soon", 20 * minute, "01 00:30", callback.Completed},
		{"up again at night", 3 * time.Hour, "01 14:00", callback.Completed},
		{"up again two days later", 48*time.Hour - 10*minute, "", callback.Expired},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, opens(t, map[string][]string{"daily": {"09:00-20:00"}}), talkers, func(w *world) {
				cb := w.ask("vera", at(schedule.After(15*minute)))
				pass(10 * minute)
				w.kill()
				w.back(c.down)
				got := w.reaches(cb, callback.Ended)
				first := ""
				if len(got.Attempts) > 0 {
					first = got.Attempts[0].StartedAt.UTC().Format("02 15:04")
				}
				if got.Outcome != c.want || first != c.hour {
					t.Errorf("ended %s (%s), rang at %q, want %s at %q", got.Outcome, got.Reason, first, c.want, c.hour)
				}
				w.invariants()
			})
		})
	}
}

// Hours that are changed afterwards move a booking to the next opening, and it keeps its place: the time that was booked
// then is the time it is in line from.
func TestHoursChangedMeanwhile(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		cb := w.ask("vera", at(schedule.After(2*time.Hour)))
		s := setup()
		opens(t, map[string][]string{"mon-sun": {"09:00-17:00"}})(&s)
		w.apply(s)
		if err := w.c.Reload(w.ctx); err != nil {
			t.Fatal(err)
		}
		c := w.reaches(cb, callback.Connected)
		if got := c.Attempts[0].StartedAt.UTC().Format("02 15:04"); got != "01 14:00" {
			t.Errorf("rung at %s", got)
		}
		if !slices.Contains(events(w.journal(cb)), "rescheduled") {
			t.Error("the journal does not say that it was moved")
		}
	})
}

// All agents hang up, one after another, while the visitor's telephone rings: it rings once for the three of them, is rung
// again as soon as one may be asked again; each of them is asked twice.
func TestAgentLeavesAgainAndAgain(t *testing.T) {
	leaves := one(ctisim.Answers(time.Second, 5*time.Second))
	play(t, only("ann", "bob", "cleo"), people{"ann": leaves, "bob": leaves, "cleo": leaves, "vera": one(ctisim.RingsForEver())}, func(w *world) {
		c := w.reaches(w.ask("vera"), callback.Ended)
		if c.Outcome != callback.NoAgent || c.Reason != callback.ReasonNobodyTookIt || c.Tried() != 2 {
			t.Errorf("ended %s (%s) after %d tries", c.Outcome, c.Reason, c.Tried())
		}
		w.dump(c.ID)
		gap := func(i int) time.Duration { return c.Attempts[i].StartedAt.Sub(c.Attempts[i-1].EndedAt) }
		if len(c.Attempts[0].Legs) != 4 {
			t.Errorf("%d telephones in the first try", len(c.Attempts[0].Legs))
		}
		if gap(1) > 20*time.Second {
			t.Errorf("the next try followed after %v", gap(1))
		}
		w.invariants()
	})
}

// A number that is blocked while its callback waits: nobody's telephone rings for it, also not the agent's.
func TestBlockedInLine(t *testing.T) {
	play(t, nobodyReady, talkers, func(w *world) {
		cb := w.ask("vera")
		w.apply(directory.Setup{Blocks: []subscriber.Block{{NumberHash: w.c.HashNumber(telephones["vera"]), Masked: "+12•••••0100"}}})
		w.behind("ann", "ready")
		if err := w.c.Reload(w.ctx); err != nil {
			t.Fatal(err)
		}
		c := w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Refused || len(w.phones.Calls()) > 0 {
			t.Errorf("ended %s after %d calls", c.Outcome, len(w.phones.Calls()))
		}
		if p := w.presence("ann"); p != "ready" {
			t.Errorf("ann is left %s", p)
		}
	})
}

// A business that is suspended rings nobody; what waits goes on when it is no more.
func TestSuspendedRingsNobody(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		cb := w.ask("vera", at(schedule.After(minute)))
		suspend := func(on bool) {
			s := setup()
			s.Subscribers[0].Suspended = on
			w.apply(s)
			if err := w.c.Reload(w.ctx); err != nil {
				t.Fatal(err)
			}
		}
		suspend(true)
		pass(3 * minute)
		if n := len(w.phones.Calls()); n > 0 {
			t.Errorf("%d telephones rang", n)
		}
		suspend(false)
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Completed {
			t.Errorf("ended %s", c.Outcome)
		}
	})
}

// A button whose visitors are asked nothing, because an agent is on the line first, still asks them when a wish turns
// the order round: no machine may ring an agent.
func TestOrderTurnedRoundAsksTheVisitor(t *testing.T) {
	set := func(s *directory.Setup) { s.Buttons[0].Confirm.Visitor = "none" }
	play(t, set, people{"ann": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.AnsweringMachine(s(2)))}, func(w *world) {
		c := w.reaches(w.ask("vera", visitorFirst), callback.Ended)
		if c.Outcome != callback.Machine {
			t.Errorf("ended %s", c.Outcome)
		}
		neverRung("ann")(w, c)
	})
}

// Both ends of a call are never the same telephone, also not by a later change.
func TestNumberIsNotTheOtherEnd(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		cb := w.ask("vera", at(schedule.After(minute)), func(r *callback.Request) { r.Destination = string(telephones["walt"]) })
		if _, err := w.c.ChangeNumber(w.ctx, cb, telephones["walt"].Number(), callback.ByVisitor); err == nil {
			t.Error("the number was changed to that of the other end")
		}
	})
}
