package callback_test

import (
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/schedule"
)

// After a crash a visitor's telephone may still be ringing. Whatever she asks for, neither it nor another of hers is rung
// before that is surely over.
func TestImpatientAfterACrash(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*world, *callback.Callback) error
	}{
		{name: "now", do: func(w *world, c *callback.Callback) error {
			_, err := w.c.CallNow(w.ctx, c.ID, callback.ByVisitor)
			return err
		}},
		{name: "in a minute", do: func(w *world, c *callback.Callback) error {
			_, err := w.c.Reschedule(w.ctx, c.ID, schedule.After(minute), callback.ByVisitor)
			return err
		}},
		{name: "moved to now", do: func(w *world, c *callback.Callback) error {
			_, err := w.c.Reschedule(w.ctx, c.ID, schedule.When{}, callback.ByVisitor)
			return err
		}},
		{name: "at another telephone", do: func(w *world, c *callback.Callback) error {
			if _, err := w.c.ChangeNumber(w.ctx, c.ID, telephones["walt"].Number(), callback.ByVisitor); err != nil {
				return err
			}
			_, err := w.c.CallNow(w.ctx, c.ID, callback.ByVisitor)
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Vera's telephone does not obey the CANCEL: it rings on for half a minute, then is picked up.
			who := people{"ann": one(ctisim.Answers(time.Second, 0)), "bob": one(ctisim.Answers(time.Second, 0)),
				"vera": {ctisim.Person{Answers: 40 * time.Second, Talk: 20 * time.Second, IgnoresCancel: true}, ctisim.Answers(2*time.Second, 5*time.Second)},
				"walt": one(ctisim.Answers(2*time.Second, 5*time.Second))}
			play(t, nil, who, func(w *world) {
				cb := w.ask("vera")
				w.reaches(cb, callback.RingingVisitor)
				pass(3 * time.Second)
				w.kill()
				w.back(2 * time.Second)
				lost := w.reaches(cb, callback.Scheduled)
				asked := time.Now()
				if err := c.do(w, lost); err != nil {
					t.Fatal(err)
				}
				w.reaches(cb, callback.RingingVisitor)
				if d := time.Since(asked); d < 30*time.Second {
					t.Errorf("rung again %v after that", d)
				}
				w.reaches(cb, callback.Ended)
				w.invariants()
			})
		})
	}
}
