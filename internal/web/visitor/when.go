package visitor

import (
	"net/url"
	"time"

	"ringback/internal/schedule"
	"ringback/internal/web/door"
	"ringback/internal/words"
)

// whenField is the question when to call.
type whenField struct {
	*words.Language
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
func slotDays(in *words.Language, all []time.Time, loc *time.Location, chosen string) (out []slotDay) {
	var before string
	for _, t := range all[:min(len(all), maxListed)] {
		day, label := in.Day(t, loc), t.In(loc).Format("15:04")
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

func afters(in *words.Language) []option {
	return []option{
		{Value: "10m", Label: in.Say("10 minutes")}, {Value: "30m", Label: in.Say("30 minutes")}, {Value: "1h", Label: in.Say("1 hour")},
		{Value: "2h", Label: in.Say("2 hours")}, {Value: "4h", Label: in.Say("4 hours")}, {Value: "1d", Label: in.Say("tomorrow, at this time")},
	}
}

// whenOf shows the question with what was answered before.
func whenOf(in *words.Language, d schedule.Diary, typed url.Values, now time.Time) whenField {
	loc, hours := d.Loc, d.Business()
	f := whenField{Language: in, Choice: typed.Get("when"), At: typed.Get("at"), Zone: loc.String(), Place: words.Place(loc), Now: in.Say("Now")}
	if f.Choice == "" {
		f.Choice = "now"
	}
	if !hours.Open(now) {
		f.Now = ""
		if next, ok := d.Soonest(now); ok {
			f.Now = in.Say("When you open: %s", in.Moment(next, loc))
		} else if f.Choice == "now" {
			f.Choice = "at"
		}
	}
	if d.Slots.Given() {
		f.Days = slotDays(in, d.Offer(now), loc, f.At)
	}
	for _, o := range afters(in) {
		o.Chosen = o.Value == typed.Get("after")
		f.Afters = append(f.Afters, o)
	}
	return f
}

// offered shows other times.
func (f *whenField) offered(at []door.Stamp, loc *time.Location) {
	for _, s := range at {
		t := time.Time(s)
		f.Offers = append(f.Offers, option{Value: t.UTC().Format(time.RFC3339), Label: f.Moment(t, loc)})
	}
}
