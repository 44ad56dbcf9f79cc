package media

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
)

// wideTone sends a tone in G.722.
func (p *phone) wideTone(hz float64, d time.Duration) {
	var e audio.G722Encoder
	tick := time.NewTicker(20 * ms)
	defer tick.Stop()
	for ; d > 0; d -= 20 * ms {
		s, b := make([]int16, 320), make([]byte, 160)
		for i := range s {
			s[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(p.phase)/audio.WideRate))
			p.phase++
		}
		e.Encode(b, s)
		p.raw(9, false, p.ts, b)
		p.ts += 160
		<-tick.C
	}
}

// wideSound decodes what was heard as G.722.
func wideSound(got []heard) (out []int16) {
	var d audio.G722Decoder
	for _, h := range got {
		if h.pt == 9 {
			s := make([]int16, 2*len(h.body))
			d.Decode(s, h.body)
			out = append(out, s...)
		}
	}
	return out
}

// 5 kHz between two legs of G.722; 1 kHz between one and G.711, both ways; the zip tone and a program too.
func TestWideBridge(t *testing.T) {
	for _, other := range []string{"g722", "pcmu", "pcma", "pcma 30 ms"} {
		t.Run(other, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { wideBridge(t, other) })
		})
	}
}

func wideBridge(t *testing.T, other string) {
	d := newDesk(t, Config{})
	defer d.close()
	d.ra.Wide, d.ra.WideIn, d.ra.PT = true, true, 9
	hz := 1000.0
	ptime := 20 * ms
	switch other {
	case "g722":
		d.rb.Wide, d.rb.WideIn, d.rb.PT, hz = true, true, 9, 5000
	case "pcma":
		d.rb.Law, d.rb.PT, d.pb.law = audio.ALaw, 8, audio.ALaw
	case "pcma 30 ms":
		d.rb.Law, d.rb.PT, d.pb.law, d.rb.Ptime, ptime = audio.ALaw, 8, audio.ALaw, 30, 30*ms
	}
	d.up()
	d.a.Play(Program{Then: tone(500, time.Second)})
	time.Sleep(500 * ms)
	if got := audio.Goertzel(wideSound(d.pa.packets())[4000:8000], 250); got < 7000 || got > 9000 {
		t.Errorf("a program is heard with %.0f of 8000", got)
	}
	Bridge(d.a, d.b, tone(1500, 200*ms))
	d.pa.forget()
	d.pb.forget()
	both(func() { d.pa.wideTone(hz, 2*time.Second) }, func() {
		if other == "g722" {
			d.pb.wideTone(hz, 2*time.Second)
			return
		}
		d.pb.tone(hz, 2*time.Second, ptime)
	})
	a, b := d.pa.packets(), d.pb.packets()
	unbroken(t, a, 0)
	unbroken(t, b, 0)
	heard := wideSound(a)
	if got := audio.Goertzel(heard[16000:24000], hz/2); got < 7200 || got > 8800 {
		t.Errorf("a hears %.0f of 8000", got)
	}
	if got := audio.Goertzel(heard[800:2800], 750); got < 4000 {
		t.Errorf("a hears %.0f of the zip tone", got)
	}
	if other == "g722" {
		if got := audio.Goertzel(wideSound(b)[16000:24000], hz/2); got < 7200 || got > 8800 {
			t.Errorf("b hears %.0f of 8000", got)
		}
		return
	}
	if got := loudAt(sound(t, b), hz, time.Second); got < 7000 || got > 9000 {
		t.Errorf("b hears %.0f of 8000", got)
	}
}

// Keys in the sound, tones of machines and recordings are there on a leg of G.722, too; one that was not offered is not taken.
func TestWideEars(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.ra.Wide, d.ra.WideIn, d.ra.PT, d.ra.EventPT = true, true, 9, -1
		d.up()
		d.a.ListenTones(true)
		tap := d.a.Tap(TapRoom)
		var e audio.G722Encoder
		key := func(k byte) {
			for s := keyTone(k); len(s) >= 160; s = s[160:] {
				b := make([]byte, 160)
				e.EncodeNarrow(b, s[:160])
				d.pa.raw(9, false, d.pa.ts, b)
				d.pa.ts += 160
				time.Sleep(20 * ms)
			}
		}
		key('7')
		key('7')
		d.pa.wideTone(2100, time.Second)
		want := []string{"first", "key 7", "answers", "key 7", "tone fax"}
		if got := d.ea.all(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("told %v, want %v", got, want)
		}
		n := 0
		tap.Pull(func(h Heard) { n += len(h.Body) })
		if n != 2*keyTotal+8000 {
			t.Errorf("%d samples in the tap", n)
		}
		d.pb.wideTone(1000, 100*ms)
		if got := d.e.Counters().Dropped(Malformed); got != 5 {
			t.Errorf("%d packets of a codec that was not offered were dropped, want 5", got)
		}
	})
}

const keyTotal = 1280
