// Package mix adds up voices: what each of several far ends said is put in order, holes are concealed, and every listener
// gets the sum of those whom it is to hear. It knows no sockets and no clock; its time is the count of samples, 8000 a second.
package mix

import "ringback/internal/audio"

// Buffer puts the packets of one far end in order and plays them, a little later, without holes. How much later follows
// the network: 40 ms where packets come evenly, up to 200 ms where they do not. The zero Buffer is empty and ready. It
// allocates nothing.
type Buffer struct {
	ring [ringLen]int16
	have [ringLen]bool

	running  bool   // a packet has come, and since then not nothing for long
	row      int    // timestamps of one row compare
	play     uint32 // the timestamp that is played next
	end      uint32 // behind the newest sample that came
	lead     int    // samples of nothing before play, at a beginning
	owed     int    // samples that are concealed before play goes on: the buffer grows by them
	starved  int    // samples in a row for which nothing was there
	position int64  // samples taken since the beginning

	least, most int // delays of the packets of this window
	age         int // samples taken in it
	skip        int // samples to be left out, so that the buffer shrinks

	hole hole
}

const (
	// Delay is how much later than it came a voice is heard when packets come evenly, in samples.
	Delay = 40 * perMs
	// MostDelay is the most that an uneven network makes of it.
	MostDelay = 200 * perMs

	perMs   = audio.Rate / 1000
	ringLen = 4096           // half a second and a little: a power of two
	jump    = 250 * perMs    // a timestamp this far off is a new beginning
	guard   = 20 * perMs     // the latest packet of a window should come so long before it is played
	window  = 2 * audio.Rate // after so many samples it is looked whether the buffer may shrink
	growth  = 10 * perMs     // the buffer grows at least by so much
	worth   = 5 * perMs      // and shrinks only for so much
	fade    = 5 * perMs      // over which two sounds are blended at a seam
)

// Position is how many samples were taken: the clock that Put's arrived is on.
func (b *Buffer) Position() int64 { return b.position }

// Put takes a packet's samples. arrived is when it came, in samples since the beginning; it may lie a little behind what
// was taken, or before it. What comes too late to be played is dropped.
func (b *Buffer) Put(row int, ts uint32, s []int16, arrived int64) {
	if len(s) == 0 || len(s) > ringLen/2 {
		return
	}
	ahead := int(int32(ts - b.end))
	if !b.running || row != b.row || ahead > jump || ahead < -ringLen || int(int32(ts-b.play))+len(s) > ringLen-jump {
		b.begin(row, ts, arrived)
	}
	d := int(int32(ts - b.play))
	if d < 0 {
		if -d >= len(s) {
			return
		}
		s, ts, d = s[-d:], ts-uint32(d), 0
	}
	delay := d + b.lead + b.owed + int(b.position-arrived)
	if b.age == 0 && b.most == 0 {
		b.least = delay
	}
	b.least, b.most = min(b.least, delay), max(b.most, delay)
	for i, v := range s {
		at := (ts + uint32(i)) % ringLen
		b.ring[at], b.have[at] = v, true
	}
	if end := ts + uint32(len(s)); int32(end-b.end) > 0 {
		b.end = end
	}
}

// begin starts with a packet, which is played Delay after it came.
func (b *Buffer) begin(row int, ts uint32, arrived int64) {
	clear(b.have[:])
	b.running, b.row, b.play, b.end = true, row, ts, ts
	b.lead = max(0, Delay-int(b.position-arrived))
	b.owed, b.starved, b.skip = 0, 0, 0
	b.look()
}

// look begins a new window.
func (b *Buffer) look() { b.age, b.least, b.most = 0, 0, 0 }

// Take moves the next samples into dst. It says whether any of them is somebody's sound: false = silence.
func (b *Buffer) Take(dst []int16) (sound bool) {
	n := len(dst)
	if b.running {
		b.shrink(n)
		sound = b.pieces(dst)
	} else {
		clear(dst)
	}
	b.position += int64(n)
	return sound
}

func (b *Buffer) pieces(dst []int16) (sound bool) {
	for len(dst) > 0 {
		n, loud := b.piece(dst)
		dst, sound = dst[n:], sound || loud
	}
	return sound
}

// piece is the next run of samples of one kind: nothing yet, what came, what is concealed.
func (b *Buffer) piece(dst []int16) (n int, sound bool) {
	switch {
	case b.lead > 0:
		n = min(b.lead, len(dst))
		clear(dst[:n])
		b.lead -= n
		return n, false
	case b.owed > 0:
		n = min(b.owed, len(dst))
		b.owed -= n
		return n, b.hole.fill(dst[:n])
	}
	for n < len(dst) && b.have[b.play%ringLen] && int32(b.end-b.play) > 0 {
		at := b.play % ringLen
		dst[n], b.have[at] = b.ring[at], false
		b.play++
		n++
	}
	if n > 0 {
		b.starved = 0
		b.hole.close(dst[:n])
		return n, true
	}
	return b.missing(dst)
}

// missing is a hole: of a packet that was lost, when later ones have come; else of one that is late, which is waited for.
func (b *Buffer) missing(dst []int16) (n int, sound bool) {
	if int32(b.end-b.play) > 0 {
		for n < len(dst) && !b.have[b.play%ringLen] && int32(b.end-b.play) > 0 {
			b.play++
			n++
		}
		return n, b.hole.fill(dst[:n])
	}
	n = len(dst)
	sound = b.hole.fill(dst)
	if b.starved == 0 {
		b.owed = max(0, growth-n)
	}
	b.starved += n
	if b.starved >= MostDelay-Delay { // a pause: what comes next is a new beginning
		b.running = false
	}
	return n, sound
}

// shrink leaves out samples when all packets of a window came earlier than they had to.
func (b *Buffer) shrink(n int) {
	if b.age += n; b.age >= window {
		if spare := min(b.least-guard, b.most-Delay); spare >= worth {
			b.skip = spare
		}
		b.look()
	}
	if b.skip == 0 || b.lead > 0 || b.owed > 0 {
		return
	}
	k := min(b.skip, audio.Frame)
	b.skip -= k
	if int(int32(b.end-b.play)) < k+fade {
		return
	}
	for range k {
		at := b.play % ringLen
		if b.have[at] {
			b.hole.heard(b.ring[at])
		}
		b.have[at] = false
		b.play++
	}
	b.hole.open()
}

// Newest moves the newest samples that came into dst, silence where there are none, and forgets the rest: for media that is
// thinned, of which there is a packet now and then.
func (b *Buffer) Newest(dst []int16) (sound bool) {
	clear(dst)
	from := b.end - uint32(len(dst))
	for i := range dst {
		if at := (from + uint32(i)) % ringLen; b.have[at] {
			dst[i], sound = b.ring[at], true
		}
	}
	clear(b.have[:])
	b.running = false
	return sound
}

// Advance moves the clock of a Buffer that Newest is asked of.
func (b *Buffer) Advance(n int64) { b.position += n }
