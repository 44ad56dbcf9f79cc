package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/subscriber"
	"ringback/internal/wire"
)

var errDead = errors.New("this process is dead")

// border is all that lies between one process and the world: disk, switch, wire. It dies at the crossing it is armed
// for; from then on nothing gets through.
type border struct {
	store callback.Store
	book  directory.Book
	rand  *rand.Rand

	mu      sync.Mutex
	dead    bool
	left    int // crossings until it dies; 0 = never
	last    string
	dying   chan struct{}
	trouble func(format string, args ...any)
}

// cross is one step over the border; false = the process is dead.
func (b *border) cross(what string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead {
		return false
	}
	if b.left == 0 {
		return true
	}
	if b.left--; b.left > 0 {
		return true
	}
	b.dead, b.last = true, what
	close(b.dying)
	return false
}

// arm makes it die at the n-th crossing from now, n > 0.
func (b *border) arm(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left == 0 {
		b.left = n
	}
}

// disarm lets it live; false when it is dead already.
func (b *border) disarm() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = 0
	return !b.dead
}

func (b *border) isDead() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dead
}

// chance is true in share of all cases.
func (b *border) chance(share float64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rand.Float64() < share
}

func (b *border) write(what string, do func() error) error {
	if !b.cross("before " + what) {
		return errDead
	}
	err := do()
	if !b.cross("after " + what) {
		return errDead
	}
	return err
}

func read[T any](b *border, do func() (T, error)) (T, error) {
	if !b.cross("read") {
		var none T
		return none, errDead
	}
	return do()
}

// The disk.

func (b *border) Create(ctx context.Context, n callback.New) error {
	return b.write("create", func() error { return b.store.Create(ctx, n) })
}

func (b *border) Step(ctx context.Context, cb id.Callback, decide func(*callback.Callback) (callback.Change, error)) (c *callback.Callback, err error) {
	err = b.write("step", func() error {
		c, err = b.store.Step(ctx, cb, decide)
		return err
	})
	return c, err
}

func (b *border) MoveAgent(ctx context.Context, m callback.Move) error {
	return b.write("move", func() error { return b.store.MoveAgent(ctx, m) })
}

func (b *border) Refuse(ctx context.Context, r callback.Refusal) error {
	return b.write("refuse", func() error { return b.store.Refuse(ctx, r) })
}

func (b *border) OptOut(ctx context.Context, block subscriber.Block, r consent.Record, limits []callback.Velocity) error {
	return b.write("opt out", func() error { return b.store.OptOut(ctx, block, r, limits) })
}

func (b *border) Lift(ctx context.Context, block id.Block, r consent.Record) error {
	return b.write("lift", func() error { return b.store.Lift(ctx, block, r) })
}

func (b *border) Callback(ctx context.Context, sub id.Subscriber, cb id.Callback) (*callback.Callback, error) {
	return read(b, func() (*callback.Callback, error) { return b.store.Callback(ctx, sub, cb) })
}

func (b *border) OfNumber(ctx context.Context, sub id.Subscriber, hash string, since time.Time) (*callback.Callback, error) {
	return read(b, func() (*callback.Callback, error) { return b.store.OfNumber(ctx, sub, hash, since) })
}

func (b *border) LastAgent(ctx context.Context, sub id.Subscriber, hash string, since time.Time) (id.Agent, error) {
	return read(b, func() (id.Agent, error) { return b.store.LastAgent(ctx, sub, hash, since) })
}

func (b *border) ByToken(ctx context.Context, hash string) (*callback.Callback, error) {
	return read(b, func() (*callback.Callback, error) { return b.store.ByToken(ctx, hash) })
}

func (b *border) Callbacks(ctx context.Context, sub id.Subscriber, f callback.Filter) ([]callback.Callback, error) {
	return read(b, func() ([]callback.Callback, error) { return b.store.Callbacks(ctx, sub, f) })
}

func (b *border) Journal(ctx context.Context, cb id.Callback) ([]callback.Line, error) {
	return read(b, func() ([]callback.Line, error) { return b.store.Journal(ctx, cb) })
}

func (b *border) Live(ctx context.Context) ([]*callback.Callback, error) {
	return read(b, func() ([]*callback.Callback, error) { return b.store.Live(ctx) })
}

// Due is asked once a second all day long: it does not count as a crossing, so that deaths come where things happen.
func (b *border) Due(ctx context.Context, now time.Time, limit int) ([]id.Callback, error) {
	if b.isDead() {
		return nil, errDead
	}
	return b.store.Due(ctx, now, limit)
}

