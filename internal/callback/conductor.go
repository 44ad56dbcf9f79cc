package callback

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"ringback/internal/agent"
	"ringback/internal/challenge"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/speech"
	"ringback/internal/words"
)

// Conductor leads every callback through its life: it decides by the table, stores, and acts. All that happens to one
// callback is taken in order, one thing after another; callbacks do not wait for each other.
type Conductor struct {
	store Store
	book  directory.Book
	sw    cti.Switch // behind gate
	gate  *gate
	Settings

	setter   *challenge.Setter
	suspects *suspects
	broke    sync.Map // businesses to the day of which it was said that its budget is used up
	dir      atomic.Pointer[directory.Directory]
	line     *line
	wake     *wake
	draining atomic.Bool
	reading  chan struct{} // holds one while directory or presences are read
	read     chan struct{} // closed when the first directory is in force

	mu      sync.Mutex
	boxes   map[id.Callback]*box
	presses presses
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
	Recorder  Recorder                    // nil = nothing is recorded
	Speaker   speech.Speaker              // how sentences are said; the zero one without a synthesiser
	Words     *words.Book                 // what visitors read; nil = in the languages that are built in
	Post      Post                        // nil = no letter leaves the house
	Reloaded  func(*directory.Directory)  // told of each snapshot that comes into force, one after the other; nil = nobody is
	Watchers  Watchers                    // nil = nobody is guarded against, and no alarm is raised
	Tell      func(Alarm) []letter.Letter // that tell the operator of an alarm; nil = none
	From      string                      // address that mail is from; "" = not known
	URL       string                      // of the service, which links are made of, without a slash at the end

	// Restored is when the data were restored from a backup, if nobody has started on them since: what was under way or due by
	// then is given up, as nobody knows what became of it. Zero = they were not.
	Restored time.Time
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
	Alarmed(k AlarmKind)
}

// NewConductor assembles a conductor; Start makes it work.
func NewConductor(store Store, book directory.Book, sw cti.Switch, s Settings) *Conductor {
	g := &gate{Switch: sw}
	c := &Conductor{store: store, book: book, sw: g, gate: g, Settings: s, boxes: map[id.Callback]*box{}, reading: make(chan struct{}, 1), read: make(chan struct{})}
	if c.Words == nil {
		c.Words = words.Built()
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.suspects = newSuspects()
	c.setter = challenge.New(s.Key)
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
	c.wg.Go(c.guardLoop)
	c.line.kick()
	return nil
}

// Drain stops new wishes and new calls; calls that are up go on. Callers who wait are told that nobody takes their call; it
// returns how many.
func (c *Conductor) Drain() (told int) {
	c.draining.Store(true)
	for _, cb := range c.line.waitingCallers() {
		c.sendAway(cb)
		told++
	}
	return told
}

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

// Directory is the snapshot in force.
func (c *Conductor) Directory() *directory.Directory { return c.dir.Load() }

// HashNumber is the keyed hash under which an endpoint is counted and blocked.
func (c *Conductor) HashNumber(e cti.Endpoint) string { return HashNumber(c.Key, e) }

// HashNumber is the keyed hash of an endpoint.
func HashNumber(key []byte, e cti.Endpoint) string {
	return keyedHash(key, "number", string(e.Telephone()))
}

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
	quiet := ev.Kind == cti.LegSent || ev.Kind == cti.LegMoved || ev.Kind == cti.LegRinging || ev.Kind == cti.LegEarly || ev.Kind == cti.LegJoined
	if ev.Kind == cti.PeerUp || ev.Kind == cti.PeerLost {
		c.peer(ev) // of no callback: what it means for a leg comes as the leg's own fact
		return
	}
	if ev.Kind == cti.LegArrived {
		c.spawn(func() {
			if c.awaitDirectory(); c.Directory() != nil {
				c.arrived(ev)
			}
		})
		return
	}
	if ev.Kind == cti.LegRefer {
		c.refers(ev)
		return
	}
	pair := c.presses.pair(ev)
	c.push(ev.Callback, job{quiet: quiet, keep: true, do: func(d *draft) error {
		d.fact(ev)
		if ev.Kind == cti.LegDigit {
			d.pressed(ev, pair)
		}
		return nil
	}})
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
		return nil, draining()
	}
}

func draining() error {
	return fault.New(fault.Draining, "The service is stopping. Try again in a few seconds.").After(5 * time.Second)
}
