package media

import (
	"cmp"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/srtp"
	"ringback/internal/wire"
)

func realDesk(t *testing.T) *desk {
	d := &desk{e: New(Config{Net: wire.Real{}, Bind: netip.MustParseAddr("127.0.0.1"), PortMin: 21000, PortMax: 29998}), ea: &ear{}, eb: &ear{}}
	d.a, d.pa, d.ra = d.leg(t, d.ea, "127.0.0.1:0")
	d.b, d.pb, d.rb = d.leg(t, d.eb, "127.0.0.1:0")
	return d
}

// On real sockets: what the join costs. a's ringback goes over into b's voice with at most 40 ms missing, and b's first
// word arrives whole. A machine that is busy with other things may spoil a try; not three.
func TestRealJoin(t *testing.T) {
	for try := range 3 {
		gap, word, level := realJoin(t)
		t.Logf("%v missing at the join, %v of b's first word heard, b hears a at %.0f", gap, word, level)
		if gap <= 40*ms && word >= 180*ms && level >= 6000 {
			return
		}
		if try == 2 {
			t.Error("more than 40 ms are missing, or less than 180 ms of 200 were heard, or b does not hear a")
		}
	}
}

func realJoin(t *testing.T) (gap, word time.Duration, level float64) {
	d := realDesk(t)
	defer d.close()
	d.up()
	d.a.Play(Program{Then: tone(425, time.Second)})
	d.pa.tone(0, 500*ms, 20*ms)
	joined := make(chan struct{})
	d.talks.Go(func() { d.pa.tone(500, time.Second, 20*ms) })
	d.talks.Go(func() {
		<-joined
		d.pb.tone(1200, 200*ms, 20*ms) // the first word
		d.pb.tone(800, 700*ms, 20*ms)
	})
	Bridge(d.a, d.b, NewSounds(nil).Sound("zip", ""))
	close(joined)
	d.talks.Wait()
	waitFor(t, "the last packet", func() bool { return d.a.Stats().In >= 75 && d.b.Stats().In >= 45 })
	got := d.pa.packets()
	unbroken(t, got, audio.Rate)
	s := sound(t, got)
	from := 0
	for from+160 < len(s) && audio.Goertzel(s[from:from+160], 1200) < 3000 {
		from += 40
	}
	n := 0
	for i := from; i+160 < len(s) && audio.Goertzel(s[i:i+160], 1200) > 3000; i += 40 {
		n += 40
	}
	quiet := 0
	for i := from - 1600; i < from; i += 160 { // before it: ringback, to the last frame
		if i >= 0 && audio.Goertzel(s[i:i+160], 425) < 3000 {
			quiet++
		}
	}
	b := sound(t, d.pb.packets())
	if st := d.b.Stats(); st.Lost != 0 || st.Dropped != 0 || st.Source != d.pb.addr() {
		t.Errorf("figures of b: %+v", st)
	}
	return time.Duration(quiet) * 20 * ms, time.Duration(n+80) * time.Second / audio.Rate, loudAt(b, 500, time.Duration(len(b)/8-300)*ms)
}

// waitFor waits for a fact of the real network.
func waitFor(t *testing.T, what string, fact func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !fact(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s did not come", what)
		}
	}
}

