package mix

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"ringback/internal/audio"
)

// tone is n samples of hz from the kth on.
func tone(hz float64, k, n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(k+i)/audio.Rate))
	}
	return s
}

// played sends packets of a tone with the delays of a network (in samples; < 0 = lost), on a clock that differs by ppm, and
// returns what is heard, and how much later than sent.
func played(t *testing.T, packets int, ppm int, delay func(i int) int) (heard []int16, b *Buffer) {
	t.Helper()
	b = &Buffer{}
	type packet struct {
		at int64
		i  int
	}
	var way []packet
	for i := range packets {
		if d := delay(i); d >= 0 {
			way = append(way, packet{int64(i)*Frame*int64(1e6+ppm)/1e6 + int64(d), i})
		}
	}
	slices.SortStableFunc(way, func(a, b packet) int { return cmp.Compare(a.at, b.at) })
	frame := make([]int16, Frame)
	for now := int64(0); now < int64(packets+20)*Frame; now += Frame {
		for len(way) > 0 && way[0].at <= now {
			p := way[0]
			b.Put(1, uint32(1<<32-800)+uint32(p.i*Frame), tone(500, p.i*Frame, Frame), p.at)
			way = way[1:]
		}
		b.Take(frame)
		heard = append(heard, frame...)
	}
	return heard, b
}

// steady is the share of 20 ms windows, from 200 ms on, in which the tone has its level.
func steady(s []int16) float64 {
	n, good := 0, 0
	for s = s[10*Frame : len(s)-25*Frame]; len(s) >= Frame; s = s[Frame:] {
		n++
		if l := audio.Goertzel(s[:Frame], 500); l > 6200 && l < 8800 {
			good++
		}
	}
	return float64(good) / float64(n)
}

// In an even network nothing is changed: the tone is there whole, 40 ms late, sample by sample.
func TestEven(t *testing.T) {
	for _, phase := range []int{0, 1, 77, 159} {
		heard, _ := played(t, 500, 0, func(int) int { return phase })
		want := tone(500, 0, 400*Frame)
		from := phase + Delay
		for i, v := range want {
			if heard[from+i] != v {
				t.Fatalf("phase %d: sample %d is %d, want %d", phase, i, heard[from+i], v)
			}
		}
		if loud := audio.RMS(heard[:from]); loud != 0 {
			t.Errorf("phase %d: before its beginning %.0f is heard", phase, loud)
		}
	}
}

// Losses are concealed: a tone stays a tone.
func TestLoss(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	heard, _ := played(t, 1000, 0, func(int) int {
		if r.IntN(20) == 0 {
			return -1
		}
		return 40
	})
	if s := steady(heard); s < 0.97 {
		t.Errorf("5 %% lost: in %.1f %% of the time the tone is right", 100*s)
	}
}

// An uneven network makes the buffer grow as far as it has to, and an even one shrink again.
func TestAdapts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	heard, b := played(t, 3000, 0, func(i int) int {
		if i > 300 && i < 1500 {
			return r.IntN(100 * perMs)
		}
		return 0
	})
	if s := steady(heard[500*Frame : 1500*Frame]); s < 0.95 {
		t.Errorf("with 100 ms of jitter the tone is right in %.1f %%", 100*s)
	}
	if s := steady(heard[2000*Frame:]); s < 0.99 {
		t.Errorf("when it is over the tone is right in %.1f %%", 100*s)
	}
	most := 0
	for i := 2500; i < 2900; i++ { // the delay by now: the tone's own phase cannot tell, so ask the buffer
		most = max(most, int(b.most))
	}
	if most > Delay+2*worth {
		t.Errorf("long after the jitter a voice is %d ms late", most/perMs)
	}
}

// A far end whose crystal differs neither runs away nor dries up.
func TestDrift(t *testing.T) {
	for _, ppm := range []int{-200, 200} {
		heard, b := played(t, 15000, ppm, func(int) int { return 10 })
		if s := steady(heard); s < 0.99 {
			t.Errorf("%d ppm: the tone is right in %.1f %%", ppm, 100*s)
		}
		if b.most > Delay+4*worth || b.most < 0 {
			t.Errorf("%d ppm: after 5 minutes a voice is %d ms late", ppm, b.most/perMs)
		}
	}
}

// Who stops sending is silent after 60 ms, and is heard 40 ms after it begins again.
func TestPause(t *testing.T) {
	heard, _ := played(t, 200, 0, func(i int) int {
		if i >= 50 && i < 120 {
			return -1
		}
		return 0
	})
	if l := audio.RMS(heard[60*Frame : 120*Frame]); l != 0 {
		t.Errorf("in the pause %.0f is heard", l)
	}
	if l := audio.Goertzel(heard[123*Frame:130*Frame], 500); l < 7600 {
		t.Errorf("after the pause the tone has %.0f", l)
	}
}

// Whatever comes, in whatever order, nothing panics, and what is played was said or is a fading repetition of it.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte{1, 0, 0, 160, 0, 1, 0, 160, 160, 0})
	f.Add([]byte{1, 255, 255, 160, 0, 1, 0, 0, 160, 0, 2, 9, 9, 1, 1, 1, 127, 255, 200, 7})
	f.Fuzz(func(t *testing.T, in []byte) {
		var b Buffer
		frame := make([]int16, Frame)
		s := make([]int16, 256)
		for i := range s {
			s[i] = 1000
		}
		for ; len(in) >= 5; in = in[5:] {
			b.Put(int(in[0]&3), uint32(in[1])<<24|uint32(in[2])<<7, s[:in[3]], b.Position()-int64(int8(in[4]))*20)
			if in[0]&4 != 0 {
				b.Take(frame)
			}
			for _, v := range frame {
				if v > 1000 || v < 0 {
					t.Fatalf("%d is heard and nobody said it", v)
				}
			}
		}
		for range 30 {
			b.Take(frame)
		}
		if audio.RMS(frame) != 0 {
			t.Error("sound without end")
		}
	})
}

func TestSum(t *testing.T) {
	var voices [Most][Frame]int16
	for i := range Frame {
		voices[0][i], voices[1][i], voices[2][i] = 30000, 20000, -5
	}
	for _, c := range []struct {
		hears, sound Hears
		want         int16
		any          bool
	}{{0b110, 0b111, 19995, true}, {0b011, 0b111, 32767, true}, {0b100, 0b011, 0, false}, {0, 0b111, 0, false}, {0b101, 0b100, -5, true}} {
		dst := [Frame]int16{7: 99}
		if any := Sum(&dst, &voices, c.hears, c.sound); any != c.any || dst[7] != c.want || dst[159] != c.want {
			t.Errorf("%03b of %03b: %d, %v", c.hears, c.sound, dst[7], any)
		}
	}
}

// BenchmarkTick is 20 ms of a conference of three, without the network: three packets in, three sums out.
func BenchmarkTick(b *testing.B) {
	var in [3]Buffer
	var voices [Most][Frame]int16
	var out [Frame]int16
	s := tone(500, 0, Frame)
	b.ReportAllocs()
	for i := range b.N {
		for v := range in {
			in[v].Put(1, uint32(i*Frame), s, in[v].Position())
			in[v].Take(voices[v][:])
		}
		for v := range in {
			Sum(&out, &voices, 0b111&^(1<<v), 0b111)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(3*b.N), "ns/leg")
}
