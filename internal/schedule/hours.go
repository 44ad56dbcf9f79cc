// Package schedule is when: opening hours, the time a visitor asked for, quiet hours. It has no clock: now is always
// an argument, and every answer is a function of what goes in.
package schedule

import (
	"slices"
	"time"
)

// Hours are the opening hours of a week, by the wall clock of the place they are asked for. The zero value is always
// open.
type Hours struct {
	limited bool
	days    [7][]span // by time.Weekday
}

// span is from and to in minutes after midnight of its day; to is greater than from and, over midnight, than 1440.
type span struct{ from, to int }

const day = 24 * 60 // minutes

// Always says whether no hours were given.
func (h Hours) Always() bool { return !h.limited }

// Open says whether t is in the hours, by the clock of loc. The hour that is lived twice when clocks go back is open
// twice; a span that lies in the hour that is skipped does not happen.
func (h Hours) Open(t time.Time, loc *time.Location) bool {
	if !h.limited {
		return true
	}
	t = t.In(loc)
	now := t.Hour()*60 + t.Minute()
	today := t.Weekday()
	yesterday := (today + 6) % 7
	return within(h.days[today], now) || within(h.days[yesterday], now+day)
}

func within(spans []span, minute int) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.from <= minute && minute < s.to })
}

// Next returns the first instant not before t that is open, t itself if it is; false when the hours never open.
func (h Hours) Next(t time.Time, loc *time.Location) (time.Time, bool) {
	if h.Open(t, loc) {
		return t, true
	}
	var next time.Time
	offer := func(c time.Time) {
		if !c.Before(t) && (next.IsZero() || c.Before(next)) && h.Open(c, loc) {
			next = c
		}
	}
	for _, c := range h.openings(t, loc) {
		offer(c)
	}
	// Clocks may jump into open hours.
	if _, end := t.In(loc).ZoneBounds(); !end.IsZero() {
		offer(end)
	}
	if next.IsZero() {
		return time.Time{}, false
	}
	return next.UTC(), true
}

// openings returns the instants at which a span begins, from the day of t in loc to the same day two weeks on: one
// more week than a week, for a day that a clock change took out.
func (h Hours) openings(t time.Time, loc *time.Location) []time.Time {
	y, m, d := t.In(loc).Date()
	var out []time.Time
	for i := range 15 {
		midnight := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)
		for _, s := range h.days[midnight.Weekday()] {
			at, _ := instants(midnight.Add(time.Duration(s.from)*time.Minute), loc)
			out = append(out, at...)
		}
	}
	return out
}
