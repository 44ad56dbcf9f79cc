package ctisip

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
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

// BenchmarkHeld holds bridged calls, lets both sides of each talk for a second, and prints what each call costs in memory
// a little later: on the heap, in stacks, and of the process as the kernel sees it, with what the collector leaves lying.
func BenchmarkHeld(b *testing.B) {
	const n = 200
	for range b.N {
		ends := newEnds()
		sw, err := New(Config{Net: wire.Real{}, SIP: []string{"udp://127.0.0.1:0"}, RTPBind: loopback, RTPMin: 20000, RTPMax: 29999, Sink: ends.sink})
		if err != nil {
			b.Fatal(err)
		}
		far, mouth := newBareFar(b), newMouth(b)
		far.port.Store(int64(mouth.port()))
		sw.Trunks(context.Background(), []cti.Trunk{trunk("a", far.conn.LocalAddr().String())})
		sw.Reconcile(context.Background(), nil)
		before := memoryNow()
		for i := range n {
			hold(b, sw, ends, i)
		}
		mouth.talk(2*n, time.Second)
		<-time.After(1200 * time.Millisecond) // what the set-up left is forgotten after a second
		after := memoryNow()
		b.ReportMetric((after.heap-before.heap)/n, "heap-B/call")
		b.ReportMetric((after.stack-before.stack)/n, "stack-B/call")
		b.ReportMetric((after.resident-before.resident)/n, "rss-B/call")
		b.ReportMetric((after.goroutines-before.goroutines)/n, "goroutines/call")
		sw.Close()
		far.conn.Close()
		mouth.close()
	}
}

// hold brings a call up and joins it.
func hold(b *testing.B, sw *Switch, ends *ends, i int) {
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
	if err := sw.Join(context.Background(), cti.Join{Callback: cb, A: legs[0], B: legs[1]}); err != nil {
		b.Fatal(err)
	}
	<-done
}

// mouth speaks for all far ends from one socket. It learns the legs' ports from their packets.
type mouth struct {
	conn *net.UDPConn
	done chan struct{}
	mu   sync.Mutex
	legs map[netip.AddrPort]bool
}

func newMouth(b *testing.B) *mouth {
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		b.Fatal(err)
	}
	c.SetReadBuffer(1 << 20)
	m := &mouth{conn: c, done: make(chan struct{}), legs: map[netip.AddrPort]bool{}}
	go func() {
		defer close(m.done)
		p := make([]byte, 1500)
		for {
			_, from, err := c.ReadFromUDPAddrPort(p)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.legs[from] = true
			m.mu.Unlock()
		}
	}()
	return m
}

func (m *mouth) port() int { return m.conn.LocalAddr().(*net.UDPAddr).Port }

func (m *mouth) close() {
	m.conn.Close()
	<-m.done
}

// talk sends a packet to each leg every 20 ms, as soon as n are known.
func (m *mouth) talk(n int, d time.Duration) {
	known := func() []netip.AddrPort {
		m.mu.Lock()
		defer m.mu.Unlock()
		return slices.Collect(maps.Keys(m.legs))
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(known()) < n {
		<-tick.C
	}
	packet := append([]byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 160)...)
	for i := range int(d / (20 * time.Millisecond)) {
		binary.BigEndian.PutUint16(packet[2:], uint16(i))
		binary.BigEndian.PutUint32(packet[4:], uint32(160*i))
		for _, leg := range known() {
			m.conn.WriteToUDPAddrPort(packet, leg)
		}
		<-tick.C
	}
}

// memory is what the process holds, in bytes.
type memory struct{ heap, stack, resident, goroutines float64 }

func memoryNow() memory {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var total, resident float64
	if s, err := os.ReadFile("/proc/self/statm"); err == nil {
		fmt.Sscan(string(s), &total, &resident)
	}
	return memory{float64(m.HeapAlloc), float64(m.StackInuse), resident * float64(os.Getpagesize()), float64(runtime.NumGoroutine())}
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
