package media

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
	"ringback/internal/wire"
)

// third is one more leg at a desk.
func (d *desk) third(t *testing.T, addr string) (*Stream, *phone, Remote) {
	s, p, r := d.leg(t, &ear{}, addr)
	t.Cleanup(p.close)
	return s, p, r
}

// all hears everybody but itself.
func allOf(streams ...*Stream) (out []Member) {
	for _, s := range streams {
		out = append(out, Member{s, streams})
	}
	return out
}

// The visitor says 500 Hz, the agent 800, the supervisor 1100: who hears what, in each way a supervisor can be there, and
// when she has left. Each sender is one unbroken voice through relay, room and relay.
func TestWhoHearsWhom(t *testing.T) {
	laws := []struct {
		a, b, c  audio.Law
		ptA, ptC int
	}{{audio.ULaw, audio.ULaw, audio.ULaw, 20, 20}, {audio.ALaw, audio.ULaw, audio.ALaw, 30, 10}, {audio.ULaw, audio.ALaw, audio.ULaw, 60, 40}}
	for _, c := range laws {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, Config{})
				d.ra.Law, d.ra.PT, d.ra.Ptime, d.pa.law = c.a, uint8(c.a*8), c.ptA, c.a
				d.rb.Law, d.rb.PT, d.pb.law = c.b, uint8(c.b*8), c.b
				sup, ps, rs := d.third(t, "10.0.0.4:6000")
				rs.Law, rs.PT, rs.Ptime, ps.law = c.c, uint8(c.c*8), c.ptC, c.c
				defer d.close()
				d.up()
				sup.Remote(rs)
				sup.Answered()
				Bridge(d.a, d.b, nil)
				vis, ag := d.a, d.b
				room := d.e.NewRoom()
				defer room.Close()
				d.talks.Go(func() { d.pa.tone(500, 9*time.Second, 20*ms) })
				d.talks.Go(func() { d.pb.tone(800, 9*time.Second, 20*ms) })
				d.talks.Go(func() { ps.tone(1100, 9*time.Second, 20*ms) })
				time.Sleep(time.Second + 7*ms)
				hears := func(what string, p *phone, want ...float64) {
					t.Helper()
					s := sound(t, p.packets())
					s = s[len(s)-8000:]
					for _, hz := range []float64{500, 800, 1100} {
						l, loud := audio.Goertzel(s, hz), false
						for _, w := range want {
							loud = loud || w == hz
						}
						if loud && (l < 7400 || l > 8600) || !loud && l > 150 {
							t.Errorf("%s: %v Hz with %.0f, wanted %v", what, hz, l, loud)
						}
					}
				}
				steps := []struct {
					what    string
					v, a, s []float64
					members []Member
					bridge  bool
				}{
					{"listen", []float64{800}, []float64{500}, []float64{500, 800}, []Member{{vis, []*Stream{ag}}, {ag, []*Stream{vis}}, {sup, []*Stream{vis, ag}}}, false},
					{"whisper", []float64{800}, []float64{500, 1100}, []float64{500, 800}, []Member{{vis, []*Stream{ag}}, {ag, []*Stream{vis, sup}}, {sup, []*Stream{vis, ag}}}, false},
					{"barge", []float64{800, 1100}, []float64{500, 1100}, []float64{500, 800}, allOf(vis, ag, sup), false},
					{"off", []float64{800}, []float64{500}, nil, nil, true},
				}
				for _, st := range steps {
					room.Set(st.members...)
					if st.bridge {
						Bridge(vis, ag, nil)
					}
					time.Sleep(1500 * ms)
					hears(st.what+": the visitor", d.pa, st.v...)
					hears(st.what+": the agent", d.pb, st.a...)
					hears(st.what+": the supervisor", ps, st.s...)
				}
				for _, p := range []*phone{d.pa, d.pb, ps} {
					unbroken(t, p.packets(), 320)
					if q := longestSilence(sound(t, p.packets())[8000:]); q > 40*ms {
						t.Errorf("%v of silence", q)
					}
				}
			})
		})
	}
}

