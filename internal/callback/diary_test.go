package callback_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/login"
	"ringback/internal/schedule"
)

// booked makes Acme book by slots of a quarter, so many calls each.
func booked(capacity int) func(*directory.Setup) {
	return func(s *directory.Setup) {
		s.Subscribers[0].Slots = schedule.Slots{Capacity: capacity, Notice: time.Minute}
	}
}

// books asks for a time; the error is what the visitor was told.
func (w *world) books(visitor, wall string, change ...func(*callback.Request)) error {
	r := callback.Request{Button: "acme-main", Endpoint: string(telephones[visitor]), Consent: true, When: schedule.At(wall, "America/New_York")}
	for _, f := range change {
		f(&r)
	}
	_, err := w.c.Request(w.ctx, r)
	return err
}

func alternatives(err error) []time.Time {
	var f *fault.Fault
	errors.As(err, &f)
	return f.Alternatives
}

// Of three who want the two places of a slot at once, two have them, and the third is told other times, none of them that
// one. Who cancels gives the place back; who moves away too.
func TestLastPlaceOfASlot(t *testing.T) {
	play(t, booked(2), talkers, func(w *world) {
		names := []string{"vera", "walt", "xena"}
		errs := make([]error, 3)
		var all sync.WaitGroup
		for i, n := range names {
			all.Go(func() { errs[i] = w.books(n, "2000-01-02T10:07") })
		}
		all.Wait()
		var lost string
		for i, err := range errs {
			if err == nil {
				continue
			}
			if lost != "" || !fault.Is(err, fault.OutsideHours) || len(alternatives(err)) == 0 {
				t.Fatalf("told %v", errs)
			}
			lost = names[i]
			for _, at := range alternatives(err) {
				if at.Format("15:04") == "15:00" {
					t.Errorf("the slot that is taken is offered: %v", at)
				}
			}
		}
		if lost == "" {
			t.Fatal("three have the two places of a slot")
		}
		staff := &login.Principal{Role: login.Operator}
		if err := w.books(lost, "2000-01-02T10:00", func(r *callback.Request) { r.By = staff }); !fault.Is(err, fault.OutsideHours) {
			t.Errorf("booked by staff: %v", err)
		}
		all2, err := w.border.inner.Callbacks(w.ctx, w.acme, callback.Filter{State: callback.Scheduled})
		if err != nil || len(all2) != 2 {
			t.Fatalf("%d are booked, %v", len(all2), err)
		}
		if _, err := w.c.Reschedule(w.ctx, all2[0].ID, schedule.At("2000-01-02T10:10", "America/New_York"), callback.ByVisitor); err != nil {
			t.Errorf("moved within its own slot: %v", err)
		}
		if _, err := w.c.Reschedule(w.ctx, all2[0].ID, schedule.At("2000-01-02T11:00", "America/New_York"), callback.ByVisitor); err != nil {
			t.Errorf("moved away: %v", err)
		}
		if err := w.books(lost, "2000-01-02T10:00"); err != nil {
			t.Errorf("a place has become free: %v", err)
		}
		if _, err := w.c.Reschedule(w.ctx, all2[0].ID, schedule.At("2000-01-02T10:00", "America/New_York"), callback.ByVisitor); !fault.Is(err, fault.OutsideHours) || len(alternatives(err)) == 0 {
			t.Errorf("moved back: %v", err)
		}
		if err := w.books(lost, "2000-01-02T10:00", func(r *callback.Request) { r.By, r.SkipLimits = staff, true }); !fault.Is(err, fault.NumberBusy) {
			t.Errorf("without limits: %v", err)
		}
	})
}
