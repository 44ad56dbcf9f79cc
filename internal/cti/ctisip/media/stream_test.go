package media

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
	"ringback/internal/wire"
)

// desk is an engine with two answered legs and a phone at each.
type desk struct {
	e      *Engine
	net    *wire.Simulated
	a, b   *Stream
	pa, pb *phone
	ea, eb *ear
	ra, rb Remote
	talks  sync.WaitGroup // phones that talk by themselves
}

func newDesk(t *testing.T, c Config) *desk {
	t.Helper()
	n := wire.NewSimulated(1)
	if c.Net == nil {
		c.Net = n
	}
	c.Bind, c.PortMin, c.PortMax, c.Rand = netip.MustParseAddr("10.0.0.1"), 20000, 20099, rand.New(rand.NewPCG(1, 2))
	d := &desk{net: n, e: New(c), ea: &ear{}, eb: &ear{}}
	d.a, d.pa, d.ra = d.leg(t, d.ea, "10.0.0.2:4000")
	d.b, d.pb, d.rb = d.leg(t, d.eb, "10.0.0.3:5000")
	return d
}

func (d *desk) leg(t *testing.T, o Owner, addr string) (*Stream, *phone, Remote) {
	t.Helper()
	s, err := d.e.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	p := newPhone(t, d.e.c.Net, addr)
	p.to = netip.AddrPortFrom(d.e.c.Bind, s.Port())
	return s, p, Remote{Addr: p.addr(), EventPT: 101, Send: true, Receive: true}
}

// up answers both legs.
func (d *desk) up() {
	d.a.Remote(d.ra)
	d.b.Remote(d.rb)
	d.a.Answered()
	d.b.Answered()
}

func (d *desk) close() {
	d.talks.Wait()
	d.e.Close()
	d.pa.close()
	d.pb.close()
}

func (d *desk) say(s *Stream, hz float64, d2 time.Duration) (done chan bool) {
	done = make(chan bool, 1)
	s.Say(tone(hz, d2), func(whole bool) { done <- whole })
	return done
}

func tone(hz float64, d time.Duration) []int16 {
	return audio.Render(audio.Tone{Hz: []float64{hz}, Level: 0.25, Ms: int(d / time.Millisecond)})
}

// One voice a leg: silence, a prompt, ringback, the other party, nothing, a closing word.
func TestOneVoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		start := time.Now()
		d.up()
		time.Sleep(time.Second)
		d.a.Play(Program{First: tone(600, time.Second), Then: NewSounds(nil).Sound("ringback", "DE")})
		time.Sleep(7 * time.Second) // at 8
		Bridge(d.a, d.b, nil)
		d.pb.tone(1000, 2*time.Second, 20*time.Millisecond) // to 10
		d.a.Unbridge()
		time.Sleep(time.Second)
		done := d.say(d.a, 700, time.Second) // at 11
		if !<-done {
			t.Error("the closing word was not heard in full")
		}
		if took := time.Since(start); took < 12*time.Second || took > 12300*time.Millisecond {
			t.Errorf("the closing word of 1 s was over after %v, want 12 s", took)
		}
		got := d.pa.packets()
		unbroken(t, got, 0)
		s := sound(t, got)
		for _, w := range []struct {
			at time.Duration
			hz float64
		}{{1200 * time.Millisecond, 600}, {2200 * time.Millisecond, 425}, {7200 * time.Millisecond, 425}, {8100 * time.Millisecond, 1000}, {9800 * time.Millisecond, 1000}, {11200 * time.Millisecond, 700}} {
			if l := loudAt(s, w.hz, w.at); l < 5000 {
				t.Errorf("at %v %v Hz has amplitude %.0f", w.at, w.hz, l)
			}
		}
		if l := loudAt(s, 600, 2200*time.Millisecond); l > 300 {
			t.Errorf("the prompt is still heard in the ringback: %.0f", l)
		}
		if l := loudAt(s, 425, 10200*time.Millisecond); l > 300 {
			t.Errorf("after the talk the ringback is back: %.0f", l)
		}
		if q := longestSilence(s); q > 0 {
			t.Errorf("%v of digital silence", q)
		}
		if want := []string{"quiet", "prompt"}; !sameSet(d.ea.all(), want) {
			t.Errorf("the owner was told %v, want %v", d.ea.all(), want)
		}
		for i, h := range got[1:] {
			if gap := h.at.Sub(got[i].at); gap > 40*time.Millisecond {
				t.Errorf("packet %d came %v after the one before", i+1, gap)
			}
		}
	})
}

