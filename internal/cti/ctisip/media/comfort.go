package media

import (
	"math"
	"math/rand/v2"

	"ringback/internal/audio"
)

// comfort is a faint rustle for all pauses, so that nobody who waits thinks the line is dead: 2 s of dull noise at
// -52 dBFS, ready in both laws. Below -60 dBFS people take it for silence, above -40 they hear a defect.
type comfort struct {
	linear []int16
	coded  [2][]byte
}

const (
	comfortLen = 2 * audio.Rate
	comfortRMS = 82
	hushPeak   = 24 // samples no louder than this are digital silence
)

func newComfort() comfort {
	r := rand.New(rand.NewPCG(0x636f6d66, 0x6f7274)) // the same noise each time
	low, raw := 0.0, make([]float64, comfortLen)
	sum := 0.0
	for i := range raw {
		low += 0.4 * (r.Float64()*2 - 1 - low) // low-pass at about 650 Hz: less sharp than white noise
		raw[i] = low
		sum += low * low
	}
	c := comfort{linear: make([]int16, comfortLen)}
	gain := comfortRMS / math.Sqrt(sum/comfortLen)
	for i, v := range raw {
		c.linear[i] = int16(math.Round(v * gain))
	}
	for law := range c.coded {
		c.coded[law] = make([]byte, comfortLen)
		audio.Law(law).Encode(c.coded[law], c.linear)
	}
	return c
}

// bytes fills b with coded noise from *at on, and moves it.
func (c *comfort) bytes(law audio.Law, b []byte, at *int) {
	for len(b) > 0 {
		n := copy(b, c.coded[law][*at:])
		*at, b = (*at+n)%comfortLen, b[n:]
	}
}

// samples fills s with noise from *at on, and moves it.
func (c *comfort) samples(s []int16, at *int) {
	for len(s) > 0 {
		n := copy(s, c.linear[*at:])
		*at, s = (*at+n)%comfortLen, s[n:]
	}
}

// hushed says whether samples are digital silence.
func hushed(s []int16) bool {
	for _, v := range s {
		if v > hushPeak || v < -hushPeak {
			return false
		}
	}
	return true
}

// hushedBytes is hushed for coded samples.
func hushedBytes(law audio.Law, b []byte) bool {
	if law == audio.ALaw {
		for _, v := range b {
			if (v^0x55)&0x7F > 1 {
				return false
			}
		}
		return true
	}
	for _, v := range b {
		if v&0x7F < 0x7C {
			return false
		}
	}
	return true
}
