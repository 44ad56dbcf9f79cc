package media

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
)

// shuffled sends n frames of 20 ms; the way there delays each by up to late and loses some.
func (p *phone) shuffled(pt uint8, n int, late time.Duration, lose func(i int) bool, frame func(i int) []byte) {
	r := rand.New(rand.NewPCG(1, 2))
	type sent struct {
		at   time.Duration
		i    int
		body []byte
	}
	var all []sent
	for i := range n {
		body := frame(i)
		if lose == nil || !lose(i) {
			all = append(all, sent{time.Duration(i)*20*ms + time.Duration(r.Int64N(int64(late)+1)), i, body})
		}
	}
	slices.SortStableFunc(all, func(a, b sent) int { return int(a.at - b.at) })
	seq, ts, begun := p.seq, p.ts, time.Now()
	for _, s := range all {
		time.Sleep(time.Until(begun.Add(s.at)))
		p.seq = seq + uint16(s.i)
		p.raw(pt, false, ts+uint32(160*s.i), s.body)
	}
	p.seq, p.ts = seq+uint16(n), ts+uint32(160*n)
}

// sine is a frame of a tone of 8000 at so many samples a second.
func sine(hz, rate float64, i, n int) []int16 {
	s := make([]int16, n)
	for k := range s {
		s[k] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i*n+k)/rate))
	}
	return s
}

// impurity is what is left of a tone's power when the tone is taken away, as a share.
func impurity(s []int16, hz, rate float64) float64 {
	var sin, cos, all float64
	for i, v := range s {
		a := 2 * math.Pi * hz * float64(i) / rate
		sin, cos, all = sin+float64(v)*math.Sin(a), cos+float64(v)*math.Cos(a), all+float64(v)*float64(v)
	}
	n := float64(len(s))
	return 1 - 2*(sin*sin+cos*cos)/n/all
}

// Between G.722 and G.711 what comes in disorder is recoded in order: a pure tone stays one, over a way with 60 ms of jitter.
func TestRecodedInOrder(t *testing.T) {
	for _, from := range []string{"g722", "pcmu"} {
		for _, late := range []time.Duration{0, 30 * ms, 60 * ms} {
			t.Run(fmt.Sprint(from, " ", late), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { recodedInOrder(t, from, late) })
			})
		}
	}
}

func recodedInOrder(t *testing.T, from string, late time.Duration) {
	d := newDesk(t, Config{})
	defer d.close()
	d.ra.Wide, d.ra.WideIn, d.ra.PT = true, true, 9
	d.up()
	Bridge(d.a, d.b, nil)
	time.Sleep(100 * ms)
	d.pa.forget()
	d.pb.forget()
	const n, hz = 200, 1000.0
	var got []heard
	var tone []int16
	rate := float64(audio.Rate)
	if from == "g722" {
		var e audio.G722Encoder
		d.pa.shuffled(9, n, late, nil, func(i int) []byte {
			b := make([]byte, 160)
			e.Encode(b, sine(hz, audio.WideRate, i, 320))
			return b
		})
		time.Sleep(100 * ms)
		got = loudOnes(d.pb.packets(), 0)
		got = got[:min(n-1, len(got))]
		for _, h := range got {
			s := make([]int16, len(h.body))
			audio.ULaw.Decode(s, h.body)
			tone = append(tone, s...)
		}
	} else {
		d.pb.shuffled(0, n, late, nil, func(i int) []byte {
			b := make([]byte, 160)
			audio.ULaw.Encode(b, sine(hz, audio.Rate, i, 160))
			return b
		})
		time.Sleep(100 * ms)
		got, rate = loudOnes(d.pa.packets(), 9), audio.WideRate
		got = got[:min(n-1, len(got))] // what follows is comfort noise
		tone = wideSound(got)
	}
	// The first packets teach it how long to wait.
	const learning = 50
	if len(got) < n-learning/4 {
		t.Errorf("%d of %d packets arrive", len(got), n)
	}
	for i := 1; i < len(got); i++ {
		step := got[i].seq - got[i-1].seq
		if int16(step) <= 0 || step > 1 && i > learning || got[i].ts != got[i-1].ts+160*uint32(step) {
			t.Fatalf("packet %d is %d at %d behind %d at %d", i, got[i].seq, got[i].ts, got[i-1].seq, got[i-1].ts)
		}
	}
	if share := impurity(tone[len(tone)-int(2*rate):], hz, rate); share > 0.01 {
		t.Errorf("%.4f of what is heard is not the tone", share)
	}
}

