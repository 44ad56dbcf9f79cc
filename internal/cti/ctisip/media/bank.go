package media

import (
	"math"

	"ringback/internal/audio"
	"ringback/internal/cti"
)

// bank listens to an answered leg for what machines say in tones: ringback inside a call that says it is answered,
// busy, the three notes of a dead number, fax, the beep of an answering machine. It judges blocks of 50 ms, in which
// tones 20 Hz apart are told apart; speech and music are never a steady tone of the right pitch for long enough.
type bank struct {
	block [signalBlock]int16
	n     int
	last  int64 // when it was fed last

	kind   signal  // of the block before
	hz     float64 // and its pitch
	on     int     // blocks that the tone has sounded
	off    int     // blocks of silence since the last tone
	lastOn int     // length of the tone before the silence
	tone   signal  // what it was
	toneHz float64
	loud   int  // blocks of other sound in a row
	spoken int  // blocks of other sound in all, since the last beep
	spoke  bool // there was enough of it, ever: a beep may be the beginning of a fax tone with a hole in it
	quiet  int  // blocks of silence in a row
	tonal  int  // blocks with a tone in a row

	ringing decision
	told    map[cti.Tone]bool
	pause   int // the longest pause between two bursts of ringing so far
	busy    int // turns of sound and pause of the same length
	sit     int // notes of the three that came
	fax     int // blocks of 2100 Hz lately
	age     int
}

// signal is what a block holds.
type signal uint8

const (
	hush     signal = iota
	voiced          // any sound that is no steady tone
	progress        // a tone of exchanges: ringing, busy
	sit1            // 914 or 985 Hz
	sit2            // 1371 or 1429 Hz
	sit3            // 1777 Hz
	fax11           // 1100 Hz, who calls
	fax21           // 2100 Hz, who answers (V.25)
	steady          // a tone of another pitch
)

// decision is whether a leg that says it is answered still rings.
type decision uint8

const (
	unknown decision = iota
	rings
	answers
)

const (
	signalBlock = audio.Rate / 20
	signalRMS   = 100 // -50 dBFS
	pureShare   = 0.9
	pairShare   = 0.78 // two tones less than 40 Hz apart disturb each other in so short a block
	steadyHz    = 8

	// Lengths in blocks of 50 ms.
	ringSure    = 18  // a burst this long is no busy tone: those end at 750 ms
	ringOff     = 18  // nor is a pause this long
	ringLeast   = 6   // the shortest burst of ringing: 400 ms, cut at both ends
	ringSuspect = 3   // this much of a tone, and nobody is told that somebody answered
	ringMost    = 100 // a tone without a pause for 5 s is no ringing
	pauseMost   = 110 // no country's ringing pauses for more than 5 s
	busyTurns   = 3
	faxLeast    = 12 // 600 ms of 2100 Hz; its phase turns every 450 ms, so not in a row
	cngLeast    = 8  // 1100 Hz for 500 ms, then silence
	cngMost     = 13
	beepLeast   = 3
	beepMost    = 30
	spokenMost  = 12 // 600 ms of other sound: whatever tones come now, somebody was there
	beepSpeech  = 20 // an announcement comes before it: 1 s of sound
)

// heardTone is what a block brought.
type heardTone struct {
	tone    cti.Tone
	decided decision // unknown = nothing new
}

// take judges a whole block. tonal says that it is a signal of the network and no voice.
func (g *bank) take(s []int16) (h heardTone, tonal bool) {
	k, hz := signalOf(s)
	if k > voiced && k == g.kind && math.Abs(hz-g.hz) > steadyHz && k != progress {
		k = voiced // it glides: a voice, a whistle
	}
	g.age++
	h.tone = g.follow(k, hz)
	h.decided = g.decide(k)
	g.kind, g.hz = k, hz
	return h, k == progress || k == fax11 || k == fax21 || k == sit1 || k == sit2 || k == sit3
}

// follow counts tones and pauses, and names what they make.
func (g *bank) follow(k signal, hz float64) cti.Tone {
	if k == fax21 {
		if g.fax++; g.fax >= faxLeast {
			return g.once(cti.ToneFax)
		}
	} else if g.age%4 == 0 && g.fax > 0 {
		g.fax--
	}
	switch {
	case k > voiced && (k == g.kind || g.tonal == 0):
		if g.tonal == 0 || g.kind != k {
			g.begin(k, hz)
		}
		g.tonal++
		g.on++
		g.loud, g.quiet = 0, 0
		if k == progress && g.on == ringSure {
			return g.ring()
		}
		return ""
	case k > voiced: // another tone follows at once
		g.end()
		g.begin(k, hz)
		g.tonal, g.on = 1, 1
		return ""
	}
	if g.tonal > 0 {
		g.end()
		g.tonal = 0
		g.off = 0
	}
	return g.between(k)
}

func (g *bank) begin(k signal, hz float64) {
	if k == progress && g.tone == progress && g.lastOn >= 2 && g.off > 0 {
		if d := g.lastOn - g.off; d >= -3 && d <= 3 && g.lastOn <= 17 {
			g.busy++
		} else {
			g.busy = 0
		}
		g.pause = max(g.pause, g.off)
	}
	g.on, g.tone, g.toneHz = 0, k, hz
}

// end is where a tone stops: the notes of a dead number follow each other.
func (g *bank) end() {
	g.lastOn = g.on
	note := g.on >= 3 && g.on <= 10
	switch {
	case note && g.tone == sit1:
		g.sit = 1
	case note && (g.tone == sit2 && g.sit == 1 || g.tone == sit3 && g.sit == 2):
		g.sit++
	case g.on >= 3:
		g.sit = 0
	}
}

