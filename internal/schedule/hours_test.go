package schedule

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

func place(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestParseHours(t *testing.T) {
	for _, c := range []struct {
		name string
		in   map[string][]string
		want map[string][]string // as Map writes it
		err  string
	}{
		{"absent", nil, nil, ""},
		{"office", map[string][]string{"mon-fri": {"09:00-17:00"}}, map[string][]string{"mon-fri": {"09:00-17:00"}}, ""},
		{"lunch, in any order", map[string][]string{"mon,wed": {"13:00-17:00", "09:00-12:30"}}, map[string][]string{"mon": {"09:00-12:30", "13:00-17:00"}, "wed": {"09:00-12:30", "13:00-17:00"}}, ""},
		{"days one by one", map[string][]string{"mon": {"09:00-10:00"}, "tue": {"09:00-10:00"}, "sat": {}}, map[string][]string{"mon-tue": {"09:00-10:00"}}, ""},
		{"over midnight", map[string][]string{"fri-sat": {"22:00-02:00"}}, map[string][]string{"fri-sat": {"22:00-02:00"}}, ""},
		{"to midnight", map[string][]string{"fri": {"22:00-24:00"}}, map[string][]string{"fri": {"22:00-24:00"}}, ""},
		{"to midnight, said as 00:00", map[string][]string{"fri": {"22:00-00:00"}}, map[string][]string{"fri": {"22:00-24:00"}}, ""},
		{"round the week", map[string][]string{"sat-mon": {"10:00-12:00"}}, map[string][]string{"mon": {"10:00-12:00"}, "sat-sun": {"10:00-12:00"}}, ""},
		{"all day", map[string][]string{"daily": {"00:00-24:00"}}, map[string][]string{"daily": {"00:00-24:00"}}, ""},
		{"closed", map[string][]string{"daily": {}}, map[string][]string{"daily": {}}, ""},
		{"empty", map[string][]string{}, nil, "name no day"},
		{"unknown day", map[string][]string{"monday": {"09:00-17:00"}}, nil, `"monday" names no days`},
		{"half a range", map[string][]string{"mon-": {"09:00-17:00"}}, nil, "names no days"},
		{"twice", map[string][]string{"mon-fri": {"09:00-17:00"}, "wed": {"10:00-11:00"}}, nil, "name wed twice"},
		{"overlap", map[string][]string{"mon": {"09:00-12:00", "11:00-17:00"}}, nil, "overlap"},
		{"no time", map[string][]string{"mon": {"09:00-25:00"}}, nil, "is no span"},
		{"short form", map[string][]string{"mon": {"9-17"}}, nil, "is no span"},
		{"one digit", map[string][]string{"mon": {"9:00-17:00"}}, nil, "is no span"},
		{"nothing long", map[string][]string{"mon": {"09:00-09:00"}}, nil, "is no span"},
	} {
		h, err := ParseHours(c.in)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(h.Map(), c.want) {
			t.Errorf("%s: %v, %v", c.name, h.Map(), err)
		}
		roundTrip(t, h)
	}
}

func roundTrip(t *testing.T, h Hours) {
	t.Helper()
	type doc struct {
		Hours Hours `json:"hours" yaml:"hours"`
	}
	var j, y doc
	b, err := json.Marshal(doc{h})
	if err == nil {
		err = json.Unmarshal(b, &j)
	}
	if err != nil || !reflect.DeepEqual(h.Map(), j.Hours.Map()) {
		t.Errorf("JSON %s: %v, %v", b, j.Hours.Map(), err)
	}
	b, err = yaml.Marshal(doc{h})
	if err == nil {
		err = yaml.UnmarshalWithOptions(b, &y, yaml.Strict())
	}
	if err != nil || !reflect.DeepEqual(h.Map(), y.Hours.Map()) {
		t.Errorf("YAML %s: %v, %v", b, y.Hours.Map(), err)
	}
}

func TestOpenAndNext(t *testing.T) {
	office := map[string][]string{"mon-fri": {"09:00-17:00"}}
	bar := map[string][]string{"sat": {"22:00-03:00"}}
	for _, c := range []struct {
		name  string
		hours map[string][]string
		zone  string
		t     string
		next  string // "" is never; the same as t is open
	}{
		{"first second", office, "America/New_York", "2026-11-24T14:00:00Z", "2026-11-24T14:00:00Z"},
		{"last second", office, "America/New_York", "2026-11-24T21:59:59Z", "2026-11-24T21:59:59Z"},
		{"closing", office, "America/New_York", "2026-11-24T22:00:00Z", "2026-11-25T14:00:00Z"},
		{"a second early", office, "America/New_York", "2026-11-24T13:59:59Z", "2026-11-24T14:00:00Z"},
		{"the weekend", office, "America/New_York", "2026-11-27T22:00:00Z", "2026-11-30T14:00:00Z"},
		{"another country's Monday", office, "Pacific/Kiritimati", "2026-11-29T19:00:00Z", "2026-11-29T19:00:00Z"},
		{"over midnight", bar, "Europe/Berlin", "2026-11-29T01:59:00Z", "2026-11-29T01:59:00Z"},
		{"until Sunday's three o'clock", bar, "Europe/Berlin", "2026-11-29T02:00:00Z", "2026-12-05T21:00:00Z"},
		{"one day a week, just closed", map[string][]string{"tue": {"09:00-17:00"}}, "America/New_York", "2026-11-24T22:00:00Z", "2026-12-01T14:00:00Z"},
		{"never", map[string][]string{"daily": {}}, "America/New_York", "2026-11-24T22:00:00Z", ""},
		{"gap: a span that is skipped does not happen", map[string][]string{"sun": {"02:10-02:50"}}, "America/New_York", "2027-03-14T05:00:00Z", "2027-03-21T06:10:00Z"},
		{"gap: a span that begins in it opens after it", map[string][]string{"sun": {"02:30-05:00"}}, "America/New_York", "2027-03-14T05:00:00Z", "2027-03-14T07:00:00Z"},
		{"fold: first time", map[string][]string{"sun": {"01:30-01:45"}}, "America/New_York", "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z"},
		{"fold: second time", map[string][]string{"sun": {"01:30-01:45"}}, "America/New_York", "2026-11-01T05:50:00Z", "2026-11-01T06:30:00Z"},
		{"fold: clocks go back into the hours", map[string][]string{"sun": {"00:00-01:30"}}, "America/New_York", "2026-11-01T05:40:00Z", "2026-11-01T06:00:00Z"},
		{"the day that was not", map[string][]string{"fri": {"09:00-17:00"}}, "Pacific/Apia", "2011-12-29T12:00:00Z", "2012-01-05T19:00:00Z"},
	} {
		h, loc := hours(t, c.hours), place(t, c.zone)
		got, ok := h.Next(at(t, c.t), loc)
		if ok != (c.next != "") || ok && !got.Equal(at(t, c.next)) {
			t.Errorf("%s: %s, %t; want %s", c.name, got, ok, c.next)
		}
		if h.Open(at(t, c.t), loc) != (c.t == c.next) {
			t.Errorf("%s: open %t", c.name, c.t != c.next)
		}
	}
	if got, ok := (Hours{}).Next(at(t, "2026-11-24T22:00:01Z"), time.UTC); !ok || !got.Equal(at(t, "2026-11-24T22:00:01Z")) {
		t.Error("no hours are not always open", got)
	}
}

// Next against a walk of every minute, over both changes of clocks, in zones of many kinds.
func TestNextIsFirst(t *testing.T) {
	week := []map[string][]string{
		{"mon-fri": {"09:00-17:00"}},
		{"fri-sat": {"22:00-03:30"}, "sun": {"01:15-02:45", "12:00-24:00"}},
		{"sun": {"02:10-02:20", "01:50-02:05"}, "wed": {"00:00-00:01"}},
	}
	for _, zone := range []string{"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "Africa/Casablanca"} {
		loc := place(t, zone)
		for _, m := range week {
			h := hours(t, m)
			for _, start := range []string{"2026-03-05T00:00:00Z", "2026-03-26T00:00:00Z", "2026-10-02T00:00:00Z", "2026-10-22T00:00:00Z", "2026-09-03T00:00:00Z"} {
				walkMinutes(t, h, loc, at(t, start))
			}
		}
	}
}

// walkMinutes goes back from the end of twelve days and knows at each minute which open one comes next.
func walkMinutes(t *testing.T, h Hours, loc *time.Location, start time.Time) {
	t.Helper()
	var next time.Time
	for m := 12*24*60 - 1; m >= 0; m-- {
		at := start.Add(time.Duration(m) * time.Minute)
		if h.Open(at, loc) {
			next = at
		}
		if next.IsZero() || m%7 != 0 { // every seventh minute is enough
			continue
		}
		if got, ok := h.Next(at, loc); !ok || !got.Equal(next) {
			t.Fatalf("%s %v: next of %s is %s, not %s", loc, h.Map(), at.In(loc), got.In(loc), next.In(loc))
		}
	}
}

func TestAlternatives(t *testing.T) {
	ny := place(t, "America/New_York")
	office := hours(t, map[string][]string{"mon-fri": {"09:00-17:00"}})
	for _, c := range []struct {
		name, t, now string
		n            int
		want         []string
	}{
		{"before and after a Saturday", "2026-11-28T15:07:00Z", "2026-11-24T12:00:00Z", 4, []string{"2026-11-27T21:30:00Z", "2026-11-27T21:45:00Z", "2026-11-30T14:00:00Z", "2026-11-30T14:15:00Z"}},
		{"nothing before now", "2026-11-28T15:07:00Z", "2026-11-28T15:00:00Z", 3, []string{"2026-11-30T14:00:00Z", "2026-11-30T14:15:00Z", "2026-11-30T14:30:00Z"}},
		{"one", "2026-11-24T22:00:00Z", "2026-11-24T12:00:00Z", 1, []string{"2026-11-25T14:00:00Z"}},
		{"none asked", "2026-11-24T22:00:00Z", "2026-11-24T12:00:00Z", 0, nil},
	} {
		got := Diary{Calendar: Calendar{Loc: ny, Within: []Hours{office}}}.Near(at(t, c.t), at(t, c.now), c.n)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v", c.name, got)
			continue
		}
		for i := range got {
			if !got[i].Equal(at(t, c.want[i])) {
				t.Errorf("%s: %v", c.name, got)
				break
			}
		}
	}
	closed := hours(t, map[string][]string{"daily": {}})
	if got := (Diary{Calendar: Calendar{Loc: ny, Within: []Hours{closed}}}).Near(at(t, "2026-11-24T22:00:00Z"), at(t, "2026-11-24T22:00:00Z"), 3); len(got) != 0 {
		t.Error(got)
	}
}

