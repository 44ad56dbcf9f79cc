package simcarrier

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"ringback/internal/audio"
)

// sound is something steady that a line carries: up to two tones, or syllables. All of it repeats every second, so a
// packet is a copy out of a second that was rendered once.
type sound struct {
	a, b      int // Hz, 0 = none
	syllables bool
	hiss      bool // of a line: -50 dBFS
}

// bit is a sound for a while.
type bit struct {
	sound
	left int  // samples, -1 = for ever
	key  byte // a key that begins with it
}

const markerHz, markerSamples = 2300, audio.Rate / 5

func marker() bit { return bit{sound: sound{a: markerHz}, left: markerSamples} }

func tone(d time.Duration, hz ...int) bit {
	b := bit{sound: sound{a: hz[0]}, left: samples(d)}
	if len(hz) > 1 {
		b.b = hz[1]
	}
	return b
}

func speech(d time.Duration) bit { return bit{sound: sound{syllables: true}, left: samples(d)} }

// ringing is what a network plays while the phone rings, for three minutes. Its pauses hiss as lines do, so that a
// caller knows that the line is alive.
func ringing() (plan []bit) {
	for range 30 {
		plan = append(plan, tone(2*time.Second, 440, 480), bit{sound: sound{hiss: true}, left: samples(4 * time.Second)})
	}
	return plan
}

// specialTones are the three rising ones before "not in service" (ITU-T E.180).
func specialTones() []bit {
	return []bit{tone(330*time.Millisecond, 950), tone(330*time.Millisecond, 1400), tone(330*time.Millisecond, 1800), quiet(500 * time.Millisecond)}
}

// quiet is silence; for ever when d is 0.
func quiet(d time.Duration) bit {
	if d == 0 {
		return bit{left: -1}
	}
	return bit{left: samples(d)}
}

func samples(d time.Duration) int       { return int(d * audio.Rate / time.Second) }
func lasting(samples int) time.Duration { return time.Duration(samples) * time.Second / audio.Rate }
func (b bit) forever() bit              { b.left = -1; return b }

// keyTone is a key as two tones.
func keyTone(key byte) bit {
	b := tone(120*time.Millisecond, keyRows[keyCode(key)], keyColumns[keyCode(key)])
	b.key = key
	return b
}

// Keys of a telephone by their RFC 4733 code, and the two tones of each.
const keyNames = "0123456789*#ABCD"

var (
	keyRows    = [16]int{941, 697, 697, 697, 770, 770, 770, 852, 852, 852, 941, 941, 697, 770, 852, 941}
	keyColumns = [16]int{1336, 1209, 1336, 1477, 1209, 1336, 1477, 1209, 1336, 1477, 1209, 1477, 1633, 1633, 1633, 1633}
)

func keyCode(key byte) int {
	for i := range keyNames {
		if keyNames[i] == key {
			return i
		}
	}
	return -1
}

// voices are the tones that people speak in: 40 Hz apart, well off the network's tones and the keys', and whole tens,
// so that any two are orthogonal over 100 ms.
var voices = [...]int{520, 560, 660, 730, 810, 900, 1040, 1140, 1180, 1250, 1290, 1370, 1440, 1520, 1560, 1600, 1680, 1720, 1760, 1840, 1880}

// network are the call-progress tones that are told in the ledger when heard.
var network = [...]int{350, 400, 425, 440, 450, 480, 620, 950, 1000, 1100, 1400, 1800, 2100}

// soundBook keeps a second of each sound in both laws.
type soundBook struct {
	mu    sync.Mutex
	pages map[sound]*[2][audio.Rate]byte
}

func (b *soundBook) loop(s sound, law audio.Law) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pages[s]
	if p == nil {
		p = s.render()
		if b.pages == nil || len(b.pages) > 500 { // tones are few; a script that makes up many starts over
			b.pages = map[sound]*[2][audio.Rate]byte{}
		}
		b.pages[s] = p
	}
	return p[law][:]
}

func (s sound) render() *[2][audio.Rate]byte {
	lin := make([]int16, audio.Rate)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range lin {
		t := 2 * math.Pi * float64(i) / audio.Rate
		v := 0.0
		switch {
		case s.hiss:
			v = 0.01 * (r.Float64() - 0.5)
		case s.syllables: // a buzz with two formants, four syllables a second: a voice to level meters, a tone to nobody
			v = 0.1 * (math.Sin(137*t) + math.Sin(548*t) + 0.7*math.Sin(1233*t)) * (1 - math.Cos(4*t)) * (1 + 0.5*math.Sin(7*t))
		case s.b != 0:
			v = 0.2 * (math.Sin(float64(s.a)*t) + math.Sin(float64(s.b)*t))
		case s.a != 0:
			v = 0.3 * math.Sin(float64(s.a)*t)
		}
		lin[i] = int16(32767 * max(-1, min(1, v)))
	}
	var p [2][audio.Rate]byte
	audio.ULaw.Encode(p[audio.ULaw][:], lin)
	audio.ALaw.Encode(p[audio.ALaw][:], lin)
	return &p
}
