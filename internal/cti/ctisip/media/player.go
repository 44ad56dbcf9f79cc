package media

import "ringback/internal/audio"

// player reads a Program as one endless row of samples.
type player struct {
	p    Program
	pos  int // samples since First began
	loop int // place in Then, which goes on where it stopped

	say     func(whole bool) // of Say, until it is called
	sayTail int              // samples to wait after First before say is called
}

// sayTail is how long a closing prompt's last samples may sit in the far end's jitter buffer before the BYE.
const sayTail = 120 * audio.Rate / 1000

// idle says that nothing is played.
func (p *player) idle() bool { return len(p.p.First) == 0 && len(p.p.Then) == 0 && p.say == nil }

// read fills dst and reports whether First came to its end in it.
func (p *player) read(dst []int16) (done bool) {
	for len(dst) > 0 {
		n, end := p.piece(dst)
		dst, done = dst[n:], done || end
	}
	return done
}

// pass leaves out n samples, for media that is thinned, and reports as read does.
func (p *player) pass(n int) (done bool) {
	var room [audio.Frame]int16
	for ; n > 0; n -= len(room) {
		done = p.read(room[:min(n, len(room))]) || done
	}
	return done
}

func (p *player) piece(dst []int16) (n int, end bool) {
	first := len(p.p.First)
	if p.pos < first {
		n = copy(dst, p.p.First[p.pos:])
		p.pos += n
		return n, p.pos == first
	}
	if again := int(int64(p.p.Again) / sampleTime); again > 0 && first > 0 {
		left := first + again - p.pos
		if left <= 0 {
			p.pos = 0
			return 0, false
		}
		dst = dst[:min(left, len(dst))]
	}
	n = p.pieceOfThen(dst)
	p.pos += n
	return n, false
}

func (p *player) pieceOfThen(dst []int16) int {
	if len(p.p.Then) == 0 {
		clear(dst)
		return len(dst)
	}
	n := copy(dst, p.p.Then[p.loop:])
	p.loop = (p.loop + n) % len(p.p.Then)
	return n
}

// said counts n samples after First and returns Say's function when it is time to call it.
func (p *player) said(n int) func(bool) {
	if p.say == nil || p.pos < len(p.p.First) {
		return nil
	}
	if p.sayTail -= n; p.sayTail > 0 {
		return nil
	}
	f := p.say
	p.say = nil
	return f
}
