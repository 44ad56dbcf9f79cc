package simcarrier

import (
	"math"
	"slices"
	"time"

	"ringback/internal/audio"
)

// collect fills windows of 100 ms and looks for tones in each.
func (e *ear) collect(lin []int16, now time.Time, credit time.Duration, somebody *bool) {
	each := credit / time.Duration(max(len(lin), 1))
	for len(lin) > 0 {
		if e.filled == 0 {
			e.began = now
		}
		n := copy(e.window[e.filled:], lin)
		e.filled += n
		e.credit += each * time.Duration(n)
		lin = lin[n:]
		if e.filled == len(e.window) {
			e.analyse(somebody)
		}
	}
}

// analyse adds the window to the tones it holds: those 20 dB above all else. Short windows, between packets that do
// not follow each other, are told apart less sharply.
func (e *ear) analyse(somebody *bool) {
	w, credit := e.window[:e.filled], e.credit
	defer func() {
		e.before, e.followed = e.window, len(w) == len(e.window)
		e.filled, e.credit = 0, 0
	}()
	if len(w) < audio.Frame || audio.RMS(w) < quietest {
		return
	}
	enough := 0.99
	if len(w) < len(e.window) {
		enough = 0.9
	}
	if share(w, e.latest[0])+share(w, e.latest[1]) < enough {
		e.latest = loudest(w, e.known())
		if a, b := share(w, e.latest[0]), share(w, e.latest[1]); a >= enough {
			e.latest[1] = 0
		} else if b < 0.1 || a+b < enough {
			e.latest = [2]int{}
		}
	}
	if e.latest[0] != 0 {
		e.other = 0
	} else {
		e.recorded(w, credit, enough)
	}
	for _, hz := range e.latest {
		if hz != 0 && e.add(hz, credit) && hz != e.voice && !slices.Contains(network[:], hz) {
			*somebody = true
		}
	}
}

// longestNote is how long a built-in signal holds a note at most.
const longestNote = 500 * time.Millisecond

// recorded follows a tone that nobody here speaks in, such as a recording that is played to callers. It counts from its
// beginning once it is longer than the note of a signal.
func (e *ear) recorded(w []int16, credit time.Duration, enough float64) {
	if share(w, e.other) < enough {
		e.other, e.otherFor = pure(w), 0
		if share(w, e.other) < enough {
			e.other = 0
		}
	}
	if e.other == 0 {
		return
	}
	before := e.otherFor
	e.otherFor += credit
	switch {
	case e.otherFor <= longestNote:
	case before <= longestNote:
		e.add(e.other, e.otherFor)
	default:
		e.add(e.other, credit)
	}
}

// pure is the frequency of w if it holds one tone and nothing else: samples of a tone obey
// x[n-1] + x[n+1] = 2 cos(w) x[n], and the noise of G.711 moves the result by a few Hz.
func pure(w []int16) int {
	var both, own float64
	for i := 1; i < len(w)-1; i++ {
		x := float64(w[i])
		both += x * (float64(w[i-1]) + float64(w[i+1]))
		own += x * x
	}
	if own == 0 || math.Abs(both) >= 2*own {
		return 0
	}
	about := int(math.Round(math.Acos(both/(2*own)) * audio.Rate / (2 * math.Pi)))
	best := about
	for hz := about - 3; hz <= about+3; hz++ {
		if share(w, hz) > share(w, best) {
			best = hz
		}
	}
	return best
}

// add credits a tone and says whether it is a new one.
func (e *ear) add(hz int, d time.Duration) bool {
	for i := range e.tones {
		if e.tones[i].hz == hz {
			e.tones[i].lasts += d
			return false
		}
	}
	e.tones = append(e.tones, heardTone{hz, d, e.began.Add(-e.earlier(hz))})
	return true
}

// earlier is how much of the window before already held the tone, in steps of 20 ms.
func (e *ear) earlier(hz int) (d time.Duration) {
	if !e.followed {
		return 0
	}
	for at := len(e.before) - audio.Frame; at >= 0 && share(e.before[at:at+audio.Frame], hz) > 0.9; at -= audio.Frame {
		d += lasting(audio.Frame)
	}
	return d
}

// loudest returns the two strongest of the tones.
func loudest(w []int16, tones []int) (top [2]int) {
	var power [2]float64
	for _, hz := range tones {
		switch p := audio.Goertzel(w, float64(hz)); {
		case p > power[0]:
			top[1], power[1] = top[0], power[0]
			top[0], power[0] = hz, p
		case p > power[1]:
			top[1], power[1] = hz, p
		}
	}
	return top
}

// share is the part of the window's power that lies in one tone; 0 for no tone.
func share(w []int16, hz int) float64 {
	rms := audio.RMS(w)
	if hz == 0 || rms < quietest {
		return 0
	}
	a := audio.Goertzel(w, float64(hz)) / (rms * math.Sqrt2)
	return a * a
}
