package schedule

import (
	"fmt"
	"slices"
	"time"
)

// Day is a day of the calendar, 2026-12-25.
type Day string

const dayLayout = "2006-01-02"

// DayOf is the day that a calendar in loc shows at t.
func DayOf(t time.Time, loc *time.Location) Day { return Day(t.In(loc).Format(dayLayout)) }

// Days are days on which a business is closed, in order, none twice.
type Days []Day

// MaxDays is how many closed days a business may name.
const MaxDays = 1000

// ParseDays reads days, 2026-12-25, and spans of days, 2026-12-24..2027-01-02.
func ParseDays(texts []string) (Days, error) {
	var out Days
	for _, s := range texts {
		from, to, err := daySpan(s)
		if err != nil {
			return nil, err
		}
		for t := from; !t.After(to) && len(out) <= MaxDays; t = t.AddDate(0, 0, 1) {
			out = append(out, Day(t.Format(dayLayout)))
		}
	}
	return out.Bare()
}

func daySpan(s string) (from, to time.Time, err error) {
	bad := fmt.Errorf("%.64q is no day: write 2026-12-25, or 2026-12-24..2027-01-02 for several", s)
	a, b := s, s
	if len(s) == 2*len(dayLayout)+2 && s[len(dayLayout):len(dayLayout)+2] == ".." {
		a, b = s[:len(dayLayout)], s[len(dayLayout)+2:]
	}
	if from, err = time.Parse(dayLayout, a); err != nil {
		return from, to, bad
	}
	if to, err = time.Parse(dayLayout, b); err != nil || to.Before(from) {
		return from, to, bad
	}
	return from, to, nil
}

// Bare puts the days in order, each once; nil when there are none.
func (d Days) Bare() (Days, error) {
	out := slices.Clone(d)
	slices.Sort(out)
	out = slices.Compact(out)
	switch {
	case len(out) == 0:
		return nil, nil
	case len(out) > MaxDays:
		return nil, fmt.Errorf("more than %d closed days: hours say on which days of the week you are there", MaxDays)
	}
	return out, nil
}

// Checked is Bare of days that somebody has typed.
func (d Days) Checked() (Days, error) {
	var texts []string
	for _, day := range d {
		texts = append(texts, string(day))
	}
	return ParseDays(texts)
}

// Has says whether t lies on one of the days, by the clock of loc.
func (d Days) Has(t time.Time, loc *time.Location) bool {
	if len(d) == 0 {
		return false
	}
	_, is := slices.BinarySearch(d, DayOf(t, loc))
	return is
}
