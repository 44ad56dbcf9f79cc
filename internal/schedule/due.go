package schedule

import (
	"time"

	"ringback/internal/fault"
)

// Due is when a callback is to happen. The instant decides; zone and wall time are kept beside it as they were asked,
// to tell people and to resolve again when a country changes its clocks.
type Due struct {
	At      time.Time // UTC
	Zone    string    // IANA name
	Wall    string    // 2026-12-01T09:00, what the clock in Zone shows at At, or showed as asked
	Asked   When
	Chosen  bool // the visitor chose the time: quiet hours do not hold it back
	Shifted bool // asked for now, outside hours: from the next opening on
}

// maxAlternatives is how many other times are offered.
const maxAlternatives = 4

// Resolve turns the wish into an instant. now when nobody is there becomes the next opening, or
// the first time after it that is not promised away; a chosen time at which nobody
// is there, that is full, or that is too soon or too far ahead for the business, is refused with other times near it. The
// diary's clock also stands for a zone not said.
//
// A wall time that clocks skip means the first instant that exists after it; one that is lived twice means the first,
// unless the second was said. The minute that is running now is not past. Errors are *fault.Fault, when_invalid or
// outside_hours.
func (w When) Resolve(now time.Time, d Diary) (Due, error) {
	if w.IsNow() {
		return w.soonest(now, d)
	}
	due, err := w.chosen(now, d.loc())
	if err != nil {
		return Due{}, err
	}
	if say := w.refused(due.At, now, d); say != "" {
		return Due{}, d.Otherwise(say, due.At, now)
	}
	return due, nil
}

// refused says why a chosen time cannot be promised, "" when it can. In so many minutes is no booking: it needs no notice.
func (w When) refused(at, now time.Time, d Diary) string {
	switch bound := d.bound(at, now); {
	case !d.Open(at):
		return "Nobody is there at that time. Choose another one."
	case bound < 0 && w.after == 0:
		return "That is too soon to be booked. Choose a later time, or ask to be called now."
	case bound > 0:
		return "That is too far ahead to be booked yet. Choose an earlier time."
	case d.Full(at):
		return "That time is taken. Choose another one."
	}
	return ""
}

// Otherwise is the refusal of a time, with others to choose from.
func (d Diary) Otherwise(say string, at, now time.Time) *fault.Fault {
	f := fault.At("when", fault.OutsideHours, "%s", say)
	f.Alternatives = d.Near(at, now, maxAlternatives)
	return f
}

// Soonest is when who asks to be called now is called: now, or when the business opens, when somebody is there, and when it has
// not promised all the calls of that time to others already; false when it never opens.
func (d Diary) Soonest(now time.Time) (time.Time, bool) {
	at, ok := d.Business().Next(now)
	if !ok {
		return at, false
	}
	if there, ever := d.Next(at); ever && there.Sub(at) > DefaultWindow { // none of those who answer comes while one waits in line
		at = there
	}
	if at.Equal(now) || !d.Full(at) {
		return at, true
	}
	day := DayOf(at, d.loc())
	for from := d.Slots.after(at, d.loc()); DayOf(from, d.loc()) == day; from = d.Slots.after(from, d.loc()) {
		if d.Open(from) && !d.Full(from) {
			return from, true
		}
	}
	return at, true // a whole day is promised: she stands in line with all of them
}

func (w When) soonest(now time.Time, d Diary) (Due, error) {
	at, ok := d.Soonest(now)
	if !ok {
		return Due{}, fault.At("when", fault.OutsideHours, "We are closed until further notice and cannot call back.")
	}
	return Due{At: at.UTC(), Zone: d.loc().String(), Wall: wallOf(at, d.loc()), Asked: w, Shifted: !at.Equal(now)}, nil
}

func (w When) chosen(now time.Time, business *time.Location) (Due, error) {
	if w.after != 0 {
		at := now.Add(w.after)
		return Due{At: at.UTC(), Zone: business.String(), Wall: wallOf(at, business), Asked: w, Chosen: true}, nil
	}
	loc := business
	if w.zone != "" {
		l, err := Zone(w.zone)
		if err != nil {
			return Due{}, badZone(w.zone).Because(err)
		}
		loc = l
	}
	wall, err := time.Parse(wallLayout, w.at)
	if err != nil {
		return Due{}, whenShape().Because(err)
	}
	at := resolve(wall, loc).UTC()
	if w.second {
		at = second(wall, loc).UTC()
	}
	switch {
	case at.Before(now.Truncate(time.Minute)):
		return Due{}, fault.At("when", fault.WhenInvalid, "That time is past. Choose one that is still to come.")
	case at.After(now.Add(MaxBooking)):
		return Due{}, fault.At("when", fault.WhenInvalid, "That is too far ahead. Choose a time within the next year.")
	}
	return Due{At: at, Zone: loc.String(), Wall: w.at, Asked: w, Chosen: true}, nil
}

// Again is the instant that a promise of wall in zone stands for now, when it stood for was before: countries change their
// clocks at short notice. Of two it is the one nearer to was.
func Again(wall, zone string, was time.Time) (time.Time, error) {
	loc, err := Zone(zone)
	if err != nil {
		return time.Time{}, err
	}
	w, err := time.Parse(wallLayout, wall)
	if err != nil {
		return time.Time{}, err
	}
	at, skip := instants(w, loc)
	if len(at) == 0 {
		return skip.UTC(), nil
	}
	best := at[0]
	for _, t := range at[1:] {
		if t.Sub(was).Abs() < best.Sub(was).Abs() {
			best = t
		}
	}
	return best.UTC(), nil
}
