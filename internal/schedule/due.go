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
	Shifted bool // asked for now, outside hours: the next opening
}

// maxAlternatives is how many other times are offered.
const maxAlternatives = 4

// Resolve turns the wish into an instant. now outside hours becomes the next opening; a chosen time outside hours is
// refused with other times near it. hours go by the clock of businessZone, which also stands for a zone not said.
//
// A wall time that clocks skip means the first instant that exists after it; one that is lived twice means the first.
// The minute that is running now is not past. Errors are *fault.Fault, when_invalid or outside_hours.
func (w When) Resolve(now time.Time, hours Hours, businessZone string) (Due, error) {
	business, err := Zone(businessZone)
	if err != nil {
		return Due{}, badZone(businessZone).Because(err)
	}
	if w.IsNow() {
		return w.soonest(now, hours, business)
	}
	due, err := w.chosen(now, business)
	if err != nil {
		return Due{}, err
	}
	if !hours.Open(due.At, business) {
		f := fault.At("when", fault.OutsideHours, "Nobody is there at that time. Choose another one.")
		f.Alternatives = hours.Alternatives(due.At, now, business, maxAlternatives)
		return Due{}, f
	}
	return due, nil
}

func (w When) soonest(now time.Time, hours Hours, loc *time.Location) (Due, error) {
	at, ok := hours.Next(now, loc)
	if !ok {
		return Due{}, fault.At("when", fault.OutsideHours, "We are closed until further notice and cannot call back.")
	}
	return Due{At: at.UTC(), Zone: loc.String(), Wall: wallOf(at, loc), Asked: w, Shifted: !at.Equal(now)}, nil
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
	switch {
	case at.Before(now.Truncate(time.Minute)):
		return Due{}, fault.At("when", fault.WhenInvalid, "That time is past. Choose one that is still to come.")
	case at.After(now.Add(MaxBooking)):
		return Due{}, fault.At("when", fault.WhenInvalid, "That is too far ahead. Choose a time within the next year.")
	}
	return Due{At: at, Zone: loc.String(), Wall: w.at, Asked: w, Chosen: true}, nil
}
