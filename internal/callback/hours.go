package callback

import "time"

// closingGrace is how long after closing time what was asked for before is still served.
const closingGrace = 15 * time.Minute

// tooLate is how long after its time a callback is still begun. Who is rung later does not know any more why.
const tooLate = 24 * time.Hour

// comesDue: its time has come, or came while no service ran. Nobody is rung while the business is closed.
func (d *draft) comesDue() {
	open, ever := d.whenOpen(d.at)
	switch {
	case !ever, d.at.Sub(d.DueAt) > tooLate:
		d.apply(Input{Event: OutOfTime, Actor: ByRingback, Reason: ReasonExpired})
	case open.After(d.at):
		d.apply(Input{Event: Rescheduled, Actor: ByRingback, Reason: ReasonOutsideHours, Due: open, Detail: "the business is closed now"})
	default:
		d.apply(Input{Event: Due, Actor: ByRingback})
	}
}

// whenOpen is the first instant from t on at which the business serves callbacks; false when it never does any more.
func (d *draft) whenOpen(t time.Time) (time.Time, bool) {
	s := d.dir.Subscribers[d.Subscriber]
	if s == nil {
		return t, true
	}
	hours := d.dir.Calendar(s, d.dir.Buttons[d.Button]).Business()
	if hours.Open(t.Add(-closingGrace)) {
		return t, true
	}
	next, ever := hours.Next(t)
	return next.UTC(), ever
}
