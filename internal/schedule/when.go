package schedule

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"ringback/internal/fault"
)

// When is the time a callback is wanted, as it was asked for. The zero value is now.
type When struct {
	after time.Duration // 0 = not asked so
	at    string        // wall time, wallLayout; "" = not asked so
	zone  string        // of at; "" = the business's own

	second bool // of a wall time that is lived twice, the second
}

// The nearest and furthest time that can be asked for.
const (
	MinAfter = time.Minute
	MaxAhead = 30 * 24 * time.Hour
	// MaxBooking is how far ahead a chosen time may lie.
	MaxBooking = 366 * 24 * time.Hour
)

// After is d from when it is resolved.
func After(d time.Duration) When { return When{after: d} }

// At is a wall time, 2026-12-01T09:00, in an IANA zone; "" is the business's own.
func At(wall, zone string) When { return When{at: wall, zone: zone} }

// IsNow says whether no other time was asked for.
func (w When) IsNow() bool { return w == When{} }

// IsAfter says whether so long from now was asked for, rather than a time of the clock.
func (w When) IsAfter() bool { return w.after != 0 }

// whenJSON is the contract's shape: exactly one of the first three.
type whenJSON struct {
	Now   *bool   `json:"now,omitempty"`
	After *string `json:"after,omitempty"`
	At    *string `json:"at,omitempty"`
	Zone  *string `json:"zone,omitempty"`
}

// UnmarshalJSON reads {"now":true}, {"after":"10m"} or {"at":"2026-12-01T09:00","zone":"America/New_York"}, null as
// now. Its error is a fault, when_invalid.
func (w *When) UnmarshalJSON(b []byte) error {
	var j whenJSON
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&j); err != nil {
		return whenShape().Because(err)
	}
	parsed, err := j.when(bytes.Equal(bytes.TrimSpace(b), []byte("null")))
	if err != nil {
		return err
	}
	*w = parsed
	return nil
}

func (j whenJSON) when(absent bool) (When, error) {
	switch {
	case absent:
		return When{}, nil
	case j.Now != nil && *j.Now && j.After == nil && j.At == nil && j.Zone == nil:
		return When{}, nil
	case j.Now == nil && j.After != nil && j.At == nil && j.Zone == nil:
		return parseAfter(*j.After)
	case j.Now == nil && j.After == nil && j.At != nil:
		zone := ""
		if j.Zone != nil {
			zone = *j.Zone
		}
		return parseAt(*j.At, zone)
	}
	return When{}, whenShape()
}

// ParseWhenForm reads the fields of a form: when=now, when=after and after=10m, when=at with at and zone. Without
// when, the field that is filled counts; none is now. Fields that another choice left filled are ignored.
func ParseWhenForm(form url.Values) (When, error) {
	after, at := form.Get("after"), form.Get("at")
	choice := form.Get("when")
	if choice == "" {
		switch {
		case at != "":
			choice = "at"
		case after != "":
			choice = "after"
		}
	}
	switch choice {
	case "", "now":
		return When{}, nil
	case "after":
		return parseAfter(after)
	case "at":
		return parseAt(at, form.Get("zone"))
	}
	if d, err := parseAfter(choice); err == nil { // when=10m, as an option of one list
		return d, nil
	}
	return When{}, whenShape()
}

// MarshalJSON writes what UnmarshalJSON reads.
func (w When) MarshalJSON() ([]byte, error) {
	var j whenJSON
	switch yes := true; {
	case w.at != "":
		at := w.text()
		j.At = &at
		if w.zone != "" {
			j.Zone = &w.zone
		}
	case w.after != 0:
		s := durationText(w.after)
		j.After = &s
	default:
		j.Now = &yes
	}
	return json.Marshal(j)
}

var dayPart = regexp.MustCompile(`^([0-9]{1,3})d(.*)$`)

func parseAfter(s string) (When, error) {
	bad := fault.At("when", fault.WhenInvalid, "Say how long from now as 10m, 2h or 1d: from one minute to 30 days.")
	var d time.Duration
	rest := s
	if m := dayPart.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1]) // at most three digits
		d, rest = time.Duration(n)*24*time.Hour, m[2]
	}
	if rest != "" || d == 0 {
		r, err := time.ParseDuration(rest)
		if err != nil || r < 0 || r > MaxAhead || r%time.Second != 0 {
			return When{}, bad
		}
		d += r
	}
	if d < MinAfter || d > MaxAhead {
		return When{}, bad
	}
	return After(d), nil
}

// durationText writes d with days, as parseAfter reads it.
func durationText(d time.Duration) string {
	days, rest := d/(24*time.Hour), d%(24*time.Hour)
	switch {
	case days == 0:
		return trimZeros(rest)
	case rest == 0:
		return strconv.Itoa(int(days)) + "d"
	}
	return strconv.Itoa(int(days)) + "d" + trimZeros(rest)
}

var zeroTail = regexp.MustCompile(`^(.*[hm])0[ms](0s)?$`)

// trimZeros turns 10m0s into 10m and 1h0m0s into 1h.
func trimZeros(d time.Duration) string {
	s := d.String()
	for {
		m := zeroTail.FindStringSubmatch(s)
		if m == nil {
			return s
		}
		s = m[1]
	}
}

// parseAt reads a wall time and its zone. An instant, as alternatives are offered in, is the wall time that the zone's
// clock shows then.
func parseAt(wall, zone string) (When, error) {
	if at, err := time.Parse(time.RFC3339, wall); err == nil {
		if zone == "" {
			zone = "UTC"
		}
		loc, err := Zone(zone)
		if err != nil {
			return When{}, badZone(zone)
		}
		w := At(wallOf(at, loc), zone)
		w.second = isSecond(at, loc)
		return w, nil
	}
	t, err := time.Parse(wallLayout, wall)
	if err != nil {
		if t, err = time.Parse(wallLayout+":05", wall); err != nil {
			return When{}, fault.At("when", fault.WhenInvalid,
				"Write the day and time as 2026-12-01T09:00, as the clock on the wall shows it, and the zone beside it.")
		}
	}
	if zone != "" {
		if _, err := Zone(zone); err != nil {
			return When{}, badZone(zone)
		}
	}
	return At(t.Format(wallLayout), zone), nil
}

// isSecond says whether the clock in loc has shown an hour before what it shows at t: clocks went back in between.
func isSecond(t time.Time, loc *time.Location) bool {
	wall, err := time.Parse(wallLayout, wallOf(t, loc))
	at, _ := instants(wall, loc)
	return err == nil && len(at) > 1 && t.Truncate(time.Minute).Equal(at[1])
}

// text is the wall time as it is read: that of the second of two names its instant.
func (w When) text() string {
	wall, err := time.Parse(wallLayout, w.at)
	loc, bad := Zone(w.zone)
	if !w.second || err != nil || bad != nil {
		return w.at
	}
	return second(wall, loc).In(loc).Format(time.RFC3339)
}

func badZone(name string) *fault.Fault {
	return fault.At("when", fault.WhenInvalid, "We do not know the time zone %.64q. One is called like America/New_York.", name)
}

func whenShape() *fault.Fault {
	return fault.At("when", fault.WhenInvalid,
		`Say exactly one time: {"now":true}, {"after":"10m"} or {"at":"2026-12-01T09:00","zone":"America/New_York"}.`)
}
