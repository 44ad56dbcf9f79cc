package visitor

import (
	"net/url"
	"time"

	"ringback/internal/subscriber"
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
func whenOf(s *subscriber.Subscriber, typed url.Values, now time.Time) whenField {
	loc := s.Location()
	f := whenField{Choice: typed.Get("when"), At: typed.Get("at"), Zone: loc.String(), Place: status.Place(loc), Now: "Now"}
	if f.Choice == "" {
		f.Choice = "now"
	}
	if !s.Hours.Open(now, loc) {
		f.Now = ""
		if next, ok := s.Hours.Next(now, loc); ok {
			f.Now = "When you open: " + status.Wall(next, loc)
		} else if f.Choice == "now" {
			f.Choice = "at"
		}
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
