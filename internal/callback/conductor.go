package callback

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// Conductor leads every callback through its life: it decides by the table, stores, and acts. All that happens to one
// callback is taken in order, one thing after another; callbacks do not wait for each other.
type Conductor struct {
	store Store
	book  directory.Book
	sw    cti.Switch
	Settings

	dir      atomic.Pointer[directory.Directory]
	line     *line
	wake     *wake
	draining atomic.Bool
	reading  chan struct{} // holds one while directory or presences are read

	mu      sync.Mutex
	boxes   map[id.Callback]*box
	emptied chan struct{} // closed when boxes is empty, while Stop waits for that

	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// Settings are what a conductor is given besides its borders.
type Settings struct {
	Mint      *id.Mint
	Key       []byte // of the keyed hashes of numbers and visitors
	Now       func() time.Time
	Policy    Policy
	Publisher Publisher
	Meter     Meter
	Log       *slog.Logger
}

// Publisher is told of every step after it is on disk, in order for each callback.
type Publisher interface {
	Publish(c *Callback, lines []Line)
}

// Meter counts what an operator watches.
type Meter interface {
	Invited(sinceAccept time.Duration) // the first INVITE of a callback left
	Ended(o Outcome)
	OutOfPlace(event string)
	Refused(err error) // an Originate was refused
	Late(by time.Duration)
}

// NewConductor assembles a conductor; Start makes it work.
func NewConductor(store Store, book directory.Book, sw cti.Switch, s Settings) *Conductor {
	c := &Conductor{store: store, book: book, sw: sw, Settings: s, boxes: map[id.Callback]*box{}, reading: make(chan struct{}, 1)}
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.line = newLine()
	c.wake = newWake(s.Now)
	return c
}

// Start reads the directory, rebuilds the line from the store, reconciles with the switch and begins to work.
func (c *Conductor) Start(ctx context.Context) error {
	if err := c.Reload(ctx); err != nil {
		return err
	}
	if err := c.restart(ctx); err != nil {
		return err
	}
	c.wg.Go(c.wakeLoop)
	c.wg.Go(c.dispatchLoop)
	c.wg.Go(c.pollLoop)
	c.line.kick()
	return nil
}

// Drain stops new wishes and new calls; calls that are up go on.
func (c *Conductor) Drain() { c.draining.Store(true) }

// Stop stores what has been told, for at most flushTime, ends all work and waits for it; what was not stored will be
// found by the next start.
func (c *Conductor) Stop() {
	c.draining.Store(true)
	c.mu.Lock()
	c.emptied = make(chan struct{})
	if len(c.boxes) == 0 {
		close(c.emptied)
		c.emptied = nil
	}
	emptied := c.emptied
	c.mu.Unlock()
	if emptied != nil {
		t := time.NewTimer(flushTime)
		defer t.Stop()
		select {
		case <-emptied:
		case <-t.C:
		}
	}
	c.Kill()
}

// flushTime is how long Stop waits for facts to reach the disk.
const flushTime = 3 * time.Second

// Kill ends all work at once, as a crash would, and waits for its goroutines.
func (c *Conductor) Kill() {
	c.mu.Lock()
	c.stop()
	c.mu.Unlock()
	c.wg.Wait()
}

// spawn runs f beside us, unless we are stopping; Stop waits for it.
func (c *Conductor) spawn(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() == nil {
		c.wg.Go(f)
	}
}

// Reload reads the directory again, after something was set up. Reloads come one after the other, or the older of two
// snapshots might be the one that stays.
func (c *Conductor) Reload(ctx context.Context) error {
	select {
	case c.reading <- struct{}{}:
		defer func() { <-c.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	d, err := c.book.Directory(ctx)
	if err != nil {
		return err
	}
	if err := c.takeAgents(ctx); err != nil {
		return err
	}
	c.dir.Store(d)
	trunks := make([]cti.Trunk, 0, len(d.Trunks))
	for _, t := range d.Trunks {
		trunks = append(trunks, *t)
	}
	if err := c.sw.Trunks(ctx, trunks); err != nil {
		return err
	}
	c.line.kick()
	return nil
}

// readAgents takes in the presences that are on disk.
func (c *Conductor) readAgents(ctx context.Context) error {
	select {
	case c.reading <- struct{}{}:
		defer func() { <-c.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return c.takeAgents(ctx)
}

// takeAgents is readAgents for who is the only reader. A move that is told while the read is under way is newer.
func (c *Conductor) takeAgents(ctx context.Context) error {
	c.line.reading()
	all, err := c.store.Agents(ctx)
	c.line.read(all, err == nil)
	return err
}

// Directory is the snapshot in force.
func (c *Conductor) Directory() *directory.Directory { return c.dir.Load() }

// HashNumber is the keyed hash under which an endpoint is counted and blocked.
func (c *Conductor) HashNumber(e cti.Endpoint) string { return HashNumber(c.Key, e) }

// HashNumber is the keyed hash of an endpoint.
func HashNumber(key []byte, e cti.Endpoint) string { return keyedHash(key, "number", string(e)) }

func (c *Conductor) hash(kind, s string) string { return keyedHash(c.Key, kind, s) }

func keyedHash(key []byte, kind, s string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(kind + "\x00" + s))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Agents are the presences in force.
func (c *Conductor) Agents() map[id.Agent]agent.Status { return c.line.statuses() }

// Counts are the live callbacks by state.
func (c *Conductor) Counts() map[State]int { return c.line.counts() }

// Place is a callback's place in its business's line, from 1, while it waits.
func (c *Conductor) Place(cb id.Callback) (int, bool) { return c.line.place(cb) }

// OnSwitch takes in a fact. It never blocks for long and may be called from any goroutine.
func (c *Conductor) OnSwitch(ev cti.Event) {
	quiet := ev.Kind == cti.LegSent || ev.Kind == cti.LegRinging || ev.Kind == cti.LegEarly || ev.Kind == cti.LegJoined
	c.push(ev.Callback, job{quiet: quiet, keep: true, do: func(d *draft) error { d.fact(ev); return nil }})
}

// step runs one job for a callback and waits for its outcome.
func (c *Conductor) step(ctx context.Context, cb id.Callback, do func(*draft) error) (*Callback, error) {
	done := make(chan result, 1)
	c.push(cb, job{do: do, done: done})
	select {
	case r := <-done:
		return r.c, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.ctx.Done():
		return nil, fault.New(fault.Draining, "The service is stopping. Try again in a few seconds.").After(5 * time.Second)
	}
}

// job is one thing to do to a callback. do must be pure: it may run several times.
type job struct {
	do    func(*draft) error
	miss  func()        // called when do returned an error or nothing was stored
	quiet bool          // may wait a moment for others, to share their commit
	keep  bool          // a fact: it is tried again when the store fails
	done  chan<- result // nil = nobody waits
}

type result struct {
	c   *Callback
	err error
}

// box holds what is to be done for one callback, in order.
type box struct {
	jobs    []job
	running bool
	waiting bool // a linger timer runs
}

// linger is how long a fact that changes no state waits to share the commit of the next.
const linger = 100 * time.Millisecond

// push puts a job into the callback's box and sees that somebody works on it.
func (c *Conductor) push(cb id.Callback, j job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		if j.done != nil {
			j.done <- result{nil, fault.New(fault.Draining, "The service is stopping. Try again in a few seconds.").After(5 * time.Second)}
		}
		return
	}
	b := c.boxes[cb]
	if b == nil {
		b = &box{}
		c.boxes[cb] = b
	}
	b.jobs = append(b.jobs, j)
	switch {
	case b.running:
	case !j.quiet:
		b.running = true
		c.wg.Go(func() { c.work(cb, b) })
	case !b.waiting:
		b.waiting = true
		c.wg.Go(func() { c.lingerThenWork(cb, b) })
	}
}

func (c *Conductor) lingerThenWork(cb id.Callback, b *box) {
	t := time.NewTimer(linger)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
		return
	}
	c.mu.Lock()
	b.waiting = false
	if b.running || len(b.jobs) == 0 {
		if !b.running {
			delete(c.boxes, cb)
			c.signalEmpty()
		}
		c.mu.Unlock()
		return
	}
	b.running = true
	c.mu.Unlock()
	c.work(cb, b)
}

// work empties the box. Everything that lies in it is decided together and is one commit. What the store did not take
// and must not be lost stays in front of what comes later: facts are taken in their order, whatever happens.
func (c *Conductor) work(cb id.Callback, b *box) {
	var kept []job
	for {
		c.mu.Lock()
		jobs := append(kept, b.jobs...)
		b.jobs = nil
		if len(jobs) == 0 || c.ctx.Err() != nil {
			b.running = false
			if !b.waiting {
				delete(c.boxes, cb)
				c.signalEmpty()
			}
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		kept = c.carryOut(cb, jobs)
	}
}

// signalEmpty tells Stop, under the lock, that everything told is on disk.
func (c *Conductor) signalEmpty() {
	if c.emptied != nil && len(c.boxes) == 0 {
		close(c.emptied)
		c.emptied = nil
	}
}

// carryOut decides, stores, acts. It returns the jobs that are to be done again.
func (c *Conductor) carryOut(cb id.Callback, jobs []job) (kept []job) {
	errs := make([]error, len(jobs))
	var d *draft
	after, err := c.store.Step(c.ctx, cb, func(cur *Callback) (Change, error) {
		d = c.draft(cur)
		for i, j := range jobs {
			errs[i] = j.do(d)
		}
		if len(d.lines) == 0 {
			return Change{}, ErrNothing
		}
		return Change{Lines: d.lines, Agents: d.moves, Velocity: d.velocity}, nil
	})
	if err != nil {
		return c.failed(cb, jobs, err)
	}
	c.settled(after, d)
	for i, j := range jobs {
		if errs[i] != nil && j.miss != nil {
			j.miss()
		}
		if j.done != nil {
			j.done <- result{after, errs[i]}
		}
	}
	return nil
}

func (c *Conductor) draft(cur *Callback) *draft {
	return &draft{Callback: cur, at: c.Now().UTC(), newLeg: c.Mint.Leg, dir: c.Directory()}
}

// settled: the step is on disk. The line and the clock learn of it, it is published, and its acts begin. Where nothing
// was written, the line and the clock still learn how things are: a commit whose answer got lost is made up for here.
func (c *Conductor) settled(after *Callback, d *draft) {
	for _, e := range d.outOfPlace {
		c.Meter.OutOfPlace(e)
	}
	c.line.moved(d.moves)
	c.line.note(after)
	if !after.Live() || len(d.lines) > 0 || after.DueAt.After(d.at) {
		c.wake.at(after.ID, after.DueAt)
	}
	if len(d.lines) == 0 {
		return
	}
	for _, l := range d.lines {
		c.Log.Info("step", "callback", after.ID, "from", l.From, "event", l.Event, "to", l.To, "reason", l.Reason)
	}
	for i := range d.lines {
		d.lines[i].Seq = after.Version - int64(len(d.lines)-1-i)
	}
	c.Publisher.Publish(after, d.lines)
	if after.State == Ended && ended(d.lines) {
		c.Meter.Ended(after.Outcome)
	}
	c.acts(after, d)
	if len(d.moves) > 0 || after.State == Ended || freed(d.lines) {
		c.line.kick()
	}
}

// freed: a call in hand went back to wait, so that another one may be served meanwhile.
func freed(lines []Line) bool {
	for _, l := range lines {
		if (l.To == Scheduled || l.To == Queued) && l.From != l.To && l.From != "" && l.From != Scheduled {
			return true
		}
	}
	return false
}

// acts carries out the effects in order. Those of a new wish run beside the request, which is answered as soon as it
// is on disk; the fence makes a cancel that overtakes them safe.
func (c *Conductor) acts(after *Callback, d *draft) {
	all := func() {
		for _, a := range d.acts {
			c.act(after, a)
		}
	}
	switch {
	case len(d.acts) == 0:
	case d.lines[0].Seq == 1:
		c.spawn(all)
	default:
		all()
	}
}

func ended(lines []Line) bool {
	for _, l := range lines {
		if l.To == Ended && l.From != Ended {
			return true
		}
	}
	return false
}

// storeRest is how long a callback is left alone after the store failed, so that a failing disk is not stormed.
const storeRest = time.Second

// failed: nothing was written, as far as we know. People are told. What one of them was refused must not hold up the
// rest, which is done again at once; when the store itself fails, facts are kept, because the switch tells them once.
func (c *Conductor) failed(cb id.Callback, jobs []job, err error) (kept []job) {
	taken := errors.Is(err, ErrAgentTaken)
	unknown := !taken && fault.Is(err, fault.NotFound)
	for _, j := range jobs {
		if j.done != nil {
			j.done <- result{nil, err}
		} else if j.miss == nil && !unknown {
			kept = append(kept, j)
		}
	}
	switch {
	case unknown:
		c.wake.at(cb, time.Time{})
	case taken, refusal(err) && len(kept) < len(jobs):
	case c.ctx.Err() == nil:
		c.Log.Error("step failed", "callback", cb, "err", err)
		kept = slices.DeleteFunc(kept, func(j job) bool { return !j.keep })
		c.pause(storeRest)
	}
	if taken || len(kept) > 0 {
		c.refreshAgents()
	}
	for _, j := range jobs {
		if j.miss != nil {
			j.miss()
		}
	}
	return kept
}

// refusal says whether the store refused what was asked, rather than failed.
func refusal(err error) bool {
	var f *fault.Fault
	return errors.As(err, &f) && f.Code != fault.StorageBusy && f.Code != fault.StorageFull
}

// pause waits, unless we are stopping.
func (c *Conductor) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
	}
}

// refreshAgents reads presences again after somebody else has moved one, or a commit may have gone through unanswered.
func (c *Conductor) refreshAgents() {
	if err := c.readAgents(c.ctx); err != nil && c.ctx.Err() == nil {
		c.Log.Warn("agents cannot be read", "err", err)
	}
}
