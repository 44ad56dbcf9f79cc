package words

import (
	"strings"
	"time"
)

// dates are how a language writes days and times. In the patterns {weekday}, {day}, {month}, {date}, {time} and {place} are
// filled in.
type dates struct {
	days   []string // from Sunday
	months []string
	day    string // Tue, Dec 1
	short  string // Tue, Dec 1, 09:00
	moment string // Tue, Dec 1 at 09:00 (New York time)
	clock  string // 09:00 (New York time)
}

// Day is a day as people read it: Tue, Dec 1.
func (l *Language) Day(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return strings.NewReplacer("{weekday}", l.dates.days[t.Weekday()], "{month}", l.dates.months[t.Month()-1],
		"{day}", t.Format("2")).Replace(l.dates.day)
}

// Short is a time of a day: Tue, Dec 1, 09:00.
func (l *Language) Short(t time.Time, zone *time.Location) string {
	return l.write(l.dates.short, t, zone)
}

// Moment is a time with the place whose clock it is: Tue, Dec 1 at 09:00 (New York time).
func (l *Language) Moment(t time.Time, zone *time.Location) string {
	return l.write(l.dates.moment, t, zone)
}

// Clock is a time of today with the place whose clock it is: 09:00 (New York time).
func (l *Language) Clock(t time.Time, zone *time.Location) string {
	return l.write(l.dates.clock, t, zone)
}

func (l *Language) write(pattern string, t time.Time, zone *time.Location) string {
	return strings.NewReplacer("{date}", l.Day(t, zone), "{time}", t.In(zone).Format("15:04"), "{place}", l.apart(Place(zone))).Replace(pattern)
}

// Place is the city of a zone's name.
func Place(zone *time.Location) string {
	name := zone.String()
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
}
