package ctisip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/wire"
)

// Packets are lost, doubled and late. Whatever happens: one call at the far end, each leg told ended once, with a cause,
// and no phone left up.
func TestBadWeather(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			simulateAt(t, time.Second, func(b *bench) { weather(b, uint64(seed)) })
		})
	}
}

func weather(b *bench, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 9))
	bad := wire.Lossy(0.05+0.2*r.Float64(), 0.1, 300*time.Millisecond)
	b.weather.Store(&bad)
	ph := newHandset(time.Duration(r.IntN(4000))*time.Millisecond, time.Duration(r.IntN(8000))*time.Millisecond)
	b.far(trunkAddr, ph.on)
	o := order("v")
	o.Ring = 10 * time.Second
	b.call(o)
	if r.IntN(2) == 0 {
		b.pass(time.Duration(r.IntN(15000)) * time.Millisecond)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{Cause: cti.CauseCancelled})
	} else {
		b.pass(20 * time.Second)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{Cause: cti.NormalClearing})
	}
	b.await("v", cti.LegEnded)
	b.pass(3 * time.Minute)
	if n := len(b.told("v", cti.LegEnded)); n != 1 {
		b.t.Errorf("ended %d times: %s", n, b.story("v"))
	}
	if s := ph.left(); s != "" {
		b.t.Errorf("seed %d: the far end is still %s: %s; it got %v", seed, s, b.story("v"), b.fars[0].starts())
	}
}

// Many calls leave nothing behind: no goroutine, no socket, no table entry but the fence's.
func TestNothingLeaks(t *testing.T) {
	b := newBench(t, wire.Real{})
	b.start("udp://127.0.0.1:0")
	defer b.stop()
	vis := b.far("127.0.0.1:0", newHandset(0, 0).on)
	b.trunks(trunk("a", vis.conn.LocalAddr().String()))
	round := func(from, n int) {
		for i := from; i < from+n; i++ {
			o := order(fmt.Sprint(i))
			o.Callback = id.Callback(fmt.Sprintf("cb_%d", i))
			b.call(o)
			b.await(fmt.Sprint(i), cti.LegConfirmed)
			b.sw.HangUp(context.Background(), o.Leg, cti.HangUp{})
			b.await(fmt.Sprint(i), cti.LegEnded)
		}
	}
	round(0, 20)
	before := runtime.NumGoroutine()
	round(20, 100)
	late := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before+3 && time.Now().Before(late) {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before+3 {
		t.Errorf("%d goroutines, %d before", n, before)
	}
	b.sw.mu.Lock()
	defer b.sw.mu.Unlock()
	if n := len(b.sw.legs); n != 0 {
		t.Errorf("%d legs are left", n)
	}
	if l := b.sw.lines["trk_a"]; l.calls != 0 {
		t.Errorf("%d places of the trunk are taken", l.calls)
	}
}

// A sink that panics costs one event, not the switch.
func TestPanicIsCounted(t *testing.T) {
	simulate(t, func(b *bench) {
		b.far(trunkAddr, picksUp(0, 0))
		b.boom.Store(true)
		b.call(order("v"))
		b.pass(time.Second)
		b.boom.Store(false)
		if n := b.sw.Counters().Panics.Load(); n == 0 {
			t.Error("no panic counted")
		}
		o := order("w")
		o.Callback = "cb_2"
		b.call(o)
		b.await("w", cti.LegConfirmed)
	})
}

// Close hangs up what is up and cancels what rings.
func TestClose(t *testing.T) {
	simulate(t, func(b *bench) {
		ann := b.far("10.0.0.9:5060", picksUp(0, 0))
		vis := b.far(trunkAddr, picksUp(0, time.Hour))
		a := order("a")
		a.Party, a.To = cti.Agent, "sip:ann@10.0.0.9"
		b.call(a)
		b.await("a", cti.LegConfirmed)
		b.call(order("v"))
		b.await("v", cti.LegRinging)
		start := time.Now()
		b.sw.Close()
		between(t, "closed", time.Since(start), 0, closePatience+time.Second)
		ann.wait("BYE", 1)
		vis.wait("CANCEL", 1)
		b.await("a", cti.LegEnded)
		b.await("v", cti.LegEnded)
		if err := b.sw.Originate(context.Background(), order("w")); err == nil {
			t.Error("an order after Close")
		}
	})
}

// Behind 1:1 NAT our public address stands in Via, Contact and description.
func TestPublicAddress(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, picksUp(0, 0))
		b.sw.public[true] = netip.MustParseAddr("203.0.113.7")
		tr := trunk("a", trunkAddr)
		tr.Local = cti.LocalPublic
		b.trunks(tr)
		b.call(order("v"))
		inv := f.wait("INVITE", 1)
		for _, h := range []string{inv.header("Via"), inv.header("Contact"), inv.body} {
			if !strings.Contains(h, "203.0.113.7") || strings.Contains(h, "10.0.0.1") {
				t.Errorf("not our public address: %s", h)
			}
		}
		b.await("v", cti.LegConfirmed)
		f.wait("ACK", 1)
	})
}

// A telephone outside of our network is told our public address, one inside of it our own.
func TestPublicAddressOfTelephones(t *testing.T) {
	for at, want := range map[string]string{"198.51.100.9:5060": "203.0.113.7", "10.0.0.9:5060": "10.0.0.1"} {
		simulate(t, func(b *bench) {
			f := b.far(at, picksUp(0, 0))
			b.sw.public[true] = netip.MustParseAddr("203.0.113.7")
			o := order("a")
			o.Party, o.To = cti.Agent, cti.Endpoint("sip:ann@"+at)
			b.call(o)
			inv := f.wait("INVITE", 1)
			for _, h := range []string{inv.header("Via"), inv.header("Contact"), inv.header("From"), inv.body} {
				if !strings.Contains(h, want) {
					t.Errorf("to %s our address is not %s: %s", at, want, h)
				}
			}
			b.await("a", cti.LegConfirmed)
			f.wait("ACK", 1)
		})
	}
}
