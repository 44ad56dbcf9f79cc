package callback

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/phone"
	"ringback/internal/room"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// Request is a wish as it came in, before any check. Numbers and endpoints are as typed.
type Request struct {
	Button      string // id or slug
	Number      string // as typed; or
	Endpoint    string // sip:… or tel:…
	Agent       string // keyed only: id or slug of who alone shall answer, for a while
	Destination string // keyed only: joins exactly this endpoint
	Order       subscriber.Order
	When        schedule.When
	Name        string
	Topic       string
	Fields      map[string]string
	Page        string
	Language    string // which the visitor speaks
	Shown       string // in which she read what she agrees to; "" = that, else that of the business
	Metadata    map[string]string
	Channel     string // Phone or Web; "" = phone
	Consent     bool

	After      *Callback        // it follows one that has ended, by whose page it is asked for
	By         *login.Principal // nil = a visitor
	SkipLimits bool             // "limits": "skip"
	Visitor    string           // the visitor's address, hashed before it is kept; "" with By
	UserAgent  string
	Act        string           // form, widget, api: how consent was given
	Proof      string           // of work, as the visitor sent it
	Ticket     string           // of a form that was sent without script
	Once       *Once            // its Answer is set from Answer below
	Answer     func(*Made) Kept // with Once: what will be answered; called inside the transaction

	follows   bool   // staff promise it after a call
	anytime   bool   // now also means outside opening hours
	confirm   string // how whoever answers proves a person; "" = as the button says
	rehearsed bool   // nothing comes of it, and whose number it is may be left open
}

// Made is what became of a wish.
type Made struct {
	Callback *Callback
	Token    string       // the visitor's; shown once
	Due      schedule.Due // with Shifted when it was asked for outside opening hours
	Lines    []Line       // its journal so far
}

// Request takes in a wish: checks it, decides whether it can be served at once, stores it, and begins. The error is a
// *fault.Fault for people, or *Replayed. A refusal is put on record.
func (c *Conductor) Request(ctx context.Context, r Request) (*Made, error) {
	m, err := c.request(ctx, &r)
	if err != nil {
		c.recordRefusal(&r, err)
	}
	return m, err
}

func (c *Conductor) request(ctx context.Context, r *Request) (*Made, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.draining.Load() {
		return nil, draining()
	}
	dir, now := c.Directory(), c.Now().UTC()
	b, s := dir.Button(r.Button)
	if b == nil || s == nil || r.By != nil && r.By.Sees != "" && r.By.Sees != s.ID {
		return nil, fault.New(fault.NotFound, "There is no such button.")
	}
	if err := r.check(b, s); err != nil {
		return nil, err
	}
	if c.Halted() {
		return nil, halted(r)
	}
	if err := c.visitorStopped(r, dir, now); err != nil {
		return nil, err
	}
	pass, err := c.pass(r, b, now)
	if err != nil {
		return nil, err
	}
	cb, due, err := c.wish(r, b, s, dir, now)
	if err != nil {
		return nil, err
	}
	token := c.Mint.Token(id.CallbackToken)
	cb.TokenHash = id.TokenHash(token)
	n, diary := c.belongings(r, cb, s, now), r.diary(c, s, b)
	if r.By == nil {
		n.Velocity = append(n.Velocity, c.mailbox(mailOf(r.Fields, b))...)
	}
	if r.follows {
		n.Velocity = untilThen(n.Velocity, due.At.Sub(now))
	}
	n.Booking = booking(diary, due)
	if r.After != nil {
		n.Velocity = apart(n.Velocity, due.At.Sub(now))
	}
	n.Proof, n.Velocity = pass.proof, append(n.Velocity, pass.limits...)
	if r.Once != nil {
		once := *r.Once
		if r.Answer != nil {
			once.Answer = func(stored *Callback) Kept { return r.Answer(&Made{stored, token, due, n.Lines}) }
		}
		n.Once = &once
	}
	if err := c.create(dir, &n, due, c.URL+"/c/"+token); err != nil {
		return nil, taken(err, diary, due, now)
	}
	return &Made{cb, token, due, n.Lines}, nil
}

// Longest texts of a wish, in characters.
const (
	maxName  = 200
	maxText  = 2000
	maxField = 50 // how many fields
)

