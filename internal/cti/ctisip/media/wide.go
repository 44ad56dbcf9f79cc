package media

import "ringback/internal/audio"

// Wideband: two legs that both speak G.722 are relayed as they are. Towards a leg of G.711, and for all who listen, the low
// band is decoded, which is sound at 8000; towards a leg of G.722 it is coded as the low band. A byte stands for the same
// time in both, so that sequence, timestamps and lengths stay what they are, and nothing is delayed that comes in order
// (order.go).

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
	w, sink := s.wideEar(), s.rel.sink
	if s.taps == nil && !s.listens() && (sink == nil || sink.wideOut.Load()) {
		w.on = false
		return nil
	}
	body := p.b[p.body:p.end]
	w.narrow(w.b[headerLen:], body)
	w.packet = *p
	w.packet.b, w.packet.body, w.packet.end = w.b[:], headerLen, headerLen+len(body)
	w.packet.law, w.packet.wide = audio.ULaw, false
	p.narrow = &w.packet
	return p.narrow
}

// inPlace makes a wide packet that is nobody else's u-law.
func (w *wideEar) inPlace(p *packet) {
	body := p.b[p.body:p.end]
	w.narrow(body, body)
	p.law, p.wide = audio.ULaw, false
}

func (w *wideEar) narrow(to, from []byte) {
	if !w.on {
		w.decoder, w.on = audio.G722Decoder{}, true // it has missed what came meanwhile
	}
	samples := w.samples[:len(from)]
	w.decoder.DecodeNarrow(samples, from)
	audio.ULaw.Encode(to, samples)
}

// wideEar is made when G.722 comes.
func (s *Stream) wideEar() *wideEar {
	if s.wide == nil {
		s.wide = new(wideEar)
	}
	return s.wide
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
