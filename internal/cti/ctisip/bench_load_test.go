package ctisip

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/wire"
)

// BenchmarkCallback is a callback of two legs up and down over the loopback, far ends in the same process. It prints the
// CPU of all of it.
func BenchmarkCallback(b *testing.B) {
	ends := newEnds()
	sw, err := New(Config{Net: wire.Real{}, SIP: []string{"udp://127.0.0.1:0"}, RTPBind: loopback, RTPMin: 20000, RTPMax: 29999, Sink: ends.sink})
	if err != nil {
		b.Fatal(err)
	}
	defer sw.Close()
	far := newBareFar(b)
	defer far.conn.Close()
	tr := trunk("a", far.conn.LocalAddr().String())
	if err := sw.Trunks(context.Background(), []cti.Trunk{tr}); err != nil {
		b.Fatal(err)
	}
	sw.Reconcile(context.Background(), nil)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	before := cpu()
	b.ResetTimer()
	for i := range b.N {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			cb := id.Callback(fmt.Sprintf("cb_%d", i))
			var legs []id.Leg
			for k, p := range []cti.Party{cti.Agent, cti.Visitor} {
				leg := id.Leg(fmt.Sprintf("leg_%d_%d", i, k))
				legs = append(legs, leg)
				o := order("x")
				o.Callback, o.Leg, o.Party = cb, leg, p
				done := ends.expect(leg, cti.LegConfirmed)
				if err := sw.Originate(context.Background(), o); err != nil {
					b.Error(err)
					return
				}
				<-done
			}
			sw.Join(context.Background(), cti.Join{Callback: cb, A: legs[0], B: legs[1]})
			done := []chan struct{}{ends.expect(legs[0], cti.LegEnded), ends.expect(legs[1], cti.LegEnded)}
			for _, l := range legs {
				sw.HangUp(context.Background(), l, cti.HangUp{})
			}
			<-done[0]
			<-done[1]
		})
	}
	wg.Wait()
	b.ReportMetric(float64(cpu()-before)/float64(b.N)/1e6, "cpu-ms/op")
}

// BenchmarkHeld holds bridged calls and prints what each costs in memory.
func BenchmarkHeld(b *testing.B) {
	ends := newEnds()
	sw, err := New(Config{Net: wire.Real{}, SIP: []string{"udp://127.0.0.1:0"}, RTPBind: loopback, RTPMin: 20000, RTPMax: 29999, Pace: time.Second, Sink: ends.sink})
	if err != nil {
		b.Fatal(err)
	}
	defer sw.Close()
	far := newBareFar(b)
	defer far.conn.Close()
	sw.Trunks(context.Background(), []cti.Trunk{trunk("a", far.conn.LocalAddr().String())})
	sw.Reconcile(context.Background(), nil)
	heap := func() (uint64, uint64) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, m.StackInuse
	}
	h0, s0 := heap()
	g0 := runtime.NumGoroutine()
	const n = 300
	for i := range n {
		cb := id.Callback(fmt.Sprintf("cb_%d", i))
		var legs []id.Leg
		for k, p := range []cti.Party{cti.Agent, cti.Visitor} {
			leg := id.Leg(fmt.Sprintf("leg_%d_%d", i, k))
			legs = append(legs, leg)
			o := order("x")
			o.Callback, o.Leg, o.Party = cb, leg, p
			done := ends.expect(leg, cti.LegConfirmed)
			if err := sw.Originate(context.Background(), o); err != nil {
				b.Fatal(err)
			}
			<-done
		}
		done := ends.expect(legs[1], cti.LegJoined)
		sw.Join(context.Background(), cti.Join{Callback: cb, A: legs[0], B: legs[1]})
		<-done
	}
	h1, s1 := heap()
	b.ReportMetric(float64(h1-h0)/n, "heap-B/call")
	b.ReportMetric(float64(int64(s1)-int64(s0))/n, "stack-B/call")
	b.ReportMetric(float64(runtime.NumGoroutine()-g0)/n, "goroutines/call")
}

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ends waits for facts about legs.
type ends struct {
	mu   sync.Mutex
	want map[string]chan struct{}
}

func newEnds() *ends { return &ends{want: map[string]chan struct{}{}} }

func (e *ends) expect(l id.Leg, k cti.EventKind) chan struct{} {
	c := make(chan struct{})
	e.mu.Lock()
	e.want[string(l)+string(k)] = c
	e.mu.Unlock()
	return c
}

func (e *ends) sink(v cti.Event) {
	key := string(v.Leg) + string(v.Kind)
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.want[key]; c != nil {
		close(c)
		delete(e.want, key)
	}
}