// between is a block without a tone.
func (g *bank) between(k signal) cti.Tone {
	g.off++
	if k == voiced {
		g.quiet = 0
		if g.loud++; g.loud >= 2 { // one alone is where a tone begins or ends
			g.spoken++
			g.spoke = g.spoke || g.spoken >= spokenMost
			g.busy = 0
			if g.loud > 4 {
				g.sit, g.lastOn = 0, 0
			}
		}
	} else {
		g.loud = 0
		g.quiet++
	}
	switch {
	case g.sit == 3:
		g.sit = 0
		return g.once(cti.ToneSIT)
	case g.quiet == 0 || g.lastOn == 0:
		return ""
	case g.tone == progress && g.busy >= busyTurns && g.off == 2:
		return g.once(cti.ToneBusy)
	case g.tone == progress && g.lastOn >= ringLeast && g.off == ringOff:
		return g.ring()
	case g.tone == fax11 && g.lastOn >= cngLeast && g.lastOn <= cngMost && g.off == 10:
		return g.once(cti.ToneFax)
	case g.tone != progress && g.quiet == 4 && g.off < 8 && g.lastOn >= beepLeast && g.lastOn <= beepMost && g.spoken >= beepSpeech && beeps(g.toneHz):
		g.spoken = 0
		return cti.ToneBeep
	}
	return ""
}

func beeps(hz float64) bool { return hz > 350 && hz < 2500 }

func (g *bank) ring() cti.Tone {
	if g.ringing == answers && g.spoken > 0 {
		return "" // who has spoken has answered
	}
	return g.once(cti.ToneRingback)
}

func (g *bank) once(t cti.Tone) cti.Tone {
	if g.spoken >= spokenMost && t != cti.ToneRingback || g.spoke && t == cti.ToneFax {
		return "" // a person is not cut off
	}
	if g.told == nil {
		g.told = map[cti.Tone]bool{}
	}
	if g.told[t] {
		return ""
	}
	g.told[t] = true
	return t
}

// decide says whether the far end rings or has answered: at once when the first sound is no ringing tone, else when
// somebody speaks or the tone stays away for longer than it pauses.
func (g *bank) decide(k signal) decision {
	was := g.ringing
	switch {
	case g.ringing != rings && g.tone == progress && g.on == ringSuspect && g.tonal > 0 && g.spoken == 0:
		g.ringing = rings
	case g.ringing == unknown && (g.quiet >= 2 || g.loud >= 2 || g.tonal >= 2 && g.tone != progress):
		g.ringing = answers
	case g.ringing == rings && (g.loud >= 3 || g.tonal >= 2 && g.tone == steady || g.on >= ringMost && g.tonal > 0 || g.off > g.patience() && g.tonal == 0):
		g.ringing = answers
	}
	if g.ringing == was {
		return unknown
	}
	return g.ringing
}

// glance decides from the first 30 or 40 ms, as packets come, when there is nothing in them like a ringing tone: who answers is not kept waiting.
func (g *bank) glance() decision {
	if g.age > 0 || g.ringing != unknown || g.n < 3*audio.Frame/2 {
		return unknown
	}
	for _, s := range [][]int16{g.block[:audio.Frame], g.block[g.n-audio.Frame : g.n]} {
		if hz, share := audio.Pure(s); audio.RMS(s) >= signalRMS && share > 0.6 && hz > 370 && hz < 510 {
			return unknown
		}
	}
	g.ringing = answers
	return answers
}

// patience is how long a pause of the ringing may last.
func (g *bank) patience() int {
	if g.pause >= ringOff {
		return g.pause + g.pause/4 + 2
	}
	return pauseMost
}

// pairs are the tones of exchanges that sound together; beatHz are those that swing in some countries, beatOff the
// distances of their side tones.
var (
	pairs   = [][2]float64{{440, 480}, {400, 450}, {480, 620}, {350, 440}}
	beatHz  = []float64{400, 425}
	beatOff = []float64{16, 24.5, 33}
)

// signalOf names what a block holds.
func signalOf(s []int16) (signal, float64) {
	rms := audio.RMS(s)
	if rms < signalRMS {
		return hush, 0
	}
	of := func(hz float64) float64 { a := audio.Goertzel(s, hz); return a * a / (2 * rms * rms) }
	hz, share := audio.Pure(s)
	if share >= pureShare {
		return pitch(hz), hz
	}
	if hz < 330 || hz > 700 { // the mean of what sounds: that of all pairs lies between
		return voiced, 0
	}
	for _, p := range pairs {
		if a := of(p[0]); a > 0.2 {
			if b := of(p[1]); b > 0.2 && a+b >= pairShare {
				return progress, p[0]
			}
		}
	}
	for _, hz := range beatHz {
		if a := of(hz); a > 0.55 {
			for _, d := range beatOff {
				if a+of(hz-d)+of(hz+d) >= pairShare {
					return progress, hz
				}
			}
		}
	}
	return voiced, 0
}

func pitch(hz float64) signal {
	for _, p := range []struct {
		from, to float64
		signal
	}{{395, 455, progress}, {890, 1010, sit1}, {1350, 1450, sit2}, {1750, 1805, sit3}, {1080, 1120, fax11}, {2075, 2125, fax21}} {
		if hz >= p.from && hz <= p.to {
			return p.signal
		}
	}
	return steady
}
