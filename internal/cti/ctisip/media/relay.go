package media

import (
	"time"

	"ringback/internal/audio"
)

// relay is how a stream sends on what another hears. Sequence and timestamp of the source are mapped by offsets, so
// that its losses and its order stay what they are; each time we have sent packets of our own in between the offsets
// are set anew.
type relay struct {
	source, sink *Stream // whose sound we send; who sends ours
	early        bool    // source is only ringing
	last         int64   // when a packet of source came
	closedUntil  int64   // its sound is held back until then: it is still hearing the zip tone
	filling      bool    // the last packet was our own

	row    int    // the source's sequence that the offsets are of (hearing.row); 0 = none yet
	seqOff uint16 // ours minus theirs
	tsOff  uint32
	floor  uint16 // their first sequence number that the offsets hold for
	high   uint16 // their highest that was sent

	cutBuf  []byte // samples that wait for a whole packet, when the lengths differ
	cutNext uint32 // their timestamp that comes next

	hush             int  // samples of digital silence in a row
	event            bool // a key has been sent; the fields below hold
	eventRow         int
	eventIn, eventTS uint32 // its timestamp, theirs and ours
	eventAt          int64  // its last packet
}

const (
	earlyHold = int64(time.Second)           // early media silent for this long gives way to the program
	hushLimit = audio.Rate                   // samples of digital silence that are relayed; then comfort noise
	maxGap    = audio.Rate / 2               // a larger hole in the timestamps is a new beginning
	padGap    = 3 * audio.Frame              // the largest hole that re-cutting fills
	sloppy    = 40                           // samples by which timestamps may be wrong: some far ends take them from a clock
	fillAfter = int64(60 * time.Millisecond) // without a packet: comfort noise begins, at the next tick
	tickLate  = int32(grid / sampleTime)     // samples by which our own packets are late when they wait for a tick
)

// relaying says whether the leg hears its source now, and not its program.
func (s *Stream) relaying(now int64) bool {
	r := &s.rel
	return r.source != nil && s.dial == nil && (!r.early || r.last != 0 && now-r.last < earlyHold)
}

// fill sends comfort noise where the source has sent nothing, and returns when to look again.
func (s *Stream) fill(now int64) int64 {
	o, r := &s.out, &s.rel
	if !r.filling {
		// A packet may be late by 20 ms, and 60 ms may pass without one.
		due := max(o.dueAt()+int64(20*time.Millisecond), r.last+max(fillAfter, 3*int64(s.e.c.Pace)), r.eventAt+fillAfter)
		if due > now {
			return due
		}
		r.filling = true
		r.cutBuf = r.cutBuf[:0]
		o.skipTo(now)
	}
	if now-o.dueAt() > int64(catchUp*o.step)*sampleTime {
		o.skipTo(now)
	}
	for o.dueAt() <= now {
		o.rebase()
		s.frame(nil)
	}
	return o.dueAt()
}

// take sends on a packet of from. It works where the packet lies.
func (s *Stream) take(from *Stream, p *packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.rel
	if s.closed || r.source != from {
		return
	}
	if p.wide && s.out.wide == nil {
		if p = p.narrow; p == nil {
			return // it was to be G.722 a moment ago
		}
	}
	if r.early && r.last == 0 && p.kind == soundKind && !p.wide && hushedBytes(p.law, p.b[p.body:p.end]) {
		return // a gateway that sends nothing but silence is no reason to take our ringback away
	}
	r.last = p.now
	if !s.out.on || s.dial != nil { // or keys of ours take its place
		r.filling = true
		return
	}
	switch p.kind {
	case soundKind:
		s.takeSound(p)
	case eventKind:
		s.takeEvent(p)
	default: // RFC 3389: nothing comes for a while, so there is nothing to wait for
		r.last -= fillAfter
		r.skip(p)
	}
}

func (s *Stream) takeSound(p *packet) {
	r, o := &s.rel, &s.out
	if !s.place(p) {
		return
	}
	body := p.b[p.body:p.end]
	if o.wide != nil {
		s.widen(p, body)
	} else {
		p.law.Translate(o.law, body)
		s.overlay(body, p.now)
	}
	if len(body) == o.cut && len(r.cutBuf) == 0 {
		s.direct(p)
	} else {
		s.recut(p, body)
	}
}

