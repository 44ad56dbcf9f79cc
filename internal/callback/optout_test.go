package callback_test

import (
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
)

// Never again, by each way and in each state: nothing rings that telephone any more, in any spelling, also after a restart.
func TestNeverAgain(t *testing.T) {
	byPage := callback.OptOut{Route: consent.ByStatusPage, Visitor: "192.0.2.1"}
	ways := map[string]func(w *world, cb id.Callback) error{
		"status page": func(w *world, cb id.Callback) error { _, err := w.c.OptOutOf(w.ctx, cb, byPage); return err },
		"public page": func(w *world, _ id.Callback) error {
			return w.c.OptOutNumber(w.ctx, telephones["vera"], callback.OptOut{Route: consent.ByStopPage, Visitor: "192.0.2.1"})
		},
		"staff": func(w *world, cb id.Callback) error {
			_, err := w.c.OptOutOf(w.ctx, cb, callback.OptOut{Route: consent.ByStaff, Reason: "said so"})
			return err
		},
	}
	states := map[callback.State][]func(*callback.Request){
		callback.Scheduled:      {at(schedule.After(10 * time.Minute))},
		callback.RingingAgent:   nil,
		callback.RingingVisitor: {visitorFirst},
	}
	for way, optOut := range ways {
		for state, asked := range states {
			t.Run(way+" while "+string(state), func(t *testing.T) {
				play(t, only("ann"), people{"ann": one(ctisim.Answers(s(5), 0)), "vera": one(ctisim.Answers(s(5), s(10)))}, func(w *world) {
					cb := w.ask("vera", asked...)
					w.reaches(cb, state)
					if err := optOut(w, cb); err != nil {
						t.Fatal(err)
					}
					if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Cancelled || c.Reason != callback.ReasonNeverAgain {
						t.Errorf("ended %s, %s", c.Outcome, c.Reason)
					}
					pass(minute)
					rung := w.rung("vera")
					w.refuses("vera", true)
					w.kill()
					w.back(s(1))
					w.refuses("vera", true)
					for _, spelling := range []string{"(202) 555-0100", "+1 202 555 0100", "tel:+12025550100", "1-202-555-0100"} {
						r := wish("vera")
						r.Number = ""
						if r.Endpoint = spelling; spelling[0] != 't' {
							r.Number, r.Endpoint = spelling, ""
						}
						if _, err := w.c.Request(w.ctx, r); !fault.Is(err, fault.NumberNotServed) {
							t.Errorf("%s: %v", spelling, err)
						}
					}
					if n := w.rung("vera"); n != rung {
						t.Errorf("rung %d times, %d before", n, rung)
					}
					w.ledgerHas(t, consent.OptedOut, 1)
				})
			})
		}
	}
}

// rung is how often a telephone was called.
func (w *world) rung(name string) (n int) {
	for _, c := range w.phones.Calls() {
		if c.To == telephones[name] {
			n++
		}
	}
	return n
}

// ledgerHas: so many records of an act, and the chain proves itself.
func (w *world) ledgerHas(t *testing.T, act consent.Act, want int) {
	t.Helper()
	ledger := w.border.inner.(consent.Ledger)
	r, err := ledger.VerifyConsents(w.ctx)
	if err != nil || r.Bad != nil {
		t.Errorf("ledger: %v, %v", r.Bad, err)
	}
	n := 0
	err = ledger.Consents(w.ctx, consent.Filter{}, func(k consent.Kept) error {
		if k.Act == act {
			n++
		}
		return nil
	})
	if err != nil || n != want {
		t.Errorf("%d records of %s, %v; want %d", n, act, err, want)
	}
}

// Who talks may finish, and is not called again.
func TestNeverAgainInTalk(t *testing.T) {
	play(t, only("ann"), people{"ann": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(1), s(60)))}, func(w *world) {
		cb := w.ask("vera")
		w.reaches(cb, callback.Connected)
		if _, err := w.c.OptOutOf(w.ctx, cb, callback.OptOut{Route: consent.ByStatusPage, Visitor: "192.0.2.1"}); err != nil {
			t.Fatal(err)
		}
		c := w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Completed || c.TalkTime < s(50) {
			t.Errorf("ended %s after %v", c.Outcome, c.TalkTime)
		}
		w.refuses("vera", true)
		if d := w.c.Directory(); len(d.Blocks) == 1 {
			for b := range d.Blocks { // she has changed her mind, and told staff
				if err := w.c.Lift(w.ctx, b, callback.Author{Actor: callback.ByStaff}); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.refuses("vera", false)
		w.ledgerHas(t, consent.Lifted, 1)
	})
}

// Nine twice and a wish withdrawn are on record.
func TestKeysAreOnRecord(t *testing.T) {
	play(t, only("ann"), people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(presses(s(3), "99", s(5), 0))}, func(w *world) {
		cb := w.ask("vera", at(schedule.After(10*time.Minute)))
		if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); err != nil {
			t.Fatal(err)
		}
		w.ledgerHas(t, consent.Withdrawn, 1)
		w.reaches(w.ask("vera", visitorFirst), callback.Ended)
		w.ledgerHas(t, consent.OptedOut, 1)
		for _, b := range w.c.Directory().Blocks {
			if !b.OwnWish || !b.Until.IsZero() || b.Subscriber != "" {
				t.Errorf("blocked by %+v", b)
			}
		}
	})
}

// The public page is limited like the form, and takes a number that nobody has called yet.
func TestStopsAreLimited(t *testing.T) {
	play(t, only("ann"), nil, func(w *world) {
		w.kill()
		w.policy.PerVisitor = []callback.Rate{{N: 2, Per: time.Hour}}
		w.back(s(1))
		for i, n := range []cti.Endpoint{"tel:+12025550171", "tel:+12025550172", "tel:+12025550173"} {
			err := w.c.OptOutNumber(w.ctx, n, callback.OptOut{Route: consent.ByStopPage, Visitor: "192.0.2.9"})
			if i < 2 && err != nil || i == 2 && !fault.Is(err, fault.LimitVisitor) {
				t.Errorf("%s: %v", n, err)
			}
		}
	})
}
