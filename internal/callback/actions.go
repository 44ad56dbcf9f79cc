package callback

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/schedule"
)

// The words of actions, as answers list them in "can".
const (
	CanCancel     = "cancel"
	CanNumber     = "number"
	CanReschedule = "reschedule"
	CanNow        = "now"
)

// maxChanges is how often a visitor may give another number for one callback.
const maxChanges = 3

// allowed is in which state which action is open.
var allowed = map[State][]string{
	Scheduled:      {CanCancel, CanNumber, CanReschedule, CanNow},
	Queued:         {CanCancel, CanNumber, CanReschedule},
	RingingAgent:   {CanCancel, CanNumber},
	RingingVisitor: {CanCancel},
	Connected:      {CanCancel},
}

// Can lists what the visitor may do now.
func Can(c *Callback) []string {
	can := append([]string{}, allowed[c.State]...)
	if c.State == RingingAgent && !numberOpen(c) {
		can = slices.DeleteFunc(can, func(s string) bool { return s == CanNumber })
	}
	return can
}

// numberOpen: visitor first, the number is in use once it was rung.
func numberOpen(c *Callback) bool {
	a := c.Current()
	return a == nil || !a.RangVisitor
}

func mayNot(c *Callback, what string) error {
	if c.State == Ended {
		return fault.New(fault.AlreadyEnded, "This callback has already ended.")
	}
	if !slices.Contains(Can(c), what) {
		return fault.New(fault.TooLate, "It is too late for that: the call is under way.")
	}
	return nil
}

// Cancel withdraws the wish; telephones that ring stop ringing, a call that is up is ended.
func (c *Conductor) Cancel(ctx context.Context, cb id.Callback, by Actor) (*Callback, error) {
	return c.step(ctx, cb, func(d *draft) error {
		if err := mayNot(d.Callback, CanCancel); err != nil {
			return err
		}
		in := Input{Event: Withdrawn, Actor: by, Reason: ReasonCancelled, Result: ResultCancelled}
		if by == ByStaff {
			in.Reason = ReasonCancelledStaff
		}
		if d.State == Connected {
			in.Reason = ReasonEndedByRequest
		}
		if d.apply(in) && by == ByVisitor {
			d.consents = append(d.consents, consent.Record{Subscriber: d.Subscriber, Callback: d.ID, Act: consent.Withdrawn, Route: consent.ByStatusPage, At: d.at,
				Person: consent.Person{Number: d.Called(), NumberHash: d.NumberHash}})
		}
		return nil
	})
}

// ChangeNumber has another telephone called, while the visitor's has not been rung.
func (c *Conductor) ChangeNumber(ctx context.Context, cb id.Callback, raw string, by Actor) (*Callback, error) {
	cur, err := c.store.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	if err := mayNot(cur, CanNumber); err != nil {
		return nil, err
	}
	dir := c.Directory()
	s := dir.Subscribers[cur.Subscriber]
	if s == nil {
		return nil, fault.New(fault.NotFound, "There is no such callback.")
	}
	r := Request{Number: raw}
	if e := cti.Endpoint(raw); e.Kind() == cti.SIP || e.Kind() == cti.Tel {
		r = Request{Endpoint: raw}
	}
	to, err := c.Policy.visitorEndpoint(&r, "", s, dir)
	if err != nil {
		return nil, err
	}
	hash := c.HashNumber(to)
	if blocked(dir, hash, s.ID, c.Now()) || prefixStopped(dir, to, c.Now()) {
		return nil, fault.At("number", fault.NumberNotServed, "We cannot take this number now.")
	}
	return c.step(ctx, cb, func(d *draft) error {
		if err := mayNot(d.Callback, CanNumber); err != nil {
			return err
		}
		if to == d.Endpoint {
			return nil
		}
		if to.Telephone() == d.Destination.Telephone() {
			return fault.At("number", fault.NumberOwn, "Both ends are the same telephone.")
		}
		old := d.Number.Mask()
		if d.Endpoint.Kind() == cti.Web { // a telephone is called as often as any
			old, d.Tries = "the browser", tries(dir.Buttons[d.Button])
		}
		d.velocity = append(d.velocity, c.numberLimits(hash)...)
		if by == ByVisitor { // a proof of work lets one person in, not a list of numbers
			d.velocity = append(d.velocity, c.prefixLimits(to)...)
			d.velocity = append(d.velocity, Velocity{Key: "changed:" + string(cb), N: maxChanges, Per: schedule.MaxAhead, Code: fault.LimitVisitor,
				Say: "The number was changed often enough. Cancel this call and ask for another."})
		}
		d.Endpoint, d.Number, d.NumberHash = to, phone.Number(to.Number()), hash
		d.apply(Input{Event: NumberChanged, Actor: by, Detail: "it was " + old})
		return nil
	})
}

