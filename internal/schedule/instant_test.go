package schedule

import (
	"testing"
	"time"
)

func TestInstant(t *testing.T) {
	loc, err := Zone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 10, 30, 16, 30, 20, 0, loc) // a Friday; clocks go back on Sunday
	for _, c := range []struct{ say, want string }{
		{"", "2026-10-30T16:30:20-04:00"},
		{"now", "2026-10-30T16:30:20-04:00"},
		{"22:00", "2026-10-30T22:00:00-04:00"},
		{"9:00", "2026-10-31T09:00:00-04:00"},
		{"16:30", "2026-10-30T16:30:00-04:00"},
		{"Sun 22:00", "2026-11-01T22:00:00-05:00"},
		{"sunday 1:30", "2026-11-01T01:30:00-04:00"},
		{"fri 10:00", "2026-11-06T10:00:00-05:00"},
		{"today 9:00", "2026-10-30T09:00:00-04:00"},
		{"tomorrow 9:00", "2026-10-31T09:00:00-04:00"},
		{"2026-12-01T09:00", "2026-12-01T09:00:00-05:00"},
		{"2026-12-01 09:00", "2026-12-01T09:00:00-05:00"},
		{"2026-12-01T09:00:00Z", "2026-12-01T04:00:00-05:00"},
	} {
		got, err := Instant(c.say, now, loc)
		if s := got.In(loc).Format(time.RFC3339); err != nil || s != c.want {
			t.Errorf("%q is %s, %v; want %s", c.say, s, err, c.want)
		}
	}
	for _, bad := range []string{"so 22:00x", "25:00", "Sun", "yesterday 9:00", "su 9:00", "9"} {
		if at, err := Instant(bad, now, loc); err == nil {
			t.Errorf("%q is %v", bad, at)
		}
	}
}

func FuzzInstant(f *testing.F) {
	for _, s := range []string{"now", "Sun 22:00", "tomorrow 9:00", "2026-12-01T09:00", "22:00", "  ", "24:00"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 25, 15, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		if at, err := Instant(s, now, time.UTC); err == nil && at.Location() != time.UTC {
			t.Errorf("%q is no instant of UTC", s)
		}
	})
}
