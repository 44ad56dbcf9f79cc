package media

import (
	"encoding/binary"
	"sync/atomic"

	"ringback/internal/audio"
)

// Tap copies the sound of a leg's far end for somebody else's goroutine. The relay never waits for that one: what finds
// no room is dropped and counted, and whoever listens takes it for a loss.
//
// One writes, the goroutine that holds the stream's lock; one reads, whoever calls Pull. The two places are all that
// they share.
type Tap struct {
	ring       []byte
	head, tail atomic.Uint64 // bytes read and bytes written, ever
	full       atomic.Int64
	room       [2 * maxCut]byte // of Pull
}

// Heard is one packet of sound as it came. Body is valid until Pull's function returns.
type Heard struct {
	At   int64 // when, on the engine's clock, in nanoseconds (Engine.Now)
	Row  int   // timestamps of one row compare
	TS   uint32
	Law  audio.Law
	Body []byte
}

// tapHead is what stands before each body in the ring: length, law, row, timestamp, arrival.
const tapHead = 2 + 1 + 4 + 4 + 8

// TapRoom is the room for four seconds of a call with packets of 10 ms.
const TapRoom = 4 * (audio.Rate + 100*tapHead)

// Tap begins to copy. Untap ends it, and so does Close. Room is in bytes.
func (s *Stream) Tap(room int) *Tap {
	t := &Tap{ring: make([]byte, room)}
	s.mu.Lock()
	s.taps = append(s.taps[:len(s.taps):len(s.taps)], t)
	s.mu.Unlock()
	return t
}

// Untap ends a tap; what it holds can still be pulled.
func (s *Stream) Untap(t *Tap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rest []*Tap
	for _, o := range s.taps {
		if o != t {
			rest = append(rest, o)
		}
	}
	s.taps = rest
}

// Now is the engine's clock: nanoseconds since it began, the time of Heard.At.
func (e *Engine) Now() int64 { return e.pace.now() }

// copyTo hands a packet to the taps. The stream's lock is held.
func (p *packet) copyTo(taps []*Tap) {
	if p.kind != soundKind {
		return
	}
	for _, t := range taps {
		t.put(p)
	}
}

func (t *Tap) put(p *packet) {
	body := p.b[p.body:p.end]
	at, size := t.tail.Load(), uint64(len(t.ring))
	if size-(at-t.head.Load()) < uint64(tapHead+len(body)) {
		t.full.Add(1)
		return
	}
	var h [tapHead]byte
	binary.LittleEndian.PutUint16(h[0:], uint16(len(body)))
	h[2] = byte(p.law)
	binary.LittleEndian.PutUint32(h[3:], uint32(p.row))
	binary.LittleEndian.PutUint32(h[7:], p.ts)
	binary.LittleEndian.PutUint64(h[11:], uint64(p.now))
	t.write(at, h[:])
	t.write(at+tapHead, body)
	t.tail.Store(at + tapHead + uint64(len(body)))
}

func (t *Tap) write(at uint64, b []byte) {
	n := copy(t.ring[at%uint64(len(t.ring)):], b)
	copy(t.ring, b[n:])
}

func (t *Tap) read(at uint64, b []byte) {
	n := copy(b, t.ring[at%uint64(len(t.ring)):])
	copy(b[n:], t.ring)
}

// Pull gives f every packet that has come since the last Pull. One goroutine at a time may call it.
func (t *Tap) Pull(f func(Heard)) {
	at, end := t.head.Load(), t.tail.Load()
	for at < end {
		var h [tapHead]byte
		t.read(at, h[:])
		body := t.room[:min(len(t.room), int(binary.LittleEndian.Uint16(h[0:])))]
		t.read(at+tapHead, body)
		at += tapHead + uint64(len(body))
		f(Heard{Law: audio.Law(h[2]), Row: int(binary.LittleEndian.Uint32(h[3:])), TS: binary.LittleEndian.Uint32(h[7:]),
			At: int64(binary.LittleEndian.Uint64(h[11:])), Body: body})
		t.head.Store(at)
	}
}

// Dropped counts the packets that found no room.
func (t *Tap) Dropped() int64 { return t.full.Load() }
