package callback_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/schedule"
)

// talks is a visitor whose calls take so long.
func (w *world) talks(i int, talk time.Duration) func(*callback.Request) {
	to := cti.Endpoint(fmt.Sprintf("sip:v%d@visitors.example", i))
	w.phones.Person(to, ctisim.Answers(4*time.Second, talk))
	return func(r *callback.Request) { r.Number, r.Endpoint = "", string(to) }
}

// measured lets n visitors talk with ann for three minutes each, one after the other.
func measured(w *world, n int) {
	w.phones.Person(telephones["ann"], ctisim.Answers(2*time.Second, 0))
	for i := range n {
		w.reaches(w.ask("vera", w.talks(i, 3*time.Minute)), callback.Ended)
		pass(time.Minute)
	}
}

func TestAWaitIsForetold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, only("ann"))
		defer w.stop()
		measured(w, 4)
		w.ask("vera", w.talks(10, 3*time.Minute))
		pass(time.Minute)
		next := w.ask("vera", w.talks(11, 3*time.Minute))
		if d, known := w.c.Wait(next); known {
			t.Errorf("%v is foretold of four calls", d)
		}
		w.reaches(next, callback.RingingVisitor)
		second, third := w.ask("vera", w.talks(12, 3*time.Minute)), w.ask("vera", w.talks(13, 3*time.Minute))
		if _, known := w.c.Wait(next); known {
			t.Error("a wait is foretold for a call that rings")
		}
		for _, tt := range []struct {
			cb       id.Callback
			from, to time.Duration
		}{{second, 4 * time.Minute, 6 * time.Minute}, {third, 8 * time.Minute, 11 * time.Minute}} {
			d, known := w.c.Wait(tt.cb)
			if !known || d < tt.from || d > tt.to || d%(10*time.Second) != 0 {
				t.Errorf("within %v, %v; want %v to %v", d, known, tt.from, tt.to)
			}
			if again, _ := w.c.Wait(tt.cb); again != d {
				t.Errorf("within %v, and asked again within %v", d, again)
			}
		}
		asked := time.Now()
		within, _ := w.c.Wait(third)
		w.reaches(third, callback.RingingVisitor)
		if waited := time.Since(asked); waited > within || within > 2*waited {
			t.Errorf("foretold within %v, waited %v", within, waited)
		}
		w.reaches(third, callback.Ended)
	})
}

// TestAWaitIsForetoldAfterAStart: what was measured before is read from the disk when it is first asked for.
func TestAWaitIsForetoldAfterAStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, only("ann"))
		defer w.stop()
		measured(w, 6)
		w.down()
		w.back(time.Minute)
		w.ask("vera", w.talks(10, 3*time.Minute))
		pass(time.Minute)
		next := w.ask("vera", w.talks(11, 3*time.Minute))
		w.c.Wait(next) // asks for it
		synctest.Wait()
		d, known := w.c.Wait(next)
		if !known || d < 2*time.Minute || d > 4*time.Minute {
			t.Errorf("within %v, %v", d, known)
		}
		w.reaches(next, callback.Ended)
	})
}

// TestNoWaitIsPromisedAfterClosing: what would be kept only when the business has closed, or when the callback is given up, is not
// foretold.
func TestNoWaitIsPromisedAfterClosing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hours string // when it closes, from the first wish on
		many  int    // who wait before
		known bool
	}{
		{"open", "00:00-24:00", 1, true},
		{"closes before", "00:00-19:32", 1, false},
		{"too long a line", "00:00-24:00", 6, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(s *directory.Setup) {
					only("ann")(s)
					h, err := schedule.ParseHours(map[string][]string{"mon-sun": {tt.hours}})
					if err != nil {
						t.Fatal(err)
					}
					s.Subscribers[0].Hours = h
				})
				defer w.stop()
				measured(w, 6) // from 19:00 in New York to 19:25
				var last id.Callback
				for i := range tt.many + 2 {
					last = w.ask("vera", w.talks(10+i, 3*time.Minute))
				}
				pass(time.Second)
				if d, known := w.c.Wait(last); known != tt.known {
					t.Errorf("within %v, %v at %v", d, known, time.Now())
				}
			})
		})
	}
}

// TestWhoAskedAtNightIsCalled: many come due at the opening; those are not given up after the quarter of an hour that who asks
// in the day waits, but when it closes.
func TestWhoAskedAtNightIsCalled(t *testing.T) {
	for _, tt := range []struct {
		hours string
		talk  time.Duration
		want  int // of eight
	}{
		{"09:00-17:00", 6 * time.Minute, 8},
		{"09:00-17:00", 30 * time.Minute, 4}, // two hours
		{"09:00-10:00", 20 * time.Minute, 4}, // until a quarter past ten
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(s *directory.Setup) {
				only("ann")(s)
				opens(t, map[string][]string{"daily": {tt.hours}})(s)
			})
			defer w.stop()
			w.phones.Person(telephones["ann"], ctisim.Answers(2*time.Second, 0))
			pass(2 * time.Hour) // nine in the evening
			var all []id.Callback
			for i := range 8 {
				all = append(all, w.ask("vera", w.talks(i, tt.talk)))
			}
			talked := 0
			for _, cb := range all {
				switch c := w.reaches(cb, callback.Ended); {
				case c.Outcome == callback.Completed:
					talked++
				case c.Outcome != callback.NoAgent || c.Reason != callback.ReasonNobodyReady:
					t.Errorf("%s: %s %s", tt.hours, c.Outcome, c.Reason)
				}
			}
			if talked != tt.want {
				t.Errorf("%s, %v each: %d of 8 are called, want %d", tt.hours, tt.talk, talked, tt.want)
			}
		})
	}
}
