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
	for _, hz := range e.latest {
		if hz != 0 && e.add(hz, credit) && hz != e.voice && !slices.Contains(network[:], hz) {
			*somebody = true
		}
	}
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
