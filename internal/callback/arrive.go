package callback

import (
	"context"
	"errors"
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/room"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// MissedFor is how long a caller who has missed our call is served as one who waits for it.
const MissedFor = 24 * time.Hour

// turnedAway is an arrival that is not answered: why, and what is said before the answer.
type turnedAway struct {
	cause cti.Cause
	say   speech.Sentence
	why   string
}

func (t *turnedAway) Error() string { return t.why }

// arrived decides about a call that has come in: it is answered once it is on disk, or turned away.
func (c *Conductor) arrived(ev cti.Event) {
	err := c.takeCall(ev)
	var away *turnedAway
	switch {
	case err == nil || c.ctx.Err() != nil:
		return
	case errors.As(err, &away):
	case fault.Is(err, fault.LimitNumber), fault.Is(err, fault.LimitSubscriber):
		away = &turnedAway{cti.UserBusy, speech.VisitorSorry, err.Error()}
	default:
		away = &turnedAway{cti.Congestion, "", err.Error()}
	}
	c.Log.Info("a call that came in is not taken", "call", ev.CallID, "trunk", ev.Trunk, "why", away.why)
	h := cti.HangUp{Cause: away.cause}
	if s := c.Directory().Called(phone.Number(ev.Arrival.To)); s != nil && away.say != "" {
		h.Say = toVisitor(c.Speaker, &Callback{Subscriber: s.ID}, c.Directory()).says(away.say)
	}
	if err := c.sw.Reject(c.ctx, ev.CallID, h); err != nil && c.ctx.Err() == nil {
		c.Log.Warn("a call that came in was not refused", "call", ev.CallID, "err", err)
	}
}

// takeCall makes a callback of an arrival and answers it.
func (c *Conductor) takeCall(ev cti.Event) error {
	dir, now := c.Directory(), c.Now().UTC()
	s := dir.Called(phone.Number(ev.Arrival.To))
	switch {
	case c.draining.Load():
		return &turnedAway{cti.Congestion, "", "the service is stopping"}
	case c.Halted():
		return &turnedAway{cti.NoAnswer, speech.VisitorSorry, "the operator has stopped all calls"}
	case s == nil || s.Suspended:
		return &turnedAway{cti.UnallocatedNumber, "", "the number is no business's"}
	case c.line.callers(s.ID) >= s.Limits.Concurrent:
		return &turnedAway{cti.UserBusy, speech.VisitorSorry, "as many callers are on the line as limits.concurrent allows"}
	}
	n, err := c.arrival(ev, s, dir, now)
	if err != nil {
		return err
	}
	cb := n.Callback
	d := &draft{Callback: cb, at: now, newLeg: c.Mint.Leg, dir: dir, status: c.line.status}
	d.log(Line{Seq: 1, Actor: ByVisitor, Event: "called", To: Queued, Reason: cb.Reason, Detail: resumesDetail(cb)})
	d.acts = append(d.acts, Act{Effect: CallVisitor, Leg: cb.Attempts[0].Legs[0].ID})
	n.Lines, cb.Version = d.lines, 1
	if err := c.store.Create(c.ctx, n); err != nil {
		return err
	}
	c.settled(cb.Clone(), d)
	return nil
}

func resumesDetail(cb *Callback) string {
	if cb.Resumes == "" {
		return ""
	}
	return "the caller's number has " + string(cb.Resumes) + ": first in line"
}

// arrival is all that an arrival writes.
func (c *Conductor) arrival(ev cti.Event, s *subscriber.Subscriber, dir *directory.Directory, now time.Time) (New, error) {
	number := phone.Number(ev.Arrival.From)
	cb := &Callback{
		ID: c.Mint.Callback(), TokenHash: id.TokenHash(c.Mint.Token(id.CallbackToken)), Subscriber: s.ID, State: Queued, Order: CallerFirst,
		Inbound: true, Number: number, Endpoint: cti.Endpoint("tel:" + ev.Arrival.From), CallerID: phone.Number(ev.Arrival.To),
		When: "{}", ArrivedAt: now, CreatedAt: now, DueAt: now.Add(ActGrace), MaxTalk: s.Limits.MaxTalk, Actor: ByVisitor, Fence: 1,
	}
	cb.NumberHash = "call:" + string(cb.ID) // a call may come from a number that is to be called
	if cb.MaxTalk <= 0 {
		cb.MaxTalk = subscriber.DefaultMaxTalk
	}
	if b := firstButton(dir, s.ID); b != nil {
		cb.Button, cb.Confirm, cb.Priority = b.ID, b.Confirm, b.Priority
	}
	hash := c.HashNumber(cb.Endpoint)
	never := blocked(dir, hash, s.ID, now)
	if number != "" && never && !ownWish(dir, hash) { // who wants not to be called may call
		return New{}, &turnedAway{cti.CallRejected, speech.VisitorSorry, "the caller's number is blocked"}
	}
	if !never && c.callable(number, s, dir) {
		cb.Tries = subscriber.DefaultTries
		if b := dir.Buttons[cb.Button]; b != nil && b.Tries > 0 {
			cb.Tries = b.Tries
		}
	}
	if number != "" {
		if err := c.resume(cb, hash, now); err != nil {
			return New{}, err
		}
	}
	if err := c.keepFor(&Request{}, cb, dir, hash); err != nil {
		return New{}, err
	}
	if !dir.Calendar(s, nil).Business().Open(now) {
		if cb.Tries == 0 {
			return New{}, &turnedAway{cti.NoAnswer, speech.CallerClosed, "the business is closed, and the caller cannot be called back"}
		}
		cb.Reason = ReasonCalledClosed
	}
	cb.Attempts = []Attempt{{N: 1, Fence: 1, StartedAt: now, Legs: []Leg{{ID: c.Mint.Leg(), Party: cti.Visitor, Endpoint: cb.Endpoint,
		Trunk: ev.Trunk, CallID: ev.CallID, Ref: string(ev.Ref), State: cti.Created, CreatedAt: now, SentAt: now}}}}
	return New{Callback: cb,
		Contact:     room.Contact{ID: c.Mint.Contact(), Subscriber: s.ID, Number: number, Name: cb.Name, CreatedAt: now, LastAt: now},
		Interaction: room.Interaction{ID: c.Mint.Interaction(), Subscriber: s.ID, OpenedAt: now, LastAt: now},
		Velocity:    c.Policy.arrivals(hash, ev), MaxLine: s.Limits.Concurrent * subscriber.LinePerCall}, nil
}

// ownWish says whether it is the person who keeps us from calling a number, and nobody else.
func ownWish(dir *directory.Directory, hash string) bool {
	return !slices.ContainsFunc(dir.BlocksOf(hash), func(b *subscriber.Block) bool { return !b.OwnWish })
}

// arrivals is what is counted for a call that has come in. Behind it stand the trunk's max_calls and the business's
// limits.concurrent.
func (p *Policy) arrivals(hash string, ev cti.Event) (out []Velocity) {
	const sorry = "Too many calls have come in. Try again later."
	for _, l := range p.PerTrunk {
		out = append(out, Velocity{Key: "calls-over:" + string(ev.Trunk), N: l.N, Per: l.Per, Code: fault.LimitSubscriber, Say: sorry})
	}
	if ev.Arrival.From == "" {
		return out
	}
	for _, l := range p.PerCaller {
		out = append(out, Velocity{Key: "calls-from:" + hash, N: l.N, Per: l.Per, Code: fault.LimitNumber, Say: sorry})
	}
	return out
}

// firstButton is whose settings calls of a business follow: the first by its name.
func firstButton(dir *directory.Directory, s id.Subscriber) (first *subscriber.Button) {
	for _, b := range dir.Buttons {
		if b.Subscriber == s && (first == nil || b.Slug < first.Slug) {
			first = b
		}
	}
	return first
}

// callable says whether a caller may be called back: by the rules for whoever asks for a call.
func (c *Conductor) callable(n phone.Number, s *subscriber.Subscriber, dir *directory.Directory) bool {
	if n == "" {
		return false
	}
	_, err := c.Policy.visitorEndpoint(&Request{Number: n.E164()}, "", s, dir)
	return err == nil
}

// resume gives a caller the name and the matter of the callback that waits for her, or that she has missed.
func (c *Conductor) resume(cb *Callback, hash string, now time.Time) error {
	was, err := c.store.OfNumber(c.ctx, cb.Subscriber, hash, now.Add(-MissedFor))
	if err != nil || was == nil || !was.Live() && !was.Outcome.missed() {
		return err
	}
	cb.Resumes, cb.Name, cb.Topic, cb.Fields, cb.Page, cb.Metadata = was.ID, was.Name, was.Topic, was.Fields, was.Page, was.Metadata
	if was.Language != "" {
		cb.Language = was.Language
	}
	return nil
}

// missed says whether the visitor did not get what she had asked for.
func (o Outcome) missed() bool {
	return o == VisitorNoAnswer || o == VisitorBusy || o == Machine || o == NoAgent || o == Failed || o == Expired
}

// bookCall makes a callback of a call whose caller wants that. Where it may not be, she is told, and so is she who has one.
func (c *Conductor) bookCall(cb *Callback) {
	_, err := c.step(c.ctx, cb.ID, func(d *draft) error {
		if !d.OnLine() {
			return errNotWaiting
		}
		hash := d.hash(d.Endpoint)
		if !c.callable(d.Number, d.dir.Subscribers[d.Subscriber], d.dir) || blocked(d.dir, hash, d.Subscriber, d.at) {
			return fault.New(fault.NumberNotServed, "We cannot take this number now.")
		}
		d.velocity = append(d.velocity, c.numberLimits(hash)...)
		if !d.apply(Input{Event: PutOff, Actor: ByVisitor, Result: ResultCancelled, Detail: "the caller wants to be called back"}) {
			return errNotWaiting
		}
		return nil
	})
	if err == nil || errors.Is(err, errNotWaiting) || c.ctx.Err() != nil {
		return
	}
	in := Input{Event: Withdrawn, Actor: ByRingback, Reason: ReasonPolicy, Result: ResultCancelled, Detail: err.Error()}
	if was := c.waitsFor(c.ctx, cb); was != nil {
		in.Reason, in.Detail = ReasonPutOff, string(was.ID)+" goes on"
	}
	c.push(cb.ID, job{do: func(d *draft) error {
		if d.OnLine() {
			d.apply(in)
		}
		return nil
	}})
}

// waitsFor is the callback that a caller was waiting for, while it is live.
func (c *Conductor) waitsFor(ctx context.Context, cb *Callback) *Callback {
	if cb.Resumes == "" {
		return nil
	}
	was, err := c.store.Callback(ctx, cb.Subscriber, cb.Resumes)
	if err != nil || !was.Live() {
		return nil
	}
	return was
}

// closeResumed: they have talked, so the call that was waited for is not made.
func (c *Conductor) closeResumed(cb *Callback) {
	c.push(cb.Resumes, job{do: func(d *draft) error {
		if d.State == Scheduled || d.State == Queued {
			d.apply(Input{Event: TalkedAlready, Actor: ByVisitor, Reason: ReasonTheyCalled, Detail: "they talked in " + string(cb.ID)})
		}
		return nil
	}})
}

// callers counts a business's callers on the line.
func (l *line) callers(s id.Subscriber) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.live {
		if c.Subscriber == s && c.OnLine() {
			n++
		}
	}
	return n
}

// parked says whether a callback waits for the end of a call of its own visitor.
func (l *line) parked(cb id.Callback) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isParked(cb)
}

func (l *line) isParked(cb id.Callback) bool {
	for _, was := range l.resuming {
		if was == cb {
			return true
		}
	}
	return false
}

// sendAway ends the wait of a caller whom nobody will be called for any more.
func (c *Conductor) sendAway(cb id.Callback) {
	c.push(cb, job{do: func(d *draft) error {
		if d.OnLine() && d.State == Queued {
			d.apply(Input{Event: NobodyLeft, Actor: ByRingback, Reason: ReasonNobodyReady, Detail: "the service is stopping"})
		}
		return nil
	}})
}

func (l *line) waitingCallers() (out []id.Callback) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.live {
		if c.OnLine() && c.State == Queued {
			out = append(out, c.ID)
		}
	}
	return out
}
