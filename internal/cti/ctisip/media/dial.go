package media

import (
	"encoding/binary"
	"strings"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
)

// dialing is a row of keys that is being sent: by RFC 4733, or as tones where the far end has no events.
type dialing struct {
	keys  string // those left; the first is being sent
	at    int    // samples of it that have been sent
	ts    uint32 // of its event
	ended int    // end packets sent
	done  func()
}

// A key sounds for 100 ms and is followed by 100 ms of nothing, which the slowest telephone systems take.
const (
	keyOn   = 100 * audio.Rate / 1000
	keyOff  = 100 * audio.Rate / 1000
	keyEnds = 3  // the end is told three times, RFC 4733 section 2.5.1.4
	keyGain = 10 // -10 dBm0
	waitLen = int(int64(cti.PostDialWait) / int64(time.Second/audio.Rate))
)

// Dial sends keys, w for a wait, and calls done (nil = nothing) from a goroutine of the engine when all have been sent, or
// the stream was closed. Keys that are asked for while others are sent come behind them. Meanwhile the leg hears its program
// or its room; what it would be relayed it misses.
func (s *Stream) Dial(keys string, done func()) {
	now := s.e.pace.now()
	s.mu.Lock()
	if done == nil {
		done = func() {}
	}
	switch {
	case s.closed || keys == "":
		s.after = append(s.after, done)
	case s.dial != nil:
		first := s.dial.done
		s.dial.keys += keys
		s.dial.done = func() { first(); done() }
	default:
		s.dial = &dialing{keys: keys, done: done}
		s.run(now)
	}
	s.mu.Unlock()
	s.e.pace.wake(s, now)
}

// key sends one packet of the row instead of sound, and says whether it did.
func (s *Stream) key() (sent bool) {
	d, o := s.dial, &s.out
	k := d.keys[0]
	length := keyOn + keyOff
	if k == 'w' {
		length = waitLen
	}
	switch {
	case k == 'w' || d.at >= keyOn && d.ended >= keyEnds:
	case o.eventPT < 0:
		if d.at == 0 {
			s.mix = append(s.mix, keyTone(k)...)
		}
	default:
		s.event(k)
		sent = true
	}
	if d.at += o.step; d.at >= length {
		if d.keys, d.at, d.ended = d.keys[1:], 0, 0; d.keys == "" {
			s.after = append(s.after, d.done)
			s.dial = nil
		}
	}
	return sent
}

// event sends the newest state of a key. All its packets keep the timestamp of its beginning.
func (s *Stream) event(k byte) {
	d, o := s.dial, &s.out
	if d.at == 0 {
		d.ts = o.ts
	}
	var b [headerLen + 4]byte
	e := b[headerLen:]
	e[0], e[1] = byte(strings.IndexByte(keyNames, k)), keyGain
	last := min(d.at+o.step, keyOn)
	binary.BigEndian.PutUint16(e[2:], uint16(last))
	times := 1
	if last == keyOn {
		e[1] |= 0x80
		times = keyEnds
		d.ended = keyEnds
	}
	for range times {
		if o.put(b[:], uint8(o.eventPT), d.at == 0, o.seq, d.ts) {
			s.sent()
		}
		if o.on {
			o.seq++
		}
	}
	o.ts += uint32(o.step)
	o.marker = true
}
