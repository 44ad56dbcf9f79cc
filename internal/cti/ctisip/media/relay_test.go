package media

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
	"ringback/internal/wire"
)

const ms = time.Millisecond

// both runs two phones' talk at once.
func both(f, g func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Go(g)
	wg.Wait()
}

// Each hears the other and not itself, at the same level, whatever law and packet length the two sides have.
func TestBridgeKinds(t *testing.T) {
	for _, lawA := range []audio.Law{audio.ULaw, audio.ALaw} {
		for _, lawB := range []audio.Law{audio.ULaw, audio.ALaw} {
			for _, pt := range [][2]int{{20, 20}, {20, 30}, {30, 20}, {10, 40}, {40, 10}, {60, 20}} {
				t.Run(fmt.Sprint(lawA, lawB, pt), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { bridgeOf(t, lawA, lawB, pt[0], pt[1]) })
				})
			}
		}
	}
}

func bridgeOf(t *testing.T, lawA, lawB audio.Law, ptA, ptB int) {
	d := newDesk(t, Config{})
	defer d.close()
	d.ra.Law, d.ra.PT, d.ra.Ptime, d.pa.law = lawA, uint8(lawA*8), ptA, lawA
	d.rb.Law, d.rb.PT, d.rb.Ptime, d.pb.law = lawB, uint8(lawB*8), ptB, lawB
	d.up()
	time.Sleep(333 * ms)
	Bridge(d.a, d.b, nil)
	both(func() { d.pa.tone(500, 2*time.Second, time.Duration(ptA)*ms) },
		func() { d.pb.tone(800, 2*time.Second, time.Duration(ptB)*ms) })
	for _, side := range []struct {
		p         *phone
		law       audio.Law
		cut       int
		own, peer float64
	}{{d.pa, lawA, ptA, 500, 800}, {d.pb, lawB, ptB, 800, 500}} {
		got := side.p.packets()
		unbroken(t, got, 0)
		for i, h := range got {
			if h.pt != uint8(side.law*8) || len(h.body) != side.cut*8 {
				t.Fatalf("packet %d has type %d and %d bytes", i, h.pt, len(h.body))
			}
		}
		s := sound(t, got)
		for at := 500 * ms; at < 2200*ms; at += 100 * ms {
			if l := loudAt(s, side.peer, at); l < 7600 || l > 8400 {
				t.Fatalf("at %v the other is heard with %.0f, sent 8000", at, l)
			}
			if l := loudAt(s, side.own, at); l > 400 {
				t.Fatalf("at %v the own tone comes back with %.0f", at, l)
			}
		}
	}
}

// A packet goes on when it comes: no delay with equal packet lengths, at most a packet without.
func TestAddedDelay(t *testing.T) {
	for _, pt := range []int{20, 30} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, Config{})
			defer d.close()
			d.rb.Ptime = pt
			d.up()
			Bridge(d.a, d.b, nil)
			time.Sleep(107 * ms)
			d.pb.forget()
			start := time.Now()
			d.pa.tone(440, time.Second, 20*ms)
			worst := time.Duration(0)
			first := uint32(0)
			for _, h := range d.pb.packets() {
				s := make([]int16, len(h.body))
				audio.ULaw.Decode(s, h.body)
				if audio.RMS(s) < 3000 {
					continue
				}
				if first == 0 {
					first = h.ts
				}
				due := start.Add(time.Duration(h.ts-first) * time.Second / audio.Rate) // when its first sample was sent
				worst = max(worst, h.at.Sub(due))
			}
			if limit := map[int]time.Duration{20: 0, 30: 30 * ms}[pt]; worst > limit {
				t.Errorf("%d ms packets: a sample waited %v, want at most %v", pt, worst, limit)
			}
		})
	}
}

