package callback_test

import (
	"context"
	"sync"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// border stands between the service and what lies outside its process. It can die at any crossing: from then on every
// crossing fails, as for a process that was killed there, until revive.
type border struct {
	w     *world
	inner callback.Store
	book  directory.Book

	mu       sync.Mutex
	dead     bool
	died     bool // at dieAt
	full     bool // the disk is full
	crossed  int
	dieAt    int // at this crossing; 0 = never
	dying    chan struct{}
	crossing []string
}

func newBorder(w *world) *border {
	s := newStore(w)
	return &border{w: w, inner: s, book: s, dying: make(chan struct{})}
}

// cross is one step over the border; false = the process is dead.
func (b *border) cross(what string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead {
		return false
	}
	b.crossed++
	b.crossing = append(b.crossing, what)
	if b.crossed == b.dieAt {
		b.dead, b.died = true, true
		close(b.dying)
		return false
	}
	return true
}

// arm makes it die at the n-th crossing from now.
func (b *border) arm(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dieAt = b.crossed + n
}

// hasDied says whether the armed crossing was reached.
func (b *border) hasDied() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.died
}

// last is what the armed crossing was.
func (b *border) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dieAt > len(b.crossing) {
		return "not reached"
	}
	return b.crossing[b.dieAt-1]
}

func (b *border) die() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.dead {
		b.dead = true
		close(b.dying)
	}
}

func (b *border) isDead() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dead
}

func (b *border) revive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead {
		b.dead, b.dying = false, make(chan struct{})
	}
}

// fill makes the disk full, or frees it.
func (b *border) fill(full bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full = full
}

// write is one transaction: it may die before it begins and after it is on disk, before the answer.
func (b *border) write(what string, do func() error) error {
	if !b.cross("before " + what) {
		return errDead
	}
	b.mu.Lock()
	full := b.full
	b.mu.Unlock()
	if full {
		return fault.New(fault.StorageFull, "The disk is full.")
	}
	err := do()
	if !b.cross("after " + what) {
		return errDead
	}
	return err
}

func (b *border) Create(ctx context.Context, n callback.New) error {
	return b.write("create", func() error { return b.inner.Create(ctx, n) })
}

func (b *border) Step(ctx context.Context, cb id.Callback, decide func(*callback.Callback) (callback.Change, error)) (c *callback.Callback, err error) {
	err = b.write("step", func() error {
		c, err = b.inner.Step(ctx, cb, decide)
		return err
	})
	return c, err
}

func (b *border) MoveAgent(ctx context.Context, m callback.Move) error {
	return b.write("move", func() error { return b.inner.MoveAgent(ctx, m) })
}

func (b *border) Refuse(ctx context.Context, r callback.Refusal) error {
	return b.write("refuse", func() error { return b.inner.Refuse(ctx, r) })
}

func (b *border) OptOut(ctx context.Context, block subscriber.Block, r consent.Record, limits []callback.Velocity) error {
	return b.write("opt out", func() error { return b.inner.OptOut(ctx, block, r, limits) })
}

func (b *border) Lift(ctx context.Context, block id.Block, r consent.Record) error {
	return b.write("lift", func() error { return b.inner.Lift(ctx, block, r) })
}

func (b *border) Callback(ctx context.Context, sub id.Subscriber, cb id.Callback) (*callback.Callback, error) {
	return read(b, func() (*callback.Callback, error) { return b.inner.Callback(ctx, sub, cb) })
}

func (b *border) LastAgent(ctx context.Context, sub id.Subscriber, hash string, since time.Time) (id.Agent, error) {
	return read(b, func() (id.Agent, error) { return b.inner.LastAgent(ctx, sub, hash, since) })
}

func (b *border) OfNumber(ctx context.Context, sub id.Subscriber, hash string, since time.Time) (*callback.Callback, error) {
	return read(b, func() (*callback.Callback, error) { return b.inner.OfNumber(ctx, sub, hash, since) })
}

func (b *border) ByToken(ctx context.Context, hash string) (*callback.Callback, error) {
	return read(b, func() (*callback.Callback, error) { return b.inner.ByToken(ctx, hash) })
}

func (b *border) Callbacks(ctx context.Context, sub id.Subscriber, f callback.Filter) ([]callback.Callback, error) {
	return read(b, func() ([]callback.Callback, error) { return b.inner.Callbacks(ctx, sub, f) })
}

func (b *border) Journal(ctx context.Context, cb id.Callback) ([]callback.Line, error) {
	return read(b, func() ([]callback.Line, error) { return b.inner.Journal(ctx, cb) })
}

func (b *border) Live(ctx context.Context) ([]*callback.Callback, error) {
	return read(b, func() ([]*callback.Callback, error) { return b.inner.Live(ctx) })
}

func (b *border) Due(ctx context.Context, now time.Time, limit int) ([]id.Callback, error) {
	return read(b, func() ([]id.Callback, error) { return b.inner.Due(ctx, now, limit) })
}

func (b *border) Agents(ctx context.Context) (map[id.Agent]agent.Status, error) {
	return read(b, func() (map[id.Agent]agent.Status, error) { return b.inner.Agents(ctx) })
}

