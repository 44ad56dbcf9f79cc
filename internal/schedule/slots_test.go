package schedule

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"ringback/internal/fault"
)

var office = map[string][]string{"mon-fri": {"09:00-17:00"}}

func shop(t testing.TB, zone string, s Slots, closed ...Day) Diary {
	t.Helper()
	h, err := ParseHours(office)
	if err != nil {
		t.Fatal(err)
	}
	return Diary{Calendar: Calendar{Loc: place(t, zone), Within: []Hours{h}, Closed: closed}, Slots: s}
}

// The calendar of a business with a button and people of their own hours; the wanted instants are written by hand.
func TestCalendar(t *testing.T) {
	h := func(m map[string][]string) Hours { return hours(t, m) }
	ny := place(t, "America/New_York")
	for _, c := range []struct {
		name   string
		cal    Calendar
		t      string
		open   bool
		next   string // "" = never
		closed Days
	}{
		{name: "always", t: "2026-12-01T03:00:00Z", open: true, next: "2026-12-01T03:00:00Z"},
		{name: "the button closes earlier", cal: Calendar{Within: []Hours{h(office), h(map[string][]string{"daily": {"10:00-12:00"}})}}, t: "2026-12-01T18:00:00Z", next: "2026-12-02T15:00:00Z"},
		{name: "within both", cal: Calendar{Within: []Hours{h(office), h(map[string][]string{"daily": {"10:00-12:00"}})}}, t: "2026-12-01T15:30:00Z", open: true, next: "2026-12-01T15:30:00Z"},
		{name: "never within both", cal: Calendar{Within: []Hours{h(office), h(map[string][]string{"sat-sun": {"10:00-12:00"}})}}, t: "2026-12-01T15:30:00Z"},
		{name: "ann in the morning, bob in the afternoon: the gap between them", cal: Calendar{Within: []Hours{h(office)}, OneOf: []Hours{h(map[string][]string{"daily": {"09:00-12:00"}}), h(map[string][]string{"daily": {"13:00-20:00"}})}}, t: "2026-12-01T17:30:00Z", next: "2026-12-01T18:00:00Z"},
		{name: "bob is there, the business is not", cal: Calendar{Within: []Hours{h(office)}, OneOf: []Hours{h(map[string][]string{"daily": {"13:00-20:00"}})}}, t: "2026-12-01T23:30:00Z", next: "2026-12-02T18:00:00Z"},
		{name: "a holiday and the weekend after it", cal: Calendar{Within: []Hours{h(office)}}, closed: Days{"2026-12-25"}, t: "2026-12-25T15:00:00Z", next: "2026-12-28T14:00:00Z"},
		{name: "two holidays", cal: Calendar{}, closed: Days{"2026-12-25", "2026-12-26"}, t: "2026-12-25T15:00:00Z", next: "2026-12-27T05:00:00Z"},
		{name: "the night before a holiday", cal: Calendar{}, closed: Days{"2026-12-25"}, t: "2026-12-25T04:59:00Z", open: true, next: "2026-12-25T04:59:00Z"},
	} {
		c.cal.Loc, c.cal.Closed = ny, c.closed
		got, ever := c.cal.Next(at(t, c.t))
		if c.cal.Open(at(t, c.t)) != c.open || ever != (c.next != "") || ever && !got.Equal(at(t, c.next)) {
			t.Errorf("%s: open %v, next %v %v", c.name, c.cal.Open(at(t, c.t)), got, ever)
		}
	}
}

func TestParseDays(t *testing.T) {
	got, err := ParseDays([]string{"2026-12-31..2027-01-02", "2026-12-25", "2027-01-01"})
	if want := (Days{"2026-12-25", "2026-12-31", "2027-01-01", "2027-01-02"}); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "25.12.2026", "2026-02-30", "2027-01-02..2026-12-31", "2026-12-25.. 2026-12-26", "0001-01-01..9999-12-31"} {
		if d, err := ParseDays([]string{bad}); err == nil {
			t.Errorf("%q is taken as %v", bad, d)
		}
	}
}

