package media

import (
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
)

// What the far end says is kept where it was said, in either law, with a hole where packets were lost and nothing of what
// the leg hears.
func TestCapture(t *testing.T) {
	for _, law := range []audio.Law{audio.ULaw, audio.ALaw} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, Config{})
			defer d.close()
			d.ra.Law, d.ra.PT, d.pa.law = law, uint8(law*8), law
			d.up()
			d.a.Play(Program{Then: tone(300, time.Second)})
			time.Sleep(200 * ms)
			c := d.a.Capture(10 * time.Second)
			time.Sleep(500 * ms)
			d.pa.tone(1000, time.Second, 20*ms) // 0.5 to 1.5
			d.pa.seq, d.pa.ts = d.pa.seq+25, d.pa.ts+25*audio.Frame
			time.Sleep(500 * ms) // lost, to 2.0
			d.pa.tone(700, time.Second, 20*ms)
			got := c.Stop()
			if n := len(got); n < 3*audio.Rate-200 || n > 3*audio.Rate+200 {
				t.Fatalf("%d samples of 3 s", n)
			}
			for at, hz := range map[time.Duration]float64{600 * ms: 1000, 1350 * ms: 1000, 2100 * ms: 700, 2850 * ms: 700} {
				if l := loudAt(got, hz, at); l < 7000 {
					t.Errorf("at %v %v Hz has amplitude %.0f", at, hz, l)
				}
			}
			for _, at := range []time.Duration{100 * ms, 350 * ms, 1550 * ms, 1850 * ms} {
				if l := loudAt(got, 1000, at) + loudAt(got, 300, at); l > 10 {
					t.Errorf("at %v there is sound: %.0f", at, l)
				}
			}
			if d.a.taps != nil {
				t.Error("the tap is still there")
			}
		})
	}
}

// A tap that nobody empties costs its packets, not the call.
func TestTapFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		Bridge(d.a, d.b, nil)
		tap := d.a.Tap(10 * (tapHead + audio.Frame))
		d.pa.tone(1000, time.Second, 20*ms)
		n := 0
		tap.Pull(func(h Heard) {
			if n++; len(h.Body) != audio.Frame {
				t.Errorf("a body of %d bytes", len(h.Body))
			}
		})
		if n != 10 || tap.Dropped() != 40 {
			t.Errorf("%d packets were kept and %d dropped, want 10 and 40", n, tap.Dropped())
		}
		if l := loudAt(sound(t, d.pb.packets()), 1000, 600*ms); l < 7000 {
			t.Errorf("the other party heard %.0f", l)
		}
		d.pa.tone(500, 200*ms, 20*ms)
		tap.Pull(func(Heard) { n++ })
		if n != 20 {
			t.Errorf("%d packets after it was emptied, want 20", n)
		}
	})
}

// A crystal that is off by 1 % and a far end that begins anew stay within a quarter of a second of the clock.
func TestTrackFollowsTheClock(t *testing.T) {
	row := NewTrack(0)
	body := make([]byte, audio.Frame)
	ts, worst := uint32(1<<32-1000), int64(0)
	for i := range int64(6000) { // two minutes
		at := i * int64(20*ms)
		row.Put(Heard{At: at, Row: 1 + int(i/3000), TS: ts, Law: audio.ULaw, Body: body})
		ts += audio.Frame + 2
		if i%3000 == 2999 {
			ts += 99999999
		}
		worst = max(worst, row.Length()-at/sampleTime)
		if i%50 == 49 {
			row.Take(make([]int16, 40*audio.Frame))
		}
	}
	if worst > apart+2*audio.Frame {
		t.Errorf("the row ran %d samples ahead of the clock", worst)
	}
}
