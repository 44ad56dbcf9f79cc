package schedule

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // a machine without /usr/share/zoneinfo keeps the same promises
)

var zoneName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$`)

// Zone returns the place of an IANA zone name, such as America/New_York.
func Zone(name string) (*time.Location, error) {
	// "Local" is this machine's zone and right/… counts leap seconds: neither is what a browser means.
	if len(name) > 64 || !zoneName.MatchString(name) || name == "Local" || strings.HasPrefix(name, "right/") || strings.HasPrefix(name, "posix/") {
		return nil, fmt.Errorf("%q is no time zone; one is called like America/New_York", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is no time zone we know; one is called like America/New_York", name)
	}
	return loc, nil
}

// wallLayout is how a wall time is written: what <input type="datetime-local"> sends.
const wallLayout = "2006-01-02T15:04"

// wallOf returns the wall time of t in loc.
func wallOf(t time.Time, loc *time.Location) string { return t.In(loc).Format(wallLayout) }

// instants returns every instant at which clocks in loc show what wall shows (wall's own zone does not count), in
// order: one as a rule, two in the hour that is lived twice when clocks go back. When clocks go forward over it there
// is none; then skip is the instant of the jump, the first that exists after it.
//
// time.Date is not used: it moves 02:30 in New York's gap back to 01:30 and in Berlin's forward to 03:30.
func instants(wall time.Time, loc *time.Location) (at []time.Time, skip time.Time) {
	y, m, d := wall.Date()
	u := time.Date(y, m, d, wall.Hour(), wall.Minute(), wall.Second(), 0, time.UTC)
	// No place is further from UTC than 14 hours; 16 leave room.
	last := u.Add(16 * time.Hour)
	for p := u.Add(-16 * time.Hour); !p.After(last); {
		_, off := p.In(loc).Zone()
		end := bound(p, loc)
		if t := u.Add(-time.Duration(off) * time.Second); !t.Before(p) && t.Before(end) {
			at = append(at, t)
		} else if _, after := end.In(loc).Zone(); !t.Before(end) && u.Add(-time.Duration(after)*time.Second).Before(end) {
			skip = end.UTC()
		}
		p = end
	}
	return at, skip
}

// bound returns an instant after p up to which, not included, clocks in loc do not change. ZoneBounds says of the last
// day of a leap year beyond the tables (2040-12-31) that it ends where it begins; an hour is a bound then too.
func bound(p time.Time, loc *time.Location) time.Time {
	_, end := p.In(loc).ZoneBounds()
	switch {
	case end.IsZero():
		return p.Add(1000 * time.Hour)
	case !end.After(p):
		return p.Add(time.Hour)
	}
	return end
}

// resolve returns the one instant a wall time stands for. In a gap it is moved forward to the first instant that
// exists: nobody waits longer than the clock skipped. Of two it is the first: a promise is kept early, not an hour late.
func resolve(wall time.Time, loc *time.Location) time.Time {
	at, skip := instants(wall, loc)
	if len(at) > 0 {
		return at[0]
	}
	return skip
}

// second returns the second instant of a wall time that is lived twice; the one instant of any other.
func second(wall time.Time, loc *time.Location) time.Time {
	if at, _ := instants(wall, loc); len(at) > 1 {
		return at[1]
	}
	return resolve(wall, loc)
}
