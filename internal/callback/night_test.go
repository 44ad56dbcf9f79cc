package callback_test

import (
	"context"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/schedule"
)

// nights gives the operator the usual quiet hours. The bubble begins at 19:00 in New York, where all telephones are.
func (w *world) nights() {
	w.Helper()
	n, err := schedule.ParseNight("21:00-08:00")
	if err != nil {
		w.Fatal(err)
	}
	w.policy.Night = n
	w.stop()
	w.boot()
}

func rang(c *callback.Callback) (out []string) {
	for _, a := range c.Attempts {
		if a.RangVisitor {
			out = append(out, a.StartedAt.UTC().Format("02 15:04"))
		}
	}
	return out
}

// A visitor who asks at five to nine in the evening is rung; the try a quarter of an hour later would be at night, and is next
// morning's. A line that is busy is tried again at once: who talks is up.
func TestNobodyIsRungAtNight(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration // of 19:00
		who   ctisim.Person
		chose bool
		want  []string
	}{
		{"the next try in the morning", 115 * time.Minute, ctisim.RingsForEver(), false, []string{"01 01:55", "01 13:00", "01 13:15"}},
		{"asked in the middle of the night", 5 * time.Hour, ctisim.RingsForEver(), false, []string{"01 05:00", "01 13:00", "01 13:15"}},
		{"busy: she is up", 5 * time.Hour, ctisim.Busy(), false, []string{"01 05:00", "01 05:01", "01 05:03"}},
		{"the time she chose", 0, ctisim.RingsForEver(), true, []string{"01 05:00", "01 13:00", "01 13:15"}},
		{"by day", 0, ctisim.RingsForEver(), false, []string{"01 00:00", "01 00:15", "01 00:31"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			who := people{"ann": one(ctisim.Answers(time.Second, 0)), "bob": one(ctisim.Answers(time.Second, 0)), "vera": one(c.who)}
			play(t, nil, who, func(w *world) {
				w.nights()
				pass(c.after)
				var change []func(*callback.Request)
				if c.chose {
					change = append(change, at(schedule.After(5*time.Hour)))
				}
				wantEqual(t, "rings", rang(w.reaches(w.ask("vera", change...), callback.Ended)), c.want)
			})
		})
	}
}

// Who asks while the business is closed is rung at the next opening, and not before it is day where her telephone is.
func TestEarlyOpening(t *testing.T) {
	play(t, opens(t, map[string][]string{"daily": {"06:00-18:00"}}), talkers, func(w *world) {
		w.nights()
		cb := w.ask("vera")
		if c := w.stored(cb); c.State != callback.Scheduled || c.DueAt.UTC().Format("02 15:04") != "01 13:00" || c.Wall != "2000-01-01T08:00" {
			t.Errorf("%s, due %v (%s)", c.State, c.DueAt, c.Wall)
		}
		wantEqual(t, "rings", rang(w.reaches(cb, callback.Ended)), []string{"01 13:00"})
	})
}

// The tables of zones are others when the service starts again: what was promised for nine by the clock on the wall rings at
// nine, and the journal tells it. What was asked for in so many hours stays where it is.
func TestClocksAreChangedMeanwhile(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		if err := w.books("vera", "2000-01-02T09:00"); err != nil {
			t.Fatal(err)
		}
		in := w.ask("walt", at(schedule.After(48*time.Hour)))
		all, err := w.border.inner.Callbacks(w.ctx, w.acme, callback.Filter{State: callback.Scheduled})
		if err != nil || len(all) != 2 {
			t.Fatalf("%d are booked, %v", len(all), err)
		}
		var cb = all[0].ID
		if cb == in {
			cb = all[1].ID
		}
		w.kill()
		shift := func(c *callback.Callback) (callback.Change, error) { // as if it had been booked by other tables
			c.DueAt = c.DueAt.Add(time.Hour)
			return callback.Change{Lines: []callback.Line{{At: w.now(), From: c.State, Event: "moved by hand", To: c.State}}}, nil
		}
		for _, one := range all {
			if _, err := w.border.inner.Step(context.Background(), one.ID, shift); err != nil {
				t.Fatal(err)
			}
		}
		w.back(time.Minute)
		w.reaches(in, callback.Ended)
		wantEqual(t, "rang at nine by the wall", rang(w.stored(cb)), []string{"02 14:00"})
		wantEqual(t, "and in 49 hours", rang(w.stored(in)), []string{"03 01:00"})
		for _, l := range w.journal(cb) {
			if l.Event == string(callback.Rescheduled) && l.Actor == callback.ByRingback && l.Detail != "" {
				return
			}
		}
		t.Error("the journal does not tell of it")
	})
}