func TestOffer(t *testing.T) {
	full := map[string]int{"2026-11-24T19:00:00Z": 2, "2026-11-24T19:30:00Z": 1}
	d := shop(t, "America/New_York", Slots{Every: 30 * time.Minute, Capacity: 2, Ahead: 25 * time.Hour, Notice: time.Hour})
	d.Taken = func(from, to time.Time) int {
		if to.Sub(from) != 30*time.Minute {
			t.Errorf("a slot from %v to %v", from, to)
		}
		return full[from.Format(time.RFC3339)]
	}
	var got []string
	for _, s := range d.Offer(at(t, "2026-11-24T17:50:00Z")) {
		got = append(got, s.Format("02T15:04"))
	}
	want := []string{"24T19:30", "24T20:00", "24T20:30", "24T21:00", "24T21:30", "25T14:00", "25T14:30", "25T15:00", "25T15:30", "25T16:00", "25T16:30", "25T17:00", "25T17:30", "25T18:00", "25T18:30"}
	if !slices.Equal(got, want) {
		t.Errorf("offers %v", got)
	}
}

// A business that books by slots holds visitors to them; its staff may do more.
func TestBooked(t *testing.T) {
	d := shop(t, "America/New_York", Slots{Capacity: 1}, "2026-11-26")
	d.Taken = func(from, to time.Time) int {
		if from.Equal(at(t, "2026-11-24T19:00:00Z")) {
			return 1
		}
		return 0
	}
	now := at(t, "2026-11-24T17:50:00Z")
	for _, c := range []struct {
		name string
		when When
		free bool
		code fault.Code
		alt  string
	}{
		{"in notice", At("2026-11-24T13:15", ""), false, fault.OutsideHours, "2026-11-24T18:30:00Z"},
		{"staff at short notice", At("2026-11-24T13:15", ""), true, "", ""},
		{"within a slot that is taken", At("2026-11-24T14:07", ""), false, fault.OutsideHours, "2026-11-24T19:15:00Z"},
		{"and by staff", At("2026-11-24T14:00", ""), true, fault.OutsideHours, "2026-11-24T18:45:00Z"},
		{"in so many minutes needs no notice", After(10 * time.Minute), false, "", ""},
		{"off the grid in a slot with a place", At("2026-11-24T14:16", ""), false, "", ""},
		{"a holiday", At("2026-11-26T10:00", ""), false, fault.OutsideHours, "2026-11-25T21:45:00Z"},
		{"too far ahead", At("2026-12-04T10:00", ""), false, fault.OutsideHours, "2026-12-01T17:45:00Z"},
		{"much too far ahead", At("2027-06-01T10:00", ""), false, fault.OutsideHours, "2026-12-01T17:45:00Z"},
		{"staff far ahead", At("2026-12-04T10:00", ""), true, "", ""},
	} {
		d := d
		d.Free = c.free
		_, err := c.when.Resolve(now, d)
		switch {
		case c.code == "" && err != nil, c.code != "" && !fault.Is(err, c.code):
			t.Errorf("%s: %v", c.name, err)
		case c.code != "":
			checkAlternatives(t, err, c.alt)
		}
	}
}