// The zip tone: a hears it over b, at once; b hears a only when it is over.
func TestZip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		d.talks.Go(func() { d.pa.tone(500, 2*time.Second, 20*ms) })
		d.talks.Go(func() { d.pb.tone(800, 2*time.Second, 20*ms) })
		time.Sleep(time.Second + 10*ms)
		d.pa.forget()
		d.pb.forget()
		Bridge(d.a, d.b, tone(1200, 200*ms))
		time.Sleep(800 * ms)
		a, b := sound(t, d.pa.packets()), sound(t, d.pb.packets())
		if l := loudAt(a, 800, 20*ms); l < 7000 {
			t.Errorf("a hears b with %.0f at 20 ms", l)
		}
		if l := loudAt(a, 1200, 40*ms); l < 7000 {
			t.Errorf("a hears the zip tone with %.0f", l)
		}
		if l := loudAt(a, 1200, 300*ms); l > 300 {
			t.Errorf("the zip tone does not end: %.0f", l)
		}
		if l := loudAt(b, 500, 60*ms); l > 300 {
			t.Errorf("b hears a during the zip tone: %.0f", l)
		}
		if l := loudAt(b, 500, 240*ms); l < 7000 {
			t.Errorf("b hears a with %.0f after the zip tone", l)
		}
		if q := longestSilence(b); q > 0 {
			t.Errorf("b heard %v of digital silence", q)
		}
	})
}

// The far end stops sending (mute, voice detection): comfort noise goes on, and its voice comes back without a break
// and without the stream running ahead of time, however often.
func TestSourcePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		start := time.Now()
		d.up()
		Bridge(d.a, d.b, nil)
		for i := range 100 {
			d.pa.tone(500, 200*ms, 20*ms)
			if i%2 == 0 {
				d.pa.raw(ptComfort, false, d.pa.ts, []byte{60})
			}
			pause := time.Duration(133+i) * ms
			time.Sleep(pause)
			d.pa.ts += uint32(pause * audio.Rate / time.Second)
		}
		got := d.pb.packets()
		unbroken(t, got, 500) // a pause of the source is a pause of up to 60 ms and a tick here, marked
		for i, h := range got[1:] {
			if gap := h.at.Sub(got[i].at); gap > 70*ms {
				t.Errorf("packet %d came %v after the one before", i+1, gap)
			}
			if d := int32(h.ts - got[i].ts); int(d) > len(got[i].body) && !h.marker {
				t.Errorf("packet %d skips %d samples without a marker", i+1, d)
			}
		}
		last := got[len(got)-1]
		ahead := time.Duration(last.ts-got[0].ts)*time.Second/audio.Rate - last.at.Sub(start)
		if ahead > 25*ms || ahead < -60*ms {
			t.Errorf("after 100 pauses the stream is %v ahead of time", ahead)
		}
		if q := longestSilence(sound(t, got)); q > 80*ms {
			t.Errorf("%v of digital silence", q)
		}
	})
}

// Who sends digital silence for long is heard as a quiet line, not as a dead one.
func TestDigitalSilenceIsRelayedAsNoise(t *testing.T) {
	for _, law := range []audio.Law{audio.ULaw, audio.ALaw} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, Config{})
			defer d.close()
			d.pa.law = law
			d.rb.Law, d.rb.PT = law, uint8(law*8)
			d.up()
			Bridge(d.a, d.b, nil)
			d.pa.tone(0, 5*time.Second, 20*ms)
			d.pa.tone(500, time.Second, 20*ms)
			s := sound(t, d.pb.packets())
			if q := longestSilence(s); q > 1100*ms {
				t.Errorf("law %d: %v of digital silence", law, q)
			}
			if l := loudAt(s, 500, 5500*ms); l < 7500 {
				t.Errorf("the voice after it has %.0f", l)
			}
		})
	}
}

