package peer_test

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip"
	"ringback/internal/id"
	"ringback/internal/simcarrier"
	"ringback/internal/wire"
)

// TestFiveHours joins two people whose carriers both refresh the session every 45 s, in simulated time: after five hours
// they still hear each other, over the same stream, and hanging up ends both.
func TestFiveHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const talk = 5 * time.Hour
		net := wire.NewSimulated(1)
		c, err := simcarrier.New(simcarrier.Config{Net: net, Listen: "10.0.0.2:5060", Seed: 1, Personality: "se90_refresher_uas", Pace: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		person(t, c, "0180", simcarrier.Person{Does: "answers", After: time.Second, Talk: 6 * time.Hour})
		facts := &facts{}
		sw, err := ctisip.New(ctisip.Config{Net: net, SIP: []string{"udp://10.0.0.1:5060"}, RTPBind: netip.MustParseAddr("10.0.0.1"),
			RTPMin: 20000, RTPMax: 20100, Pace: time.Second, Sink: facts.take, Rand: rand.New(rand.NewPCG(1, 1))})
		if err != nil {
			t.Fatal(err)
		}
		defer sw.Close()
		ctx := context.Background()
		if err := sw.Trunks(ctx, []cti.Trunk{{ID: "trk_1", Address: "sip:10.0.0.2:5060", Prefixes: []string{""}, Codecs: []cti.Codec{cti.PCMU}, Headers: true}}); err != nil {
			t.Fatal(err)
		}
		if _, err := sw.Reconcile(ctx, nil); err != nil {
			t.Fatal(err)
		}
		for leg, o := range map[id.Leg]cti.Order{"leg_a": {Party: cti.Agent, To: "tel:+13125550180"}, "leg_v": {Party: cti.Visitor, To: "tel:+12025550180"}} {
			o.Callback, o.Attempt, o.Leg, o.Fence, o.From, o.Region = "cb_1", 1, leg, 1, "+12025550190", "US"
			o.Ring, o.Confirm, o.Hear = 30*time.Second, cti.ConfirmNone, cti.Program{Then: cti.SoundRingback}
			if err := sw.Originate(ctx, o); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Second) // of simulated time: both have answered
		if err := sw.Join(ctx, cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v", MaxTalk: 6 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(talk)
		if told := facts.ended(); told != "" {
			t.Fatalf("ended before its time: %s", told)
		}
		before := c.Ledger()
		time.Sleep(time.Minute)
		for i, e := range c.Ledger() {
			if e.Refreshes < 390 || e.Refused {
				t.Errorf("%s: %d refreshes, refused %v", e.To, e.Refreshes, e.Refused)
			}
			if more := e.OtherHeard - before[i].OtherHeard; more < 55 || e.OwnEcho > 0 || len(e.SSRCs) != 1 || e.SilenceMax > 2 {
				t.Errorf("%s: heard the other for %.0f s of the last minute, itself for %.1f s, %d senders, nothing for %.1f s", e.To, more, e.OwnEcho, len(e.SSRCs), e.SilenceMax)
			}
		}
		if err := sw.HangUp(ctx, "leg_v", cti.HangUp{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		rows := c.Ledger()
		for _, e := range rows {
			if e.ByeBy != "them" {
				t.Errorf("%s: BYE by %q", e.To, e.ByeBy)
			}
		}
		if len(rows) != 2 {
			t.Errorf("%d calls", len(rows))
		}
	})
}

// facts are what the switch told.
type facts struct {
	mu  sync.Mutex
	all []cti.Event
}

func (f *facts) take(e cti.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, e)
}

// ended is the cause of the first leg that has ended; "" while none has.
func (f *facts) ended() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.all {
		if e.Kind == cti.LegEnded {
			return string(e.Leg) + " " + string(e.Cause)
		}
	}
	return ""
}