func (b *border) Directory(ctx context.Context) (*directory.Directory, error) {
	return read(b, func() (*directory.Directory, error) { return b.book.Directory(ctx) })
}

func (b *border) Apply(ctx context.Context, s directory.Setup, o directory.Options) ([]directory.Change, error) {
	return b.book.Apply(ctx, s, o)
}

func (b *border) Delete(ctx context.Context, k directory.Kind, name string) error {
	return b.book.Delete(ctx, k, name)
}

func read[T any](b *border, do func() (T, error)) (T, error) {
	if b.isDead() {
		var none T
		return none, errDead
	}
	return do()
}

// frailSwitch is the switch behind the border: a command may be lost before it is given, or its answer after.
type frailSwitch struct {
	b *border
	w *world
}

func (s *frailSwitch) command(what string, do func() error) error {
	if !s.b.cross("before " + what) {
		return errDead
	}
	err := do()
	if !s.b.cross("after " + what) {
		return errDead
	}
	return err
}

func (s *frailSwitch) Originate(ctx context.Context, o cti.Order) error {
	return s.command("originate "+string(o.Party), func() error { return s.w.sw.Originate(ctx, o) })
}

func (s *frailSwitch) Reject(ctx context.Context, callID string, h cti.HangUp) error {
	return s.command("reject", func() error { return s.w.sw.Reject(ctx, callID, h) })
}

func (s *frailSwitch) Join(ctx context.Context, j cti.Join) error {
	return s.command("join", func() error { return s.w.sw.Join(ctx, j) })
}

func (s *frailSwitch) Confer(ctx context.Context, c cti.Confer) error {
	return s.command("confer", func() error { return s.w.sw.Confer(ctx, c) })
}

func (s *frailSwitch) Monitor(ctx context.Context, m cti.Monitor) error {
	return s.command("monitor", func() error { return s.w.sw.Monitor(ctx, m) })
}

func (s *frailSwitch) Keys(ctx context.Context, l id.Leg, digits string) error {
	return s.command("keys", func() error { return s.w.sw.Keys(ctx, l, digits) })
}

func (s *frailSwitch) Connect(ctx context.Context, peer, offer string) (string, error) {
	return s.w.sw.Connect(ctx, peer, offer)
}

func (s *frailSwitch) Disconnect(ctx context.Context, peer string) error {
	return s.w.sw.Disconnect(ctx, peer)
}

func (s *frailSwitch) ICE(ctx context.Context, peer string) ([]cti.ICEServer, error) {
	return s.w.sw.ICE(ctx, peer)
}

func (s *frailSwitch) Accept(ctx context.Context, l id.Leg) error {
	return s.command("accept", func() error { return s.w.sw.Accept(ctx, l) })
}

func (s *frailSwitch) Hold(ctx context.Context, l id.Leg, on bool) error {
	return s.command("hold", func() error { return s.w.sw.Hold(ctx, l, on) })
}

func (s *frailSwitch) Play(ctx context.Context, l id.Leg, p cti.Program) error {
	return s.command("play", func() error { return s.w.sw.Play(ctx, l, p) })
}

func (s *frailSwitch) HangUp(ctx context.Context, l id.Leg, h cti.HangUp) error {
	return s.command("hangup", func() error { return s.w.sw.HangUp(ctx, l, h) })
}

func (s *frailSwitch) Fence(ctx context.Context, cb id.Callback, fence int64, cancelled bool) error {
	return s.command("fence", func() error { return s.w.sw.Fence(ctx, cb, fence, cancelled) })
}

func (s *frailSwitch) Reconcile(ctx context.Context, known []cti.KnownLeg) (facts []cti.LegFact, err error) {
	err = s.command("reconcile", func() error {
		facts, err = s.w.sw.Reconcile(ctx, known)
		return err
	})
	return facts, err
}

func (s *frailSwitch) Legs(ctx context.Context, cb id.Callback) ([]cti.LegFact, error) {
	return read(s.b, func() ([]cti.LegFact, error) { return s.w.sw.Legs(ctx, cb) })
}

func (s *frailSwitch) Record(ctx context.Context, l id.Leg, c cti.RecordCommand) error {
	return s.command("record", func() error { return s.w.sw.Record(ctx, l, c) })
}

func (s *frailSwitch) Refer(ctx context.Context, l id.Leg, how cti.Progress) error {
	return s.command("refer", func() error { return s.w.sw.Refer(ctx, l, how) })
}

func (s *frailSwitch) Trunks(ctx context.Context, all []cti.Trunk) error {
	s.w.trunks = all
	return s.w.sw.Trunks(ctx, all)
}

func (s *frailSwitch) Devices(ctx context.Context, all []cti.Device) error {
	return s.w.sw.Devices(ctx, all)
}

func (s *frailSwitch) Registered(ctx context.Context) ([]cti.Registration, error) {
	return read(s.b, func() ([]cti.Registration, error) { return s.w.sw.Registered(ctx) })
}

func (s *frailSwitch) Lines(ctx context.Context) ([]cti.LineState, error) {
	return s.w.sw.Lines(ctx)
}
