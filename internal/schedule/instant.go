package schedule

import (
	"strings"
	"time"

	"ringback/internal/fault"
)

// Instant reads a time as people say it, by the clock in loc: now, 22:00, Sun 22:00, today 9:30, tomorrow 9:00,
// 2026-12-01T09:00, 2026-12-01 09:00, or an instant of RFC 3339. A time without a day is the next one, a day of the week
// the next such day. Its error is a fault, when_invalid.
func Instant(s string, now time.Time, loc *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "" || strings.EqualFold(s, "now") {
		return now.UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range []string{wallLayout, "2006-01-02 15:04"} {
		if wall, err := time.Parse(layout, s); err == nil {
			return resolve(wall, loc).UTC(), nil
		}
	}
	day, clock, ok := strings.Cut(s, " ")
	if !ok {
		day, clock = "", s
	}
	of, err := time.Parse("15:04", strings.TrimSpace(clock))
	if err != nil {
		return time.Time{}, badInstant(s)
	}
	for ahead := range 8 {
		d := now.In(loc).AddDate(0, 0, ahead)
		wall := time.Date(d.Year(), d.Month(), d.Day(), of.Hour(), of.Minute(), 0, 0, time.UTC)
		at := resolve(wall, loc).UTC()
		if isDay(day, ahead, wall.Weekday()) && (strings.EqualFold(day, "today") || !at.Before(now.Truncate(time.Minute))) {
			return at, nil
		}
	}
	return time.Time{}, badInstant(s)
}

// isDay says whether a day so many days ahead is the one that is named; "" = any.
func isDay(name string, ahead int, day time.Weekday) bool {
	switch name = strings.ToLower(name); name {
	case "":
		return true
	case "today":
		return ahead == 0
	case "tomorrow":
		return ahead == 1
	}
	return len(name) >= 3 && strings.HasPrefix(strings.ToLower(day.String()), name)
}

func badInstant(s string) error {
	return fault.At("at", fault.WhenInvalid, `%.64q is no time: write now, "Sun 22:00", "tomorrow 9:00", 22:00 or 2026-12-01T09:00.`, s)
}