func sameSet(a, b []string) bool {
	count := map[string]int{}
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		count[s]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// Say is done at once when there is nothing to say, and with false when it is cut off.
func TestSayDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		if start := time.Now(); !<-d.say(d.a, 0, 0) || time.Since(start) > 20*time.Millisecond {
			t.Errorf("an empty word took %v", time.Since(start))
		}
		cut := d.say(d.a, 500, time.Minute)
		d.a.Play(Program{})
		if <-cut {
			t.Error("a word that was replaced counts as heard")
		}
		cut = d.say(d.a, 500, time.Minute)
		d.a.Close()
		if <-cut {
			t.Error("a word on a closed stream counts as heard")
		}
		if cut = d.say(d.a, 500, time.Second); <-cut {
			t.Error("a word said to a closed stream counts as heard")
		}
	})
}

// First is repeated after its pause until something else is played.
func TestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		d.a.Play(Program{First: tone(600, time.Second), Again: 3 * time.Second, Then: tone(300, 100*time.Millisecond)})
		time.Sleep(9500 * time.Millisecond)
		synctest.Wait()
		s := sound(t, d.pa.packets())
		for at, hz := range map[time.Duration]float64{200: 600, 1500: 300, 3800: 300, 4200: 600, 5500: 300, 8200: 600} {
			if l := loudAt(s, hz, at*time.Millisecond); l < 5000 {
				t.Errorf("at %d ms %v Hz has amplitude %.0f", at, hz, l)
			}
		}
		if want := []string{"prompt", "quiet", "prompt", "prompt"}; !reflect.DeepEqual(d.ea.all(), want) {
			t.Errorf("told %v, want %v", d.ea.all(), want)
		}
	})
}

// Thinned media keeps time: one packet a second, timestamps and prompts by the clock.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{Pace: time.Second})
		defer d.close()
		d.up()
		start := time.Now()
		<-d.say(d.a, 500, 10*time.Second)
		if took := time.Since(start).Round(time.Second); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("10 s of sound took %v", took)
		}
		got := d.pa.packets()
		if len(got) < 10 || len(got) > 13 {
			t.Errorf("%d packets in 10 s", len(got))
		}
		for i := range got[1:] {
			if dt := got[i+1].ts - got[i].ts; dt != audio.Rate {
				t.Errorf("packet %d: %d samples after the one before", i+1, dt)
			}
		}
	})
}

func TestPorts(t *testing.T) {
	e := New(Config{Net: wire.NewSimulated(1), Bind: netip.MustParseAddr("10.0.0.1"), PortMin: 20001, PortMax: 20006})
	defer e.Close()
	var all []*Stream
	for want := range 3 {
		s, err := e.Open(&ear{})
		if err != nil || int(s.Port()) != 20002+2*want {
			t.Fatalf("port %v, %v; want %d", s, err, 20002+2*want)
		}
		all = append(all, s)
	}
	if _, err := e.Open(&ear{}); err == nil || err.Error() != "media: ports 20001-20006 of 10.0.0.1: every port is in use" {
		t.Errorf("a full range: %v", err)
	}
	all[1].Close()
	if s, err := e.Open(&ear{}); err != nil || s.Port() != 20004 {
		t.Errorf("after one was freed: %v", err)
	}
}

// clumsy is an Owner that cannot take the end of a prompt.
type clumsy struct{ ear }

func (*clumsy) PromptDone() { panic("clumsy") }

// An owner that panics on the pacer's goroutine is counted, and neither its own leg nor another falls silent.
func TestOwnerPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		s, p, r := d.leg(t, &clumsy{}, "10.0.0.4:6000")
		defer p.close()
		d.up()
		s.Remote(r)
		s.Answered()
		s.Play(Program{First: make([]int16, 800)})
		time.Sleep(time.Second)
		if n := d.e.Counters().Panics.Load(); n != 1 {
			t.Errorf("%d panics are counted, want 1", n)
		}
		for _, p := range []*phone{p, d.pa} {
			if n := len(p.packets()); n < 49 {
				t.Errorf("%d packets in a second after the panic", n)
			}
		}
	})
}
