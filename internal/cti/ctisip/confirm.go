package ctisip

import (
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/ladder"
)

// Times of a question.
const (
	// lead is filled with a soft tone: the first half second after the answer is lost on the way to the ear, and speech
	// begins when who answered has said hello.
	lead = 900 * time.Millisecond
	// shortestPause stands between two times of a question that is long.
	shortestPause = 700 * time.Millisecond
	// mutePause, between two times of a question, stays below the two seconds that nobody is to hear nothing.
	mutePause = 1800 * time.Millisecond
	// messageSilence is how long a machine that was heard must be silent before a message is left.
	messageSilence = 3 * time.Second
	// messagePatience bounds the wait for that silence, after the window.
	messagePatience = 90 * time.Second
)

// answered starts what an answered leg hears, and the question whether a person took it.
func (l *leg) answered() {
	if l.o.PostDial != "" && !l.dialled {
		l.dialled = true
		l.stream.Dial(l.o.PostDial, func() { l.lane.Do(l.answered) })
		return
	}
	if l.ended || l.saying || l.talk == nil {
		return
	}
	l.stream.ListenTones(l.o.To.Kind() == cti.Tel || l.o.Confirm != cti.ConfirmNone) // a desk telephone plays none
	switch l.o.Confirm {
	case cti.ConfirmKey:
		l.question(cti.KeyWindow, cti.AskAgain)
	case cti.ConfirmKeyOrVoice:
		l.question(cti.VoiceWindow, cti.VoiceAgain)
		l.stream.ListenVoice(true)
	default:
		l.play(l.o.Hear, 0)
		if l.o.Party == cti.Visitor && l.o.To.Kind() == cti.Tel && l.arrival == nil {
			l.doubt()
			return
		}
		l.confirmed()
	}
}

// question asks, again and again, until the window closes; its last seconds are the goodbye, in which a key still counts.
func (l *leg) question(window, every time.Duration) {
	pause := max(every-length(l.samples(l.o.Hear.First)), shortestPause)
	if l.o.Hear.Then == cti.SoundNone {
		pause = min(pause, mutePause)
	}
	l.window = l.lane.After(window, l.unconfirmed)
	l.play(cti.Program{First: cti.Prompt{Sound: cti.SoundSoft}}, 0)
	l.asks = l.lane.After(lead, func() { l.play(l.o.Hear, pause) })
	if l.o.Goodbye.IsZero() {
		l.o.Goodbye.Sound = cti.SoundSorry
	}
	l.parting = l.lane.After(window-length(l.samples(l.o.Goodbye)), func() {
		if !l.machine {
			l.play(cti.Program{First: l.o.Goodbye}, 0)
		}
	})
}

// confirmed says that a person took the leg: what is said is cut off, and she hears what comes next.
func (l *leg) confirmed() {
	asked := l.window.Running() && !l.doubted
	l.hush()
	l.doubted, l.rings = false, false
	l.stream.ListenVoice(false)
	switch {
	case !l.o.Waits.IsZero():
		l.play(l.o.Waits, 0)
	case asked:
		l.play(cti.Program{Then: l.o.Hear.Then}, 0)
	}
	l.tell(cti.LegConfirmed)
	l.guard()
}

// unconfirmed is the end of the window. A person has heard the goodbye; a machine is left the message.
func (l *leg) unconfirmed() {
	if !l.machine {
		l.stream.ListenVoice(false)
		l.sayAndBye(nil, ending{cti.NotConfirmed, cti.ByUs, 0}, 0)
		return
	}
	l.leaves = true
	l.play(cti.Program{}, 0) // what is recorded by now is not to end with half a question
	l.window = l.lane.After(messagePatience, l.message)
	l.awaitSilence()
}

// awaitSilence leaves the message as soon as the machine has been silent for long enough: it is never spoken into an
// announcement, which would leave the half of it.
func (l *leg) awaitSilence() {
	if l.o.Message.IsZero() || l.stream.Silent() >= messageSilence {
		l.message()
		return
	}
	l.asks = l.lane.After(messageSilence/10, l.awaitSilence)
}

// message is what an answering machine is left: once, whole, from the start.
func (l *leg) message() {
	l.stream.ListenVoice(false)
	say := l.o.Message
	if say.IsZero() {
		say = l.o.Goodbye
	}
	l.sayAndBye(l.samples(say), ending{cti.Machine, cti.ByUs, 0}, 0)
}

// confirming says whether a key or a voice is waited for.
func (l *leg) confirming() bool { return l.window.Running() && !l.saying && !l.ended }

