package media

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
	"ringback/internal/wire"
)

// A source whose clock is 150 ppm fast: after ten minutes our own packets follow its last one without a hole.
func TestSourceClockDrifts(t *testing.T) {
	for name, every := range map[string]time.Duration{"fast": 20*ms - 3*time.Microsecond, "slow": 20*ms + 3*time.Microsecond} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, Config{})
			defer d.close()
			d.up()
			Bridge(d.a, d.b, nil)
			for range 30000 {
				d.pa.raw(0, false, d.pa.ts, make([]byte, 160))
				d.pa.ts += 160
				time.Sleep(every)
			}
			synctest.Wait()
			before := d.pb.packets()
			d.a.Unbridge()
			time.Sleep(time.Second)
			got := d.pb.packets()
			unbroken(t, got, 0)
			last := before[len(before)-1]
			for _, h := range got[len(before):] {
				if gap := h.at.Sub(last.at); gap > 45*ms || gap < 5*ms {
					t.Fatalf("%s clock: a packet came %v after the one before", name, gap)
				}
				last = h
			}
		})
	}
}

// A source that starts over again and again, with short breaks, does not let us fall behind time.
func TestManyBeginnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		Bridge(d.a, d.b, nil)
		start := time.Now()
		for range 200 {
			d.pa.ssrc++
			d.pa.tone(500, 100*ms, 20*ms)
			time.Sleep(30 * ms)
		}
		got := d.pb.packets()
		unbroken(t, got, 480)
		last := got[len(got)-1]
		behind := last.at.Sub(start) - time.Duration(last.ts-got[0].ts)*time.Second/audio.Rate
		if behind > 40*ms || behind < -40*ms {
			t.Errorf("%v behind time", behind)
		}
	})
}

// A packet that comes when its place has been filled is dropped; nothing goes back in time.
func TestTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		Bridge(d.a, d.b, nil)
		n := 0
		d.net.Fate = func(from, _ netip.AddrPort, _ []byte, _ *rand.Rand) wire.Fate {
			if from == d.pa.addr() {
				if n++; n > 20 && n <= 25 {
					return wire.Fate{300 * ms}
				}
			}
			return wire.Fate{0}
		}
		d.pa.tone(500, 2*time.Second, 20*ms)
		unbroken(t, d.pb.packets(), 500)
		if late := d.e.Counters().Dropped(Late); late != 5 {
			t.Errorf("%d dropped as late, want 5", late)
		}
	})
}

// Keys of one who talks on, to a far end without events, leave no hole in its sequence.
func TestKeysLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.rb.EventPT = -1
		d.up()
		Bridge(d.a, d.b, nil)
		key := d.pa.ts
		for i := range 50 {
			d.pa.tone(500, 20*ms, 20*ms)
			if i > 20 && i < 30 {
				d.pa.raw(101, i == 21, key+3200, []byte{3, 10, 0, byte(i)})
			}
		}
		unbroken(t, d.pb.packets(), 0)
		if l := loudAt(sound(t, d.pb.packets()), 500, 900*ms); l < 7500 {
			t.Errorf("the voice has %.0f", l)
		}
	})
}

// A key whose packets are far apart is one key, though comfort noise goes out between them.
func TestSlowKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		Bridge(d.a, d.b, nil)
		d.pa.tone(500, 200*ms, 20*ms)
		for i := range 5 {
			d.pa.raw(101, i == 0, d.pa.ts, []byte{4, 10, byte(i * 4), 0})
			time.Sleep(150 * ms)
		}
		d.pa.ts += 6000
		d.pa.tone(500, 200*ms, 20*ms)
		got := d.pb.packets()
		keys := map[uint32]int{}
		for i, h := range got {
			if h.seq != got[0].seq+uint16(i) {
				t.Fatalf("sequence %d, want %d", h.seq, got[0].seq+uint16(i))
			}
			if h.pt == 101 {
				keys[h.ts]++
			}
		}
		if len(keys) != 1 {
			t.Errorf("one key became %d: %v", len(keys), keys)
		}
	})
}

// A re-INVITE in the talk changes what the far end wants: packets change, the voice does not break.
func TestShapeChangesInTalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		Bridge(d.a, d.b, nil)
		for _, ptime := range []int{30, 20, 40, 10, 30} {
			d.rb.Ptime = ptime
			d.rb.Law ^= 1
			d.rb.PT = uint8(d.rb.Law * 8)
			d.b.Remote(d.rb)
			d.pa.tone(500, 400*ms, 20*ms) // no whole number of 30 ms: some samples wait
		}
		got := d.pb.packets()
		unbroken(t, got, 480)
		s := sound(t, got)
		for at := 100 * ms; at < 1900*ms; at += 100 * ms {
			if l := loudAt(s, 500, at); l < 3500 {
				t.Errorf("at %v the tone has %.0f", at, l)
			}
		}
		for i, v := range s {
			if v > 9000 || v < -9000 {
				t.Fatalf("sample %d is %d: bytes of one law went out as the other", i, v)
			}
		}
	})
}

// What was played before the talk does not come back after it.
func TestTalkEndsTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		d.a.Play(Program{Then: tone(425, time.Second)})
		time.Sleep(100 * ms)
		Bridge(d.a, d.b, nil)
		time.Sleep(500 * ms)
		d.b.Unbridge()
		time.Sleep(500 * ms)
		if l := loudAt(sound(t, d.pa.packets()), 425, 800*ms); l > 300 {
			t.Errorf("the ringback is back with %.0f", l)
		}
	})
}