// Lost, late and doubled packets: what arrives is relayed once and in its place; losses are seen in the figures and
// stay holes in the sequence for the far end to conceal.
func TestBadNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		Bridge(d.a, d.b, nil)
		lossy := wire.Lossy(0.05, 0.05, 50*ms)
		d.net.Fate = func(from, to netip.AddrPort, b []byte, r *rand.Rand) wire.Fate {
			if from == d.pa.addr() {
				return lossy(from, to, b, r)
			}
			return wire.Fate{0}
		}
		d.pa.tone(500, 10*time.Second, 20*ms)
		time.Sleep(100 * ms)
		seen := map[uint16]bool{}
		holes, ts := 0, map[uint32]bool{}
		got := d.pb.packets()
		for _, h := range got {
			if seen[h.seq] || ts[h.ts] {
				t.Fatalf("sequence %d or timestamp %d came twice", h.seq, h.ts)
			}
			seen[h.seq], ts[h.ts] = true, true
		}
		for q := got[0].seq; q != got[len(got)-1].seq; q++ {
			if !seen[q] {
				holes++
			}
		}
		if holes < 5 || holes > 60 {
			t.Errorf("%d holes of 500 packets with 5 %% loss", holes)
		}
		st := d.a.Stats()
		if st.Lost < 10 || st.Lost > 50 || st.Jitter < 5*ms || st.Jitter > 40*ms || st.In < 440 || st.Dropped < 5 {
			t.Errorf("figures %+v", st)
		}
		s := sound(t, got)
		worst := 0
		for i := 8000; i+800 < 9*8000; i += 800 {
			if audio.Goertzel(s[i:i+800], 500) < 4000 {
				worst++
			}
		}
		if worst > 8 {
			t.Errorf("%d of 80 pieces of 100 ms lost more than half of their tone", worst)
		}
	})
}

// A new SSRC, a sequence that starts over and timestamps that jump are the source's affair; our voice goes on.
func TestSourceStartsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		Bridge(d.a, d.b, nil)
		for i := range 5 {
			d.pa.tone(500, time.Second, 20*ms)
			d.pa.ts += 999999 * uint32(i)
			switch i {
			case 1:
				d.pa.ssrc++
			case 2:
				d.pa.seq += 20000
			case 3:
				d.pa.seq -= 200
			}
		}
		got := d.pb.packets()
		unbroken(t, got, 800)
		s := sound(t, got)
		for at := 200 * ms; at < 4800*ms; at += 100 * ms {
			if l := loudAt(s, 500, at); l < 1500 {
				t.Errorf("at %v the tone has %.0f", at, l)
			}
		}
	})
}

// A key goes on with the far end's payload type, its packets with one timestamp; a far end without events hears it.
func TestKeysInTalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.rb.EventPT = 96
		d.up()
		Bridge(d.a, d.b, nil)
		d.pa.tone(500, 500*ms, 20*ms)
		press(d.pa, 101, 7, 240*ms, 3)
		d.pa.tone(500, 500*ms, 20*ms)
		got := d.pb.packets()
		unbroken(t, got, 4000)
		var keys []heard
		for _, h := range got {
			if h.pt == 96 {
				keys = append(keys, h)
			}
		}
		if len(keys) != 8 {
			t.Fatalf("%d packets of the key, want 5 and 3 ends", len(keys))
		}
		for i, h := range keys {
			if h.ts != keys[0].ts || h.marker != (i == 0) || h.body[0] != 7 || h.body[1]&0x80 != 0 != (i >= 5) {
				t.Errorf("packet %d of the key: %+v", i, h)
			}
		}
		if want := []string{"first", "key 7"}; !sameSet(d.ea.all(), want) {
			t.Errorf("told %v, want %v", d.ea.all(), want)
		}
		s := sound(t, got)
		if l := loudAt(s, 500, 1000*ms); l < 7500 {
			t.Errorf("after the key the voice has %.0f", l)
		}

		d.rb.EventPT = -1
		d.b.Remote(d.rb)
		d.pb.forget()
		press(d.pa, 101, 5, 200*ms, 3)
		time.Sleep(200 * ms)
		var k keySound
		if key := k.take(sound(t, d.pb.packets())); key != '5' {
			t.Errorf("a far end without events heard the key %q", key)
		}
	})
}

// press sends a key as packets of telephone-event, RFC 4733, one each 50 ms.
func press(p *phone, pt uint8, event byte, d time.Duration, ends int) {
	start := p.ts
	n := uint32(0)
	for ; d > 0; d -= 50 * ms {
		n += 400
		p.raw(pt, n == 400, start, []byte{event, 10, byte(n >> 8), byte(n)})
		time.Sleep(min(d, 50*ms))
	}
	for range ends {
		p.raw(pt, false, start, []byte{event, 0x8A, byte(n >> 8), byte(n)})
	}
	p.ts += n
}

