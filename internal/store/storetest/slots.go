package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/id"
)

// lastPlace: of those who book the same slot at once, as many have it as it has places; what is moved into it counts, what
// stands in it does not count twice, and another business has slots of its own.
func lastPlace(t *testing.T, h *House) {
	from := h.Clock.Now().Add(time.Hour).Truncate(time.Hour)
	slot := &callback.Booking{From: from, To: from.Add(15 * time.Minute), Capacity: 2}
	wish := func(n int, sub id.Subscriber, at time.Time) callback.New {
		w := h.Wish(numbered(n))
		w.Callback.Subscriber, w.Callback.State, w.Callback.DueAt, w.Booking = sub, callback.Scheduled, at, slot
		return w
	}
	var all sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		w := wish(i, h.Acme, from.Add(time.Duration(i)*time.Minute))
		all.Go(func() { errs[i] = h.Create(t.Context(), w) })
	}
	all.Wait()
	in := 0
	for _, err := range errs {
		switch {
		case err == nil:
			in++
		case !errors.Is(err, callback.ErrSlotTaken):
			t.Error(err)
		}
	}
	if in != 2 {
		t.Errorf("%d of 6 have a slot of 2 places: %v", in, errs)
	}
	if err := h.Create(t.Context(), wish(10, h.Zen, from)); err != nil {
		t.Errorf("another business: %v", err)
	}
	later := wish(11, h.Acme, slot.To)
	later.Booking = nil
	if err := h.Create(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	move := func(cb id.Callback, at time.Time, capacity int) error {
		_, err := h.Step(t.Context(), cb, func(c *callback.Callback) (callback.Change, error) {
			c.DueAt = at
			return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}, Booking: &callback.Booking{From: slot.From, To: slot.To, Capacity: capacity}}, nil
		})
		return err
	}
	if err := move(later.Callback.ID, from, 2); !errors.Is(err, callback.ErrSlotTaken) {
		t.Errorf("moved into a full slot: %v", err)
	}
	if c := h.read(later.Callback.ID); !c.DueAt.Equal(slot.To) {
		t.Errorf("and stands at %v", c.DueAt)
	}
	if err := move(later.Callback.ID, from, 3); err != nil {
		t.Errorf("moved into a slot with a place: %v", err)
	}
	if err := move(later.Callback.ID, from.Add(time.Minute), 3); err != nil {
		t.Errorf("moved within its own slot: %v", err)
	}
}
