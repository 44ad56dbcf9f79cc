package schedule

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// week is the order days are written in.
var week = [7]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// weekday of the i-th day of week.
func weekday(i int) time.Weekday { return time.Weekday((i + 1) % 7) }

// ParseHours reads opening hours: days ("mon", "mon-fri", "sat,sun", "daily") to spans of the day ("09:00-12:30";
// "22:00-02:00" goes over midnight; "00:00-24:00" is all day; no span is closed). A day not named is closed; a nil map
// is always open. A day named twice is an error: one of the two would be a surprise.
func ParseHours(m map[string][]string) (Hours, error) {
	if m == nil {
		return Hours{}, nil
	}
	if len(m) == 0 {
		return Hours{}, fmt.Errorf("hours name no day: leave hours out to be always open, or write daily: [] to be closed")
	}
	h := Hours{limited: true}
	var seen [7]bool
	for _, key := range slices.Sorted(maps.Keys(m)) {
		days, err := parseDays(key)
		if err != nil {
			return Hours{}, err
		}
		spans, err := parseSpans(m[key])
		if err != nil {
			return Hours{}, fmt.Errorf("hours of %s: %w", key, err)
		}
		for _, i := range days {
			if seen[i] {
				return Hours{}, fmt.Errorf("hours name %s twice (again in %q)", week[i], key)
			}
			seen[i] = true
			h.days[weekday(i)] = spans
		}
	}
	return h, nil
}

func parseDays(key string) ([]int, error) {
	if key == "daily" {
		return []int{0, 1, 2, 3, 4, 5, 6}, nil
	}
	var out []int
	for part := range strings.SplitSeq(key, ",") {
		a, b, ranged := strings.Cut(strings.TrimSpace(part), "-")
		from, to := slices.Index(week[:], a), slices.Index(week[:], b)
		if !ranged {
			to = from
		}
		if from < 0 || to < 0 {
			return nil, fmt.Errorf("hours: %q names no days; write mon, mon-fri, sat,sun or daily", key)
		}
		for i := from; ; i = (i + 1) % 7 {
			out = append(out, i)
			if i == to {
				break
			}
		}
	}
	return out, nil
}

func parseSpans(texts []string) ([]span, error) {
	var out []span
	for _, s := range texts {
		a, b, ok := strings.Cut(s, "-")
		from, okA := clock(a)
		to, okB := clock(b)
		if !ok || !okA || !okB || from == day || from == to {
			return nil, fmt.Errorf("%q is no span; write 09:00-17:00, or 00:00-24:00 for all day", s)
		}
		if to < from {
			to += day
		}
		out = append(out, span{from, to})
	}
	slices.SortFunc(out, func(a, b span) int { return a.from - b.from })
	for i := 1; i < len(out); i++ {
		if out[i].from < out[i-1].to {
			return nil, fmt.Errorf("%s and %s overlap", out[i-1], out[i])
		}
	}
	return out, nil
}

// clock reads HH:MM as minutes, up to 24:00.
func clock(s string) (int, bool) {
	if s == "24:00" {
		return day, true
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != 5 {
		return 0, false
	}
	return t.Hour()*60 + t.Minute(), true
}

func (s span) String() string {
	to := s.to
	if to > day {
		to -= day
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.from/60, s.from%60, to/60, to%60)
}

// Map writes the hours as ParseHours reads them, neighbouring days of equal hours as one; nil when always open.
func (h Hours) Map() map[string][]string {
	if !h.limited {
		return nil
	}
	m := map[string][]string{}
	for i := 0; i < len(week); {
		j := i
		for j+1 < len(week) && slices.Equal(h.days[weekday(j+1)], h.days[weekday(i)]) {
			j++
		}
		if texts := spanTexts(h.days[weekday(i)]); len(texts) > 0 || j-i == 6 {
			m[run(i, j)] = texts
		}
		i = j + 1
	}
	return m
}

func spanTexts(spans []span) []string {
	out := []string{}
	for _, s := range spans {
		out = append(out, s.String())
	}
	return out
}

func run(i, j int) string {
	switch {
	case j-i == 6:
		return "daily"
	case i == j:
		return week[i]
	}
	return week[i] + "-" + week[j]
}

// MarshalJSON writes Map; null is always open.
func (h Hours) MarshalJSON() ([]byte, error) { return json.Marshal(h.Map()) }

// UnmarshalJSON reads what ParseHours reads.
func (h *Hours) UnmarshalJSON(b []byte) error {
	return h.from(func(v any) error { return json.Unmarshal(b, v) })
}

// MarshalYAML writes Map; null is always open.
func (h Hours) MarshalYAML() (any, error) {
	if !h.limited {
		return nil, nil // a nil map would be written {}
	}
	return h.Map(), nil
}

// UnmarshalYAML reads what ParseHours reads.
func (h *Hours) UnmarshalYAML(unmarshal func(any) error) error { return h.from(unmarshal) }

func (h *Hours) from(unmarshal func(any) error) error {
	var m map[string][]string
	if err := unmarshal(&m); err != nil {
		return err
	}
	parsed, err := ParseHours(m)
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}
