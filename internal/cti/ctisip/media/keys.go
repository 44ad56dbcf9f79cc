package media

import (
	"ringback/internal/audio"
)

// keyNames are the keys by their event number, RFC 4733 section 3.2.
const keyNames = "0123456789*#ABCD"

// keyEvents takes keys out of telephone-event packets: a key counts at the first packet with a new timestamp. The
// marker may be missing, the end lost or sent three times.
type keyEvents struct {
	row int // the sequence it was in, 0 = no key yet
	ts  uint32
}

func (k *keyEvents) take(p *packet) byte {
	if p.row == k.row && int32(p.ts-k.ts) <= 0 {
		return 0
	}
	k.row, k.ts = p.row, p.ts
	return keyOf(p)
}

// keyOf returns the key of an event packet, 0 for other events.
func keyOf(p *packet) byte {
	if n := int(p.b[p.body]); n < len(keyNames) {
		return keyNames[n]
	}
	return 0
}

// takeEvent sends on a key with the far end's payload type. The packets of one key keep one timestamp, whatever comes
// between them. A far end without events hears the key's two tones.
func (s *Stream) takeEvent(p *packet) {
	r, o := &s.rel, &s.out
	fresh := !r.event || p.row != r.eventRow || p.ts != r.eventIn
	if o.eventPT < 0 || p.now < r.closedUntil {
		if k := keyOf(p); fresh && k != 0 && o.eventPT < 0 && p.now >= r.closedUntil {
			s.mix = append(s.mix, keyTone(k)...)
		}
		r.event, r.eventRow, r.eventIn = true, p.row, p.ts
		r.skip(p)
		return
	}
	switch {
	case fresh:
		if !s.place(p) {
			return
		}
		r.event, r.eventRow, r.eventIn, r.eventTS = true, p.row, p.ts, p.ts+r.tsOff
	case r.filling: // ours came between: only the sequence goes on from there
		r.seqOff, r.floor, r.high = o.seq-p.seq, p.seq, p.seq-1
	case int16(p.seq-r.floor) < 0:
		return
	}
	seq := p.seq + r.seqOff
	if o.put(p.b[p.body-headerLen:p.body+4], uint8(o.eventPT), fresh, seq, r.eventTS) {
		s.sent()
	}
	r.eventAt = p.now
	if int16(p.seq-r.high) > 0 {
		r.high, o.seq = p.seq, seq+1
	}
}

// The two tones of each key, ITU-T Q.23.
var (
	keyRows = [4]float64{697, 770, 852, 941}
	keyCols = [4]float64{1209, 1336, 1477, 1633}
)

const keyGrid = "123A456B789C*0#D"

// keyTone returns a key as sound: 100 ms at -9 dB each tone, then 60 ms of nothing.
func keyTone(key byte) []int16 {
	for i := range len(keyGrid) {
		if keyGrid[i] == key {
			hz := []float64{keyRows[i/4], keyCols[i%4]}
			return audio.Render(audio.Tone{Hz: hz, Level: 0.25, Ms: 100}, audio.Tone{Ms: 60})
		}
	}
	return nil
}
