package schedule

import "time"

// waking are the hours in which a telephone may ring without its owner having chosen the time: 08:00 to 21:00 by the
// clock of the place it is in.
func waking() Hours {
	h := Hours{limited: true}
	for d := range h.days {
		h.days[d] = []span{{8 * 60, 21 * 60}}
	}
	return h
}

// Quiet says whether t is in the quiet hours, 21:00 to 08:00, of an IANA zone. A time the visitor chose, and a "now"
// pressed by a visitor on the page, are not held back: the caller asks only for the others. A zone that is not known
// has no quiet hours; fall back to the business's own before asking.
func Quiet(t time.Time, zone string) bool {
	loc, err := Zone(zone)
	return err == nil && !waking().Open(t, loc)
}

// NotQuiet returns the first instant not before t that is outside the quiet hours of zone.
func NotQuiet(t time.Time, zone string) time.Time {
	loc, err := Zone(zone)
	if err != nil {
		return t
	}
	next, _ := waking().Next(t, loc) // it opens every day
	return next
}