// check is what can be said without looking at the number.
func (r *Request) check(b *subscriber.Button, s *subscriber.Subscriber) error {
	if b.Closed || s.Suspended {
		return fault.New(fault.ButtonClosed, "%s takes no requests here at the moment.", s.Name)
	}
	if r.Channel != "" && r.Channel != Phone && !(r.Channel == Web && slices.Contains(b.Channels, Web)) {
		return fault.At("channel", fault.ChannelUnavailable, "This way to talk is not available here. A call by telephone is.")
	}
	if r.By == nil && !r.Consent {
		return fault.At("consent", fault.ConsentMissing, "Please tick that you want to be called.")
	}
	for name, v := range map[string]string{"name": r.Name, "topic": r.Topic, "page": r.Page, "language": r.Language} {
		limit := maxText
		if name == "name" || name == "language" {
			limit = maxName
		}
		if utf8.RuneCountInString(v) > limit {
			return fault.At(name, fault.TooLarge, "This is too long: at most %d characters.", limit)
		}
	}
	if len(r.Fields) > maxField || len(r.Metadata) > maxField {
		return fault.At("fields", fault.TooLarge, "At most %d fields.", maxField)
	}
	for _, f := range b.Fields {
		if f.Required && strings.TrimSpace(r.Fields[f.Name]) == "" && r.By == nil && r.After == nil {
			return fault.At("fields."+f.Name, fault.FieldRequired, "%s is needed.", f.Label)
		}
	}
	for name, v := range r.Fields {
		if utf8.RuneCountInString(v) > maxText {
			return fault.At("fields."+name, fault.TooLarge, "This is too long: at most %d characters.", maxText)
		}
	}
	if err := r.checkMail(b); err != nil {
		return err
	}
	if r.Order != "" && r.Order != subscriber.AgentFirst && r.Order != subscriber.VisitorFirst {
		return fault.At("order", fault.WrongType, "order is agent_first or visitor_first.")
	}
	return nil
}

// wish makes the callback as it was asked for, not yet in line.
func (c *Conductor) wish(r *Request, b *subscriber.Button, s *subscriber.Subscriber, dir *directory.Directory, now time.Time) (*Callback, schedule.Due, error) {
	name := c.Mint.Callback()
	to, err := c.Policy.visitorEndpoint(r, name, s, dir)
	if err != nil {
		return nil, schedule.Due{}, err
	}
	var dest cti.Endpoint
	if r.Destination != "" {
		if dest, err = c.Policy.destination(r, s); err != nil {
			return nil, schedule.Due{}, err
		}
		if dest.Telephone() == to.Telephone() {
			return nil, schedule.Due{}, fault.At("destination", fault.NumberOwn, "Both ends are the same telephone.")
		}
	}
	hash := c.HashNumber(to)
	if blocked(dir, hash, s.ID, now) || prefixStopped(dir, to, now) {
		return nil, schedule.Due{}, fault.At("number", fault.NumberNotServed, "We cannot take this number now.")
	}
	due, err := r.When.Resolve(now, r.diary(c, s, b))
	if err != nil && !r.anytime {
		return nil, due, err
	}
	if r.anytime {
		due = schedule.Due{At: now, Zone: s.Location().String()}
	}
	if r.Channel == Web && due.At.After(now) { // nobody keeps a page open until then
		return nil, due, fault.At("channel", fault.ChannelUnavailable, "To talk in the browser is possible only now, and while we are open. Give your telephone number for another time.")
	}
	if due.Shifted {
		due = c.notAtNight(due, b, to, dir, now)
	}
	asked, err := json.Marshal(r.When)
	if err != nil {
		return nil, due, fault.At("when", fault.WhenInvalid, "This time cannot be read.").Because(err)
	}
	cb := &Callback{
		ID: name, Subscriber: s.ID, Button: b.ID, State: Queued, Order: b.Order,
		Number: phone.Number(to.Number()), Endpoint: to, NumberHash: hash, Destination: dest, CallerID: s.CallerID,
		Name: strings.TrimSpace(r.Name), Topic: strings.TrimSpace(r.Topic), Fields: r.Fields, Page: r.Page, Language: r.Language,
		Metadata: r.Metadata, When: string(asked), Wall: due.Wall, Zone: due.Zone, CreatedAt: now,
		Priority: b.Priority, MaxTalk: s.Limits.MaxTalk, Confirm: b.Confirm, Actor: ByVisitor,
	}
	if r.Order != "" {
		cb.Order = r.Order
	}
	if r.confirm != "" {
		cb.Confirm.Agent = r.confirm
	}
	switch {
	case r.By == nil:
	case r.By.Agent != "":
		cb.Actor = ByAgent
	default:
		cb.Actor = ByStaff
	}
	if cb.Tries = tries(b); r.Channel == Web {
		cb.Tries = 1 // who has closed the page is not there later either
	}
	if cb.MaxTalk <= 0 {
		cb.MaxTalk = subscriber.DefaultMaxTalk
	}
	if err := c.keepFor(r, cb, dir, hash); err != nil {
		return nil, due, err
	}
	if r.Agent != "" && due.At.After(now) {
		cb.WantedUntil = due.At.UTC().Add(ReassignFor) // it is kept for her when its time has come
	}
	return cb, due, nil
}

