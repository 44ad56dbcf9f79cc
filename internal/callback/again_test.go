package callback_test

import (
	"errors"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
)

// A promise has an end: who was promised a call and for whom nobody is ready is told so when the window is over, and may
// choose another time by the same page. Asked twice it is the same callback.
func TestPromiseEnds(t *testing.T) {
	set := func(s *directory.Setup) {
		s.Subscribers[0].Slots = schedule.Slots{Window: 40 * time.Minute}
		s.Agents[0].Ready, s.Agents[1].Ready = false, false
	}
	play(t, set, talkers, func(w *world) {
		w.policy.PerNumber = []callback.Rate{{N: 1, Per: 5 * time.Minute}, {N: 2, Per: 24 * time.Hour}}
		w.stop()
		w.boot()
		cb := w.ask("vera", at(schedule.After(time.Hour)))
		if _, err := w.c.Again(w.ctx, w.stored(cb), another(time.Hour)); !fault.Is(err, fault.TooLate) {
			t.Errorf("another one while it lives: %v", err)
		}
		c := w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Expired || c.Reason != callback.ReasonExpired || c.EndedAt.Sub(c.ArrivedAt) != 40*time.Minute {
			t.Errorf("%s because of %s, after %v", c.Outcome, c.Reason, c.EndedAt.Sub(c.ArrivedAt))
		}
		again := callback.Another{When: schedule.At("2000-01-02T10:00", "America/New_York"), Answer: func(m *callback.Made) callback.Kept {
			return callback.Kept{Status: 201, Body: []byte(m.Token)}
		}}
		made, err := w.c.Again(w.ctx, c, again)
		if err != nil {
			t.Fatal(err)
		}
		var before *callback.Replayed
		if _, err := w.c.Again(w.ctx, c, again); !errors.As(err, &before) || string(before.Kept.Body) != made.Token {
			t.Errorf("asked twice: %v", err)
		}
		if _, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Ready, ""); err != nil {
			t.Fatal(err)
		}
		next := w.reaches(made.Callback.ID, callback.Ended)
		if next.Outcome != callback.Completed || next.Endpoint != c.Endpoint || next.Contact != c.Contact {
			t.Errorf("the next one: %s", next.Outcome)
		}
		wantEqual(t, "rings", rang(next), []string{"02 15:00"})
	})
}

// The limit that keeps two calls of a number apart does not hold who books one for later; that of a day does, and what
// must never be called is not called again from its page.
func TestAgainWithinLimits(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		w.policy.PerNumber = []callback.Rate{{N: 1, Per: 5 * time.Minute}, {N: 2, Per: 24 * time.Hour}}
		w.stop()
		w.boot()
		withdrawn := func(cb id.Callback) *callback.Callback {
			c, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		first, err := w.c.Again(w.ctx, withdrawn(w.ask("vera")), another(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		c := withdrawn(first.Callback.ID)
		if _, err := w.c.Again(w.ctx, c, another(time.Minute)); !fault.Is(err, fault.LimitNumber) {
			t.Errorf("in a minute: %v", err)
		}
		made, err := w.c.Again(w.ctx, c, another(10*time.Minute))
		if err != nil {
			t.Fatalf("in ten minutes: %v", err)
		}
		second := withdrawn(made.Callback.ID)
		if _, err := w.c.Again(w.ctx, second, another(time.Hour)); !fault.Is(err, fault.LimitNumber) {
			t.Errorf("a third one on that day: %v", err)
		}
		for _, r := range []callback.Reason{callback.ReasonNeverAgain, callback.ReasonWrongNumber, callback.ReasonPolicy} {
			second.Reason = r
			if _, err := w.c.Again(w.ctx, second, another(time.Hour)); !fault.Is(err, fault.NumberNotServed) {
				t.Errorf("after %s: %v", r, err)
			}
		}
	})
}

func another(in time.Duration) callback.Another {
	return callback.Another{When: schedule.After(in), Answer: func(*callback.Made) callback.Kept { return callback.Kept{Status: 201} }}
}
