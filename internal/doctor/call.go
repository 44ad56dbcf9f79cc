package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/ladder"
)

// Doctor makes test calls.
type Doctor struct {
	Deps
	mu    sync.Mutex
	calls map[id.Callback]*visit
}

// Deps are what a doctor needs.
type Deps struct {
	Switch cti.Switch
	Trace  *ladder.Store // shows the messages
	Mint   *id.Mint
	Random func(n int) int // 0 to n-1: which digit is asked for
	Now    func() time.Time
}

// New opens a practice.
func New(d Deps) *Doctor { return &Doctor{Deps: d, calls: map[id.Callback]*visit{}} }

// Patient is a trunk, and the person who helps to examine it; her number has passed the policy.
type Patient struct {
	Trunk  cti.Trunk
	To     cti.Endpoint
	From   string // caller ID, E.164
	Region string
	Ring   time.Duration // 0 = 30 s
}

// Times of a test call.
const (
	ringTime   = 30 * time.Second
	endTime    = 32 * time.Second // for the network to tell the end, from when it must be over
	keyTime    = 20 * time.Second
	beepsAgain = 7 * time.Second
	stayTime   = 14 * time.Second // from the answer: what comes later is not seen
	afterTime  = 4 * time.Second  // for last messages
)

// visit is one test call.
type visit struct {
	d      *Doctor
	short  map[id.Leg]bool // calls of the burst that are not over
	order  cti.Order
	say    func(string)
	events chan cti.Event
	ended  bool
	mu     sync.Mutex // guards Trace
	facts  Facts
}

// Call rings a person over a trunk and returns what happened; say is told, in words for her, what happens now.
func (d *Doctor) Call(ctx context.Context, p Patient, say func(string)) (Facts, error) {
	v := d.visit(p, say)
	d.mu.Lock()
	d.calls[v.order.Callback] = v
	d.mu.Unlock()
	defer func() { d.mu.Lock(); delete(d.calls, v.order.Callback); d.mu.Unlock() }()
	stop := d.Trace.Follow(v.order.Callback, v.trace)
	defer stop()
	say("ringing: lift the receiver")
	if err := d.Switch.Originate(ctx, v.order); err != nil {
		return Facts{}, fmt.Errorf("test call: %w", err)
	}
	err := v.examine(ctx)
	if err == nil {
		err = v.line(ctx)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.facts, err
}

func (d *Doctor) visit(p Patient, say func(string)) *visit {
	v := &visit{d: d, say: say, events: make(chan cti.Event, 256)}
	n := 2 + d.Random(6)
	v.facts = Facts{Trunk: p.Trunk, From: p.From, Asked: fmt.Sprint(n)}
	beeps := cti.Prompt{}
	for range n {
		beeps.Clips = append(beeps.Clips, "sound/"+cti.Clip(cti.SoundWarn))
	}
	if p.Ring == 0 {
		p.Ring = ringTime
	}
	v.order = cti.Order{Callback: d.Mint.Callback(), Attempt: 1, Leg: d.Mint.Leg(), Party: cti.Subscriber, Fence: 1, To: p.To, From: p.From, Via: p.Trunk.ID,
		Ring: p.Ring, Deadline: d.Now().Add(10 * time.Second), Confirm: cti.ConfirmNone, Region: p.Region,
		Hear: cti.Program{First: beeps, Notes: []cti.Note{{After: beepsAgain, Say: beeps}}}}
	return v
}

// OnSwitch takes a fact about a test call, and says whether it was one.
func (d *Doctor) OnSwitch(e cti.Event) bool {
	d.mu.Lock()
	v := d.calls[e.Callback]
	d.mu.Unlock()
	if v == nil {
		return false
	}
	select {
	case v.events <- e:
	default: // nobody needs so many
	}
	return true
}

// trace keeps what the call said; of the short calls after it only the codes matter.
func (v *visit) trace(e ladder.Entry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e.Leg == v.order.Leg {
		v.facts.Trace = append(v.facts.Trace, e)
	}
}

func (v *visit) sofar() Facts {
	v.mu.Lock()
	defer v.mu.Unlock()
	f := v.facts
	f.Trace = slices.Clone(f.Trace)
	return f
}

// examine goes through the call; that it ends early is a fact and no error.
func (v *visit) examine(ctx context.Context) error {
	is := func(k cti.EventKind) func(cti.Event) bool { return func(e cti.Event) bool { return e.Kind == k } }
	up, ok := v.await(ctx, v.order.Ring+endTime, is(cti.LegAnswered))
	if ok {
		v.say("answered: count the beeps, and key their number")
		v.facts.Keyed = v.keys(ctx, 1)
		if v.facts.Keyed != "" {
			v.say("key " + v.facts.Keyed + " has come; now key the last two digits of the number that your telephone shows")
			v.facts.Shown = v.keys(ctx, 2)
		}
		if !v.facts.machine() {
			v.say("listening for a while: say something")
			v.await(ctx, up.At.Add(stayTime).Sub(v.d.Now()), func(cti.Event) bool { return false })
		}
		if f := v.sofar(); !v.ended && ctx.Err() == nil && !f.machine() && f.hears() {
			v.hold(ctx)
		}
	}
	if !v.ended {
		v.hangUp()
		v.await(context.WithoutCancel(ctx), endTime, is(cti.LegEnded))
	}
	v.await(ctx, afterTime, func(cti.Event) bool { return false })
	if f := v.sofar(); ok && ctx.Err() == nil && noRinging(&f) == "" && !Breaks(Diagnose(f)) { // a CANCEL needs a provisional answer
		v.burst(ctx)
	}
	return ctx.Err()
}

// line keeps how the trunk is.
func (v *visit) line(ctx context.Context) error {
	all, err := v.d.Switch.Lines(ctx)
	for _, l := range all {
		if l.Trunk == v.order.Via {
			v.facts.Line = l
		}
	}
	return err
}

func (v *visit) hangUp() {
	ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	if err := v.d.Switch.HangUp(ctx, v.order.Leg, cti.HangUp{Cause: cti.NormalClearing}); err != nil {
		v.say("the call could not be hung up: " + err.Error())
	}
}

// keys waits for so many keys; less than all are none. A machine is not waited for.
func (v *visit) keys(ctx context.Context, n int) string {
	var b strings.Builder
	for range n {
		e, ok := v.await(ctx, keyTime, func(e cti.Event) bool { return e.Kind == cti.LegDigit || v.facts.machine() })
		if !ok || e.Kind != cti.LegDigit {
			return ""
		}
		b.WriteByte(e.Digit)
	}
	return b.String()
}

// await gathers facts until the one that is waited for, the end of the call, or of the time. After the end of the call
// it lasts for the whole time.
func (v *visit) await(ctx context.Context, most time.Duration, is func(cti.Event) bool) (cti.Event, bool) {
	limit := time.NewTimer(max(most, 0))
	defer limit.Stop()
	over := v.ended
	for {
		select {
		case e := <-v.events:
			v.facts.Events = append(v.facts.Events, e)
			v.ended = v.ended || e.Kind == cti.LegEnded
			if is(e) {
				return e, true
			}
			if v.ended && !over {
				return e, false
			}
		case <-limit.C:
			return cti.Event{}, false
		case <-ctx.Done():
			return cti.Event{}, false
		}
	}
}
