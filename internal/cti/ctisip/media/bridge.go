package media

// Bridge lets both hear each other. With a zip tone a hears it over b, whom it hears at once, and b hears a when it is
// over. Older bridges and programs of both end, so that after Unbridge there is comfort silence until the next Play.
func Bridge(a, b *Stream, zip []int16) {
	e := a.e
	e.link.Lock()
	defer e.link.Unlock()
	now := e.pace.now()
	if !a.goesOn(b) {
		a.part()
		b.part()
		a.follow(b, false, now, now)
	}
	b.follow(a, false, now, now+int64(len(zip))*sampleTime)
	a.Insert(zip)
	a.lead(b)
	b.lead(a)
}

// Early lets the leg to hear what the network of s, which is still ringing, plays; to hears its own program until
// packets come and after 1 s without. Nothing of to reaches s. Bridge, Unbridge, Say or Close of either ends it.
func (s *Stream) Early(to *Stream) {
	s.e.link.Lock()
	defer s.e.link.Unlock()
	if to.hears(s) {
		return
	}
	s.part()
	to.part()
	to.follow(s, true, s.e.pace.now(), 0)
	s.lead(to)
}

// Hold lets a joined leg hear p while the far end it is joined with, which has put it on hold, sends nothing of its own:
// as with Early, its music is heard from the first packet that is not silence, and p again after 1 s without. Resume or
// the end of the bridge ends it.
func (s *Stream) Hold(p Program) {
	s.held(true, player{p: p})
}

// Resume ends Hold.
func (s *Stream) Resume() { s.held(false, player{}) }

func (s *Stream) held(on bool, p player) {
	now := s.e.pace.now()
	s.mu.Lock()
	if !s.closed && s.rel.source != nil && s.rel.early != on {
		s.rel.early, s.rel.last = on, 0
		s.load(p)
	}
	s.mu.Unlock()
	s.e.pace.wake(s, now)
}

// Unbridge ends the bridge (or Early) of s; each side hears its program again.
func (s *Stream) Unbridge() {
	s.e.link.Lock()
	defer s.e.link.Unlock()
	s.part()
}

// goesOn makes an early relay of from, which nobody else is part of, an open one, without a hole.
func (s *Stream) goesOn(from *Stream) bool {
	from.mu.Lock()
	alone := from.rel.source == nil && from.rel.sink == s
	from.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !alone || s.closed || s.rel.source != from || s.rel.sink != nil || s.rel.last == 0 {
		return false
	}
	s.rel.early = false
	s.load(player{})
	return true
}

func (s *Stream) hears(from *Stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rel.source == from
}

// follow makes s relay from. The engine's link lock is held.
func (s *Stream) follow(from *Stream, early bool, now, closedUntil int64) {
	s.mu.Lock()
	if !s.closed {
		if !early {
			s.load(player{})
		}
		s.rel.restart()
		s.rel.source, s.rel.early, s.rel.closedUntil = from, early, closedUntil
		s.run(now)
	}
	s.mu.Unlock()
	s.e.pace.wake(s, now)
}

// lead makes s hand what it hears to another.
func (s *Stream) lead(to *Stream) {
	s.mu.Lock()
	if !s.closed {
		s.rel.sink = to
	}
	s.mu.Unlock()
}

// restart forgets the source, not the sink.
func (r *relay) restart() {
	*r = relay{sink: r.sink, filling: true, cutBuf: r.cutBuf[:0]}
}

// part takes s out of its room, and ends all that it relays and hands on. The engine's link lock is held.
func (s *Stream) part() {
	s.mu.Lock()
	s.seat = nil
	s.mu.Unlock()
	s.unlink()
}

// unlink ends all that s relays and hands on. The engine's link lock is held.
func (s *Stream) unlink() {
	s.mu.Lock()
	source, sink := s.rel.source, s.rel.sink
	s.rel.restart()
	s.rel.sink = nil
	s.mu.Unlock()
	if source != nil {
		source.lead(nil)
	}
	if sink != nil {
		sink.mu.Lock()
		sink.rel.restart()
		sink.mu.Unlock()
		s.e.pace.wake(sink, s.e.pace.now())
	}
	if source != nil || sink != nil {
		s.e.pace.wake(s, s.e.pace.now())
	}
}
