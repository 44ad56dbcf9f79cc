package media

import (
	"time"

	"ringback/internal/cti"
)

// silentAfter is how long the far end may be silent until its owner is told.
const silentAfter = 3 * time.Second

// news is what a tick or a packet means to the owner, told after the lock is given back.
type news struct {
	first, quiet, heard, prompt bool
	digit                       byte
	seat                        *seat // whose hearers have the digit too
	voice                       Voice
	tone                        cti.Tone
	ringing                     decision
	after                       []func()
}

func (s *Stream) tell(n news) {
	if n.first {
		s.owner.FirstPacket()
	}
	if n.quiet {
		s.owner.Quiet()
	}
	if n.heard {
		s.owner.Heard()
	}
	if n.digit != 0 {
		s.owner.Digit(n.digit)
		if n.seat != nil {
			n.seat.room.press(n.seat, n.digit)
		}
	}
	if n.voice != "" {
		s.owner.Voice(n.voice)
	}
	if n.ringing != unknown {
		s.owner.Ringing(n.ringing == rings)
	}
	if n.tone != "" {
		s.owner.Tone(n.tone)
	}
	if n.prompt {
		s.owner.PromptDone()
	}
	for _, f := range n.after {
		f()
	}
}

// tick sends what is due and returns when to come again, 0 for never. An owner that panics loses nothing but its news.
func (s *Stream) tick(now int64) (next int64) {
	defer s.recovered("panic on the pacer's goroutine")
	next, n := s.beat(now)
	s.tell(n)
	return next
}

func (s *Stream) beat(now int64) (next int64, n news) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || !s.running:
	case s.seat != nil:
		next = s.seated(now)
	case s.relaying(now):
		next = s.fill(now)
	default:
		next = s.own(now, &n)
	}
	if !s.closed {
		s.report(now)
		n.quiet = s.wentQuiet(now)
		s.ears.pause(now, &n)
	}
	n.after, s.after = s.after, nil
	return next, n
}

// own sends the packets of the program that are due.
func (s *Stream) own(now int64, n *news) int64 {
	s.rel.filling = true // what is relayed next comes after packets of our own
	o := &s.out
	if now-o.dueAt() > int64(catchUp*o.step)*sampleTime {
		o.skipTo(now)
	}
	for o.dueAt() <= now {
		o.rebase()
		if s.dial != nil && s.key() {
			continue
		}
		if s.frame(&s.play) && s.play.say == nil {
			n.prompt = true
		}
		if f := s.play.said(o.step); f != nil {
			s.after = append(s.after, func() { f(true) })
		}
	}
	return o.dueAt()
}

// frame sends one packet of p, nil for comfort noise, and reports whether p's First came to its end in it.
func (s *Stream) frame(p *player) (done bool) {
	o := &s.out
	body := o.buf[headerLen:]
	if (p == nil || p.idle()) && len(s.mix) == 0 && o.wide == nil {
		s.e.comfort.bytes(o.law, body, &s.noise)
	} else {
		var room [maxCut]int16
		samples := room[:o.cut]
		if p != nil {
			done = p.read(samples)
		}
		if hushed(samples) {
			s.e.comfort.samples(samples, &s.noise)
		}
		s.mixInto(samples)
		o.encode(body, samples)
	}
	if p != nil && o.step > o.cut {
		done = p.pass(o.step-o.cut) || done
	}
	if o.next(o.step) {
		s.sent()
	}
	return done
}

// sent counts a packet that left.
func (s *Stream) sent() {
	s.e.count.Out.Add(1)
	if s.latch.firstOut == 0 {
		s.latch.firstOut = s.e.pace.now()
	}
}

// mixInto adds what was inserted to samples.
func (s *Stream) mixInto(samples []int16) {
	if len(s.mix) == 0 {
		return
	}
	n := min(len(s.mix), len(samples))
	for i, v := range s.mix[:n] {
		samples[i] = int16(max(-32768, min(32767, int(samples[i])+int(v))))
	}
	if s.mix = s.mix[n:]; len(s.mix) == 0 {
		s.mix = nil
	}
}

// wentQuiet says, once, that the far end has been silent for too long though it may send.
func (s *Stream) wentQuiet(now int64) bool {
	limit := max(s.patience, 3*int64(s.e.c.Pace))
	if s.answered == 0 || s.in.quiet || !s.remote.Receive || now-max(s.in.last, s.in.since) < limit {
		return false
	}
	s.in.quiet = true
	return true
}
