package ctisip

import (
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/media"
)

// Pauses between two times of a question. Without a sound in between they stay below the two seconds that nobody is to
// hear nothing.
const (
	askAgain     = 4 * time.Second
	askAgainMute = 1800 * time.Millisecond
)

// answered starts what an answered leg hears, and the question whether a person took it.
func (l *leg) answered() {
	switch l.o.Confirm {
	case cti.ConfirmKey:
		l.question(cti.KeyWindow)
	case cti.ConfirmKeyOrVoice:
		l.question(cti.VoiceWindow)
		l.stream.ListenVoice(true)
	default:
		l.play(l.o.Hear, 0)
		l.confirmed()
	}
}

func (l *leg) question(window time.Duration) {
	again := askAgain
	if l.o.Hear.Then == cti.SoundNone {
		again = askAgainMute
	}
	l.play(l.o.Hear, again)
	l.window = l.lane.After(window, l.unconfirmed)
}

// unconfirmed is the end of the window: a person hears a sentence before she is hung up on.
func (l *leg) unconfirmed() {
	e := ending{cti.NotConfirmed, cti.ByUs, 0}
	if l.machine {
		e.cause = cti.Machine
	}
	l.stream.ListenVoice(false)
	l.sayAndBye(l.sw.sounds.Sound(cti.SoundSorry, l.o.Region), e, sayPatience)
}

// confirming says whether a key or a voice is waited for.
func (l *leg) confirming() bool { return l.window.Running() && !l.saying && !l.ended }

func (l *leg) digit(b byte) {
	if l.ended || l.saying {
		return
	}
	l.tell(cti.LegDigit, func(e *cti.Event) { e.Digit = b })
	if l.confirming() && b == '1' {
		l.confirmed()
	}
}

// ears brings what media hears onto the leg's lane.
type ears struct{ l *leg }

func (e ears) FirstPacket() {}

func (e ears) PromptDone() {}

func (e ears) Digit(b byte) { e.l.lane.Do(func() { e.l.digit(b) }) }

func (e ears) Quiet() { e.l.lane.Do(e.l.quiet) }

func (e ears) Heard() { e.l.lane.Do(e.l.heard) }

func (e ears) Voice(v media.Voice) { e.l.lane.Do(func() { e.l.voice(v) }) }

// voice takes a person for a confirmation. A monologue is a machine, or a robot that asks who is calling before it rings
// its owner: the line is held and asked to the end of the window, but from now on only a key counts, because the end of
// an announcement and the beep behind it sound like a word and a pause.
func (l *leg) voice(v media.Voice) {
	switch {
	case !l.confirming() || l.o.Confirm != cti.ConfirmKeyOrVoice:
	case v == media.VoicePerson:
		l.confirmed()
	default:
		l.machine = true
	}
}

func (l *leg) quiet() {
	if l.ended || l.talk == nil {
		return
	}
	l.tell(cti.LegQuiet)
	l.probe.Stop()
	l.probe = l.lane.After(deadSilence-quietAfter, l.dead)
}

func (l *leg) heard() {
	if l.ended || l.talk == nil {
		return
	}
	l.probe.Stop()
	l.tell(cti.LegHeard)
}

// dead is 20 s without a packet: the far end is asked whether it is still there. Who answers may be silent on.
func (l *leg) dead() {
	if l.ended || !l.talk.call.Up() {
		return
	}
	if since := time.Since(l.stream.LastHeard()); since < deadSilence-time.Second/10 {
		l.probe = l.lane.After(deadSilence-since, l.dead)
		return
	}
	l.talk.call.Probe(func(alive bool) {
		switch {
		case l.ended:
		case alive:
			l.probe = l.lane.After(deadSilence, l.dead)
		default:
			l.talk.call.Bye("")
			l.finish(ending{cti.MediaLost, cti.ByNetwork, 0})
		}
	})
}
