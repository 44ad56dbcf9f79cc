package callback_test

import (
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/schedule"
)

// A visitor who moves the time of her call again and again, a month ahead, fills no memory.
func TestWakeUpsDoNotPileUp(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		cb := w.ask("vera", at(schedule.After(20*24*time.Hour)))
		for i := range 2000 {
			if _, err := w.c.Reschedule(w.ctx, cb, schedule.After(20*24*time.Hour-time.Duration(i)*minute), callback.ByVisitor); err != nil {
				t.Fatal(err)
			}
		}
		if set, heap := w.c.Awake(); set != 1 || heap > 128 {
			t.Errorf("%d wake-ups in a heap of %d", set, heap)
		}
	})
}

// A look that crosses the end of a callback, or comes for one that is not there, is not repeated for ever.
func TestNobodyLooksAtTheEnded(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		cb := w.ask("vera")
		w.reaches(cb, callback.Ended)
		w.c.LookNow(cb)
		w.c.LookNow(w.mint.Callback())
		pass(minute)
		if set, _ := w.c.Awake(); set > 0 {
			t.Errorf("%d wake-ups are set for what has ended", set)
		}
	})
}

// A look that is late must not put off the wake-up that a newer step has set.
func TestLookKeepsTheNewerWakeUp(t *testing.T) {
	play(t, nobodyReady, talkers, func(w *world) {
		cb := w.ask("vera", at(schedule.After(10*minute)))
		pass(10*minute - 5*time.Second)
		w.c.LookNow(cb)
		c := w.reaches(cb, callback.Queued)
		if late := time.Since(c.CreatedAt) - 10*minute; late != 0 {
			t.Errorf("it was in line %v late", late)
		}
	})
}
