package media

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
)

// Keys by telephone-event: no marker, no end, three ends, doubled and late packets; each key is told once.
func TestKeyEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.ra.EventPT, d.ra.EventIn = 96, 101
		d.a.Remote(d.ra)
		press(d.pa, 96, 9, 100*ms, 3) // before the answer: not ours to hear
		synctest.Wait()
		d.a.Answered()
		press(d.pa, 96, 1, 100*ms, 3)
		press(d.pa, 101, 1, 100*ms, 3) // again, with the type we announced
		press(d.pa, 96, 2, 50*ms, 0)   // its end is lost
		d.pa.ts += 800
		for range 3 { // only ends arrive
			d.pa.raw(96, false, d.pa.ts, []byte{11, 0x8A, 3, 0x20})
		}
		d.pa.ts += 800
		d.pa.raw(96, true, d.pa.ts, []byte{16, 10, 0, 80}) // flash hook: no key
		time.Sleep(time.Second)
		want := []string{"first", "key 1", "key 1", "key 2", "key #"}
		if got := d.ea.all(); !equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
	})
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Every key is found in sound of 40 ms, at any place in the blocks, through either law, loud, faint and twisted.
func TestKeySound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range len(keyGrid) {
		for _, law := range []audio.Law{audio.ULaw, audio.ALaw} {
			for range 20 {
				row, col := keyRows[i/4]*(1+(r.Float64()-0.5)*0.02), keyCols[i%4]*(1+(r.Float64()-0.5)*0.02)
				level := math.Pow(10, -r.Float64()*1.2) * 0.4
				twist := math.Pow(10, r.Float64()*0.55-0.2) // -4 to 7 dB
				s := make([]int16, 4000)
				from := 500 + r.IntN(keyBlock)
				for n := range 320 {
					x := float64(n) / audio.Rate * 2 * math.Pi
					s[from+n] = int16(level * 32767 / 2 * (math.Sin(row*x) + twist*math.Sin(col*x)))
				}
				for n := range s {
					s[n] += int16(r.NormFloat64() * 20)
				}
				b := make([]byte, len(s))
				law.Encode(b, s)
				law.Decode(s, b)
				var k keySound
				var got string
				for len(s) >= 160 {
					if key := k.take(s[:160]); key != 0 {
						got += string(key)
					}
					s = s[160:]
				}
				if got != keyGrid[i:i+1] {
					t.Fatalf("key %c at %d, level %.3f, twist %.2f: heard %q", keyGrid[i], from, level, twist, got)
				}
			}
		}
	}
}

// Ringing tones are no keys, and hardly any sounds of a voice are, even one of pure formants like this.
func TestKeySoundHearsNoGhosts(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var k keySound
	keys := 0
	for range 40 {
		if k.take(speech(r, time.Second)) != 0 {
			keys++
		}
	}
	for name := range countries {
		if k.take(signalsOf(name).ring.render()) != 0 {
			t.Errorf("the ringing tone of %s is a key", name)
		}
	}
	if keys > 1 {
		t.Errorf("%d keys in 40 s of speech", keys)
	}
}

// speech is a buzz with formants and vibrato, in syllables: no words, but a voice to a detector.
func speech(r *rand.Rand, d time.Duration) []int16 {
	n := int(d * audio.Rate / time.Second)
	s := make([]int16, 0, n)
	for len(s) < n {
		f0 := 90 + r.Float64()*160
		f1, f2 := 300+r.Float64()*500, 900+r.Float64()*1400
		drift := (r.Float64() - 0.5) * 0.3
		var gain [16]float64 // of each harmonic
		for h := range gain {
			hz := f0 * float64(h+1)
			gain[h] = 1/(1+math.Pow((hz-f1)/90, 2)) + 0.5/(1+math.Pow((hz-f2)/120, 2)) + 0.02
		}
		phase := 0.0
		for i := range 1200 {
			env := math.Sin(math.Pi * float64(i) / 1200)
			phase += 2 * math.Pi * f0 * (1 + drift*float64(i)/1200) / audio.Rate
			v := 0.0
			for h, g := range gain {
				v += g * math.Sin(phase*float64(h+1))
			}
			s = append(s, int16(5000*env*v))
		}
	}
	return s[:n]
}

// A word and a pause is a person, on and on is a machine, a click is nothing.
func TestVoice(t *testing.T) {
	say, rest := func(d time.Duration) segment { return segment{true, d} }, func(d time.Duration) segment { return segment{false, d} }
	for _, w := range []struct {
		name  string
		parts []segment
		want  Voice
		at    time.Duration
	}{
		{"yes", []segment{rest(time.Second), say(400 * ms), rest(2 * time.Second)}, VoicePerson, 2100 * ms},
		{"yes, please", []segment{say(400 * ms), rest(300 * ms), say(500 * ms), rest(2 * time.Second)}, VoicePerson, 1900 * ms},
		{"a click", []segment{rest(time.Second), say(100 * ms), rest(5 * time.Second)}, "", 0},
		{"two coughs", []segment{say(150 * ms), rest(time.Second), say(150 * ms), rest(time.Second)}, "", 0},
		{"a monologue", []segment{say(900 * ms), rest(300 * ms), say(900 * ms), rest(400 * ms), say(2 * time.Second)}, VoiceMachine, 2520 * ms},
		{"nothing", []segment{rest(10 * time.Second)}, "", 0},
	} {
		t.Run(w.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 8))
			v, vowel := &voice{}, speech(r, 160*ms)[480:640]
			at := time.Duration(0)
			for _, p := range w.parts {
				for d := time.Duration(0); d < p.d; d += 20 * ms {
					s := vowel
					if !p.loud {
						s = make([]int16, 160)
						for i := range s {
							s[i] = int16(r.NormFloat64() * 40)
						}
					}
					at += 20 * ms
					if got := v.take(s, int64(at)); got != "" {
						if got != w.want || at < w.at-60*ms || at > w.at+100*ms {
							t.Fatalf("%q at %v, want %q at %v", got, at, w.want, w.at)
						}
						return
					}
				}
			}
			if w.want != "" {
				t.Errorf("no verdict, want %q", w.want)
			}
		})
	}
}

