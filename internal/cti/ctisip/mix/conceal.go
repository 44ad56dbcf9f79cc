package mix

// hole conceals what never came: the last sound goes on, fainter and fainter, and ends after 60 ms. A tone goes on in its
// phase, because as much is repeated as fits best behind its end.
type hole struct {
	past   [pastLen]int16 // the newest sound, a ring
	at     int            // place of the next in past
	period int            // of what is repeated; 0 = the hole is closed
	done   int            // samples of it so far
}

const (
	pastLen     = 256
	concealMost = 60 * perMs

	shortest, longest, width = 40, 120, 40 // of a period: 67 to 200 Hz
)

func (h *hole) heard(v int16) {
	h.past[h.at%pastLen] = v
	h.at++
}

// back is the sound n samples before the newest end, from 1.
func (h *hole) back(n int) int { return int(h.past[(h.at-n+pastLen)%pastLen]) }

// open begins a hole, unless one is open.
func (h *hole) open() {
	if h.period != 0 {
		return
	}
	h.period, h.done = h.likest(), 0
}

// likest is the distance at which the last sound is most like itself.
func (h *hole) likest() int {
	best, most := longest, 0.0
	for d := shortest; d <= longest; d++ {
		var sum, power float64
		for i := 1; i <= width; i++ {
			v, w := float64(h.back(i)), float64(h.back(i+d))
			sum += v * w
			power += w * w
		}
		if power > 0 && sum > 0 && sum*sum/power > most*1.0001 { // the shortest of those that fit alike
			best, most = d, sum*sum/power
		}
	}
	return best
}

// next is the next sample of the hole.
func (h *hole) next() int {
	v := 0
	if h.done < concealMost {
		v = h.back(h.period-h.done%h.period) * (concealMost - h.done) / concealMost
	}
	h.done++
	return v
}

// fill conceals dst, and says whether anything is heard of it.
func (h *hole) fill(dst []int16) bool {
	h.open()
	sound := h.done < concealMost
	for i := range dst {
		dst[i] = int16(h.next())
	}
	return sound
}

// close ends a hole in front of s, blending the two, and remembers s.
func (h *hole) close(s []int16) {
	if h.period != 0 {
		for i := range s[:min(fade, len(s))] {
			s[i] = int16((h.next()*(fade-i) + int(s[i])*i) / fade)
		}
		h.period = 0
	}
	for _, v := range s {
		h.heard(v)
	}
}
