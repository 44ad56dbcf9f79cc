package ctisim

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// Switch rings Phones. It takes no order before Reconcile, like any switch that has just started.
type Switch struct {
	phones *Phones
	out    outbox

	// Guarded by phones.mu.
	down   bool
	slow   time.Duration
	now    func() time.Time
	fence  cti.Fence
	trunks []cti.Trunk
	names  map[string]bool // under which telephones may register
	legs   map[id.Leg]*leg

	browsers map[string]bool     // that are connected
	arrivals map[string]*arrived // by Call-ID: not answered yet
}

// New starts a switch that tells its facts to sink, one after the other, in order; sink may command the switch. Kill
// ends it.
func New(p *Phones, sink func(cti.Event)) *Switch {
	s := &Switch{phones: p, now: time.Now, legs: map[id.Leg]*leg{}, arrivals: map[string]*arrived{}}
	s.out.start(sink)
	return s
}

// Kill is kill -9: no command is taken any more, no fact is told, and no telephone learns of it. It waits until the
// sink has returned.
func (s *Switch) Kill() {
	s.phones.mu.Lock()
	s.down = true
	for _, l := range s.legs {
		l.abandon()
	}
	s.phones.mu.Unlock()
	s.out.stop()
}

// Slow makes every later command take so long before it is looked at.
func (s *Switch) Slow(d time.Duration) {
	s.phones.mu.Lock()
	defer s.phones.mu.Unlock()
	s.slow = d
}

// Clock gives the switch a wall clock that may jump; what it measures it still measures by the bubble's.
func (s *Switch) Clock(now func() time.Time) {
	s.phones.mu.Lock()
	defer s.phones.mu.Unlock()
	s.now = now
}

// enter waits as long as a slow switch does and takes the lock; leave with phones.mu.Unlock.
func (s *Switch) enter(ctx context.Context) error {
	s.phones.mu.Lock()
	slow := s.slow
	s.phones.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.phones.mu.Lock()
	if s.down {
		s.phones.mu.Unlock()
		return cti.ErrDown
	}
	return nil
}

// Originate: see cti.Switch.
func (s *Switch) Originate(ctx context.Context, o cti.Order) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	err := s.originate(o)
	s.phones.tell(o.Callback, o.Leg, err, "originate %d %s %s", o.Attempt, o.Party, o.To)
	return err
}

func (s *Switch) originate(o cti.Order) error {
	known, err := s.fence.Admit(o, s.now())
	if err != nil || known {
		return err
	}
	if o.Arrived() {
		if err := s.take(o); err != nil {
			s.fence.Forget(o.Callback, o.Leg)
			return err
		}
		return nil
	}
	trunk, ok := s.trunkFor(o.To, o.Via)
	if !ok {
		s.fence.Forget(o.Callback, o.Leg)
		return cti.ErrNoTrunk
	}
	l := &leg{sw: s, order: o, trunk: trunk, state: cti.Created}
	s.legs[o.Leg] = l
	l.send()
	return nil
}

// trunkFor finds the trunk of a number: the longest prefix, then the lowest priority, that has room. A sip: address
// needs none.
func (s *Switch) trunkFor(to cti.Endpoint, via id.Trunk) (id.Trunk, bool) {
	if to.Kind() != cti.Tel {
		return "", true
	}
	best, longest := -1, -1
	for i, t := range s.trunks {
		n := matches(t, to.Number())
		if n < 0 || via != "" && t.ID != via || t.MaxCalls > 0 && s.load(t.ID) >= t.MaxCalls {
			continue
		}
		if n > longest || n == longest && t.Priority < s.trunks[best].Priority {
			best, longest = i, n
		}
	}
	if best < 0 {
		return "", false
	}
	return s.trunks[best].ID, true
}

// matches is the length of the longest prefix that fits, -1 = none.
func matches(t cti.Trunk, number string) int {
	longest := -1
	for _, p := range t.Prefixes {
		if len(p) <= len(number) && number[:len(p)] == p {
			longest = max(longest, len(p))
		}
	}
	return longest
}

func (s *Switch) load(t id.Trunk) int {
	n := 0
	for _, l := range s.legs {
		if l.trunk == t && l.state != cti.Ended {
			n++
		}
	}
	return n
}

// Join: see cti.Switch.
func (s *Switch) Join(ctx context.Context, j cti.Join) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	a, b := s.legs[j.A], s.legs[j.B]
	err := join(a, b, j)
	attempt := 0
	if a != nil {
		attempt = a.order.Attempt
	}
	s.phones.tell(j.Callback, j.A, err, "join %d", attempt)
	return err
}

// Record: see cti.Switch.
func (s *Switch) Record(ctx context.Context, leg id.Leg, c cti.RecordCommand) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	l := s.legs[leg]
	if l == nil || l.tape == nil || l.tape.ended && c != cti.RecordStop {
		return cti.ErrNotRecorded
	}
	if c == cti.RecordStop {
		l.tape.stop()
	}
	s.phones.tell(l.order.Callback, leg, nil, "record %d %s", l.order.Attempt, c)
	return nil
}

// Play: see cti.Switch.
func (s *Switch) Play(ctx context.Context, leg id.Leg, p cti.Program) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	l := s.legs[leg]
	if l == nil || !l.state.Up() || l.ending {
		s.phones.tell("", leg, cti.ErrNoLeg, "play %s", p.Then)
		return cti.ErrNoLeg
	}
	l.program = p
	l.plays()
	s.phones.tell(l.order.Callback, leg, nil, "play %d %s %s", l.order.Attempt, l.order.Party, p.Then)
	return nil
}

