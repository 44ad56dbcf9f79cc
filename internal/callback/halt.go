package callback

import (
	"context"
	"strings"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// Halt is the operator's word that no telephone is rung any more, whosever it is. The zero one is that all may be rung.
type Halt struct {
	On     bool
	Reason string // in words; "" = none was given
	Since  time.Time
}

// Halt stops all calls that have not left, or lets them leave again. What is up goes on; what waits waits on, for as long as it
// would wait for somebody to be free; new wishes are refused. When it returns nothing is on its way to the switch any more.
// With an error the calls of this process are stopped, but a restart would let them leave.
func (c *Conductor) Halt(ctx context.Context, on bool, reason string) (Halt, error) {
	if on {
		c.gate.hold(true)
	}
	err := WriteHalt(ctx, c.book, on, reason)
	if err == nil {
		err = c.Reload(ctx)
	}
	if err != nil {
		return Halt{}, err
	}
	c.gate.hold(false) // what is on disk is in force
	c.line.kick()
	h := HaltOf(c.Directory())
	a := Alarm{Kind: CallsStopped, Says: "all calls are stopped"}
	if !h.On {
		a = Alarm{Kind: CallsAllowed, Says: "calls leave again"}
	}
	if reason = strings.TrimSpace(reason); reason != "" {
		a.Says += ": " + reason
	}
	return h, c.raise(ctx, a)
}

// WriteHalt puts it on disk: for a process that leads no callbacks.
func WriteHalt(ctx context.Context, book directory.Book, on bool, reason string) error {
	if on {
		b := subscriber.Block{NumberHash: subscriber.Everybody, Masked: subscriber.Everybody, Reason: strings.TrimSpace(reason)}
		_, err := book.Apply(ctx, directory.Setup{Blocks: []subscriber.Block{b}}, directory.Options{})
		return err
	}
	dir, err := book.Directory(ctx)
	if err != nil {
		return err
	}
	for _, b := range dir.BlocksOf(subscriber.Everybody) {
		if err := book.Delete(ctx, directory.Block, string(b.ID)); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

// HaltOf reads it.
func HaltOf(dir *directory.Directory) Halt {
	for _, b := range dir.BlocksOf(subscriber.Everybody) {
		return Halt{true, b.Reason, b.CreatedAt}
	}
	return Halt{}
}

// Halted says whether all calls are stopped.
func (c *Conductor) Halted() bool { return c.gate.isShut() }

// Switch is the switch, as far as the operator lets calls leave: for who calls for other reasons than callbacks.
func (c *Conductor) Switch() cti.Switch { return c.gate }

// haltedFor is when it is worth trying again: nobody knows, so this is not too soon.
const haltedFor = 10 * time.Minute

// halted tells a visitor that nothing can be done, and whoever has a key why.
func halted(r *Request) *fault.Fault {
	if r.By != nil {
		why := *errHalted
		return why.After(haltedFor)
	}
	return fault.New(fault.SwitchDown, "We can make no calls at the moment. Please try again later, or telephone us.").After(haltedFor)
}

// errHalted: the operator has stopped all calls, so nothing has left.
var errHalted = fault.New(fault.SwitchDown, "The operator has stopped all calls: ringback kill off lets them leave again.")

// gate stands before the switch: an order for a new call passes it only while it is open.
type gate struct {
	cti.Switch

	mu      sync.Mutex
	closed  bool // as it is on disk
	held    bool // and before that
	passing int
	empty   chan struct{} // closed when nothing passes any more, while somebody waits for that
}

// Originate also lets through what answers a call that has come in: that rings nobody.
func (g *gate) Originate(ctx context.Context, o cti.Order) error {
	if !g.enter(o.Answers != "") {
		return errHalted
	}
	defer g.leave()
	return g.Switch.Originate(ctx, o)
}

func (g *gate) enter(answers bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if (g.closed || g.held) && !answers {
		return false
	}
	g.passing++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.passing--; g.passing == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// hold shuts the gate before the directory says so, and waits for what is passing.
func (g *gate) hold(on bool) {
	g.mu.Lock()
	g.held = on
	g.mu.Unlock()
	g.wait()
}

// set brings what is on disk into force.
func (g *gate) set(closed bool) {
	g.mu.Lock()
	g.closed = closed
	g.mu.Unlock()
	g.wait()
}

// wait returns from a shut gate when nothing passes any more.
func (g *gate) wait() {
	g.mu.Lock()
	var empty chan struct{}
	if (g.closed || g.held) && g.passing > 0 {
		if g.empty == nil {
			g.empty = make(chan struct{})
		}
		empty = g.empty
	}
	g.mu.Unlock()
	if empty != nil {
		<-empty
	}
}

func (g *gate) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed || g.held
}

// haltedLeg: an order came too late, the operator has stopped all calls. Who talks goes on talking; what had not come to that ends.
func (d *draft) haltedLeg(leg id.Leg) {
	a, l := d.Leg(leg)
	if l == nil || l.State != cti.Created {
		return
	}
	const why = "the operator has stopped all calls"
	if a == d.Current() && d.State != Connected {
		l.SentAt = time.Time{} // provably: it ends with its attempt
		if d.apply(Input{Event: Forbidden, Actor: ByRingback, Reason: ReasonHalted, Detail: why, Result: ResultCancelled}) {
			return
		}
	}
	d.fact(cti.Event{At: d.at, Kind: cti.LegEnded, Leg: leg, Party: l.Party, Cause: cti.Blocked, By: cti.ByUs, Note: why})
}