// loudOnes are the packets of a payload type behind the first loud one: before it there is comfort noise.
func loudOnes(all []heard, pt uint8) (out []heard) {
	var g audio.G722Decoder
	for _, h := range all {
		s := make([]int16, len(h.body))
		if pt == 0 {
			audio.ULaw.Decode(s, h.body)
		} else {
			g.DecodeNarrow(s, h.body)
		}
		if h.pt == pt && (len(out) > 0 || audio.RMS(s) > 1500) {
			out = append(out, h)
		}
	}
	return out
}

// What never comes holds nothing up for longer than the jitter asks, leaves a hole of its own length, and what comes after
// its turn is dropped and counted.
func TestRecodedLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.ra.Wide, d.ra.WideIn, d.ra.PT = true, true, 9
		d.up()
		Bridge(d.a, d.b, nil)
		time.Sleep(100 * ms)
		d.pb.forget()
		var e audio.G722Encoder
		d.pa.shuffled(9, 100, 0, func(i int) bool { return i%10 == 5 }, func(i int) []byte {
			b := make([]byte, 160)
			e.Encode(b, sine(1000, audio.WideRate, i, 320))
			return b
		})
		got := loudOnes(d.pb.packets(), 0)
		holes, most := 0, time.Duration(0)
		for i := 1; i < len(got); i++ {
			if got[i].seq != got[i-1].seq+1 {
				holes++
				if got[i].seq != got[i-1].seq+2 || got[i].ts != got[i-1].ts+320 {
					t.Errorf("a hole of %d packets, %d samples", got[i].seq-got[i-1].seq-1, got[i].ts-got[i-1].ts)
				}
			}
			most = max(most, got[i].at.Sub(got[i-1].at))
		}
		if holes < 9 || most > 90*ms {
			t.Errorf("%d holes, the longest wait %v", holes, most)
		}
		before := d.e.Counters().Dropped(Late)
		d.pa.seq -= 5 // one of those that never came
		d.pa.raw(9, false, d.pa.ts-5*160, make([]byte, 160))
		d.pa.seq += 4
		time.Sleep(50 * ms)
		if late := d.e.Counters().Dropped(Late) - before; late != 1 {
			t.Errorf("%d dropped as too late", late)
		}
	})
}

// However packets come, none passes twice or behind a later one, and none waits for ever.
func FuzzOrder(f *testing.F) {
	f.Add([]byte{0, 1, 3, 2, 4, 9, 5})
	f.Add([]byte{200, 0, 40, 41, 42, 255, 43})
	f.Fuzz(func(t *testing.T, in []byte) {
		var o order
		var last uint16
		begun := false
		row := 1
		for _, c := range in {
			if c == 255 {
				row, begun = row+1, false
			}
			seq := uint16(c) + 65500
			p := packet{b: make([]byte, headerLen+160), row: row}
			p.seq, p.ts, p.body, p.end = seq, uint32(c)*160, headerLen, headerLen+160
			if !o.put(&p, 20*time.Millisecond) {
				continue
			}
			for i := range o.n {
				q := o.at(i, &p)
				if q.row != row {
					t.Fatalf("a packet of row %d in row %d", q.row, row)
				}
				if begun && int16(q.seq-last) <= 0 {
					t.Fatalf("%d passes behind %d", q.seq, last)
				}
				last, begun = q.seq, true
			}
			if o.held > orderMost || o.held < 0 || o.n > len(o.ready) {
				t.Fatalf("%d held, %d pass", o.held, o.n)
			}
		}
	})
}

// BenchmarkOrder is a packet that comes in disorder; nothing is allocated for it.
func BenchmarkOrder(b *testing.B) {
	var o order
	buf := make([]byte, headerLen+160)
	b.ReportAllocs()
	for i := range b.N {
		p := packet{b: buf, row: 1}
		p.seq, p.body, p.end = uint16(i^1), headerLen, headerLen+160
		p.ts = uint32(p.seq) * 160
		o.put(&p, 20*time.Millisecond)
	}
}