func (b *border) Agents(ctx context.Context) (map[id.Agent]agent.Status, error) {
	return read(b, func() (map[id.Agent]agent.Status, error) { return b.store.Agents(ctx) })
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

// link is the switch behind the border. Some orders are slow to arrive.
type link struct {
	*border
	sw cti.Switch
}

func (l *link) Originate(ctx context.Context, o cti.Order) error {
	if l.chance(0.03) {
		l.dawdle(ctx)
	}
	return l.write("originate", func() error {
		l.onDisk(ctx, o)
		return l.sw.Originate(ctx, o)
	})
}

// dawdle holds an order back for longer than the conductor waits before it looks again.
func (l *link) dawdle(ctx context.Context) {
	l.mu.Lock()
	d := 5500*time.Millisecond + time.Duration(l.rand.IntN(4000))*time.Millisecond
	l.mu.Unlock()
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// onDisk: what is ordered is on disk as sent before.
func (l *link) onDisk(ctx context.Context, o cti.Order) {
	c, err := l.store.Callback(ctx, "", o.Callback)
	if err != nil {
		return
	}
	if _, leg := c.Leg(o.Leg); leg == nil || leg.SentAt.IsZero() && leg.State != cti.Ended && o.Fence == c.Fence && c.Live() {
		l.trouble("leg %s of %s was ordered before it was on disk as sent", o.Leg, o.Callback)
	}
}

func (l *link) Reject(ctx context.Context, callID string, h cti.HangUp) error {
	return l.write("reject", func() error { return l.sw.Reject(ctx, callID, h) })
}

func (l *link) Join(ctx context.Context, j cti.Join) error {
	return l.write("join", func() error { return l.sw.Join(ctx, j) })
}

func (l *link) Confer(ctx context.Context, c cti.Confer) error {
	return l.write("confer", func() error { return l.sw.Confer(ctx, c) })
}

func (l *link) Monitor(ctx context.Context, m cti.Monitor) error {
	return l.write("monitor", func() error { return l.sw.Monitor(ctx, m) })
}

func (l *link) Keys(ctx context.Context, leg id.Leg, digits string) error {
	return l.write("keys", func() error { return l.sw.Keys(ctx, leg, digits) })
}

func (l *link) Connect(ctx context.Context, peer, offer string) (string, error) {
	return l.sw.Connect(ctx, peer, offer)
}

func (l *link) Disconnect(ctx context.Context, peer string) error { return l.sw.Disconnect(ctx, peer) }

func (l *link) ICE(ctx context.Context, peer string) ([]cti.ICEServer, error) {
	return l.sw.ICE(ctx, peer)
}

func (l *link) Accept(ctx context.Context, leg id.Leg) error {
	return l.write("accept", func() error { return l.sw.Accept(ctx, leg) })
}

func (l *link) Hold(ctx context.Context, leg id.Leg, on bool) error {
	return l.write("hold", func() error { return l.sw.Hold(ctx, leg, on) })
}

func (l *link) Play(ctx context.Context, leg id.Leg, p cti.Program) error {
	return l.write("play", func() error { return l.sw.Play(ctx, leg, p) })
}

func (l *link) HangUp(ctx context.Context, leg id.Leg, h cti.HangUp) error {
	return l.write("hangup", func() error { return l.sw.HangUp(ctx, leg, h) })
}

func (l *link) Fence(ctx context.Context, cb id.Callback, fence int64, cancelled bool) error {
	return l.write("fence", func() error { return l.sw.Fence(ctx, cb, fence, cancelled) })
}

func (l *link) Reconcile(ctx context.Context, known []cti.KnownLeg) (facts []cti.LegFact, err error) {
	err = l.write("reconcile", func() error {
		facts, err = l.sw.Reconcile(ctx, known)
		return err
	})
	return facts, err
}

func (l *link) Legs(ctx context.Context, cb id.Callback) ([]cti.LegFact, error) {
	return read(l.border, func() ([]cti.LegFact, error) { return l.sw.Legs(ctx, cb) })
}

func (l *link) Record(ctx context.Context, leg id.Leg, c cti.RecordCommand) error {
	return l.write("record", func() error { return l.sw.Record(ctx, leg, c) })
}

func (l *link) Refer(ctx context.Context, leg id.Leg, how cti.Progress) error {
	return l.write("refer", func() error { return l.sw.Refer(ctx, leg, how) })
}

func (l *link) Trunks(ctx context.Context, all []cti.Trunk) error {
	return l.write("trunks", func() error { return l.sw.Trunks(ctx, all) })
}

func (l *link) Devices(ctx context.Context, all []cti.Device) error {
	return l.write("devices", func() error { return l.sw.Devices(ctx, all) })
}

func (l *link) Registered(ctx context.Context) ([]cti.Registration, error) {
	return read(l.border, func() ([]cti.Registration, error) { return l.sw.Registered(ctx) })
}

func (l *link) Lines(ctx context.Context) ([]cti.LineState, error) {
	return read(l.border, func() ([]cti.LineState, error) { return l.sw.Lines(ctx) })
}

// mortal is the network as a process has it that may die: from then on it sends and hears nothing.
type mortal struct {
	*border
	net wire.Net
}

func (m mortal) ListenPacket(addr string) (net.PacketConn, error) {
	c, err := m.net.ListenPacket(addr)
	if err != nil {
		return nil, err
	}
	return mortalConn{c, m.border}, nil
}

type mortalConn struct {
	net.PacketConn
	b *border
}

func (c mortalConn) WriteTo(p []byte, to net.Addr) (int, error) {
	sip := len(p) > 0 && p[0] >= 'A' && p[0] <= 'Z'
	if sip && !c.b.cross("sip") || !sip && c.b.isDead() {
		return len(p), nil
	}
	return c.PacketConn.WriteTo(p, to)
}

func (c mortalConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(p)
		if err != nil || !c.b.isDead() {
			return n, from, err
		}
	}
}