// Reschedule moves the callback to another time.
func (c *Conductor) Reschedule(ctx context.Context, cb id.Callback, w schedule.When, by Actor) (*Callback, error) {
	if w.IsNow() {
		return c.CallNow(ctx, cb, by)
	}
	asked, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	cur, err := c.store.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	dir := c.Directory()
	s := dir.Subscribers[cur.Subscriber]
	if s == nil {
		return nil, fault.New(fault.NotFound, "There is no such callback.")
	}
	diary := c.diary(s, dir.Buttons[cur.Button], cb)
	diary.Free = by != ByVisitor
	var due schedule.Due
	var at time.Time
	moved, err := c.step(ctx, cb, func(d *draft) error {
		if err := mayNot(d.Callback, CanReschedule); err != nil {
			return err
		}
		var err error
		at = d.at
		if due, err = w.Resolve(d.at, diary); err != nil {
			return err
		}
		d.booking = booking(diary, due)
		d.When, d.Wall, d.Zone = string(asked), due.Wall, due.Zone
		reason := ReasonBooked
		if due.Shifted {
			reason = ReasonOutsideHours
		}
		d.apply(Input{Event: Rescheduled, Actor: by, Reason: reason, Due: later(due.At.UTC(), d.doubtUntil())})
		return nil
	})
	if errors.Is(err, ErrSlotTaken) { // only then: a step that nobody waits for may still be writing what it found
		err = taken(err, diary, due, at)
	}
	return moved, err
}

// CallNow does not wait for the booked time any longer. In line already: nothing changes. Closed: outside_hours with
// other times. A telephone that may still be ringing since a crash is rung as soon as that is surely over.
func (c *Conductor) CallNow(ctx context.Context, cb id.Callback, by Actor) (*Callback, error) {
	dir := c.Directory()
	return c.step(ctx, cb, func(d *draft) error {
		if d.State == Queued {
			return nil
		}
		if err := mayNot(d.Callback, CanNow); err != nil {
			return err
		}
		s := dir.Subscribers[d.Subscriber]
		if s != nil {
			if diary := c.diary(s, dir.Buttons[d.Button], cb); !diary.Business().Open(d.at) {
				return closedNow(s, diary, d.at)
			}
		}
		if sure := d.doubtUntil(); sure.After(d.at) {
			d.apply(Input{Event: Rescheduled, Actor: by, Reason: ReasonRetryCrash, Due: sure})
			return nil
		}
		d.When = `{"now":true}` // what was promised is given up for it
		d.apply(Input{Event: CalledNow, Actor: by})
		return nil
	})
}

// Forbid ends a callback that policy does not allow any more.
func (c *Conductor) Forbid(ctx context.Context, cb id.Callback, detail string) (*Callback, error) {
	return c.step(ctx, cb, func(d *draft) error {
		d.apply(Input{Event: Forbidden, Actor: ByStaff, Reason: ReasonPolicy, Detail: detail, Result: ResultCancelled})
		return nil
	})
}