// diary is what the time is chosen from. Staff may book at short notice and far ahead, and with "limits": "skip" more than
// a slot has places.
func (r *Request) diary(c *Conductor, s *subscriber.Subscriber, b *subscriber.Button) schedule.Diary {
	d := c.diary(s, b, "")
	if d.Free = r.By != nil; r.SkipLimits {
		d.Taken = nil
	}
	return d
}

// tries is how often a telephone is called for a button's wish; of a button that is gone, as of any.
func tries(b *subscriber.Button) int {
	if b == nil || b.Tries < 1 {
		return subscriber.DefaultTries
	}
	return b.Tries
}

// Blocked says whether nothing may go from a business to a number, by its hash.
func Blocked(dir *directory.Directory, hash string, sub id.Subscriber, now time.Time) bool {
	return blocked(dir, hash, sub, now)
}

func blocked(dir *directory.Directory, hash string, sub id.Subscriber, now time.Time) bool {
	d := draft{Callback: &Callback{Subscriber: sub, NumberHash: hash}, dir: dir, at: now}
	return d.blocked()
}

// belongings are what is written with the wish: the person, the thread, the consent, the counters.
func (c *Conductor) belongings(r *Request, cb *Callback, s *subscriber.Subscriber, now time.Time) New {
	n := New{
		Callback:    cb,
		Contact:     room.Contact{ID: c.Mint.Contact(), Subscriber: s.ID, Number: cb.Number, Name: cb.Name, CreatedAt: now, LastAt: now},
		Interaction: room.Interaction{ID: c.Mint.Interaction(), Subscriber: s.ID, OpenedAt: now, LastAt: now},
		Velocity:    c.velocity(r, cb),
		MaxLine:     s.Limits.Concurrent * subscriber.LinePerCall,
	}
	if cb.Number == "" {
		n.Contact.Number = phone.Number(cb.Endpoint) // an Internet telephone is known by its address
	}
	if r.By == nil {
		n.Consent = &consent.Record{ID: c.Mint.Consent(), Subscriber: s.ID, Callback: cb.ID, Act: consent.Given, Route: consent.Route(r.Act),
			Text: consent.Shown(c.Words.Choose(r.Shown, r.Language, s.Language), s.Name, AgreedWay(c.Directory().Buttons[cb.Button])), At: now, Person: consent.Person{Number: cb.Called(), NumberHash: cb.NumberHash,
				Page: r.Page, Address: c.hash("visitor", r.Visitor), UserAgent: r.UserAgent}}
	}
	return n
}