// Entering and leaving a room leaves at most 40 ms without the other's voice, and a voice is at most 60 ms late in it.
func TestRoomGapAndDelay(t *testing.T) {
	for _, phase := range []time.Duration{0, 3 * ms, 11 * ms, 19 * ms} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, Config{})
			sup, _, rs := d.third(t, "10.0.0.4:6000")
			defer d.close()
			d.up()
			sup.Remote(rs)
			sup.Answered()
			Bridge(d.a, d.b, nil)
			room := d.e.NewRoom()
			defer room.Close()
			d.talks.Go(func() { d.pa.tone(500, 4*time.Second, 20*ms) })
			d.talks.Go(func() { d.pb.tone(500, 4*time.Second, 20*ms) })
			time.Sleep(500*ms + phase)
			d.pa.forget()
			d.pb.forget()
			room.Set(allOf(d.a, d.b, sup)...)
			time.Sleep(time.Second)
			room.Close()
			Bridge(d.a, d.b, nil)
			time.Sleep(time.Second)
			for _, p := range []*phone{d.pa, d.pb} {
				s := sound(t, p.packets())
				gap, run := 0, 0
				for i := 0; i+80 <= len(s); i += 40 {
					if audio.Goertzel(s[i:i+80], 500) < 4000 {
						run += 5
					} else {
						run = 0
					}
					gap = max(gap, run)
				}
				if gap > 40 {
					t.Errorf("phase %v: %d ms without the other's voice", phase, gap)
				}
				unbroken(t, p.packets(), 160)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		room := d.e.NewRoom()
		defer room.Close()
		room.Set(allOf(d.a, d.b)...)
		d.pa.tone(0, 500*ms, 20*ms)
		d.pb.forget()
		start := time.Now()
		d.pa.tone(440, time.Second, 20*ms)
		for _, h := range d.pb.packets() {
			s := make([]int16, len(h.body))
			audio.ULaw.Decode(s, h.body)
			for i := range s[:len(s)-20] {
				if audio.RMS(s[i:i+20]) > 2500 {
					late := h.at.Sub(start) + time.Duration(i)*time.Second/audio.Rate
					if late > 60*ms || late < 20*ms {
						t.Errorf("a voice is %v late", late)
					}
					return
				}
			}
		}
		t.Error("nothing was heard")
	})
}

// Keys reach who hears the one that presses them, and only those; keys of ours reach a far end in a bridge and in a room.
func TestKeysInARoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		sup, ps, rs := d.third(t, "10.0.0.4:6000")
		defer d.close()
		d.up()
		sup.Remote(rs)
		sup.Answered()
		Bridge(d.a, d.b, nil)
		d.talks.Go(func() { d.pa.tone(500, 5*time.Second, 20*ms) })
		time.Sleep(500 * ms)
		done := make(chan bool, 2)
		d.b.Dial("4", func() { done <- true })
		d.b.Dial("2", func() { done <- true })
		<-done
		<-done
		if got := keysOf(t, d.pb.packets()); got != "42" {
			t.Errorf("in a bridge: %q", got)
		}
		unbroken(t, d.pb.packets(), 800)
		time.Sleep(500 * ms)
		if l := loudAt(sound(t, d.pb.packets()), 500, 1200*ms); l < 7400 {
			t.Errorf("after the keys the other has %.0f", l)
		}
		room := d.e.NewRoom()
		defer room.Close()
		room.Set(Member{d.a, []*Stream{d.b}}, Member{d.b, []*Stream{d.a}}, Member{sup, []*Stream{d.a}})
		time.Sleep(200 * ms)
		press(ps, 101, 5, 100*ms, 3)
		press(d.pb, 101, 7, 100*ms, 3)
		d.b.Dial("9", func() { done <- true })
		<-done
		time.Sleep(300 * ms)
		for p, want := range map[*phone]string{d.pa: "7", d.pb: "429", ps: ""} {
			if got := keysOf(t, p.packets()); got != want {
				t.Errorf("in a room: %q, want %q", got, want)
			}
		}
		d.talks.Wait()
	})
}

// What a leg is told to hear alone is not mixed over, and nobody hears it any more; a closed stream leaves by itself.
func TestRoomIsLeftByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		sup, ps, rs := d.third(t, "10.0.0.4:6000")
		defer d.close()
		d.up()
		sup.Remote(rs)
		sup.Answered()
		room := d.e.NewRoom()
		defer room.Close()
		room.Set(allOf(d.a, d.b, sup)...)
		d.talks.Go(func() { d.pa.tone(500, 2*time.Second, 20*ms) })
		d.talks.Go(func() { ps.tone(1100, 2*time.Second, 20*ms) })
		time.Sleep(500 * ms)
		d.pb.forget()
		d.pa.forget()
		done := d.say(d.b, 1500, 300*ms)
		sup.Close()
		if !<-done {
			t.Error("the sentence was not heard whole")
		}
		s := sound(t, d.pb.packets())
		if own, other := loudAt(s, 1500, 100*ms), loudAt(s, 500, 100*ms); own < 7000 || other > 200 {
			t.Errorf("the sentence has %.0f, the room %.0f", own, other)
		}
		if l := loudAt(sound(t, d.pa.packets()), 1100, 200*ms); l > 200 {
			t.Errorf("a closed leg is heard with %.0f", l)
		}
		d.talks.Wait()
	})
}

// A room costs nothing that piles up.
func TestRoomAllocatesNothing(t *testing.T) {
	e, r, in := benchRoom(t, 3)
	defer e.Close()
	defer r.Close()
	for i := range 20 {
		in(i)
		r.tick(roomTick)
	}
	n := 20
	if a := testing.AllocsPerRun(200, func() { in(n); r.tick(roomTick); n++ }); a > 0 {
		t.Errorf("%.1f allocations a tick", a)
	}
}

