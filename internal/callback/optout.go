package callback

import (
	"context"

	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// OptOut is somebody's wish never to be called again, and how it reached us.
type OptOut struct {
	Business  id.Subscriber // who shall not call; "" = none of the operator's businesses
	Route     consent.Route
	Visitor   string // the visitor's address, hashed before it is kept; "" = staff
	Language  string // of the page on which the visitor read what it means
	Page      string
	UserAgent string
	Reason    string // of staff, in words
}

// OptOutOf keeps the telephone of a callback from ever being called again. The callback ends, unless the two talk already:
// who talks may finish.
func (c *Conductor) OptOutOf(ctx context.Context, cb id.Callback, o OptOut) (*Callback, error) {
	was, err := c.store.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	if was.Endpoint.Kind() == cti.Web {
		return nil, fault.New(fault.ChannelUnavailable, "You talk in the browser: there is no telephone that we could call.")
	}
	if err := c.optOut(ctx, was.Endpoint, cb, o); err != nil {
		return nil, err
	}
	return c.store.Callback(ctx, "", cb)
}

// OptOutNumber keeps a telephone from ever being called again, whatever callbacks it has.
func (c *Conductor) OptOutNumber(ctx context.Context, to cti.Endpoint, o OptOut) error {
	return c.optOut(ctx, to, "", o)
}

// optOut: first the block, on disk and in force; then what is under way ends.
func (c *Conductor) optOut(ctx context.Context, to cti.Endpoint, cb id.Callback, o OptOut) error {
	now, hash := c.Now().UTC(), c.HashNumber(to)
	b := neverBlock(c.Mint.Block(), to, hash, o.Reason)
	b.Subscriber, b.CreatedAt = o.Business, now
	r := consent.Record{ID: c.Mint.Consent(), Subscriber: o.Business, Callback: cb, Act: consent.OptedOut, Route: o.Route, At: now,
		Person: consent.Person{Number: spelled(to), NumberHash: hash, Page: o.Page, UserAgent: o.UserAgent}}
	var limits []Velocity
	if o.Visitor != "" {
		r.Text, r.Person.Address = consent.Stop(c.Words.Choose(o.Language)), c.hash("visitor", o.Visitor)
		if cb == "" { // whoever has the token of a callback has been counted already
			limits = c.stops(o.Visitor)
		}
	}
	if err := c.store.OptOut(ctx, b, r, limits); err != nil {
		return err
	}
	if err := c.Reload(c.ctx); err != nil {
		return err
	}
	return c.endAll(ctx, hash, o)
}

// stops are the limits of a visitor who names numbers on the public page, as for one who asks for calls.
func (c *Conductor) stops(visitor string) (out []Velocity) {
	for _, l := range c.Policy.PerVisitor {
		out = append(out, Velocity{Key: "stops:" + c.hash("visitor", visitor), N: l.N, Per: l.Per, Code: fault.LimitVisitor,
			Say: "Several numbers were stopped from here already. Wait a little and try again, or tell the business that called."})
	}
	return out
}

// endAll ends the callback that the telephone has, of whichever of those businesses.
func (c *Conductor) endAll(ctx context.Context, hash string, o OptOut) error {
	const enough = 200 // one is live at a time, among the newest
	all, err := c.store.Callbacks(ctx, o.Business, Filter{NumberHash: hash, Limit: enough})
	if err != nil {
		return err
	}
	for _, cb := range all {
		if !cb.Live() {
			continue
		}
		if _, err := c.step(ctx, cb.ID, func(d *draft) error {
			d.neverAgain(o)
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) neverAgain(o OptOut) {
	actor := ByStaff
	if o.Visitor != "" {
		actor = ByVisitor
	}
	if d.State == Connected {
		d.note(actor, "opted_out", "the number is not called again; the talk goes on")
		return
	}
	d.apply(Input{Event: Withdrawn, Actor: actor, Reason: ReasonNeverAgain, Result: ResultVisitorDeclined, Detail: "the number is not called again (" + string(o.Route) + ")"})
}

// neverBlock is the block of a telephone whose owner asked for it.
func neverBlock(b id.Block, to cti.Endpoint, hash, reason string) subscriber.Block {
	masked := phone.Number(to.Number()).Mask()
	if to.Number() == "" {
		masked = string(to)
	}
	if reason == "" {
		reason = "asked never to be called"
	}
	return subscriber.Block{ID: b, NumberHash: hash, Masked: masked, Reason: reason, OwnWish: true}
}

// spelled is a telephone as the ledger names it.
func spelled(to cti.Endpoint) string {
	if n := to.Number(); n != "" {
		return n
	}
	return string(to)
}

// Lift takes an opt-out away: the person has told staff that she wants to be called again.
func (c *Conductor) Lift(ctx context.Context, b id.Block, by Author) error {
	was := c.Directory().Blocks[b]
	if was == nil {
		return fault.New(fault.NotFound, "There is no such block.")
	}
	r := consent.Record{ID: c.Mint.Consent(), Subscriber: was.Subscriber, Act: consent.Lifted, Route: consent.ByStaff, At: c.Now().UTC(),
		Person: consent.Person{NumberHash: was.NumberHash}}
	if err := c.store.Lift(ctx, b, r); err != nil {
		return err
	}
	return c.Reload(c.ctx)
}

// heard is the record of keys that were pressed after a sentence which offered them.
func (d *draft) heard(act consent.Act, s speech.Sentence) {
	sub := d.dir.Subscribers[d.Subscriber]
	r := consent.Record{Act: act, Route: consent.ByKeys, Callback: d.ID, At: d.at, Person: consent.Person{Number: d.Called(), NumberHash: d.NumberHash}}
	if act == consent.Withdrawn {
		r.Subscriber = d.Subscriber
	}
	if sub != nil {
		l := speech.Language(d.Language, sub.Language)
		r.Text = consent.Text{Version: "call: " + string(s), Language: string(l), Words: l.Text(s, speech.Words{Name: sub.Name, Spoken: sub.Prompts.SpokenName})}
	}
	d.consents = append(d.consents, r)
}
