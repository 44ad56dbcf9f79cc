package media

import (
	"time"

	"ringback/internal/audio"
)

// ears make keys and voices out of what an answered leg's far end sends.
type ears struct {
	events keyEvents
	sound  *keySound // while the far end has no events and the leg is not joined
	voice  *voice    // while a person is waited for
	bank   *bank     // while tones of machines are listened for
	line   *lineup   // puts what they hear in order
	loud   int64     // when that heard a sound last, or began
}

// hear listens to a packet; what begins before the answer is not told. Keys in the sound are sought only on a leg that is not joined: in talk they belong to the
// parties.
func (s *Stream) hear(p *packet, n *news) {
	e := &s.ears
	if p.kind == eventKind {
		if key := e.events.take(p); s.answered != 0 {
			n.digit = key
		}
	}
	if p.kind != soundKind || s.answered == 0 {
		return
	}
	inband := s.remote.EventPT < 0 && !s.joined()
	switch {
	case !inband:
		e.sound = nil
	case e.sound == nil:
		e.sound = new(keySound)
	}
	if e.bank != nil && s.joined() && e.bank.age > bankJoined {
		e.bank = nil // from here on it is a talk
	}
	if e.sound == nil && e.voice == nil && e.bank == nil {
		e.line = nil
		return
	}
	if e.line == nil {
		e.line = &lineup{}
	}
	var room [2 * maxCut]int16
	samples := room[:p.end-p.body]
	p.law.Decode(samples, p.b[p.body:p.end])
	e.line.put(p.row, p.ts, samples, s.in.spreadOf(), func(samples []int16) { e.heed(samples, p.now, n) })
}

// heed is what is listened to, in order.
func (e *ears) heed(all []int16, now int64, n *news) {
	for len(all) > 0 {
		samples := all[:min(audio.Frame, len(all))]
		all = all[len(samples):]
		if e.sound != nil {
			if key := e.sound.take(samples); key != 0 {
				n.digit = key
			}
		}
		if e.bank != nil {
			e.listen(samples, now, n)
		} else {
			n.voice = e.judged(e.voice.take(samples, now), n.voice)
			e.sounds(now)
		}
	}
}

// sounds remembers when the far end was loud last.
func (e *ears) sounds(now int64) {
	if e.voice != nil && e.voice.loud {
		e.loud = now
	}
}

// bankJoined is for how many blocks the tones of a joined leg are listened to: 30 s.
const bankJoined = 600

// listen gathers blocks for the bank; what it takes for a signal of the network is no voice.
func (e *ears) listen(samples []int16, now int64, n *news) {
	g := e.bank
	g.last = now
	for len(samples) > 0 {
		k := copy(g.block[g.n:], samples)
		samples = samples[k:]
		if g.n += k; g.n < signalBlock {
			n.heardTone(heardTone{decided: g.glance()})
			return
		}
		g.n = 0
		h, tonal := g.take(g.block[:])
		n.heardTone(h)
		if tonal {
			n.voice = e.judged(e.voice.silent(now, int64(signalBlock)*sampleTime), n.voice)
			e.sounds(now)
			continue
		}
		for half := range 2 {
			n.voice = e.judged(e.voice.take(g.block[half*signalBlock/2:(half+1)*signalBlock/2], now), n.voice)
			e.sounds(now)
		}
	}
}

func (n *news) heardTone(h heardTone) {
	if h.tone != "" {
		n.tone = h.tone
	}
	if h.decided != unknown {
		n.ringing = h.decided
	}
}

// listens says whether what comes is of interest here, beyond keys by event.
func (s *Stream) listens() bool {
	e := &s.ears
	return s.answered != 0 && (e.voice != nil || e.bank != nil || s.remote.EventPT < 0 && !s.joined())
}

// judged ends the listening when there is a verdict.
func (e *ears) judged(now, before Voice) Voice {
	if now == "" {
		return before
	}
	e.voice = nil
	return now
}

// pause lets a far end that sends no packets be silent.
func (e *ears) pause(now int64, n *news) {
	n.voice = e.judged(e.voice.pause(now), "")
	if g := e.bank; g != nil && now-g.last >= idleAfter {
		clear(g.block[:])
		for ; now-g.last >= idleAfter; g.last += int64(signalBlock) * sampleTime {
			h, _ := g.take(g.block[:])
			n.heardTone(h)
		}
	}
}

// ListenTones starts, or starts over, to listen for tones of machines (Owner.Tone, Owner.Ringing); off stops it. On a
// joined leg it ends by itself after 30 s.
func (s *Stream) ListenTones(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ears.bank = nil
	if on {
		s.ears.bank = &bank{last: s.e.pace.now()}
	}
}

// ListenVoice starts, or starts over, to judge whether a person speaks; off stops it. Begin when the question has been
// asked: an answering "hello?" is no reply to it.
func (s *Stream) ListenVoice(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ears.voice = nil
	if on {
		now := s.e.pace.now()
		s.ears.voice = &voice{last: now}
		if s.ears.loud == 0 {
			s.ears.loud = now
		}
	}
}

// Silent is how long the far end has made no sound since ListenVoice began; 0 while it is off.
func (s *Stream) Silent() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ears.voice == nil {
		return 0
	}
	return time.Duration(s.e.pace.now() - s.ears.loud)
}

// voice tells a person, who says a word and waits, from a machine, which goes on and on. Times are nanoseconds.
type voice struct {
	floor  float64 // RMS of the line's own noise
	speech int64   // sound since the last real pause
	quiet  int64   // pause since the last sound
	last   int64   // when it was fed last
	loud   bool    // at the last sample
}

const (
	speechMin  = int64(300 * time.Millisecond)  // sound that counts as a word
	speechMax  = int64(2500 * time.Millisecond) // sound, with its breaths, that counts as a monologue
	pauseMin   = int64(700 * time.Millisecond)  // the pause that ends a word
	speechRMS  = 330                            // -40 dBFS: nothing fainter is speech
	floorRatio = 4                              // speech stands 12 dB over the line's noise
	idleAfter  = int64(100 * time.Millisecond)  // without packets: the far end detects voice itself
)

func (v *voice) take(samples []int16, now int64) Voice {
	if v == nil {
		return ""
	}
	v.last = now
	rms := audio.RMS(samples)
	loud := rms > max(speechRMS, v.floor*floorRatio)
	if v.loud = loud; !loud {
		v.floor += (rms - v.floor) / 16
	}
	return v.feed(loud, int64(len(samples))*sampleTime)
}

// silent lets time pass in which nobody speaks, though a tone sounds.
func (v *voice) silent(now, d int64) Voice {
	if v == nil {
		return ""
	}
	v.last, v.loud = now, true
	return v.feed(false, d)
}

func (v *voice) pause(now int64) Voice {
	if v == nil || now-v.last < idleAfter {
		return ""
	}
	d := now - v.last
	v.last = now
	return v.feed(false, d)
}

func (v *voice) feed(loud bool, d int64) Voice {
	if loud {
		if v.speech > 0 {
			v.speech += v.quiet // a breath between words belongs to the speech
		}
		v.speech, v.quiet = v.speech+d, 0
		if v.speech > speechMax {
			return VoiceMachine
		}
		return ""
	}
	if v.speech == 0 {
		return ""
	}
	if v.quiet += d; v.quiet < pauseMin {
		return ""
	}
	spoke := v.speech
	v.speech, v.quiet = 0, 0
	if spoke < speechMin {
		return "" // a click, a cough
	}
	return VoicePerson
}
