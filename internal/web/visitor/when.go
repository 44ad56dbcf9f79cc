package visitor

import (
	"net/url"
	"time"

	"ringback/internal/schedule"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
)

// whenField is the question when to call.
type whenField struct {
	Choice string // now, after, at
	Now    string // what "now" means; "" = not offered
	Afters []option
	At     string
	Zone   string
	Place  string
	Wrong  string
	Offers []option
	Days   []slotDay // of a business that books by slots; none = any time may be typed
}

// slotDay is a day with the times that may be booked on it.
type slotDay struct {
	Day   string
	Times []option
}

// maxListed is how many times a list without script shows.
const maxListed = 200

// slotDays groups the times on offer by day, as the clock of the business shows them. Of the two hours that have one name
// the second says so.
func slotDays(all []time.Time, loc *time.Location, chosen string) (out []slotDay) {
	var before string
	for _, t := range all[:min(len(all), maxListed)] {
		day, label := t.In(loc).Format("Mon, Jan 2"), t.In(loc).Format("15:04")
		if len(out) == 0 || out[len(out)-1].Day != day {
			out, before = append(out, slotDay{Day: day}), ""
		}
		if label <= before {
			label += t.In(loc).Format(" MST")
		} else {
			before = label
		}
		o := option{Value: t.UTC().Format(time.RFC3339), Label: label}
		o.Chosen = o.Value == chosen
		last := &out[len(out)-1]
		last.Times = append(last.Times, o)
	}
	return out
}

type option struct {
	Value, Label string
	Chosen       bool
}

var afters = []option{
	{Value: "10m", Label: "10 minutes"}, {Value: "30m", Label: "30 minutes"}, {Value: "1h", Label: "1 hour"},
	{Value: "2h", Label: "2 hours"}, {Value: "4h", Label: "4 hours"}, {Value: "1d", Label: "tomorrow, at this time"},
}

// whenOf shows the question with what was answered before.
func whenOf(d schedule.Diary, typed url.Values, now time.Time) whenField {
	loc, hours := d.Loc, d.Business()
	f := whenField{Choice: typed.Get("when"), At: typed.Get("at"), Zone: loc.String(), Place: status.Place(loc), Now: "Now"}
	if f.Choice == "" {
		f.Choice = "now"
	}
	if !hours.Open(now) {
		f.Now = ""
		if next, ok := hours.Next(now); ok {
			f.Now = "When you open: " + status.Wall(next, loc)
		} else if f.Choice == "now" {
			f.Choice = "at"
		}
	}
	if d.Slots.Given() {
		f.Days = slotDays(d.Offer(now), loc, f.At)
	}
	for _, o := range afters {
		o.Chosen = o.Value == typed.Get("after")
		f.Afters = append(f.Afters, o)
	}
	return f
}

// offered shows other times.
func (f *whenField) offered(at []door.Stamp, loc *time.Location) {
	for _, s := range at {
		t := time.Time(s)
		f.Offers = append(f.Offers, option{Value: t.UTC().Format(time.RFC3339), Label: status.Wall(t, loc)})
	}
}
