package schedule

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"ringback/internal/fault"
)

func TestWhenJSON(t *testing.T) {
	for _, c := range []struct {
		in   string
		want When
		out  string
	}{
		{`{"now":true}`, When{}, `{"now":true}`},
		{`null`, When{}, `{"now":true}`},
		{`{"after":"10m"}`, After(10 * time.Minute), `{"after":"10m"}`},
		{`{"after":"1m"}`, After(time.Minute), `{"after":"1m"}`},
		{`{"after":"90s"}`, After(90 * time.Second), `{"after":"1m30s"}`},
		{`{"after":"60m"}`, After(time.Hour), `{"after":"1h"}`},
		{`{"after":"30d"}`, After(30 * 24 * time.Hour), `{"after":"30d"}`},
		{`{"after":"1d12h"}`, After(36 * time.Hour), `{"after":"1d12h"}`},
		{`{"after":"720h"}`, After(30 * 24 * time.Hour), `{"after":"30d"}`},
		{`{"at":"2026-12-01T09:00","zone":"America/New_York"}`, At("2026-12-01T09:00", "America/New_York"), `{"at":"2026-12-01T09:00","zone":"America/New_York"}`},
		{`{"at":"2026-12-01T09:00:00","zone":"America/New_York"}`, At("2026-12-01T09:00", "America/New_York"), `{"at":"2026-12-01T09:00","zone":"America/New_York"}`},
		{`{"at":"2026-12-01T14:00:00.000Z","zone":"America/New_York"}`, At("2026-12-01T09:00", "America/New_York"), `{"at":"2026-12-01T09:00","zone":"America/New_York"}`},
		{`{"at":"2026-12-01T14:00:00+01:00"}`, At("2026-12-01T13:00", "UTC"), `{"at":"2026-12-01T13:00","zone":"UTC"}`},
		{`{"at":"2026-12-01T09:00"}`, At("2026-12-01T09:00", ""), `{"at":"2026-12-01T09:00"}`},
	} {
		var w When
		if err := json.Unmarshal([]byte(c.in), &w); err != nil || w != c.want {
			t.Errorf("%s: %+v, %v", c.in, w, err)
		}
		if b, err := json.Marshal(w); err != nil || string(b) != c.out {
			t.Errorf("%s is written %s, %v", c.in, b, err)
		}
	}
	for _, bad := range []string{
		`{}`, `{"now":false}`, `{"now":"true"}`, `{"now":true,"after":"10m"}`, `{"after":"10m","at":"2026-12-01T09:00"}`, `{"now":true,"zone":"UTC"}`,
		`{"after":"10m","zone":"UTC"}`, `{"zone":"UTC"}`, `{"later":true}`, `{"now":true,"later":1}`, `"now"`, `[]`, `1`, `{"after":10}`, `{"after":""}`, `{"after":"10"}`,
		`{"after":"59s"}`, `{"after":"30d1s"}`, `{"after":"31d"}`, `{"after":"-10m"}`, `{"after":"1d-10m"}`, `{"after":"d"}`, `{"after":"1d1d"}`, `{"after":"999999999h"}`,
		`{"after":"90.5s"}`, `{"after":"2562047h48m"}`,
		`{"at":""}`, `{"at":"tomorrow"}`, `{"at":"2026-13-01T09:00"}`, `{"at":"2026-02-30T09:00"}`, `{"at":"2026-12-01T09:00Z"}`, `{"at":"2026-12-01 09:00"}`,
		`{"at":"2026-12-01T09:00","zone":"Mars/Olympus"}`, `{"at":"2026-12-01T09:00","zone":"Local"}`, `{"at":"2026-12-01T09:00","zone":"+02:00"}`,
	} {
		var w When
		err := json.Unmarshal([]byte(`{"when":`+bad+`}`), &struct{ When *When }{&w})
		if !fault.Is(err, fault.WhenInvalid) || !w.IsNow() {
			t.Errorf("%s: %+v, %v", bad, w, err)
		}
	}
}