type segment struct {
	loud bool
	d    time.Duration
}

// A phone that sends nothing in its pauses is judged as well; the verdict comes once.
func TestVoiceOverTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		d.pa.tone(0, 500*ms, 20*ms)
		d.a.ListenVoice(true)
		d.pa.tone(400, 400*ms, 20*ms)
		start := time.Now()
		for len(d.ea.all()) < 2 && time.Since(start) < 2*time.Second {
			time.Sleep(10 * ms)
		}
		if took := time.Since(start); took < 650*ms || took > 850*ms {
			t.Errorf("the verdict came after %v, want 700 ms", took)
		}
		d.pa.tone(400, 3*time.Second, 20*ms)
		if want := []string{"first", "voice person"}; !equal(d.ea.all(), want) {
			t.Errorf("told %v, want %v", d.ea.all(), want)
		}
	})
}

// In-band keys are heard on a leg without events, and not while it is joined.
func TestKeySoundOverTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.ra.EventPT = -1
		d.up()
		key := func(k byte) {
			s := keyTone(k)
			for ; len(s) >= 160; s = s[160:] {
				b := make([]byte, 160)
				audio.ULaw.Encode(b, s[:160])
				d.pa.raw(0, false, d.pa.ts, b)
				d.pa.ts += 160
				time.Sleep(20 * ms)
			}
		}
		key('1')
		key('1')
		key('9')
		Bridge(d.a, d.b, nil)
		key('5')
		if want := []string{"first", "key 1", "key 1", "key 9"}; !equal(d.ea.all(), want) {
			t.Errorf("told %v, want %v", d.ea.all(), want)
		}
	})
}

// 3 s without RTP is told once, its end too; not when the far end has said that it will not send.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.rb.Receive = false
		d.up()
		time.Sleep(2900 * ms)
		if got := d.ea.all(); len(got) != 0 {
			t.Errorf("after 2.9 s: %v", got)
		}
		time.Sleep(10 * time.Second)
		d.pa.tone(500, time.Second, 20*ms)
		d.pb.tone(500, time.Second, 20*ms)
		if want := []string{"quiet", "first", "heard"}; !equal(d.ea.all(), want) {
			t.Errorf("told %v, want %v", d.ea.all(), want)
		}
		if got := d.eb.all(); len(got) != 0 {
			t.Errorf("of a far end that only listens: %v", got)
		}
		if since := time.Since(d.a.LastHeard()); since < time.Second || since > 1100*ms {
			t.Errorf("last heard %v ago, want 1 s", since)
		}
	})
}

// A far end that does not want to hear us gets nothing; when it does again our voice goes on from where time is.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		d.a.Play(Program{Then: tone(500, time.Second)})
		time.Sleep(time.Second)
		held := d.ra
		held.Send = false
		d.a.Remote(held)
		time.Sleep(50 * ms)
		before := len(d.pa.packets())
		time.Sleep(10 * time.Second)
		if n := len(d.pa.packets()); n != before {
			t.Errorf("%d packets while held", n-before)
		}
		d.a.Remote(d.ra)
		time.Sleep(time.Second)
		got := d.pa.packets()
		unbroken(t, got, 11*audio.Rate)
		if gap := got[before].ts - got[before-1].ts; gap < 10*audio.Rate || !got[before].marker {
			t.Errorf("after 10 s of hold the timestamp moved %d, marker %v", gap, got[before].marker)
		}
	})
}

// Ringing inside an answered call is no voice: it is told, the person behind it too, and she is judged by her own words.
func TestFalseAnswerOverTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		d.a.ListenTones(true)
		d.a.ListenVoice(true)
		for range 2 {
			d.pa.tone(425, time.Second, 20*ms)
			time.Sleep(4 * time.Second) // a gateway without packets in the pauses
		}
		d.pa.tone(425, 600*ms, 20*ms)
		d.pa.tone(300, 400*ms, 20*ms) // hello?
		d.pa.tone(0, time.Second, 20*ms)
		got := slices.DeleteFunc(d.ea.all(), func(s string) bool { return s == "quiet" || s == "heard" })
		if want := []string{"first", "rings", "tone ringback", "answers", "voice person"}; !equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
	})
}

// BenchmarkBank is a block of 50 ms that is no tone.
func BenchmarkBank(b *testing.B) {
	s := speech(rand.New(rand.NewPCG(1, 2)), time.Second)
	g := &bank{}
	b.ReportAllocs()
	for i := range b.N {
		at := i % 18 * signalBlock
		g.take(s[at : at+signalBlock])
	}
}
