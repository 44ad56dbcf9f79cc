package schedule

import (
	"fmt"
	"slices"
	"time"
)

// Slots are the times that visitors choose from. The zero value offers a time each quarter of an hour and holds nobody to
// it: any time within opening hours may be asked for.
type Slots struct {
	Every    time.Duration `json:"every,omitempty"`    // counted from midnight; 0 = DefaultEvery
	Capacity int           `json:"capacity,omitempty"` // calls that are promised for one slot; 0 = any number
	Ahead    time.Duration `json:"ahead,omitempty"`    // how far ahead may be booked; 0 = DefaultAhead
	Notice   time.Duration `json:"notice,omitempty"`   // how long before; 0 = DefaultNotice
	Window   time.Duration `json:"window,omitempty"`   // how late a promised call may begin; 0 = DefaultWindow
}

// What a business has not said.
const (
	DefaultEvery  = 15 * time.Minute
	DefaultAhead  = 7 * 24 * time.Hour
	DefaultNotice = 30 * time.Minute
	DefaultWindow = 15 * time.Minute
)

// maxOffered is how many slots are shown at most.
const maxOffered = 1000

// Whole fills in what was not said.
func (s Slots) Whole() Slots {
	fill := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	fill(&s.Every, DefaultEvery)
	fill(&s.Ahead, DefaultAhead)
	fill(&s.Notice, DefaultNotice)
	fill(&s.Window, DefaultWindow)
	return s
}

// Bare leaves out what is so anyway, but for one thing: who has said anything holds visitors to it.
func (s Slots) Bare() Slots {
	if s == (Slots{}) {
		return s
	}
	return s.Whole()
}

// Given says whether the business has said anything about its slots: then visitors are held to it.
func (s Slots) Given() bool { return s != Slots{} }

// Check says what is wrong with slots.
func (s Slots) Check() error {
	w := s.Whole()
	switch {
	case w.Every < 5*time.Minute || w.Every > 4*time.Hour || 24*time.Hour%w.Every != 0 || w.Every%time.Minute != 0:
		return fmt.Errorf("every is 5m to 4h and divides a day: 5m, 10m, 15m, 20m, 30m, 1h, 2h")
	case s.Capacity < 0 || s.Capacity > 1000:
		return fmt.Errorf("capacity is 1 to 1000 calls for one slot; 0 = any number")
	case s.Ahead < 0 || w.Ahead < time.Hour || w.Ahead > 90*24*time.Hour:
		return fmt.Errorf("ahead is 1h to 90d: how far ahead may be booked")
	case s.Notice < 0 || w.Notice < time.Minute || w.Notice >= w.Ahead:
		return fmt.Errorf("notice is 1m or more, and less than ahead: how long before a call is booked")
	case s.Window < 0 || w.Window < time.Minute || w.Window > 12*time.Hour:
		return fmt.Errorf("window is 1m to 12h: how late a promised call may begin")
	}
	return nil
}

// Of returns the slot that t lies in: from its beginning to the beginning of the next, both instants at which the clock
// in loc shows a multiple of Every since midnight. A change of clocks may make one longer or shorter.
func (s Slots) Of(t time.Time, loc *time.Location) (from, to time.Time) {
	s = s.Whole()
	from = t.Truncate(time.Minute)
	if back := from.Add(-time.Duration(s.past(from, loc)) * time.Minute); sameOffset(back, from, loc) {
		from = back
	}
	for s.past(from, loc) != 0 {
		from = from.Add(-time.Minute)
	}
	return from.UTC(), s.after(from, loc)
}

// after returns the first beginning of a slot that is later than t.
func (s Slots) after(t time.Time, loc *time.Location) time.Time {
	s = s.Whole()
	every := int(s.Every / time.Minute)
	from := t.Truncate(time.Minute)
	next := from.Add(time.Duration(every-s.past(from, loc)) * time.Minute)
	if sameOffset(from, next, loc) && s.past(next, loc) == 0 {
		return next.UTC()
	}
	for next = from.Add(time.Minute); s.past(next, loc) != 0; {
		next = next.Add(time.Minute)
	}
	return next.UTC()
}

// past is how many minutes the clock shows beyond a multiple of Every.
func (s Slots) past(t time.Time, loc *time.Location) int {
	h, m, _ := t.In(loc).Clock()
	return (h*60 + m) % int(s.Every/time.Minute)
}

