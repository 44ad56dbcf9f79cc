package ctisip

import (
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/ladder"
)

// What a leg hears while it is not joined.

// samples returns what a prompt sounds like; what cannot be read is left out and said in the log.
func (l *leg) samples(p cti.Prompt) []int16 {
	out, err := l.sw.sounds.Prompt(p, l.o.Region)
	if err != nil {
		l.sw.c.Log.Warn("prompt not played", "leg", l.o.Leg, "error", err)
	}
	return out
}

// commanded plays what the application wants to be heard.
func (l *leg) commanded(p cti.Program) {
	if l.ended || l.saying || l.stream == nil {
		return
	}
	l.play(p, 0)
	l.guard()
}

// play begins a program; again is the pause after which its first prompt is heard once more, 0 = never.
func (l *leg) play(p cti.Program, again time.Duration) {
	prog, err := l.sw.sounds.Program(p, l.o.Region)
	if err != nil {
		l.sw.c.Log.Warn("prompt not played", "leg", l.o.Leg, "error", err)
	}
	prog.Again = again
	l.traced(ladder.Plays, played(p))
	l.stream.Play(prog)
	l.note.Stop()
	l.dropKept()
	if p.Record > 0 {
		l.keep = l.lane.After(length(prog.First), func() { l.keepSound(min(p.Record, recordMost)) })
	}
	if len(p.Notes) > 0 {
		l.notes(p, time.Now(), 0)
	}
}

// recordMost bounds what is kept of one leg at once.
const recordMost = 2 * time.Minute

// keyCut is how much of a recording's end is left out when a key ended it: it may be heard in it.
const keyCut = 150 * time.Millisecond

// keepSound begins to keep what the far end says.
func (l *leg) keepSound(most time.Duration) {
	if l.ended || l.saying || l.bridge != nil {
		return
	}
	l.capture = l.stream.Capture(most)
	l.keep = l.lane.After(most, func() { l.kept(0) })
}

// kept tells what was kept, without its last part.
func (l *leg) kept(cut time.Duration) {
	if l.capture == nil {
		return
	}
	samples := l.capture.Stop()
	l.capture = nil
	l.keep.Stop()
	samples = samples[:max(0, len(samples)-int(cut*audio.Rate/time.Second))]
	l.tell(cti.LegRecorded, func(e *cti.Event) { e.WAV = audio.WAV(samples, 1) })
}

// dropKept forgets what was kept: something else is heard now.
func (l *leg) dropKept() {
	l.keep.Stop()
	if l.capture != nil {
		l.capture.Stop()
		l.capture = nil
	}
}

// notes says the nth note of a program, and the next when it is time.
func (l *leg) notes(p cti.Program, begun time.Time, n int) {
	after, say := p.At(n)
	l.note = l.lane.After(after-time.Since(begun), func() {
		if l.ended || l.saying || l.bridge != nil {
			return
		}
		prog, err := l.sw.sounds.Program(cti.Program{First: say, Then: p.Then}, l.o.Region)
		if err != nil {
			l.sw.c.Log.Warn("prompt not played", "leg", l.o.Leg, "error", err)
		}
		l.traced(ladder.Plays, spoken(say))
		l.stream.Play(prog)
		l.notes(p, begun, n+1)
	})
}

// hush ends what would be said later by itself.
func (l *leg) hush() {
	l.window.Stop()
	l.asks.Stop()
	l.parting.Stop()
	l.note.Stop()
	l.dropKept()
}

// guard starts the time after which an answered leg that nobody commands is ended with a sentence. While others of its
// callback talk it is they who are waited for: an agent may ask somebody for longer.
func (l *leg) guard() {
	l.alone.Stop()
	l.alone = l.lane.After(lonely, func() {
		switch {
		case l.bridge != nil:
		case l.sw.talks(l.o.Callback):
			l.guard()
		default:
			l.sayAndBye(l.sw.sounds.Sound(cti.SoundSorry, l.o.Region), ending{cti.NormalClearing, cti.ByUs, 0}, 0)
		}
	})
}

// talks says whether legs of a callback are in a talk.
func (sw *Switch) talks(cb id.Callback) bool {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	for _, l := range sw.legs {
		if l.o.Callback == cb && l.in != nil {
			return true
		}
	}
	return false
}

// length is how long samples sound.
func length(samples []int16) time.Duration {
	return time.Duration(len(samples)) * time.Second / audio.Rate
}
