package schedule

import (
	"errors"
	"slices"
	"testing"
	"time"

	"ringback/internal/fault"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func hours(t *testing.T, m map[string][]string) Hours {
	t.Helper()
	h, err := ParseHours(m)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// checkAlternatives looks for the first time on offer; "" is none.
func checkAlternatives(t *testing.T, err error, first string) {
	t.Helper()
	var f *fault.Fault
	errors.As(err, &f)
	if first == "" {
		if len(f.Alternatives) > 0 {
			t.Errorf("offers %v", f.Alternatives)
		}
		return
	}
	if len(f.Alternatives) == 0 || !slices.ContainsFunc(f.Alternatives, at(t, first).Equal) {
		t.Errorf("offers %v, not %s", f.Alternatives, first)
	}
}

// New York and Berlin change their clocks; the wanted instants are written out by hand.
func TestResolve(t *testing.T) {
	office := map[string][]string{"mon-fri": {"09:00-17:00"}}
	for _, c := range []struct {
		name      string
		when      When
		now       string
		hours     map[string][]string
		want      string
		zone      string
		wall      string
		shifted   bool
		code      fault.Code
		firstElse string
	}{
		{name: "now, always open", now: "2026-11-24T23:00:00Z", want: "2026-11-24T23:00:00Z", zone: "America/New_York", wall: "2026-11-24T18:00"},
		{name: "now, at night", now: "2026-11-24T23:00:00Z", hours: office, want: "2026-11-25T14:00:00Z", zone: "America/New_York", wall: "2026-11-25T09:00", shifted: true},
		{name: "now, Saturday before clocks go back", now: "2026-10-31T16:00:00Z", hours: office, want: "2026-11-02T14:00:00Z", zone: "America/New_York", wall: "2026-11-02T09:00", shifted: true},
		{name: "asked before the change, due after it", when: At("2026-11-02T09:00", "America/New_York"), now: "2026-10-20T12:00:00Z", hours: office, want: "2026-11-02T14:00:00Z", zone: "America/New_York", wall: "2026-11-02T09:00"},
		{name: "gap, New York", when: At("2027-03-14T02:30", "America/New_York"), now: "2027-03-13T12:00:00Z", want: "2027-03-14T07:00:00Z", zone: "America/New_York", wall: "2027-03-14T02:30"},
		{name: "gap, Berlin", when: At("2027-03-28T02:30", "Europe/Berlin"), now: "2027-03-27T12:00:00Z", want: "2027-03-28T01:00:00Z", zone: "Europe/Berlin", wall: "2027-03-28T02:30"},
		{name: "fold, New York", when: At("2026-11-01T01:30", "America/New_York"), now: "2026-10-31T12:00:00Z", want: "2026-11-01T05:30:00Z", zone: "America/New_York", wall: "2026-11-01T01:30"},
		{name: "fold, Berlin", when: At("2026-10-25T02:30", "Europe/Berlin"), now: "2026-10-24T12:00:00Z", want: "2026-10-25T00:30:00Z", zone: "Europe/Berlin", wall: "2026-10-25T02:30"},
		{name: "half-hour gap, Lord Howe", when: At("2026-10-04T02:15", "Australia/Lord_Howe"), now: "2026-10-03T00:00:00Z", want: "2026-10-03T15:30:00Z", zone: "Australia/Lord_Howe", wall: "2026-10-04T02:15"},
		{name: "a day that was not, Samoa", when: At("2011-12-30T12:00", "Pacific/Apia"), now: "2011-12-29T12:00:00Z", want: "2011-12-30T10:00:00Z", zone: "Pacific/Apia", wall: "2011-12-30T12:00"},
		{name: "after, over the change", when: After(24 * time.Hour), now: "2026-10-31T16:00:00Z", want: "2026-11-01T16:00:00Z", zone: "America/New_York", wall: "2026-11-01T11:00"},
		{name: "no zone is the business's", when: At("2026-12-01T09:00", ""), now: "2026-11-24T12:00:00Z", hours: office, want: "2026-12-01T14:00:00Z", zone: "America/New_York", wall: "2026-12-01T09:00"},
		{name: "hours are the business's, not the visitor's", when: At("2026-12-01T09:00", "Europe/Berlin"), now: "2026-11-24T12:00:00Z", hours: office, code: fault.OutsideHours, firstElse: "2026-11-30T21:30:00Z"},
		{name: "open there, closed by Greenwich", when: At("2026-11-25T16:30", ""), now: "2026-11-24T12:00:00Z", hours: office, want: "2026-11-25T21:30:00Z", zone: "America/New_York", wall: "2026-11-25T16:30"},
		{name: "this minute is not past", when: At("2026-11-24T09:00", ""), now: "2026-11-24T14:00:59Z", want: "2026-11-24T14:00:00Z", zone: "America/New_York", wall: "2026-11-24T09:00"},
		{name: "past", when: At("2026-11-24T09:00", ""), now: "2026-11-24T14:01:00Z", code: fault.WhenInvalid},
		{name: "too far", when: At("2028-12-25T09:00", ""), now: "2026-11-24T14:01:00Z", code: fault.WhenInvalid},
		{name: "no such zone", when: At("2026-11-25T09:00", "Mars/Olympus"), now: "2026-11-24T14:01:00Z", code: fault.WhenInvalid},
		{name: "after closing", when: After(10 * time.Minute), now: "2026-11-24T21:55:00Z", hours: office, code: fault.OutsideHours, firstElse: "2026-11-25T14:00:00Z"},
		{name: "never open", now: "2026-11-24T21:55:00Z", hours: map[string][]string{"daily": {}}, code: fault.OutsideHours},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.when.Resolve(at(t, c.now), Diary{Calendar: Calendar{Loc: place(t, "America/New_York"), Within: []Hours{hours(t, c.hours)}}})
			if c.code != "" {
				if !fault.Is(err, c.code) {
					t.Fatalf("got %+v, %v; want %s", got, err, c.code)
				}
				checkAlternatives(t, err, c.firstElse)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !got.At.Equal(at(t, c.want)) || got.Zone != c.zone || got.Wall != c.wall || got.Shifted != c.shifted || got.Chosen == c.when.IsNow() || got.Asked != c.when {
				t.Errorf("got %+v", got)
			}
		})
	}
}
