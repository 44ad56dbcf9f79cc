package callback

import (
	"errors"
	"slices"
	"time"

	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// Diary is what visitors of a button choose a time from; a nil button is none that is known.
func (c *Conductor) Diary(s *subscriber.Subscriber, b *subscriber.Button) schedule.Diary {
	return c.diary(s, b, "")
}

// diary leaves the promise of one callback out: it is the one that is moved.
func (c *Conductor) diary(s *subscriber.Subscriber, b *subscriber.Button, but id.Callback) schedule.Diary {
	d := schedule.Diary{Calendar: c.Directory().Calendar(s, b), Slots: s.Slots}
	if s.Slots.Capacity > 0 {
		d.Taken = c.line.promises(s.ID, but)
	}
	return d
}

// promise is when a callback is promised, and by whom.
type promise struct {
	by id.Subscriber
	at time.Time
}

// promises counts what a business has promised, as it is on disk now.
func (l *line) promises(by id.Subscriber, but id.Callback) func(from, to time.Time) int {
	var all []time.Time
	l.mu.Lock()
	for cb, p := range l.scheduled {
		if p.by == by && cb != but {
			all = append(all, p.at)
		}
	}
	l.mu.Unlock()
	slices.SortFunc(all, time.Time.Compare)
	return func(from, to time.Time) int {
		i, _ := slices.BinarySearchFunc(all, from, time.Time.Compare)
		j, _ := slices.BinarySearchFunc(all, to, time.Time.Compare)
		return j - i
	}
}

// booking is the place that a chosen time takes; nil where places are not counted.
func booking(d schedule.Diary, due schedule.Due) *Booking {
	if !due.Chosen || d.Slots.Capacity <= 0 || d.Taken == nil {
		return nil
	}
	from, to := d.Slots.Of(due.At, d.Loc)
	return &Booking{From: from, To: to, Capacity: d.Slots.Capacity}
}

// taken turns ErrSlotTaken into words with other times: somebody has booked the last place in the same moment.
func taken(err error, d schedule.Diary, due schedule.Due, now time.Time) error {
	if !errors.Is(err, ErrSlotTaken) {
		return err
	}
	from, _ := d.Slots.Of(due.At, d.Loc)
	known := d.Taken
	d.Taken = func(f, t time.Time) int {
		if f.Equal(from) { // the line may not have heard of who has it
			return d.Slots.Capacity
		}
		return known(f, t)
	}
	f := d.Otherwise("That time has just been taken. Choose another one.", due.At, now)
	return f.Because(err)
}

// closedNow is the refusal of a call at once.
func closedNow(s *subscriber.Subscriber, d schedule.Diary, now time.Time) error {
	f := fault.New(fault.OutsideHours, "%s is closed now. Choose a time within opening hours.", s.Name)
	f.Alternatives = d.Near(now, now, 3)
	return f
}
