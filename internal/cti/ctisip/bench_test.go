package ctisip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/wire"
)

// bench is a switch on a simulated network, with all that it tells.
type bench struct {
	t   *testing.T
	net wire.Net
	sim *wire.Simulated
	sw  *Switch

	pace    time.Duration
	dead    atomic.Bool // every packet is lost
	weather atomic.Pointer[func(from, to netip.AddrPort, p []byte, r *rand.Rand) wire.Fate]
	tap     func(cti.Event) // is told, too
	with    func(*Config)   // changes what the switch is opened with
	boom    atomic.Bool     // the sink panics
	keep    cti.Registrations
	public  string
	fars    []*far
	voices  []*voice
	mu      sync.Mutex
	events  []cti.Event
	news    chan struct{}
}

const ours, trunkAddr, secondAddr = "10.0.0.1:5060", "10.0.0.2:5060", "10.0.0.3:5060"

func simulate(t *testing.T, f func(b *bench)) { t.Helper(); simulateAt(t, 0, f) }

// simulateAt thins media to a frame each pace: for calls of hours.
func simulateAt(t *testing.T, pace time.Duration, f func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, wire.NewSimulated(1))
		b.pace = pace
		b.simulated()
		b.start("udp://" + ours)
		b.trunks(trunk("a", trunkAddr))
		defer b.stop()
		f(b)
	})
}

func newBench(t *testing.T, n wire.Net) *bench {
	sim, _ := n.(*wire.Simulated)
	return &bench{t: t, net: n, sim: sim, news: make(chan struct{}, 1)}
}

func (b *bench) stop() {
	b.sw.Close()
	for _, v := range b.voices {
		v.close()
	}
	for _, f := range b.fars {
		f.conn.Close()
		<-f.done
	}
}

// simulated puts the bench's weather over its network.
func (b *bench) simulated() {
	b.sim.Fate = func(from, to netip.AddrPort, p []byte, r *rand.Rand) wire.Fate {
		if b.dead.Load() {
			return nil
		}
		if w := b.weather.Load(); w != nil {
			return (*w)(from, to, p, r)
		}
		return wire.Fate{0}
	}
}

// start opens a switch that takes orders, open one that waits for Trunks and Reconcile.
func (b *bench) start(listen ...string) {
	b.t.Helper()
	b.open(listen...)
	if _, err := b.sw.Reconcile(context.Background(), nil); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) open(listen ...string) {
	b.t.Helper()
	var err error
	c := Config{Net: b.net, SIP: listen, RTPBind: netip.MustParseAddrPort(listen[0][len("udp://"):]).Addr(), RTPMin: 20000, RTPMax: 20999, Pace: b.pace,
		Rand: rand.New(rand.NewPCG(1, 2)), Sink: b.sink, Register: "private", Keep: b.keep, PublicIP4: b.public, Speech: recordings}
	if b.with != nil {
		b.with(&c)
	}
	b.sw, err = New(c)
	if err != nil {
		b.t.Fatal(err)
	}
}

func trunk(slug, addr string) cti.Trunk {
	return cti.Trunk{ID: id.Trunk("trk_" + slug), Slug: slug, Address: "sip:" + addr, Prefixes: []string{""}, Headers: true, SilentFailover: true,
		NumberFormat: cti.PlusE164, CallerID: cti.InFrom}
}

func (b *bench) trunks(all ...cti.Trunk) {
	b.t.Helper()
	if err := b.sw.Trunks(context.Background(), all); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) sink(e cti.Event) {
	if b.boom.Load() {
		panic("boom")
	}
	if b.dead.Load() {
		return // the process is no more
	}
	if b.tap != nil {
		b.tap(e)
	}
	b.mu.Lock()
	b.events = append(b.events, e)
	b.mu.Unlock()
	select {
	case b.news <- struct{}{}:
	default:
	}
}

func order(leg string) cti.Order {
	return cti.Order{Callback: "cb_1", Attempt: 1, Leg: id.Leg("leg_" + leg), Party: cti.Visitor, To: "tel:+12025550100", From: "+12025550190",
		Ring: 30 * time.Second, Confirm: cti.ConfirmNone, Region: "US", Hear: cti.Program{Then: cti.SoundWait}}
}

func (b *bench) call(o cti.Order) {
	b.t.Helper()
	if err := b.sw.Originate(context.Background(), o); err != nil {
		b.t.Fatal(err)
	}
}

// await returns the n-th event of a kind of a leg.
func (b *bench) await(leg string, k cti.EventKind, n ...int) cti.Event {
	b.t.Helper()
	want := 1
	if len(n) > 0 {
		want = n[0]
	}
	late := time.After(10 * time.Minute)
	for {
		if got := b.told(leg, k); len(got) >= want {
			return got[want-1]
		}
		select {
		case <-b.news:
		case <-late:
			b.t.Fatalf("leg %s never told %s; told %v", leg, k, b.story(leg))
		}
	}
}

func (b *bench) told(leg string, k cti.EventKind) (out []cti.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Leg == id.Leg("leg_"+leg) && e.Kind == k {
			out = append(out, e)
		}
	}
	return out
}

func (b *bench) story(leg string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, e := range b.events {
		if e.Leg == id.Leg("leg_"+leg) && e.Kind != cti.LegQuiet && e.Kind != cti.LegHeard {
			s := strings.TrimPrefix(string(e.Kind), "leg_")
			if e.Kind == cti.LegEnded {
				s += fmt.Sprintf(" %s by %s %d", e.Cause, e.By, e.SIPCode)
			}
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

// between checks a span of time.
func between(t *testing.T, what string, got, least, most time.Duration) {
	t.Helper()
	if got < least || got > most {
		t.Errorf("%s after %v, want %v to %v", what, got, least, most)
	}
}

// pass lets d of simulated time go by.
func (b *bench) pass(d time.Duration) { time.Sleep(d) }

// simulatedWith is simulateAt with a changed configuration.
func simulatedWith(t *testing.T, with func(*Config), f func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, wire.NewSimulated(1))
		b.pace = time.Second
		b.with = with
		b.simulated()
		b.start("udp://" + ours)
		defer b.stop()
		f(b)
	})
}