// After Close nothing runs and every port is free.
func TestCloseLeavesNothing(t *testing.T) {
	d := realDesk(t)
	d.up()
	Bridge(d.a, d.b, nil)
	d.pa.tone(500, 100*ms, 20*ms)
	port := d.a.Port()
	d.close()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, f := range []string{"media.(*Stream)", "media.(*pacer)", "media.(*poller)", "media.(*connSocket)"} {
		if strings.Contains(string(stacks), f) {
			t.Errorf("%s still runs", f)
		}
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := d.e.Open(&ear{}); err != ErrClosed {
		t.Errorf("open after close: %v", err)
	}
}

type deaf struct{}

func (deaf) FirstPacket()  {}
func (deaf) Digit(byte)    {}
func (deaf) Quiet()        {}
func (deaf) Heard()        {}
func (deaf) PromptDone()   {}
func (deaf) Voice(Voice)   {}
func (deaf) Ringing(bool)  {}
func (deaf) Tone(cti.Tone) {}

// BenchmarkRelay is one packet through a bridge, from socket to socket, and back out at the phone: as it is, or encrypted
// on both sides.
func BenchmarkRelay(b *testing.B) {
	for _, suite := range []srtp.Suite{"", srtp.CM80, srtp.GCM128} {
		b.Run(cmp.Or(string(suite), "plain"), func(b *testing.B) { benchRelay(b, suite) })
	}
}

func benchRelay(b *testing.B, suite srtp.Suite) {
	key := make(srtp.Key, suite.KeyLen())
	crypt := Crypt{Suite: suite, Ours: key, Theirs: key}
	var far *srtp.Sender
	if suite != "" {
		far, _ = srtp.NewSender(suite, key)
	}
	e := New(Config{Net: wire.Real{}, Bind: netip.MustParseAddr("127.0.0.1"), PortMin: 21000, PortMax: 29998})
	defer e.Close()
	x, _ := e.Open(deaf{})
	y, _ := e.Open(deaf{})
	px, _ := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	py, _ := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	defer px.Close()
	defer py.Close()
	for s, p := range map[*Stream]*net.UDPConn{x: px, y: py} {
		s.Remote(Remote{Addr: p.LocalAddr().(*net.UDPAddr).AddrPort(), EventPT: 101, Crypt: crypt, Send: true, Receive: true})
		s.Answered()
	}
	Bridge(x, y, nil)
	out, in := make([]byte, 172), make([]byte, 1500)
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), x.Port())
	b.ReportAllocs()
	for i := range b.N {
		x.mu.Lock()
		x.in.earliest = 0 // the allowed rate is not what is measured
		x.mu.Unlock()
		putHeader(out, 0, false, uint16(i), uint32(i*160), 7)
		p := out
		if far != nil {
			p, _ = far.Protect(out)
		}
		px.WriteToUDPAddrPort(p, to)
		for {
			n, _, err := py.ReadFromUDPAddrPort(in)
			if err != nil {
				b.Fatal(err)
			}
			if h, _ := parse(in[:n]); far != nil || h.body < n && in[h.body] == 0 {
				break // a relayed packet; comfort noise does not begin with a full-scale sample
			}
		}
	}
}

// TestRelayLoad relays many calls at their real pace and prints what it costs: RINGBACK_CALLS=700 go test -run Load -v.
func TestRelayLoad(t *testing.T) {
	calls := 0
	for _, c := range os.Getenv("RINGBACK_CALLS") {
		calls = calls*10 + int(c-'0')
	}
	if calls == 0 {
		t.Skip("long: RINGBACK_CALLS names no number of calls")
	}
	e := New(Config{Net: wire.Real{}, Bind: netip.MustParseAddr("127.0.0.1"), PortMin: 21000, PortMax: 29998})
	defer e.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	legs := make([]*Stream, 2*calls)
	for i := range legs {
		s, err := e.Open(deaf{})
		if err != nil {
			t.Fatal(err)
		}
		legs[i] = s
	}
	phones := make([]*net.UDPConn, len(legs))
	for i := range legs {
		phones[i], _ = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		defer phones[i].Close()
		legs[i].Remote(Remote{Addr: phones[i].LocalAddr().(*net.UDPAddr).AddrPort(), EventPT: 101, Send: true, Receive: true})
		legs[i].Answered()
		if i%2 == 1 {
			Bridge(legs[i-1], legs[i], nil)
		}
	}
	cpu := cpuTime()
	const rounds = 250 // of 20 ms
	out := make([]byte, 172)
	local := netip.MustParseAddr("127.0.0.1")
	tick := time.NewTicker(20 * ms)
	defer tick.Stop()
	for r := range rounds {
		for i, p := range phones {
			putHeader(out, 0, false, uint16(r), uint32(r*160), uint32(i))
			p.WriteToUDPAddrPort(out, netip.AddrPortFrom(local, legs[i].Port()))
		}
		<-tick.C
	}
	cpu = cpuTime() - cpu
	runtime.GC()
	runtime.ReadMemStats(&after)
	in := e.Counters().In.Load()
	t.Logf("%d calls: %d of %d packets relayed, %.1f us CPU a packet in and out with the phone that sends it, heap and stack a leg %d bytes",
		calls, in, rounds*len(legs), float64(cpu.Microseconds())/float64(in),
		int(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/len(legs))
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
