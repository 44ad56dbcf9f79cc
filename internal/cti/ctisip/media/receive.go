package media

import (
	"net/netip"
	"runtime/debug"

	"ringback/internal/audio"
)

// kind is what a packet carries.
type kind uint8

const (
	soundKind kind = iota
	eventKind
	comfortKind
)

// packet is one that passed, still where it was read. Its law holds for soundKind.
type packet struct {
	header
	b    []byte
	kind kind
	law  audio.Law
	wide bool // it is G.722, and law does not hold
	row  int  // of hearing: packets of one row have numbers that compare
	now  int64

	narrow *packet // of a wide one: the same as u-law, where somebody needs it
	turn   *order  // it is recoded: what passes now is there
}

// receive judges a packet, passes it on and tells the owner.
func (s *Stream) receive(b []byte, from netip.AddrPort) {
	defer s.recovered("panic in a media packet")
	p := packet{b: b, now: s.e.pace.now()}
	var n news
	why, to := s.accept(&p, from, &n)
	if why != taken {
		s.e.count.dropped[why].Add(1)
		return
	}
	s.e.count.In.Add(1)
	switch {
	case to == nil || p.b == nil:
	case p.turn != nil:
		for i := range p.turn.n {
			to.take(s, p.turn.at(i, &p))
		}
	default:
		to.take(s, &p)
	}
	s.tell(n)
}

// recovered keeps the goroutine of many streams alive; deferred.
func (s *Stream) recovered(what string) {
	if r := recover(); r != nil {
		s.e.count.Panics.Add(1)
		s.e.log.Error(what, "port", s.port, "panic", r, "stack", string(debug.Stack()))
	}
}

// taken is the Why of a packet that was not dropped.
const taken = whys

// accept applies the rules of one stream to a packet and returns the stream that it goes to.
func (s *Stream) accept(p *packet, from netip.AddrPort, n *news) (why Why, to *Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if why != taken {
			s.in.dropped++
		}
	}()
	if s.closed {
		return Stopped, nil
	}
	stray := !s.latch.known(from, p.now)
	if stray && !s.latch.lost(from, p.now) {
		return Source, nil
	}
	if !s.in.rate(p.now) {
		return Rate, nil
	}
	control := isRTCP(p.b)
	var ok bool
	if p.b, ok = s.crypt.open(p.b, control); !ok {
		return Secret, nil
	}
	if control && stray && s.crypt.in == nil {
		return Source, nil
	}
	if control {
		if !s.takeControl(p.b, p.now) {
			return Malformed, nil
		}
		p.b = nil
		return taken, nil
	}
	if p.header, ok = parse(p.b); !ok || !s.classify(p) {
		return Malformed, nil
	}
	if stray && s.crypt.in == nil && !s.in.follows(p) {
		return Source, nil
	}
	if !s.latch.take(from, p.ssrc, p.now, int64(s.e.c.Pace)) {
		return Source, nil
	}
	s.out.to = s.latch.to
	if !s.remote.Receive {
		return Stopped, nil
	}
	if !s.in.take(p) {
		return Late, nil
	}
	n.first = s.in.packets == 1
	s.alive(p.now, n)
	n.seat = s.seat
	if o := s.recodes(p); o != nil {
		if !o.put(p, s.in.spreadOf()) {
			return Late, nil
		}
		s.inTurn(o, p, n)
		p.turn = o
		return taken, s.rel.sink
	}
	q := p
	if p.wide {
		if q = s.narrowed(p); q == nil {
			return taken, s.rel.sink
		}
	}
	s.hear(q, n)
	if s.taps != nil {
		q.copyTo(s.taps)
	}
	return taken, s.rel.sink
}

func (s *Stream) alive(now int64, n *news) {
	s.in.last = now
	n.heard, s.in.quiet = s.in.quiet, false
}

// classify names what a packet carries by its payload type, and refuses types we never offered.
func (s *Stream) classify(p *packet) bool {
	size := p.end - p.body
	switch {
	case p.pt == 0 || p.pt == 8:
		p.kind, p.law = soundKind, audio.Law(p.pt/8)
		return size > 0 && size <= maxCut*2
	case p.pt == ptWide && s.remote.WideIn:
		p.kind, p.wide = soundKind, true
		return size > 0 && size <= maxCut*2
	case p.pt == ptComfort:
		p.kind, s.comforted = comfortKind, true
	case int(p.pt) == s.remote.EventPT || s.remote.EventIn > 0 && int(p.pt) == s.remote.EventIn:
		p.kind = eventKind
		return size >= 4
	default:
		return false
	}
	return true
}
