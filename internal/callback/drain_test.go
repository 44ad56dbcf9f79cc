package callback_test

import (
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
)

// While it drains, nothing new is taken or begun, what is up goes on, and what waits is begun by the next start.
func TestDrain(t *testing.T) {
	play(t, only("ann"), talkers, func(w *world) {
		up, waits, booked := w.ask("vera"), w.ask("walt"), w.ask("xena", at(schedule.After(minute)))
		w.reaches(up, callback.Connected)
		w.c.Drain()
		if _, err := w.c.Request(w.ctx, wish("joe")); !fault.Is(err, fault.Draining) {
			t.Errorf("a wish while it drains: %v", err)
		}
		c := w.reaches(up, callback.Ended)
		if c.Outcome != callback.Completed || c.TalkTime < minute-time.Second {
			t.Errorf("the call that was up ended %s after %v", c.Outcome, c.TalkTime)
		}
		pass(2 * minute)
		for cb, want := range map[id.Callback]callback.State{waits: callback.Queued, booked: callback.Scheduled} {
			if got := w.stored(cb).State; got != want {
				t.Errorf("while it drained it became %s, want %s", got, want)
			}
		}
		w.stop()
		w.boot()
		for _, cb := range w.wishes {
			w.reaches(cb, callback.Ended)
		}
		if c := w.stored(waits); c.Outcome != callback.Completed {
			t.Errorf("who waited ended %s (%s)", c.Outcome, c.Reason)
		}
	})
}