func (l *leg) digit(b byte) {
	if l.ended || l.talk == nil {
		return
	}
	l.tell(cti.LegDigit, func(e *cti.Event) { e.Digit = b })
	l.kept(keyCut)
	if l.confirming() && b == '1' {
		l.confirmed()
	}
}

// ears brings what media hears onto the leg's lane.
type ears struct{ l *leg }

func (e ears) FirstPacket() { e.l.traced(ladder.Media, "first sound of the far end") }

func (e ears) PromptDone() { e.l.lane.Do(e.l.promptDone) }

func (e ears) Digit(b byte) { e.l.lane.Do(func() { e.l.digit(b) }) }

func (e ears) Quiet() { e.l.lane.Do(e.l.quiet) }

func (e ears) Heard() { e.l.lane.Do(e.l.heard) }

func (e ears) Ringing(on bool) { e.l.lane.Do(func() { e.l.ringing(on) }) }

func (e ears) Tone(t cti.Tone) { e.l.lane.Do(func() { e.l.tone(t) }) }

func (e ears) Voice(v media.Voice) { e.l.lane.Do(func() { e.l.voice(v) }) }

// promptDone: only what is said after the question is an answer to it.
func (l *leg) promptDone() {
	if l.confirming() && !l.asks.Running() {
		l.asked = true
	}
}

// voice takes a person for a confirmation. A monologue is a machine, or a robot that asks who is calling before it rings
// its owner: the line is held and asked to the end of the window, but from now on only a key counts, because the end of
// an announcement and the beep behind it sound like a word and a pause. A hello before the question is no answer.
func (l *leg) voice(v media.Voice) {
	switch {
	case l.ended || l.saying || !l.window.Running() || l.o.Confirm != cti.ConfirmKeyOrVoice:
		return
	case v == media.VoicePerson && l.asked && !l.machine:
		l.confirmed()
		return
	case v == media.VoiceMachine:
		l.machine = true
	}
	l.stream.ListenVoice(true)
}

func (l *leg) quiet() {
	if l.ended || l.talk == nil || l.held || l.aside || l.silent {
		return
	}
	if c, ok := l.talk.call.(*atBrowser); ok && !c.goneQuiet() {
		return
	}
	l.silent = true
	l.tell(cti.LegQuiet)
	l.probe.Stop()
	l.probe = l.lane.After(deadSilence-quietAfter, l.dead)
}

func (l *leg) heard() {
	if l.ended || l.talk == nil {
		return
	}
	if c, ok := l.talk.call.(*atBrowser); ok {
		c.heardAgain()
	}
	l.probe.Stop()
	l.probed = 0
	if l.silent {
		l.silent = false
		l.tell(cti.LegHeard)
	}
}

// dead is 20 s without a packet: the far end is asked whether it is still there. Who answers may be silent on. Many
// telephones answer any OPTIONS, so one that does is asked by a request that an ended dialog must refuse: at once if it
// has sent RTCP, for a far end that did and stopped is most likely gone; else after 20 s more of silence, and then now and
// then, because machines that understand calls alone, and never sent RTCP, stumble over it.
func (l *leg) dead() {
	if l.ended || l.held || l.aside || !l.talk.call.Up() {
		return
	}
	if since := time.Since(l.stream.LastHeard()); since < deadSilence-time.Second/10 {
		l.probe = l.lane.After(deadSilence-since, l.dead)
		return
	}
	verify := l.probed%verifyEach == 1 || l.probed == 0 && l.stream.Reporting()
	l.probed++
	l.talk.call.Probe(func(alive bool) {
		if alive && verify && !l.ended {
			l.talk.call.Verify(l.judged)
			return
		}
		l.judged(alive)
	})
}

// judged ends a call whose far end is gone.
func (l *leg) judged(alive bool) {
	switch {
	case l.ended:
	case alive:
		l.probe = l.lane.After(deadSilence, l.dead)
	default:
		l.talk.call.Bye("")
		l.finish(ending{cti.MediaLost, cti.ByNetwork, 0})
	}
}

// verifyEach: of so many questions in one silence one is followed by a re-INVITE or UPDATE, the second first; for who has
// sent RTCP the very first is, too.
const verifyEach = 6

// leavesNothing ends the question to a voicemail that begins to record: a second of silence, and no message.
func (l *leg) leavesNothing() {
	l.play(cti.Program{}, 0)
	l.asks.Stop()
	l.parting.Stop()
	l.window.Stop()
	l.window = l.lane.After(time.Second, l.unconfirmed)
}