func TestCheckSlots(t *testing.T) {
	for _, ok := range []Slots{{}, {Every: 2 * time.Hour, Capacity: 3}, {Ahead: 30 * 24 * time.Hour, Notice: 24 * time.Hour, Window: time.Hour}} {
		if err := ok.Check(); err != nil {
			t.Errorf("%+v: %v", ok, err)
		}
	}
	for _, bad := range []Slots{{Every: time.Minute}, {Every: 7 * time.Minute}, {Every: 24 * time.Hour}, {Capacity: -1}, {Ahead: time.Minute}, {Notice: 8 * 24 * time.Hour}, {Notice: -time.Hour}, {Window: 24 * time.Hour}, {Every: 15*time.Minute + time.Second}} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// The hour that is lived twice has two slots of the same name: each can be chosen, and is kept apart on its way to disk and back.
func TestSecondOfTwo(t *testing.T) {
	for _, c := range []struct{ instant, zone, wall, text string }{
		{"2026-11-01T05:30:00Z", "America/New_York", "2026-11-01T01:30", "2026-11-01T01:30"},
		{"2026-11-01T06:30:00Z", "America/New_York", "2026-11-01T01:30", "2026-11-01T01:30:00-05:00"},
		{"2026-10-25T01:15:00Z", "Europe/Berlin", "2026-10-25T02:15", "2026-10-25T02:15:00+01:00"},
		{"2026-04-04T15:00:00Z", "Australia/Lord_Howe", "2026-04-05T01:30", "2026-04-05T01:30:00+10:30"},
	} {
		w, err := parseAt(c.instant, c.zone)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(w)
		var again When
		if err == nil {
			err = json.Unmarshal(b, &again)
		}
		if err != nil || again != w || w.text() != c.text {
			t.Errorf("%s is written %s and read %+v, %v", c.instant, b, again, err)
		}
		due, err := again.Resolve(at(t, "2026-03-01T00:00:00Z"), Diary{Calendar: Calendar{Loc: place(t, c.zone)}})
		if err != nil || !due.At.Equal(at(t, c.instant)) || due.Wall != c.wall {
			t.Errorf("%s comes out as %+v, %v", c.instant, due, err)
		}
	}
}

// What was promised is the clock on the wall: when a country changes its rules, the instant moves, not the promise.
func TestAgain(t *testing.T) {
	for _, c := range []struct{ name, wall, zone, was, want string }{
		{"as it was", "2026-12-01T09:00", "America/New_York", "2026-12-01T14:00:00Z", "2026-12-01T14:00:00Z"},
		{"summer time was dropped since", "2026-12-01T09:00", "America/New_York", "2026-12-01T13:00:00Z", "2026-12-01T14:00:00Z"},
		{"the second of two stays it", "2026-11-01T01:30", "America/New_York", "2026-11-01T06:30:00Z", "2026-11-01T06:30:00Z"},
		{"the first of two stays it", "2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T05:30:00Z"},
		{"it is in a gap now", "2027-03-14T02:30", "America/New_York", "2027-03-14T06:30:00Z", "2027-03-14T07:00:00Z"},
	} {
		if got, err := Again(c.wall, c.zone, at(t, c.was)); err != nil || !got.Equal(at(t, c.want)) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	if _, err := Again("2026-12-01T09:00", "Mars/Olympus", time.Time{}); err == nil {
		t.Error("a zone of another planet")
	}
}

// TestSoonestIsNotPromisedAway: who asks while it is closed is given the first time that is left, of the day that opens next.
func TestSoonestIsNotPromisedAway(t *testing.T) {
	night := at(t, "2026-12-01T03:00:00Z")
	for _, c := range []struct {
		name     string
		taken    string // calls are promised until then, two in each quarter of an hour
		capacity int
		want     string
	}{
		{"nothing is promised", "2026-12-01T14:00:00Z", 2, "2026-12-01T14:00:00Z"},
		{"the first half hour is", "2026-12-01T14:30:00Z", 2, "2026-12-01T14:30:00Z"},
		{"the day is", "2026-12-01T22:00:00Z", 2, "2026-12-01T14:00:00Z"},
		{"three may be", "2026-12-01T22:00:00Z", 3, "2026-12-01T14:00:00Z"},
		{"any number may be", "2026-12-01T22:00:00Z", 0, "2026-12-01T14:00:00Z"},
	} {
		d := shop(t, "America/New_York", Slots{Capacity: c.capacity})
		d.Taken = func(from, _ time.Time) int {
			if from.Before(at(t, c.taken)) {
				return 2
			}
			return 0
		}
		due, err := When{}.Resolve(night, d)
		if got, ok := d.Soonest(night); err != nil || !ok || !got.Equal(due.At) || !due.At.Equal(at(t, c.want)) || !due.Shifted {
			t.Errorf("%s: %v, %v %v", c.name, due, got, err)
		}
		open := at(t, "2026-12-01T15:00:00Z")
		if got, _ := d.Soonest(open); !got.Equal(open) {
			t.Errorf("%s: now is %v", c.name, got)
		}
	}
}
