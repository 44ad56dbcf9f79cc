package media

import "ringback/internal/audio"

// Track lays the packets of a leg on one row of samples, each where its timestamp says; what never came is silence. The
// first packet of a sequence lies where it arrived, and again each time that timestamps and clock have come apart by a
// quarter of a second: a far end that began anew, or whose crystal differs.
type Track struct {
	from int64 // the instant of sample 0, on the engine's clock

	row   int   // the sequence that the anchor is of; 0 = none yet
	at    int64 // the anchor: this sample
	ts    uint32
	taken int64   // samples handed out by Take
	wait  []int16 // what has come of those behind
}

const apart = audio.Rate / 4

// trackMost bounds how far ahead of what was taken a packet may lie: a minute.
const trackMost = 60 * audio.Rate

// NewTrack begins a row at an instant of the engine's clock.
func NewTrack(from int64) *Track { return &Track{from: from} }

// Put lays one packet on the row. What comes too late for what was taken is lost.
func (t *Track) Put(h Heard) {
	arrived := (h.At - t.from) / sampleTime
	place := t.at + int64(int32(h.TS-t.ts))
	if d := place - arrived; h.Row != t.row || d > apart || d < -apart {
		place = arrived
		t.row, t.at, t.ts = h.Row, place, h.TS
	}
	if place-t.at > trackMost { // timestamps compare over half their range only
		t.at, t.ts = place, h.TS
	}
	skip := max(0, t.taken-place)
	if skip >= int64(len(h.Body)) || place-t.taken > trackMost {
		return
	}
	i := int(place + skip - t.taken)
	need := i + len(h.Body) - int(skip)
	if need > len(t.wait) {
		t.wait = append(t.wait, make([]int16, need-len(t.wait))...)
	}
	h.Law.Decode(t.wait[i:], h.Body[skip:])
}

// Take moves the next samples of the row into dst, silence where nothing came.
func (t *Track) Take(dst []int16) {
	n := copy(dst, t.wait)
	clear(dst[n:])
	t.wait = t.wait[:copy(t.wait, t.wait[n:])]
	t.taken += int64(len(dst))
}

// Clear forgets what has come and was not taken.
func (t *Track) Clear() { t.wait = t.wait[:0] }

// Samples is how many samples there are in so many nanoseconds.
func Samples(ns int64) int64 { return ns / sampleTime }

// Length is how many samples the row has from its beginning to the end of what came.
func (t *Track) Length() int64 { return t.taken + int64(len(t.wait)) }
