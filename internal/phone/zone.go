package phone

import (
	"time"

	"github.com/nyaruka/phonenumbers"

	"ringback/internal/schedule"
)

// Zone guesses the IANA time zone of the place a number belongs to, "" when the digits do not tell. It is a check on
// the zone that a visitor's browser gives, and all there is for quiet hours when nothing else is known. Where a range
// spans several zones whose clocks agree (Great Britain and its islands), the first of them stands for all.
func Zone(n Number) string {
	p, err := phonenumbers.Parse(string(n), "")
	if err != nil {
		return ""
	}
	zones, err := phonenumbers.GetTimezonesForNumber(p)
	if err != nil || len(zones) == 0 || !sameClock(zones) {
		return ""
	}
	return zones[0]
}

// sameClock compares the zones at the middle of each month of one year.
func sameClock(zones []string) bool {
	first, err := schedule.Zone(zones[0])
	if err != nil {
		return false
	}
	for _, name := range zones[1:] {
		loc, err := schedule.Zone(name)
		if err != nil {
			return false
		}
		for m := time.January; m <= time.December; m++ {
			t := time.Date(2026, m, 15, 12, 0, 0, 0, time.UTC)
			_, a := t.In(first).Zone()
			if _, b := t.In(loc).Zone(); a != b {
				return false
			}
		}
	}
	return true
}