func TestWhenForm(t *testing.T) {
	for _, c := range []struct {
		form string
		want When
		bad  bool
	}{
		{form: "", want: When{}},
		{form: "when=now", want: When{}},
		{form: "when=now&after=10m&at=2026-12-01T09:00", want: When{}},
		{form: "when=after&after=10m", want: After(10 * time.Minute)},
		{form: "when=10m", want: After(10 * time.Minute)},
		{form: "after=2h", want: After(2 * time.Hour)},
		{form: "when=at&at=2026-12-01T09:00&zone=Europe/Berlin", want: At("2026-12-01T09:00", "Europe/Berlin")},
		{form: "at=2026-12-01T09:00", want: At("2026-12-01T09:00", "")},
		{form: "when=at", bad: true},
		{form: "when=after&at=2026-12-01T09:00", bad: true},
		{form: "when=soon", bad: true},
		{form: "when=at&at=2026-12-01T09:00&zone=Nowhere", bad: true},
	} {
		form, err := url.ParseQuery(c.form)
		if err != nil {
			t.Fatal(err)
		}
		w, err := ParseWhenForm(form)
		if w != c.want || fault.Is(err, fault.WhenInvalid) != c.bad || (err != nil) != c.bad {
			t.Errorf("%s: %+v, %v", c.form, w, err)
		}
	}
}

// What is accepted is written, read again as the same wish, and resolves to a time from now to the horizon or to a
// fault; never to anything else.
func FuzzWhen(f *testing.F) {
	for _, s := range []string{`{"now":true}`, `{"after":"1d2h3m4s"}`, `{"at":"2026-12-01T09:00","zone":"America/New_York"}`, `{"at":"2027-03-14T02:30"}`, `{"after":"30d"}`, `null`, `{"at":"2040-12-31T09:00","zone":"Africa/Cairo"}`} {
		f.Add([]byte(s), int64(1_796_000_000))
	}
	f.Fuzz(func(t *testing.T, b []byte, unix int64) {
		var w, again When
		if err := json.Unmarshal(b, &w); err != nil {
			return
		}
		text, err := json.Marshal(w)
		if err == nil {
			err = json.Unmarshal(text, &again)
		}
		if err != nil || again != w {
			t.Fatalf("%s is written %s and read as %+v, %v", b, text, again, err)
		}
		now := time.Unix(unix%4_000_000_000, 0).UTC()
		due, err := w.Resolve(now, Diary{Calendar: Calendar{Loc: place(t, "America/New_York")}})
		if err != nil {
			if !fault.Is(err, fault.WhenInvalid) {
				t.Fatalf("%s at %s: %v", b, now, err)
			}
			return
		}
		if due.At.Before(now.Truncate(time.Minute)) || due.At.After(now.Add(MaxBooking)) || due.Chosen == w.IsNow() || due.Shifted {
			t.Errorf("%s at %s: %+v", b, now, due)
		}
	})
}

// A date at the end of the tables is an answer like any other: a loop over the bounds of its zone once never ended.
func TestFarYears(t *testing.T) {
	for _, zone := range []string{"Africa/Cairo", "America/New_York", "Europe/Dublin", "UTC", "Asia/Tokyo"} {
		for _, year := range []int{1, 1883, 1970, 2028, 2037, 2040, 2096, 9996, 9999} {
			for _, day := range []string{"01-01", "02-28", "12-30", "12-31"} {
				wall, err := time.Parse(wallLayout, fmt.Sprintf("%04d-%sT12:00", year, day))
				if err != nil {
					t.Fatal(err)
				}
				loc := place(t, zone)
				if got := resolve(wall, loc); wallOf(got, loc) != wall.Format(wallLayout) {
					t.Errorf("%s in %s is %s", wall, zone, got.In(loc))
				}
			}
		}
	}
}
