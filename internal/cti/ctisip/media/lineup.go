package media

import (
	"time"

	"ringback/internal/audio"
)

// lineup puts the sound of a far end in order for those who listen to it here: a playout buffer whose clock is the
// packets themselves. What comes in order passes at once; behind a hole the buffer waits, for as long as the jitter of this
// leg asks, 40 to 200 ms, and then conceals what never came. What is relayed does not pass here.
type lineup struct {
	row  int
	next uint32 // the timestamp that comes next
	held []piece
	last []int16 // heard last, for concealment
}

// piece is a packet's sound that waits for those before it.
type piece struct {
	ts      uint32
	samples []int16
}

const (
	concealMost = 60 * audio.Rate / 1000 // of a hole that sounds like what came before; the rest is silence
	holeMost    = audio.Rate / 4         // a larger one is a pause, which is not filled
	heldMost    = 32                     // pieces
)

// put takes a piece and gives f all that is in order now. jitter is the leg's.
func (l *lineup) put(row int, ts uint32, s []int16, jitter time.Duration, f func([]int16)) {
	if row != l.row {
		l.flush(f)
		l.row, l.next = row, ts
	}
	d := int32(ts - l.next)
	switch {
	case d > holeMost:
		l.flush(f)
		l.next = ts
	case d <= -sloppy: // it has been concealed
		return
	case d >= sloppy:
		l.hold(ts, s)
		wait := max(playoutMin, min(playoutMax, 3*jitter))
		if time.Duration(int32(ts-l.next))*time.Duration(sampleTime) >= wait || len(l.held) >= heldMost {
			l.conceal(int(int32(l.held[0].ts-l.next)), f)
			l.release(f)
		}
		return
	}
	l.pass(ts, s, f)
	l.release(f)
}

func (l *lineup) pass(ts uint32, s []int16, f func([]int16)) {
	l.next = ts + uint32(len(s))
	l.last = append(l.last[:0], s...)
	f(s)
}

// hold keeps a piece in its place.
func (l *lineup) hold(ts uint32, s []int16) {
	at := len(l.held)
	for at > 0 && int32(ts-l.held[at-1].ts) < 0 {
		at--
	}
	if at > 0 && l.held[at-1].ts == ts {
		return
	}
	l.held = append(l.held, piece{})
	copy(l.held[at+1:], l.held[at:])
	l.held[at] = piece{ts, append([]int16(nil), s...)}
}

// release passes on what is in order, up to the next hole.
func (l *lineup) release(f func([]int16)) {
	n := 0
	for ; n < len(l.held) && int32(l.held[n].ts-l.next) < sloppy; n++ {
		if int32(l.held[n].ts-l.next) > -sloppy {
			l.pass(l.held[n].ts, l.held[n].samples, f)
		}
	}
	l.held = append(l.held[:0], l.held[n:]...)
}

// flush passes on all that is held: what lies behind has nothing to do with it.
func (l *lineup) flush(f func([]int16)) {
	for _, p := range l.held {
		l.pass(p.ts, p.samples, f)
	}
	l.held = l.held[:0]
}

// conceal fills a hole of n samples with what came before, each turn fainter, then with silence. A tone goes on in its
// phase: of the last sound so much is repeated as fits best behind its end.
func (l *lineup) conceal(n int, f func([]int16)) {
	l.next += uint32(n)
	turn := l.period()
	gain := 1.0
	for done := 0; n > 0; {
		k := min(n, audio.Frame)
		out := make([]int16, k)
		if done < concealMost && turn > 0 {
			for i := range out {
				out[i] = int16(gain * float64(l.last[len(l.last)-turn+(done+i)%turn]))
			}
		}
		f(out)
		done, n, gain = done+k, n-k, gain*0.8
	}
}

// period is the distance at which the last sound is most like itself, 40 to 120 samples (67 to 200 Hz); 0 = there is none.
func (l *lineup) period() int {
	const shortest, longest, width = 40, 120, 40
	s := l.last
	if len(s) < longest+width {
		return len(s)
	}
	best, most := 0, -1.0
	end := s[len(s)-width:]
	for d := shortest; d <= longest; d++ {
		var sum, power float64
		for i, v := range end {
			w := float64(s[len(s)-width-d+i])
			sum += float64(v) * w
			power += w * w
		}
		if power > 0 && sum > 0 && sum*sum/power > most {
			best, most = d, sum*sum/power
		}
	}
	return best
}