func TestNight(t *testing.T) {
	for _, c := range []struct{ night, t, zone, over string }{
		{"21:00-08:00", "2026-11-24T13:00:00Z", "America/New_York", "2026-11-24T13:00:00Z"}, // 08:00
		{"21:00-08:00", "2026-11-24T12:59:59Z", "America/New_York", "2026-11-24T13:00:00Z"},
		{"21:00-08:00", "2026-11-25T01:59:59Z", "America/New_York", "2026-11-25T01:59:59Z"}, // 20:59:59
		{"21:00-08:00", "2026-11-25T02:00:00Z", "America/New_York", "2026-11-25T13:00:00Z"}, // 21:00
		{"21:00-08:00", "2026-11-01T02:00:00Z", "America/New_York", "2026-11-01T13:00:00Z"}, // a night of 12 hours
		{"21:00-08:00", "2026-11-24T20:00:00Z", "Europe/Berlin", "2026-11-25T07:00:00Z"},
		{"13:00-15:00", "2026-11-24T12:30:00Z", "Europe/Berlin", "2026-11-24T14:00:00Z"}, // at noon
		{"13:00-15:00", "2026-11-24T23:30:00Z", "Europe/Berlin", "2026-11-24T23:30:00Z"},
		{"", "2026-11-24T03:00:00Z", "Europe/Berlin", "2026-11-24T03:00:00Z"},
	} {
		n, err := ParseNight(c.night)
		loc := place(t, c.zone)
		if got := n.Over(at(t, c.t), loc); err != nil || !got.Equal(at(t, c.over)) || n.Is(at(t, c.t), loc) != (c.t != c.over) {
			t.Errorf("%q at %s in %s: %s, quiet %t, %v", c.night, c.t, c.zone, got, n.Is(at(t, c.t), loc), err)
		}
	}
	for _, bad := range []string{"21", "21:00", "08:00-08:00", "25:00-08:00", "21:00-08:00,"} {
		if _, err := ParseNight(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestZone(t *testing.T) {
	for _, ok := range []string{"America/New_York", "UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "EST5EDT", "America/Port-au-Prince"} {
		if _, err := Zone(ok); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "Local", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "right/Europe/Berlin", "posix/UTC", "Europe/../UTC", "europe berlin", "+02:00", "A/B/C/D", strings.Repeat("A", 65)} {
		if loc, err := Zone(bad); err == nil {
			t.Errorf("%q is %s", bad, loc)
		}
	}
}

func FuzzHours(f *testing.F) {
	for _, s := range []string{`null`, `{}`, `{"mon-fri":["09:00-17:00"]}`, `{"daily":[]}`, `{"sat-mon":["22:00-02:00","03:00-04:00"]}`, `{"mon":["00:00-24:00"],"mon,tue":[]}`} {
		f.Add([]byte(s), int64(1_790_000_000))
	}
	berlin := place(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, b []byte, unix int64) {
		var h Hours
		if json.Unmarshal(b, &h) != nil {
			return
		}
		roundTrip(t, h)
		now := time.Unix(unix%4_000_000_000, 0)
		if next, ok := h.Next(now, berlin); ok && (next.Before(now) || !h.Open(next, berlin)) {
			t.Errorf("%s: next of %s is %s", b, now, next)
		}
	})
}