// benchRoom is a room of n legs whose ticks and packets are the caller's.
func benchRoom(t testing.TB, n int) (*Engine, *Room, func(i int)) {
	e := New(Config{Net: wire.Real{}, Bind: netip.MustParseAddr("127.0.0.1"), PortMin: 21000, PortMax: 29998})
	var all []*Stream
	for range n {
		s, err := e.Open(deaf{})
		if err != nil {
			t.Fatal(err)
		}
		s.Remote(Remote{Addr: netip.MustParseAddrPort("127.0.0.1:9"), EventPT: 101, Send: true, Receive: true})
		s.Answered()
		s.mu.Lock()
		s.out.socket.close()
		s.out.socket = nowhereSocket{}
		s.mu.Unlock()
		all = append(all, s)
	}
	r := e.NewRoom()
	r.begun = e.pace.now()
	var seats []*seat
	r.mu.Lock()
	for i, s := range all {
		k := r.place(s)
		k.hears = 1<<n - 1&^(1<<i)
		seats = append(seats, k)
	}
	r.seats = seats
	r.mu.Unlock()
	b := make([]byte, 160)
	return e, r, func(i int) {
		r.begun -= int64(roomTick) // time that passes
		for _, s := range all {
			p := packet{b: b, kind: soundKind, row: 1, now: e.pace.now()}
			p.ts, p.end = uint32(i*160), 160
			s.mu.Lock()
			p.copyTo(s.taps)
			s.mu.Unlock()
		}
	}
}

type nowhereSocket struct{ nowhere }

func (nowhereSocket) close() {}

// BenchmarkRoom is 20 ms of a conference: packets in, sums out, without the kernel.
func BenchmarkRoom(b *testing.B) {
	for _, n := range []int{3, 5, 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			e, r, in := benchRoom(b, n)
			defer e.Close()
			defer r.Close()
			b.ReportAllocs()
			for i := range b.N {
				in(i)
				r.tick(roomTick)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*b.N), "ns/leg")
		})
	}
}

// G.722 comes in and goes out in a room: in the low band each hears whom it should, and the wide voice is one.
func TestWideInARoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		d.ra.Wide, d.ra.WideIn, d.ra.PT = true, true, 9
		sup, ps, rs := d.third(t, "10.0.0.4:6000")
		defer d.close()
		d.up()
		sup.Remote(rs)
		sup.Answered()
		Bridge(d.a, d.b, nil)
		d.talks.Go(func() { d.pa.wideTone(500, 4*time.Second) })
		d.talks.Go(func() { d.pb.tone(800, 4*time.Second, 20*ms) })
		d.talks.Go(func() { ps.tone(1100, 4*time.Second, 20*ms) })
		time.Sleep(time.Second)
		room := d.e.NewRoom()
		defer room.Close()
		room.Set(allOf(d.a, d.b, sup)...)
		time.Sleep(2 * time.Second)
		wide := wideSound(d.pa.packets())
		wide = wide[len(wide)-16000:]
		for hz, want := range map[float64]bool{500: false, 800: true, 1100: true} {
			if l := audio.Goertzel(wide, hz/2); want != (l > 7000) || !want && l > 300 {
				t.Errorf("who speaks G.722 hears %v Hz with %.0f", hz, l)
			}
		}
		s := sound(t, d.pb.packets())
		s = s[len(s)-8000:]
		for hz, want := range map[float64]bool{500: true, 800: false, 1100: true} {
			if l := audio.Goertzel(s, hz); want != (l > 7000) || !want && l > 300 {
				t.Errorf("who speaks u-law hears %v Hz with %.0f", hz, l)
			}
		}
		unbroken(t, d.pa.packets(), 320)
		unbroken(t, d.pb.packets(), 320)
		d.talks.Wait()
	})
}

// Over a network that loses and delays, a voice in a room stays one: what a relay would pass on as holes is concealed.
func TestRoomOverABadNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		r := rand.New(rand.NewPCG(5, 6))
		d.net.Fate = func(from, _ netip.AddrPort, _ []byte, _ *rand.Rand) wire.Fate {
			switch {
			case from != d.pa.addr():
				return wire.Fate{0}
			case r.IntN(33) == 0:
				return nil
			}
			return wire.Fate{time.Duration(r.IntN(60)) * ms}
		}
		room := d.e.NewRoom()
		defer room.Close()
		room.Set(allOf(d.a, d.b)...)
		d.pa.tone(500, 20*time.Second, 20*ms)
		s := sound(t, d.pb.packets())[3*8000:]
		n, good := 0, 0
		for ; len(s) >= 160; s = s[160:] {
			n++
			if l := audio.Goertzel(s[:160], 500); l > 5500 && l < 9000 {
				good++
			}
		}
		if share := float64(good) / float64(n); share < 0.96 {
			t.Errorf("3 %% lost and 60 ms of jitter: the tone is right in %.1f %% of the time", 100*share)
		}
		unbroken(t, d.pb.packets(), 320)
	})
}
