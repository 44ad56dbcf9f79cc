package callback

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/login"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// LeadTime is how long after its end the card of a missed visitor opens.
const LeadTime = 3 * 24 * time.Hour

// Missed says whether nobody has talked with who wanted to be called, though she was there.
func (c *Callback) Missed() bool {
	return c.State == Ended && (c.Outcome == NoAgent || c.Outcome == Expired || c.Reason == ReasonHungUpWaiting)
}

// OpenLead says whether a link opens the card of a missed visitor, c.
func (l *Companion) OpenLead(c *Callback, now time.Time) bool {
	return l.Agent == "" && c.Missed() && now.Before(c.EndedAt.Add(LeadTime))
}

// lead: nobody has talked with who asked. Where the business wants it, a card goes to it, which says nothing of the visitor:
// it goes through other people's hands. Each has a link of its own.
func (d *draft) lead() {
	s := d.dir.Subscribers[d.Subscriber]
	if s == nil || d.card == nil || !s.Notify.Missed || !d.Missed() {
		return
	}
	for _, to := range s.Notify.Addresses() {
		open := d.card(to)
		if open == nil {
			continue
		}
		d.companions = append(d.companions, Companion{id.TokenHash(open.token), d.ID, "", d.at})
		d.letters = append(d.letters, letter.Letter{
			ID: open.letter, Key: fmt.Sprintf("lead/%s/%s", d.ID, to.Kind), Address: to,
			Subject:    s.Name + ": a visitor was missed",
			Text:       s.Name + ": nobody talked with a visitor who asked to be called. Call now, or tomorrow: " + open.url + open.token,
			Subscriber: d.Subscriber, Callback: d.ID, CreatedAt: d.at, DueAt: d.at, LastAt: d.at.Add(LeadTime),
		})
		d.note(ByRingback, "card", "a card of the missed visitor goes to %s by %s", to.Masked(), to.Kind)
	}
}

// LeadTelephone is the business's own telephone, that a missed visitor is connected with: where it is reached when nobody
// represents it, else where its cards go. "" = it has none.
func LeadTelephone(s *subscriber.Subscriber) cti.Endpoint {
	if s.Destination == "" && s.Notify.SMS != "" {
		return cti.Endpoint("tel:" + s.Notify.SMS)
	}
	return s.Destination
}

// ConnectLead calls the business's own telephone, where a person must press a key, and then the visitor whom nobody had talked
// with: at once, also when the business is closed, but not at night where the visitor is.
func (c *Conductor) ConnectLead(ctx context.Context, cb id.Callback) (*Callback, error) {
	was, s, err := c.missedLead(ctx, cb)
	if err != nil {
		return nil, err
	}
	to := LeadTelephone(s)
	if to == "" {
		return nil, fault.At("destination", fault.FieldRequired, "The business has no telephone of its own set up: destination, or notify.sms.")
	}
	now := c.Now().UTC()
	if d := (draft{Callback: was, at: now, dir: c.Directory()}); c.Policy.Night.Is(now, d.where()) {
		return nil, fault.At("when", fault.OutsideHours, "It is night where this telephone is. Choose tomorrow.")
	}
	r := lead(was)
	r.Order, r.Destination, r.anytime, r.confirm = subscriber.AgentFirst, string(to), true, string(cti.ConfirmKey)
	m, err := c.Request(ctx, r)
	return made(m), busyLead(err)
}

// LeadTomorrow books a call to a missed visitor for tomorrow at nine, or when the business opens after that.
func (c *Conductor) LeadTomorrow(ctx context.Context, cb id.Callback) (*Callback, error) {
	was, s, err := c.missedLead(ctx, cb)
	if err != nil {
		return nil, err
	}
	loc := s.Location()
	y, m, d := c.Now().In(loc).Date()
	nine := time.Date(y, m, d+1, 9, 0, 0, 0, loc)
	at, ever := c.diary(s, c.Directory().Buttons[was.Button], "").Next(nine)
	if !ever {
		return nil, fault.At("when", fault.OutsideHours, "The business is closed until further notice.")
	}
	r := lead(was)
	r.When, r.follows = schedule.At(at.In(loc).Format("2006-01-02T15:04"), s.TimeZone), true
	made_, err := c.Request(ctx, r)
	return made(made_), busyLead(err)
}

func (c *Conductor) missedLead(ctx context.Context, cb id.Callback) (*Callback, *subscriber.Subscriber, error) {
	was, err := c.store.Callback(ctx, "", cb)
	if err != nil {
		return nil, nil, err
	}
	s := c.Directory().Subscribers[was.Subscriber]
	switch {
	case s == nil || !was.Missed():
		return nil, nil, fault.New(fault.TooLate, "This visitor was not missed.")
	case !MayLead(was):
		return nil, nil, fault.New(fault.NumberNotServed, "This visitor left no telephone that can be called.")
	}
	return was, s, nil
}

// MayLead says whether a missed visitor can be called: she was not in a browser, and the telephone may be called.
func MayLead(c *Callback) bool {
	return c.Endpoint.Kind() == cti.Tel && !slices.Contains(never, c.Reason)
}

// lead is the wish of a missed visitor once more, as her business makes it.
func lead(was *Callback) Request {
	return Request{Button: string(was.Button), Number: was.Number.E164(), Name: was.Name, Topic: was.Topic, Fields: was.Fields, Page: was.Page,
		Language: was.Language, Metadata: was.Metadata, By: &login.Principal{Role: login.Subscriber, Sees: was.Subscriber}}
}

func busyLead(err error) error {
	if fault.Is(err, fault.NumberBusy) {
		return fault.New(fault.NumberBusy, "A call to this visitor is under way, or booked already.")
	}
	return err
}
