package schedule

import (
	"os"
	"strings"
	"testing"
	"time"
)

// sampled are zones with every kind of change: whole and half hours, none, at midnight, in the south, by a religion's
// calendar, from another offset than a whole hour.
var sampled = []string{"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca",
	"America/Santiago", "Pacific/Chatham", "Asia/Gaza", "Atlantic/Azores", "America/Havana", "UTC"}

// Around each change of clocks of 2026 to 2030 the slots on offer are exactly the minutes at which a clock on the wall
// shows one, within the hours: counted minute by minute, by a clock that knows nothing of slots.
func TestSlotsInEveryZone(t *testing.T) {
	zones, years := sampled, 1
	if os.Getenv("RINGBACK_TEST_LONG") != "" {
		zones, years = allZones(t), 5
	}
	seen := 0
	for i, name := range zones {
		loc, err := Zone(name)
		if err != nil {
			continue
		}
		year := 2026
		if years == 1 {
			year += i % 5
		}
		from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, change := range changes(loc, from, from.AddDate(years, 0, 0)) {
			seen++
			for _, every := range []int{15, 60, 240} {
				checkAround(t, loc, change, every)
			}
		}
	}
	if seen < len(sampled) {
		t.Errorf("only %d changes of clocks in %d zones", seen, len(zones))
	}
	t.Logf("%d changes of clocks in %d zones", seen, len(zones))
}

// changes are the instants at which clocks change, and one at which they do not.
func changes(loc *time.Location, from, to time.Time) []time.Time {
	out := []time.Time{from.AddDate(0, 5, 0)}
	for t := from; t.Before(to); {
		_, end := t.In(loc).ZoneBounds()
		if end.IsZero() || !end.Before(to) {
			break
		}
		out = append(out, end)
		t = end
	}
	return out
}

// night shop: open over midnight and closed at noon, so that each change falls into hours of one or the other.
var nightShop = map[string][]string{"daily": {"22:00-03:45", "04:30-11:00"}}

func checkAround(t *testing.T, loc *time.Location, change time.Time, every int) {
	t.Helper()
	h, err := ParseHours(nightShop)
	if err != nil {
		t.Fatal(err)
	}
	closed := DayOf(change.Add(36*time.Hour), loc)
	d := Diary{Calendar: Calendar{Loc: loc, Within: []Hours{h}, Closed: Days{closed}},
		Slots: Slots{Every: time.Duration(every) * time.Minute, Ahead: 48 * time.Hour, Notice: time.Minute}}
	now := change.Add(-24 * time.Hour)
	got := d.Offer(now)
	i := 0
	for m := now.Add(time.Minute).Truncate(time.Minute); !m.After(now.Add(48 * time.Hour)); m = m.Add(time.Minute) {
		w := m.In(loc)
		minute := w.Hour()*60 + w.Minute()
		open := (minute >= 22*60 || minute < 3*60+45 || minute >= 4*60+30 && minute < 11*60) && w.Format("2006-01-02") != string(closed)
		if !open || minute%every != 0 {
			continue
		}
		if i >= len(got) || !got[i].Equal(m) {
			t.Fatalf("%s, every %d min: %s is lost; offered is %v", loc, every, w.Format(time.RFC3339), got[max(0, i-2):min(len(got), i+2)])
		}
		checkKept(t, d, got[i], now)
		i++
	}
	if i != len(got) {
		t.Fatalf("%s, every %d min: %v are no slots", loc, every, got[i:])
	}
}

// checkKept books a slot as a page sends it: it is the same instant, and the clock shows what is promised.
func checkKept(t *testing.T, d Diary, slot, now time.Time) {
	t.Helper()
	w, err := parseAt(slot.Format(time.RFC3339), d.Loc.String())
	if err != nil {
		t.Fatal(err)
	}
	due, err := w.Resolve(now, d)
	if err != nil || !due.At.Equal(slot) || due.Wall != slot.In(d.Loc).Format("2006-01-02T15:04") {
		t.Fatalf("%s: %v is booked as %+v, %v", d.Loc, slot, due, err)
	}
	if again, err := Again(due.Wall, due.Zone, slot); err != nil || !again.Equal(slot) {
		t.Fatalf("%s: %v is promised and rings at %v, %v", d.Loc, slot, again, err)
	}
	if from, to := d.Slots.Of(slot.Add(59*time.Second), d.Loc); !from.Equal(slot) || !to.After(slot) {
		t.Fatalf("%s: the slot of %v is %v to %v", d.Loc, slot, from, to)
	}
}

// allZones are those that this machine's list of zones and links names.
func allZones(t *testing.T) []string {
	t.Helper()
	list, err := os.ReadFile("/usr/share/zoneinfo/tzdata.zi")
	if err != nil {
		t.Skip("NOT RUN: this machine has no list of zones (Debian: tzdata)")
	}
	var out []string
	for line := range strings.Lines(string(list)) {
		switch f := strings.Fields(line); {
		case len(f) > 1 && f[0] == "Z":
			out = append(out, f[1])
		case len(f) > 2 && f[0] == "L":
			out = append(out, f[2])
		}
	}
	return out
}
