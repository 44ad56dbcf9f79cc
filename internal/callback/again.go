package callback

import (
	"context"
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/schedule"
)

// never are the endings after which a visitor is not offered another call by the page of the old one.
var never = []Reason{ReasonNeverAgain, ReasonWrongNumber, ReasonPolicy}

// MayAgain says whether who holds the page of a callback may ask for another call by it: it has ended, to a telephone
// that may be called.
func MayAgain(c *Callback) bool {
	return c.State == Ended && c.Endpoint.Kind() != cti.Web && c.Endpoint != "" && !slices.Contains(never, c.Reason)
}

// Another is who asks for one more call, by the page of a callback that has ended.
type Another struct {
	When      schedule.When
	Visitor   string // the address, hashed before it is kept
	UserAgent string
	Answer    func(*Made) Kept
}

// Again makes a new callback like one that has ended, at another time: the same telephone, button and matter. Asked twice
// it is the same one: *Replayed. Whoever holds the page proves no work again; the limits of the number hold.
func (c *Conductor) Again(ctx context.Context, was *Callback, a Another) (*Made, error) {
	switch {
	case was.State != Ended:
		return nil, fault.New(fault.TooLate, "This callback has not ended: move it to another time instead.")
	case !MayAgain(was):
		return nil, fault.New(fault.NumberNotServed, "We cannot call this number again from here.")
	}
	r := Request{
		Button: string(was.Button), Number: was.Number.E164(), When: a.When, Name: was.Name, Topic: was.Topic, Fields: was.Fields, Page: was.Page,
		Language: was.Language, Metadata: was.Metadata, Consent: true, Visitor: a.Visitor, UserAgent: a.UserAgent, Act: "again", After: was,
		Once:   &Once{Principal: "again", Route: "POST /api/v1/public/callbacks/again", Key: string(was.ID), Request: "again"},
		Answer: a.Answer,
	}
	if was.Number == "" {
		r.Endpoint = string(was.Endpoint)
	}
	return c.Request(ctx, r)
}

// apart leaves out the limits that keep two calls apart for less time than there is until this one.
func apart(all []Velocity, until time.Duration) []Velocity {
	return slices.DeleteFunc(all, func(v Velocity) bool { return v.Code == fault.LimitNumber && v.N == 1 && v.Per <= until })
}

// promised says whether a time of the clock was promised, and nobody was rung for it yet: then it has an end.
func (d *draft) promised() bool {
	return !d.OnLine() && d.Tried() == 0 && asked(d.Callback)
}

// promiseEnds is when a promise that came due is broken.
func (d *draft) promiseEnds() time.Time {
	from := d.at
	if len(d.Attempts) > 0 {
		from = d.Attempts[0].StartedAt
	}
	if s := d.dir.Subscribers[d.Subscriber]; s != nil {
		return from.Add(s.Slots.Whole().Window)
	}
	return from.Add(schedule.DefaultWindow)
}