func sameOffset(a, b time.Time, loc *time.Location) bool {
	_, x := a.In(loc).Zone()
	_, y := b.In(loc).Zone()
	return x == y
}

// Diary is what a time is chosen from: when somebody is there, and what is promised already.
type Diary struct {
	Calendar
	Slots Slots
	Taken func(from, to time.Time) int // calls that are promised in [from, to); nil = none
	Free  bool                         // staff may book at short notice and far ahead
}

// Full says whether no more calls are promised for the slot of t.
func (d Diary) Full(t time.Time) bool {
	if d.Slots.Capacity <= 0 || d.Taken == nil {
		return false
	}
	return d.Taken(d.Slots.Of(t, d.loc())) >= d.Slots.Capacity
}

// Offer lists the times that may be booked now, in order.
func (d Diary) Offer(now time.Time) (out []time.Time) {
	s := d.Slots.Whole()
	at, ever := d.Calendar.Next(now.Add(s.Notice))
	for last := now.Add(s.Ahead); ever && !at.After(last) && len(out) < maxOffered; {
		if from, to := s.Of(at, d.loc()); !from.Equal(at) { // within a slot: the next begins
			at = to
		} else {
			if !d.Full(at) {
				out = append(out, at.UTC())
			}
			at = to
		}
		at, ever = d.Calendar.Next(at)
	}
	return out
}

// Bookable says whether t may be promised: somebody is there, a place is left, and it is neither too soon nor too far.
func (d Diary) Bookable(t, now time.Time) bool {
	return d.bound(t, now) == 0 && d.Open(t) && !d.Full(t)
}

// bound says whether t is too soon (-1) or too far ahead (1) to be booked.
func (d Diary) bound(t, now time.Time) int {
	s := d.Slots.Whole()
	switch {
	case d.Free || !d.Slots.Given():
		return 0
	case t.Before(now.Add(s.Notice)):
		return -1
	case t.After(now.Add(s.Ahead)):
		return 1
	}
	return 0
}

// lookAround is how far on either side of a time others are looked for.
const lookAround = 31 * 24 * time.Hour

// Near lists up to n times to offer instead of t, in order: the beginnings of slots as near to it as there are, taken
// from both sides in turn.
func (d Diary) Near(t, now time.Time, n int) []time.Time {
	fits := func(c time.Time) bool { return c.After(now) && !c.Equal(t) && d.Bookable(c, now) }
	var earlier, later []time.Time
	from, at := d.Slots.Of(t, d.loc())
	for c := from; c.After(now) && t.Sub(c) < lookAround && len(earlier) < n; c, _ = d.Slots.Of(c.Add(-time.Minute), d.loc()) {
		if fits(c) {
			earlier = append(earlier, c)
		}
	}
	for at.Sub(t) < lookAround && len(later) < n {
		if fits(at) {
			later = append(later, at)
		}
		next, ever := d.Next(d.Slots.after(at, d.loc()))
		if !ever {
			break
		}
		if from, to := d.Slots.Of(next, d.loc()); !from.Equal(next) {
			next = to
		}
		at = next
	}
	if len(earlier)+len(later) == 0 {
		return d.last(now, n)
	}
	return inTurn(earlier, later, n)
}

// Few picks at most n of many times to choose from: the first of a day in loc and one at least three hours later, day by
// day.
func Few(all []time.Time, loc *time.Location, n int) (out []time.Time) {
	var day Day
	var first time.Time
	second := false
	for _, t := range all {
		switch today := DayOf(t, loc); {
		case len(out) >= n:
			return out
		case today != day:
			day, first, second = today, t, false
			out = append(out, t)
		case !second && t.Sub(first) >= 3*time.Hour:
			second = true
			out = append(out, t)
		}
	}
	return out
}

// last are the furthest times on offer: t lies far beyond them.
func (d Diary) last(now time.Time, n int) []time.Time {
	all := d.Offer(now)
	return all[max(0, len(all)-n):]
}

// inTurn takes n of both lists, the nearest first, and puts them in order. Both begin with their nearest.
func inTurn(earlier, later []time.Time, n int) (out []time.Time) {
	for len(out) < n && len(earlier)+len(later) > 0 {
		if len(later) > 0 {
			out, later = append(out, later[0]), later[1:]
		}
		if len(earlier) > 0 && len(out) < n {
			out, earlier = append(out, earlier[0]), earlier[1:]
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}