// Refer: see cti.Switch.
func (s *Switch) Refer(ctx context.Context, leg id.Leg, how cti.Progress) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	l := s.legs[leg]
	if l == nil || !l.state.Up() || l.ending {
		s.phones.tell("", leg, cti.ErrNoLeg, "refer %s", how)
		return cti.ErrNoLeg
	}
	switch {
	case !l.refers:
	case how == cti.ReferTrying:
		l.part(cti.Program{Then: cti.SoundWait}, cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundRingback})
	default:
		if l.refers = how == cti.ReferRinging; !l.refers {
			l.notTaken()
		}
	}
	s.phones.tell(l.order.Callback, leg, nil, "refer %d %s %s", l.order.Attempt, l.order.Party, how)
	return nil
}

// HangUp: see cti.Switch.
func (s *Switch) HangUp(ctx context.Context, leg id.Leg, h cti.HangUp) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	l := s.legs[leg]
	if l == nil {
		s.phones.tell("", leg, nil, "hangup of an unknown leg")
		return nil
	}
	s.phones.tell(l.order.Callback, leg, nil, "hangup %d %s %s", l.order.Attempt, l.order.Party, h.Cause)
	l.hangUp(h)
	return nil
}

// Fence: see cti.Switch.
func (s *Switch) Fence(ctx context.Context, cb id.Callback, fence int64, cancelled bool) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	s.fence.Raise(cb, fence, cancelled, s.now())
	s.phones.tell(cb, "", nil, "fence cancelled=%t", cancelled)
	return nil
}

// Reconcile: see cti.Switch. A telephone that another switch rang is told to stop.
func (s *Switch) Reconcile(ctx context.Context, known []cti.KnownLeg) ([]cti.LegFact, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.phones.mu.Unlock()
	facts := make([]cti.LegFact, 0, len(known))
	for _, k := range known {
		facts = append(facts, s.reconcile(k))
	}
	s.fence.Reconciled()
	s.phones.tell("", "", nil, "reconcile %d", len(known))
	return facts, nil
}

func (s *Switch) reconcile(k cti.KnownLeg) cti.LegFact {
	now := s.now()
	if l := s.legs[k.Order.Leg]; l != nil {
		s.fence.Used(k.Order, l.state != cti.Ended, now)
		return l.fact()
	}
	if !k.Sent {
		s.fence.Raise(k.Order.Callback, k.Order.Fence, false, now)
		return cti.LegFact{Leg: k.Order.Leg}
	}
	s.fence.Used(k.Order, false, now)
	if c := s.phones.find(k.Order.Leg); c != nil && c.GoneAt.IsZero() && (!k.Order.Arrived() || len(k.Ref) > 0) { // without a Ref nobody can end their call
		c.by = nil
		if !c.cancel() { // its answer will cross our CANCEL: ACK and BYE then
			c.by = &late{c}
		}
	}
	return cti.LegFact{Leg: k.Order.Leg, CallID: k.CallID, Trunk: k.Trunk}
}

// Legs: see cti.Switch.
func (s *Switch) Legs(ctx context.Context, cb id.Callback) ([]cti.LegFact, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.phones.mu.Unlock()
	var facts []cti.LegFact
	for i, l := range s.legs {
		switch {
		case l.state == cti.Ended && s.now().Sub(l.endedAt) > cti.FenceMemory:
			delete(s.legs, i)
		case l.order.Callback == cb:
			facts = append(facts, l.fact())
		}
	}
	return facts, nil
}

// Trunks: see cti.Switch.
func (s *Switch) Trunks(ctx context.Context, all []cti.Trunk) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	s.trunks = append([]cti.Trunk(nil), all...)
	return nil
}

// Devices: see cti.Switch.
func (s *Switch) Devices(ctx context.Context, all []cti.Device) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	s.names = map[string]bool{}
	for _, d := range all {
		s.names[d.User] = true
	}
	return nil
}

// Registered: see cti.Switch.
func (s *Switch) Registered(ctx context.Context) ([]cti.Registration, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.phones.mu.Unlock()
	return s.phones.registered(s.names), nil
}

// Lines: every simulated trunk is up.
func (s *Switch) Lines(ctx context.Context) ([]cti.LineState, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.phones.mu.Unlock()
	out := make([]cti.LineState, 0, len(s.trunks))
	for _, t := range s.trunks {
		out = append(out, cti.LineState{Trunk: t.ID, Slug: t.Slug, Condition: cti.LineUp})
	}
	slices.SortFunc(out, func(a, b cti.LineState) int {
		return cmp.Or(cmp.Compare(a.Slug, b.Slug), cmp.Compare(a.Trunk, b.Trunk))
	})
	return out, nil
}

// outbox tells events in order, by a goroutine of its own.
type outbox struct {
	mu     sync.Mutex
	queue  []cti.Event
	closed bool
	wake   chan struct{}
	done   chan struct{}
}

func (o *outbox) start(sink func(cti.Event)) {
	o.wake, o.done = make(chan struct{}, 1), make(chan struct{})
	go o.run(sink)
}

func (o *outbox) run(sink func(cti.Event)) {
	defer close(o.done)
	for range o.wake {
		for {
			o.mu.Lock()
			if o.closed {
				o.mu.Unlock()
				return
			}
			if len(o.queue) == 0 {
				o.mu.Unlock()
				break
			}
			e := o.queue[0]
			o.queue = o.queue[1:]
			o.mu.Unlock()
			sink(e)
		}
	}
}

func (o *outbox) put(e cti.Event) {
	o.mu.Lock()
	o.queue = append(o.queue, e)
	o.mu.Unlock()
	o.poke()
}

func (o *outbox) poke() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) stop() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.poke()
	<-o.done
}
