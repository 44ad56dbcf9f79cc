package callback_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/money"
	"ringback/internal/schedule"
)

func usd(micro int64) money.Amount { return money.Amount{Micro: micro, Currency: "USD"} }

// dear makes a minute cost a cent, an hour sixty, and gives the business a budget.
func dear(most int64) func(*directory.Setup) {
	return func(s *directory.Setup) {
		s.Trunks[0].Rates = []cti.Rate{{Prefix: "+1", PerMinute: usd(10_000)}}
		s.Subscribers[0].Limits.SpendPerDay = usd(most)
		s.Subscribers[0].Limits.Concurrent = 100
	}
}

func newYork(w *world) *time.Location {
	l, err := time.LoadLocation("America/New_York")
	if err != nil {
		w.Fatal(err)
	}
	return l
}

// Of fifty who ask at once as many are taken as the budget has hours for, not one more; the others are told when to come again.
func TestABudgetHoldsWithFiftyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dear(7*600_000+599_999))
		defer w.stop()
		var mu sync.Mutex
		var wg sync.WaitGroup
		taken := 0
		for i := range 50 {
			wg.Go(func() {
				_, err := w.c.Request(w.ctx, visits(fmt.Sprintf("+120255501%02d", i)))
				mu.Lock()
				defer mu.Unlock()
				var f *fault.Fault
				switch {
				case err == nil:
					taken++
				case !errors.As(err, &f) || f.Code != fault.LimitSpend || f.RetryAfter <= 0 || f.RetryAfter > 24*time.Hour:
					w.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		if taken != 7 {
			w.Errorf("%d calls were begun on a budget for 7", taken)
		}
	})
}

// What is held gives way to what the call has cost; the next one is called on what is left.
func TestACallCostsWhatItLasted(t *testing.T) {
	play(t, dear(650_000), people{"vera": one(ctisim.Answers(s(1), s(90))), "ann": one(ctisim.Answers(s(1), 0))}, func(w *world) {
		y, m, d := w.now().In(newYork(w)).Date()
		today := y*10_000 + int(m)*100 + d
		cb := w.ask("vera")
		day := func() callback.Spent {
			a, err := w.border.inner.(callback.Accounts).Spent(w.ctx, w.acme, today, "USD")
			if err != nil {
				w.Fatal(err)
			}
			return a
		}
		if a := day(); a != (callback.Spent{Held: 600_000}) {
			w.Errorf("while it is under way: %+v", a)
		}
		if _, err := w.c.Request(w.ctx, visits("+12025550199")); !fault.Is(err, fault.LimitSpend) {
			w.Errorf("a second hour: %v", err)
		}
		w.reaches(cb, callback.Ended)
		synctest.Wait()
		if a := day(); a != (callback.Spent{Spent: 20_000}) { // a minute and a half is two
			w.Errorf("afterwards: %+v", a)
		}
		if _, err := w.c.Request(w.ctx, visits("+12025550199")); err != nil {
			w.Errorf("on what is left: %v", err)
		}
	})
}

// A callback whose time comes on a day without budget is not called, and says why.
func TestNoBudgetWhenItsTimeHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dear(600_000))
		defer w.stop()
		hour := func(r *callback.Request) { r.When = schedule.After(time.Hour) }
		first, second := w.ask("vera", hour), w.ask("walt", hour)
		refused := 0
		for _, cb := range []id.Callback{first, second} {
			c := w.until(cb, "its time has come", func(c *callback.Callback) bool { return c.State != callback.Scheduled })
			if c.Outcome == callback.Refused && c.Reason == callback.ReasonSpend {
				refused++
			}
		}
		if refused != 1 {
			w.Errorf("%d of two were refused on a budget for one", refused)
		}
	})
}

func TestANumberWithoutPriceIsNotCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *directory.Setup) {
			dear(1_000_000_000)(s)
			s.Trunks[0].Rates[0].Prefix = "+1312"
		})
		defer w.stop()
		if _, err := w.c.Request(w.ctx, visits("+12025550100")); !fault.Is(err, fault.LimitSpend) {
			w.Errorf("%v", err)
		}
		if _, err := w.c.Request(w.ctx, visits("+13125550100")); err != nil {
			w.Errorf("%v", err)
		}
	})
}
