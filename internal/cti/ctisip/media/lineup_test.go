package media

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
	"ringback/internal/wire"
)

// Keys in the sound over a network that loses and reorders: none is doubled, and none is missed.
func TestKeySoundOverABadNetwork(t *testing.T) {
	const keys = "1159#0*27384655"
	for _, loss := range []float64{0, 0.01, 0.03, 0.05} {
		for _, late := range []time.Duration{0, 40 * ms, 100 * ms} {
			t.Run(fmt.Sprintf("loss %v, jitter %v", loss, late), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := wire.NewSimulated(1)
					n.Fate = func(_, _ netip.AddrPort, _ []byte, r *rand.Rand) wire.Fate {
						if r.Float64() < loss {
							return nil
						}
						return wire.Fate{time.Duration(r.Int64N(int64(late) + 1))}
					}
					d := newDesk(t, Config{Net: n})
					defer d.close()
					d.ra.EventPT = -1
					d.up()
					d.pa.tone(0, 200*ms, 20*ms)
					for _, k := range keys {
						s := append(keyTone(byte(k)), make([]int16, 480)...)
						for ; len(s) >= 160; s = s[160:] {
							b := make([]byte, 160)
							audio.ULaw.Encode(b, s[:160])
							d.pa.raw(0, false, d.pa.ts, b)
							d.pa.ts += 160
							time.Sleep(20 * ms)
						}
					}
					d.pa.tone(0, 500*ms, 20*ms)
					time.Sleep(time.Second)
					var got strings.Builder
					for _, s := range d.ea.all() {
						if k, ok := strings.CutPrefix(s, "key "); ok {
							got.WriteString(k)
						}
					}
					if got.String() != keys {
						t.Errorf("heard %q of %q", got.String(), keys)
					}
				})
			})
		}
	}
}

// What is in order passes at once, what is not waits and comes in order, what never came is concealed, what comes after
// that is not heard again.
func TestLineup(t *testing.T) {
	l := &lineup{}
	piece := func(v int16) []int16 {
		s := make([]int16, 160)
		for i := range s {
			s[i] = v
		}
		return s
	}
	var got []int16
	hear := func(s []int16) {
		for i := 0; i < len(s); i += 160 {
			got = append(got, s[i])
		}
	}
	for _, c := range []struct {
		n      uint32
		jitter time.Duration
		want   string
	}{
		{0, 0, "[100]"}, {1, 0, "[100 101]"}, {1, 0, "[100 101]"}, {3, 0, "[100 101]"}, {2, 0, "[100 101 102 103]"},
		{5, 0, "[100 101 102 103]"}, {6, 0, "[100 101 102 103 103 105 106]"}, {4, 0, "[100 101 102 103 103 105 106]"},
		{8, 40 * ms, "[100 101 102 103 103 105 106]"}, {9, 40 * ms, "[100 101 102 103 103 105 106]"}, {10, 40 * ms, "[100 101 102 103 103 105 106]"},
		{13, 40 * ms, "[100 101 102 103 103 105 106 106 108 109 110]"},
		{11, 40 * ms, "[100 101 102 103 103 105 106 106 108 109 110 111]"},
		{100, 40 * ms, "[100 101 102 103 103 105 106 106 108 109 110 111 113 200]"},
	} {
		l.put(1, c.n*160, piece(int16(100+c.n)), c.jitter, hear)
		if s := fmt.Sprint(got); s != c.want {
			t.Fatalf("after packet %d: %s, want %s", c.n, s, c.want)
		}
	}
}

func FuzzLineup(f *testing.F) {
	f.Add([]byte{0, 1, 2, 1, 9, 3, 200, 4, 4})
	f.Fuzz(func(t *testing.T, in []byte) {
		l, ts, n := &lineup{}, uint32(0), 0
		for i, b := range in {
			ts += uint32(int8(b)) * 53
			l.put(1+i/50, ts, make([]int16, int(b)%481), time.Duration(b)*ms, func(s []int16) { n += len(s) })
			if len(l.held) > heldMost {
				t.Fatalf("%d pieces are held", len(l.held))
			}
		}
		if n > len(in)*(holeMost+481)*2 {
			t.Errorf("%d samples were made of %d packets", n, len(in))
		}
	})
}
