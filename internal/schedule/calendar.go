package schedule

import (
	"slices"
	"time"
)

// Calendar is when somebody is there: within all of some hours, within one of others, and not on a closed day. The zero
// value is always open.
type Calendar struct {
	Loc    *time.Location // whose clock the hours and days go by; nil = UTC
	Within []Hours        // all of them: those of the business, of the button
	OneOf  []Hours        // one of them: those of the people who answer; none = they do not count
	Closed Days
}

func (c Calendar) loc() *time.Location {
	if c.Loc == nil {
		return time.UTC
	}
	return c.Loc
}

// Business is the calendar of the business alone, whoever of its people is there.
func (c Calendar) Business() Calendar {
	c.OneOf = nil
	return c
}

// Open says whether somebody is there at t.
func (c Calendar) Open(t time.Time) bool {
	open := func(h Hours) bool { return h.Open(t, c.loc()) }
	switch {
	case c.Closed.Has(t, c.loc()):
		return false
	case len(c.OneOf) > 0 && !slices.ContainsFunc(c.OneOf, open):
		return false
	}
	return !slices.ContainsFunc(c.Within, func(h Hours) bool { return !open(h) })
}

// Next returns the first instant not before t at which somebody is there, t itself if that is now; false when that is not
// within a year.
func (c Calendar) Next(t time.Time) (time.Time, bool) {
	for last := t.Add(MaxBooking); !t.After(last); {
		n, ever := c.notBefore(t)
		switch {
		case !ever:
			return time.Time{}, false
		case n.Equal(t):
			return t, true
		}
		t = n
	}
	return time.Time{}, false
}

// notBefore is an instant before which nobody is there from t on: t itself when somebody is.
func (c Calendar) notBefore(t time.Time) (time.Time, bool) {
	if c.Closed.Has(t, c.loc()) {
		y, m, d := t.In(c.loc()).Date()
		return resolve(time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC), c.loc()).UTC(), true
	}
	at := t
	for _, h := range c.Within {
		n, ever := h.Next(t, c.loc())
		if !ever {
			return at, false
		}
		if n.After(at) {
			at = n
		}
	}
	if len(c.OneOf) == 0 {
		return at, true
	}
	var first time.Time
	for _, h := range c.OneOf {
		if n, ever := h.Next(t, c.loc()); ever && (first.IsZero() || n.Before(first)) {
			first = n
		}
	}
	if first.After(at) {
		at = first
	}
	return at, !first.IsZero()
}
