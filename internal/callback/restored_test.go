package callback_test

import (
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/schedule"
)

// After a restore nobody is called for what was under way or due when the backup was made; what is promised for later is called,
// and agents are free.
func TestRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.stop()
		w.phones.Person(telephones["ann"], ctisim.Answers(s(2), 0))
		w.phones.Person(telephones["vera"], ctisim.Answers(s(20), s(20)))
		w.phones.Person(telephones["xena"], ctisim.Answers(s(3), s(20)))
		w.be("bob", agent.Paused)
		rings, waits := w.ask("vera"), w.ask("walt")
		later := w.ask("xena", at(schedule.After(2*time.Hour)))
		w.rings("vera")
		w.kill()
		pass(time.Hour)
		w.restored = w.now()
		w.back(s2)
		for _, x := range []struct {
			c    *callback.Callback
			want callback.Outcome
		}{{w.stored(rings), callback.Cancelled}, {w.stored(waits), callback.Expired}} {
			if x.c.State != callback.Ended || x.c.Outcome != x.want || x.c.Reason != callback.ReasonExpired {
				t.Errorf("%s is %s, %s (%s)", x.c.ID, x.c.State, x.c.Outcome, x.c.Reason)
			}
		}
		if n := w.rung("vera") + w.rung("walt"); n != 1 {
			t.Errorf("rung %d times", n)
		}
		if c := w.reaches(later, callback.Ended); c.Outcome != callback.Completed {
			t.Errorf("the later one is %s", c.Outcome)
		}
		if n := w.rung("vera") + w.rung("walt"); n != 1 {
			t.Errorf("rung %d times in the end", n)
		}
		w.invariants()
	})
}