// create stores the wish and, when somebody is free and nobody waits before it, its first attempt in the same commit.
func (c *Conductor) create(dir *directory.Directory, n *New, due schedule.Due, page string) error {
	cb := n.Callback
	later := due.At.After(cb.CreatedAt)
	var ch *Choice
	if !later {
		ch = c.line.serveNow(cb.CreatedAt, dir, cb)
	}
	plain := *cb
	for {
		d := c.begin(cb, due, later, ch)
		c.correspond(promisedAt{}, d, page, cb.Version)
		n.Lines, n.Agents, n.Letters = d.lines, d.moves, d.letters
		var err error
		if n.Spend, err = c.spending(account{}, d); err == nil {
			err = c.store.Create(c.ctx, *n) // not with the ctx of who asks: it may be on disk when they have gone
		}
		if d.spend = n.Spend; fault.Is(err, fault.LimitSpend) {
			c.noRoom(cb.Subscriber, n.Spend)
		}
		if err == nil {
			c.settled(cb.Clone(), d)
			if ch == nil && !later {
				c.line.kick()
			}
			return nil
		}
		if ch != nil {
			c.line.forget(cb.ID)
		}
		switch {
		case c.ctx.Err() != nil:
			return draining()
		case ch == nil || !errors.Is(err, ErrAgentTaken):
			return err
		}
		ch, *cb = nil, plain
	}
}

// begin is the first step of a callback.
func (c *Conductor) begin(cb *Callback, due schedule.Due, later bool, ch *Choice) *draft {
	d := &draft{Callback: cb, at: cb.CreatedAt, newLeg: c.Mint.Leg, dir: c.Directory(), status: c.line.status}
	if later {
		cb.State, cb.DueAt, cb.Reason = Scheduled, due.At.UTC(), ReasonBooked
		if due.Shifted {
			cb.Reason = ReasonOutsideHours
		}
	} else {
		cb.State, cb.ArrivedAt, cb.DueAt = Queued, d.at, d.at.Add(MaxWait)
	}
	d.log(Line{Actor: cb.Actor, Event: "requested", To: cb.State, Reason: cb.Reason})
	if ch != nil {
		d.apply(Input{Event: AgentFound, Actor: ByRingback, Detail: ch.Detail, Choice: ch})
	}
	cb.Version = int64(len(d.lines))
	for i := range d.lines {
		d.lines[i].Seq = int64(i + 1)
	}
	return d
}

// serveNow chooses for a callback that is not in line yet, unless somebody waits before it.
func (l *line) serveNow(now time.Time, dir *directory.Directory, cb *Callback) *Choice {
	l.mu.Lock()
	defer l.mu.Unlock()
	ch := l.serves(now, dir, cb)
	if ch != nil {
		l.mean(cb, ch)
	}
	return ch
}

// serves is who would be rung for a callback that is not in line yet.
func (l *line) serves(now time.Time, dir *directory.Directory, cb *Callback) *Choice {
	s := dir.Subscribers[cb.Subscriber]
	for _, c := range l.live {
		if _, chosen := l.meant[c.ID]; waits(c) && !chosen && (cb.Destination == "" || c.Subscriber == cb.Subscriber) {
			return nil
		}
	}
	busy, own := l.inHand()
	if busy[s.ID] >= s.Limits.Concurrent {
		return nil
	}
	ch, _, _ := l.choose(now, dir, s, cb, own[s.ID])
	return ch
}

// recordRefusal keeps what was turned away at the door; the number only masked.
func (c *Conductor) recordRefusal(r *Request, err error) {
	var f *fault.Fault
	if !errors.As(err, &f) || slices.Contains([]fault.Code{fault.StorageFull, fault.StorageBusy, fault.Draining, fault.NotFound}, f.Code) {
		return
	}
	ref := Refusal{ID: c.Mint.Refusal(), Code: f.Code, Page: r.Page, At: c.Now().UTC(), Masked: maskTyped(r.Number + r.Endpoint)}
	if b, s := c.Directory().Button(r.Button); b != nil && s != nil {
		ref.Button, ref.Subscriber = b.ID, s.ID
	}
	if r.Visitor != "" {
		ref.Visitor = c.hash("visitor", r.Visitor)
	}
	if err := c.store.Refuse(c.ctx, ref); err != nil && c.ctx.Err() == nil {
		c.Log.Warn("refusal not recorded", "code", f.Code, "err", err)
	}
	c.unproved(r, f)
}

// maskTyped keeps the last three digits of whatever was typed.
func maskTyped(s string) string {
	var digits []rune
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits = append(digits, r)
		}
	}
	if len(digits) <= 3 {
		return "•••"
	}
	return "•••" + string(digits[len(digits)-3:])
}
