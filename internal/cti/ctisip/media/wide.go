package media

import "ringback/internal/audio"

// Wideband: two legs that both speak G.722 are relayed as they are. Towards a leg of G.711, and for all who listen, the low
// band is decoded, which is sound at 8000; towards a leg of G.722 it is coded as the low band. A byte stands for the same
// time in both, so that sequence, timestamps and lengths stay what they are, and no buffer delays anything.

// wideEar decodes what comes as G.722.
type wideEar struct {
	decoder audio.G722Decoder
	on      bool // it has decoded the packet before
	samples [2 * maxCut]int16
	b       [headerLen + 2*maxCut]byte
	packet  packet
}

// wideSilence is a code for the smallest steps of both bands: nearly nothing.
const wideSilence = 0xFD

// speak changes what the leg is sent.
func (s *Stream) speak(wide bool) {
	switch {
	case !wide:
		s.out.wide = nil
	case s.out.wide == nil:
		s.out.wide = new(audio.G722Encoder)
	}
	s.wideOut.Store(wide)
}

// narrowed is a wide packet as u-law, also for the leg that it goes to; nil when nobody needs that.
func (s *Stream) narrowed(p *packet) *packet {
	if s.wide == nil {
		s.wide = new(wideEar)
	}
	w, sink := s.wide, s.rel.sink
	if s.taps == nil && !s.listens() && (sink == nil || sink.wideOut.Load()) {
		w.on = false
		return nil
	}
	if !w.on {
		w.decoder, w.on = audio.G722Decoder{}, true // it has missed what came meanwhile
	}
	body := p.b[p.body:p.end]
	samples := w.samples[:len(body)]
	w.decoder.DecodeNarrow(samples, body)
	audio.ULaw.Encode(w.b[headerLen:], samples)
	w.packet = *p
	w.packet.b, w.packet.body, w.packet.end = w.b[:], headerLen, headerLen+len(body)
	w.packet.law, w.packet.wide = audio.ULaw, false
	p.narrow = &w.packet
	return p.narrow
}

// widen makes the body of a packet what a leg of G.722 hears. What must be heard over relayed G.722 takes its place.
func (s *Stream) widen(p *packet, body []byte) {
	r, o := &s.rel, &s.out
	closed := p.now < r.closedUntil
	if p.wide && !closed && len(s.mix) == 0 {
		return
	}
	var room [2 * maxCut]int16
	samples := room[:len(body)]
	if p.wide {
		closed = true
	} else {
		p.law.Decode(samples, body)
		if hushed(samples) {
			r.hush += len(samples)
		} else {
			r.hush = 0
		}
	}
	if closed || r.hush > hushLimit {
		s.e.comfort.samples(samples, &s.noise)
	}
	s.mixInto(samples)
	o.wide.EncodeNarrow(body, samples)
}
