package media

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Stream is a leg's sound: one socket, one sender, one source that is listened to.
type Stream struct {
	e     *Engine
	owner Owner
	port  uint16
	bind  netip.Addr // of its sockets

	patience int64 // how long the far end may be silent until its owner is told

	due  int64 // of the pacer, under its lock
	slot int

	mu        sync.Mutex
	closed    bool
	running   bool // the sender's clock goes
	answered  int64
	remote    Remote
	latch     latch
	comforted bool // comfort noise has come
	in        hearing
	ears      ears
	out       sender
	play      player
	mix       []int16 // what Insert adds to the next packets
	noise     int     // place in the comfort noise
	rel       relay
	seat      *seat    // in a room; nil = it is in none
	dial      *dialing // keys that are being sent
	ctl       control
	wide      *wideEar    // since G.722 came
	order     *order      // since it was recoded, or G.711 for a leg of G.722
	recoded   bool        // the newest sound is
	wideOut   atomic.Bool // out.wide is there; for who hands packets on, without the lock
	taps      []*Tap      // who copies what the far end says; replaced as a whole
	crypt     crypt
	after     []func() // calls that the pacer's goroutine makes
}

func newStream(e *Engine, o Owner, port uint16) *Stream {
	s := &Stream{e: e, owner: o, port: port, patience: int64(silentAfter)}
	r := e.c.Rand
	s.out.ssrc, s.out.seq, s.out.ts = r.Uint32(), uint16(r.Uint32()), r.Uint32()
	s.noise = r.IntN(comfortLen)
	s.ctl.name, s.ctl.spread = cname(r.Uint64(), r.Uint64()), s.out.ssrc|1
	s.out.shape(0, int64(e.c.Pace))
	return s
}

// Port returns the local RTP port.
func (s *Stream) Port() uint16 { return s.port }

// Remote takes the newest SDP. Silence frames go out from the first one on, or else a phone behind a router never gets
// through: both ends wait for each other. A changed address opens a new window to learn the source.
func (s *Stream) Remote(r Remote) {
	now := s.e.pace.now()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	if r.Receive && !s.remote.Receive {
		s.in.since = now // silence counts from here
	}
	s.remote = r
	s.latch.set(r, now)
	law, cut, wide := s.out.law, s.out.cut, s.out.wide != nil
	s.speak(r.Wide)
	s.out.law, s.out.pt, s.out.eventPT = r.Law, r.PT, r.EventPT
	s.out.shape(r.Ptime, int64(s.e.c.Pace))
	if law != s.out.law || cut != s.out.cut || wide != r.Wide { // what waits to be sent has the old shape
		s.rel.cutBuf, s.rel.filling = s.rel.cutBuf[:0], true
		if s.seat != nil {
			s.seat.cut = s.seat.cut[:0]
		}
	}
	s.out.to = s.latch.to
	s.ctl.aim(r, s.latch.to)
	err := s.crypt.agree(r.Crypt)
	s.out.crypt = s.crypt.out
	if err != nil {
		s.e.log.Error("a key that was agreed on does not fit", "port", s.port, "error", err)
		r.Send, s.remote.Receive = false, false
	}
	s.out.on = r.Send && s.latch.to.Port() != 0 && s.latch.to.Addr().IsValid() && !r.Addr.Addr().IsUnspecified()
	s.run(now)
	s.mu.Unlock()
	s.e.pace.wake(s, now)
}

// run starts the sender's clock.
func (s *Stream) run(now int64) {
	if s.running {
		return
	}
	s.running = true
	s.out.clockAt, s.out.clockTS, s.out.marker = now, s.out.ts, true
}

// Answered opens the ears: keys, silence of the far end (Owner.Quiet) and voice count from here on.
func (s *Stream) Answered() {
	now := s.e.pace.now()
	s.mu.Lock()
	if s.answered == 0 && !s.closed {
		s.answered, s.in.since = now, now
		s.ctl.later(now, int64(s.e.c.Pace), true)
		s.run(now)
	}
	s.mu.Unlock()
	s.e.pace.wake(s, now)
}

// Play replaces what the leg hears while it is not joined, at the next frame. It does not end a bridge. A Say that is
// not over is done with false.
func (s *Stream) Play(p Program) {
	now := s.e.pace.now()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.load(player{p: p})
	s.run(now)
	s.mu.Unlock()
	s.e.pace.wake(s, now)
}

// load replaces the player.
func (s *Stream) load(p player) {
	if f := s.play.say; f != nil {
		s.after = append(s.after, func() { f(false) })
	}
	s.play = p
	if !p.idle() {
		s.out.marker = true
	}
}

// Say ends what is relayed to this leg and from it, plays samples and calls done from a goroutine of the engine: with
// true when all has been sent (empty samples: at once), with false when something else is played or the stream is closed first.
// Afterwards the leg hears comfort silence.
func (s *Stream) Say(samples []int16, done func(whole bool)) {
	s.Unbridge()
	now := s.e.pace.now()
	p := player{p: Program{First: samples}, say: done}
	s.mu.Lock()
	if len(samples) > 0 {
		p.sayTail = sayTail + s.out.step
	}
	if s.closed {
		s.after = append(s.after, func() { done(false) })
	} else {
		s.load(p)
		s.run(now)
	}
	s.mu.Unlock()
	s.e.pace.wake(s, now)
}

// Insert mixes samples into what the leg hears, relayed or played; what was inserted before is heard first.
func (s *Stream) Insert(samples []int16) {
	s.mu.Lock()
	if len(s.mix) == 0 {
		s.mix = samples[:len(samples):len(samples)] // shared with who gave it until more comes: mixing only reads
	} else {
		s.mix = append(s.mix, samples...)
	}
	s.mu.Unlock()
}

// LastHeard returns when the last packet passed, of sound or RTCP, or the time of Answered when none came since; zero before.
func (s *Stream) LastHeard() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.e.at(max(s.in.last, s.ctl.last, s.answered))
}

// Reporting says whether the far end has ever sent RTCP.
func (s *Stream) Reporting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ctl.last != 0
}

// Stats returns the figures so far.
func (s *Stream) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{In: s.in.packets, Out: s.out.sent, Dropped: s.in.dropped, Lost: s.in.lost(),
		Jitter: s.in.spreadOf(), LastHeard: s.e.at(s.in.last), Source: s.latch.learned}
}

// at turns the engine's nanoseconds into a time; 0 is the zero time.
func (e *Engine) at(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return e.pace.start.Add(time.Duration(ns))
}

// Close ends the stream and frees its port. It does not wait, so an Owner may call it.
func (s *Stream) Close() {
	s.Unbridge()
	s.mu.Lock()
	was := s.closed
	if !was {
		if s.dial != nil {
			s.after = append(s.after, s.dial.done)
			s.dial = nil
		}
		s.sendReport(s.e.pace.now(), true)
		s.load(player{})
	}
	s.closed, s.taps = true, nil
	control := s.ctl.socket
	s.mu.Unlock()
	if was {
		return
	}
	s.out.socket.close()
	if control != nil {
		control.close()
	}
	s.e.forget(s)
	s.e.pace.wake(s, 0)
}