// place decides whether a packet fits behind what was sent; if it begins something new the offsets are set.
func (s *Stream) place(p *packet) bool {
	r, o := &s.rel, &s.out
	if r.row != p.row {
		r.begin(o, p)
		return true
	}
	d := int16(p.seq - r.high)
	if d <= 0 {
		late := r.filling || int16(p.seq-r.floor) < 0
		if late {
			s.e.count.dropped[Late].Add(1)
		}
		return !late
	}
	gap, least := int32(p.ts+r.tsOff-o.ts), int32(-sloppy)
	if p.kind == eventKind {
		least = -maxGap // a key may begin at sound that has been sent
	}
	if r.filling || d > 100 || gap < least || int(gap) > max(maxGap, 3*o.step) {
		r.begin(o, p)
	}
	return true
}

// begin lets p be the next packet, now or when ours are over. It takes the place of one of ours that waits for its tick.
func (r *relay) begin(o *sender, p *packet) {
	if t := o.tsAt(p.now); int32(t-o.ts) > tickLate {
		o.ts = t
	}
	o.marker = true
	r.row = p.row
	r.tsOff, r.seqOff = o.ts-p.ts, o.seq-p.seq
	r.floor, r.high = p.seq, p.seq-1
	r.cutBuf, r.cutNext = r.cutBuf[:0], p.ts
	r.filling = false
}

// skip leaves out a packet without leaving a hole in our sequence.
func (r *relay) skip(p *packet) {
	if r.row == p.row && int16(p.seq-r.high) > 0 {
		r.seqOff--
		r.high, r.floor = p.seq, p.seq+1
	}
}

// direct sends a packet with a new header in front of its body, at once.
func (s *Stream) direct(p *packet) {
	r, o := &s.rel, &s.out
	seq, ts := p.seq+r.seqOff, p.ts+r.tsOff
	newest := int16(p.seq-r.high) > 0
	if o.put(p.b[p.body-headerLen:p.end], o.pt, newest && (p.marker || o.marker), seq, ts) {
		s.sent()
	}
	if !newest {
		return
	}
	r.high, r.cutNext = p.seq, p.ts+uint32(o.cut)
	o.seq, o.ts, o.marker = seq+1, ts+uint32(o.cut), false
	o.slew(ts, o.cut, p.now)
}

// recut collects samples and sends packets of our own length.
func (s *Stream) recut(p *packet, body []byte) {
	r, o := &s.rel, &s.out
	gap := int32(p.ts - r.cutNext)
	if gap > -sloppy && gap < sloppy {
		gap = 0
	}
	if gap < 0 {
		r.skip(p)
		s.e.count.dropped[Late].Add(1)
		return
	}
	if gap > padGap {
		r.begin(o, p)
		gap = 0
	}
	for range gap {
		r.cutBuf = append(r.cutBuf, o.silence())
	}
	r.cutBuf = append(r.cutBuf, body...)
	r.cutNext = p.ts + uint32(len(body))
	o.slew(p.ts+r.tsOff, len(body), p.now)
	for len(r.cutBuf) >= o.cut {
		copy(o.buf[headerLen:], r.cutBuf[:o.cut])
		r.cutBuf = r.cutBuf[:copy(r.cutBuf, r.cutBuf[o.cut:])]
		if o.next(o.cut) {
			s.sent()
		}
	}
	r.high, r.floor, r.seqOff = p.seq, p.seq+1, o.seq-p.seq-1
}

// overlay puts over relayed sound what must be heard instead or with it.
func (s *Stream) overlay(body []byte, now int64) {
	r, o := &s.rel, &s.out
	if hushedBytes(o.law, body) {
		r.hush += len(body)
	} else {
		r.hush = 0
	}
	if r.hush > hushLimit || now < r.closedUntil {
		s.e.comfort.bytes(o.law, body, &s.noise)
	}
	if len(s.mix) == 0 {
		return
	}
	var room [maxCut * 2]int16
	samples := room[:len(body)]
	o.law.Decode(samples, body)
	s.mixInto(samples)
	o.law.Encode(body, samples)
}
