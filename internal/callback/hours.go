package callback

import (
	"encoding/json"
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/phone"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// closingGrace is how long after closing time what was asked for before is still served.
const closingGrace = 15 * time.Minute

// tooLate is how long after its time a callback is still begun. Who is rung later does not know any more why.
const tooLate = 24 * time.Hour

// comesDue: its time has come, or came while no service ran. Nobody is rung while the business is closed, nor at night for
// a try that she did not choose the time of.
func (d *draft) comesDue() {
	if d.rezoned() && d.DueAt.After(d.at) {
		return
	}
	open, night, ever := d.whenRung(d.at)
	why := "the business is closed now"
	if night {
		why = "it is night where the telephone is"
	}
	switch {
	case !ever, d.at.Sub(d.DueAt) > tooLate:
		d.apply(Input{Event: OutOfTime, Actor: ByRingback, Reason: ReasonExpired})
	case open.After(d.at):
		d.Wall = wallIn(d.Zone, open)
		d.apply(Input{Event: Rescheduled, Actor: ByRingback, Reason: ReasonOutsideHours, Due: open, Detail: why})
	default:
		d.apply(Input{Event: Due, Actor: ByRingback})
	}
}

// awake is for how long a visitor is taken to be up after the time that she asked at, or for.
const awake = 10 * time.Minute

// whenRung is the first instant from t on at which the visitor may be rung: while the business serves callbacks, and not in
// the quiet hours of the place where the telephone is, unless she chose that time or asked a moment ago. night says that
// those held it back; false when the business never opens any more.
func (d *draft) whenRung(t time.Time) (at time.Time, night, ever bool) {
	for range 8 {
		if at, ever = d.whenOpen(t); !ever {
			return t, night, false
		}
		if d.asksToRing(at) || !d.night.Is(at, d.where()) {
			return at, night, true
		}
		night, t = true, d.night.Over(at, d.where())
	}
	return at, night, true // hours that lie wholly in the night: the business knows whom it calls
}

// asksToRing: t is when the visitor wants to be rung, or so soon after that she is up.
func (d *draft) asksToRing(t time.Time) bool {
	asked := d.ArrivedAt
	switch {
	case !asked.IsZero():
	case d.Reason == ReasonBooked:
		asked = d.DueAt
	default:
		asked = d.CreatedAt
	}
	return t.Sub(asked) <= awake
}

// notAtNight moves the next opening, which nobody chose, out of the quiet hours of the place where the telephone is.
func (c *Conductor) notAtNight(due schedule.Due, b *subscriber.Button, to cti.Endpoint, dir *directory.Directory, now time.Time) schedule.Due {
	d := draft{Callback: &Callback{Subscriber: b.Subscriber, Button: b.ID, Number: phone.Number(to.Number()), CreatedAt: now}, at: now, dir: dir, night: c.Policy.Night}
	if at, night, ever := d.whenRung(due.At); ever && night {
		due.At, due.Wall = at.UTC(), wallIn(due.Zone, at)
	}
	return due
}

// keptWaiting says whether it was asked for as a call at once, while nobody was there, and nobody was rung for it yet.
func (d *draft) keptWaiting() bool {
	return !d.OnLine() && d.Tried() == 0 && !asked(d.Callback) && d.ArrivedAt.Sub(d.CreatedAt) > MaxWait
}

// openingWaitEnds is when such a one has waited in line for too long: OpeningWait after its time, or at closing time.
func (d *draft) openingWaitEnds() time.Time {
	const step = 5 * time.Minute
	end := d.at.Add(MaxWait)
	for next := end.Add(step); !next.After(d.ArrivedAt.Add(OpeningWait)); next = next.Add(step) {
		if open, ever := d.whenOpen(next); !ever || open.After(next) {
			break
		}
		end = next
	}
	return end
}

// where is the zone that the visitor's telephone is in, by its number; where that does not tell, that of the business.
func (d *draft) where() *time.Location {
	if loc, err := schedule.Zone(phone.Zone(d.Number)); err == nil {
		return loc
	}
	if s := d.dir.Subscribers[d.Subscriber]; s != nil {
		return s.Location()
	}
	return time.UTC
}

// noticeable is how far an instant moves at least when a country changes its clocks, and at most (a day left out).
const (
	noticeable = 10 * time.Minute
	atMost     = 26 * time.Hour
)

// rezoned moves a promise whose wall time is another instant than it was when it was made: the country has changed its
// clocks since. In so many minutes is no wall time.
func (d *draft) rezoned() bool {
	if d.State != Scheduled || len(d.Attempts) > 0 || d.Wall == "" || d.Zone == "" || d.Reason != ReasonBooked && d.Reason != ReasonOutsideHours || wish(d.Callback).IsAfter() {
		return false
	}
	now, err := schedule.Again(d.Wall, d.Zone, d.DueAt)
	if moved := now.Sub(d.DueAt).Abs(); err != nil || moved < noticeable || moved > atMost {
		return false
	}
	return d.apply(Input{Event: Rescheduled, Actor: ByRingback, Reason: d.Reason, Due: now, Detail: "the clocks of " + d.Zone + " are changed otherwise than was known: " + d.Wall + " is kept"})
}

// wish is when the callback was asked for; now, where that cannot be read.
func wish(c *Callback) (w schedule.When) {
	_ = json.Unmarshal([]byte(c.When), &w)
	return w
}

// asked says whether a time was asked for, rather than a call now.
func asked(c *Callback) bool { return !wish(c).IsNow() }

// wallIn is what the clock in a zone shows at t; "" where the zone is not known.
func wallIn(zone string, t time.Time) string {
	loc, err := schedule.Zone(zone)
	if err != nil {
		return ""
	}
	return t.In(loc).Format("2006-01-02T15:04")
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