// Early media goes one way; the program is heard before it and 1 s after it stops.
func TestEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.a.Remote(d.ra)
		d.a.Answered()
		d.a.Play(Program{Then: tone(425, time.Second)})
		d.b.Remote(d.rb)
		d.b.Early(d.a)
		d.talks.Go(func() { d.pa.tone(333, 6*time.Second, 20*ms) })
		time.Sleep(2 * time.Second)
		d.pb.tone(700, 2*time.Second, 20*ms)
		time.Sleep(3 * time.Second)
		got := d.pa.packets()
		unbroken(t, got, 480)
		s := sound(t, got)
		for at, hz := range map[time.Duration]float64{1000: 425, 2100: 700, 3900: 700, 5300: 425, 6500: 425} {
			if l := loudAt(s, hz, at*ms); l < 5000 {
				t.Errorf("at %d ms %v Hz has %.0f", at, hz, l)
			}
		}
		if l := loudAt(s, 425, 2500*ms); l > 300 {
			t.Errorf("our ringback is heard over the network's: %.0f", l)
		}
		for at := time.Second; at < 6*time.Second; at += time.Second {
			if l := loudAt(sound(t, d.pb.packets()), 333, at); l > 300 {
				t.Errorf("the ringing leg hears the waiting one at %v: %.0f", at, l)
			}
		}
		if len(d.eb.all()) != 1 {
			t.Errorf("the ringing leg's owner was told %v, want the first packet only", d.eb.all())
		}
	})
}

// A gateway's silence before the answer does not take the ringback away; its pauses later belong to what it plays.
func TestSilentEarlyMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.a.Remote(d.ra)
		d.a.Answered()
		d.a.Play(Program{Then: tone(425, time.Second)})
		d.b.Remote(d.rb)
		d.b.Early(d.a)
		d.pb.tone(0, 2*time.Second, 20*ms)
		d.pb.tone(700, time.Second, 20*ms)
		d.pb.tone(0, 2*time.Second, 20*ms)
		s := sound(t, d.pa.packets())
		for at, want := range map[time.Duration]bool{200: true, 1800: true, 2500: false, 3500: false, 4700: false} {
			if got := loudAt(s, 425, at*ms) > 5000; got != want {
				t.Errorf("at %d ms our ringback: %v, want %v", at, got, want)
			}
		}
	})
}

// Timestamps taken from a clock, a few samples off, are relayed without a new beginning each time.
func TestSloppyTimestamps(t *testing.T) {
	for _, ptime := range []int{20, 30} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, Config{})
			defer d.close()
			d.rb.Ptime = ptime
			d.up()
			Bridge(d.a, d.b, nil)
			r := rand.New(rand.NewPCG(1, 1))
			for range 200 {
				b := make([]byte, 160)
				audio.ULaw.Encode(b, tone(500, 20*ms))
				d.pa.raw(0, false, d.pa.ts+uint32(r.IntN(9)), b)
				d.pa.ts += 160
				time.Sleep(20 * ms)
			}
			marked := 0
			got := d.pb.packets()
			for i, h := range got {
				if h.marker {
					marked++
				}
				if i > 0 && h.seq != got[i-1].seq+1 {
					t.Fatalf("sequence %d after %d", h.seq, got[i-1].seq)
				}
			}
			if marked > 3 {
				t.Errorf("%d of %d packets begin a talk-spurt", marked, len(got))
			}
			if l := loudAt(sound(t, got), 500, 2*time.Second); l < 4000 {
				t.Errorf("the tone has %.0f", l)
			}
		})
	}
}

// Insert is heard over both a relayed voice and silence.
func TestInsert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		Bridge(d.a, d.b, nil)
		d.talks.Go(func() { d.pa.tone(500, 2*time.Second, 20*ms) })
		time.Sleep(time.Second)
		d.b.Insert(tone(1000, 300*ms))
		d.a.Insert(tone(1000, 300*ms))
		time.Sleep(time.Second)
		s := sound(t, d.pb.packets())
		if v, w := loudAt(s, 500, 1100*ms), loudAt(s, 1000, 1100*ms); v < 7000 || w < 7000 {
			t.Errorf("the voice has %.0f and the warning %.0f", v, w)
		}
		if w := loudAt(sound(t, d.pa.packets()), 1000, 1150*ms); w < 7000 {
			t.Errorf("in silence the warning has %.0f", w)
		}
	})
}
