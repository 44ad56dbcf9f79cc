package ctisim

import (
	"time"

	"ringback/internal/cti"
)

// What the far end does, as the leg hears of it; all under the lock of Phones.

func (l *leg) farRings(early bool) {
	kind := cti.LegRinging
	if early {
		kind = cti.LegEarly
	}
	if !l.ending {
		l.ringStop.Stop()
		l.ringStop = l.after(l.order.Ring, l.missed)
	}
	l.tell(cti.Event{Kind: kind})
}

func (l *leg) farRefuses(code int) { l.end(causeOf(code), l.order.Party.Person(), code) }

func (l *leg) farAnswers() {
	l.ringStop.Stop()
	if l.ending { // 200 after CANCEL: ACK and BYE, and it ends as decided
		l.bye(l.decided)
		return
	}
	l.tell(cti.Event{Kind: cti.LegAnswered, Ref: []byte("ref " + l.order.Leg)})
	l.program = l.order.Hear
	l.plays()
	switch l.order.Confirm {
	case cti.ConfirmKey:
		l.asks(cti.KeyWindow)
	case cti.ConfirmKeyOrVoice:
		l.asks(cti.VoiceWindow)
	default:
		l.confirm()
	}
}

func (l *leg) confirm() {
	if l.state == cti.Answered && !l.ending {
		l.tell(cti.Event{Kind: cti.LegConfirmed})
		l.plays()
	}
}

// asks closes the window of confirmation; the sentence that says so is its last second.
func (l *leg) asks(window time.Duration) {
	l.after(window-SayTime, func() {
		if l.state == cti.Answered && !l.ending {
			l.hears("say sorry", SayTime)
		}
	})
	l.after(window, func() {
		if l.state == cti.Answered && !l.ending {
			l.ending = true
			l.bye(cti.NotConfirmed)
		}
	})
}

func (l *leg) farHangsUp() { l.end(cti.NormalClearing, l.order.Party.Person(), 0) }

func (l *leg) farPresses(key byte) {
	l.tell(cti.Event{Kind: cti.LegDigit, Digit: key})
	if key == '1' && l.order.Confirm != cti.ConfirmNone {
		l.confirm()
	}
}

func (l *leg) farSays() {
	if l.order.Confirm == cti.ConfirmKeyOrVoice {
		l.after(wordTime, l.confirm)
	}
}

// farDrones is a machine's speech without a pause, then its beep: no person is asked any more.
func (l *leg) farDrones() {
	if l.state == cti.Answered && l.order.Confirm == cti.ConfirmKeyOrVoice && !l.ending {
		l.ending = true
		l.bye(cti.Machine)
	}
}

func (l *leg) farQuiet(quiet bool) {
	if quiet {
		l.after(quietAfter, func() { l.tell(cti.Event{Kind: cti.LegQuiet}) })
		return
	}
	l.tell(cti.Event{Kind: cti.LegHeard})
}

func (l *leg) farDies() {
	l.after(quietAfter, func() { l.tell(cti.Event{Kind: cti.LegQuiet}) })
	l.after(DeadAfter, func() { l.end(cti.MediaLost, cti.ByNetwork, 0) })
}

// plays puts on record what the program makes the leg hear. A leg that is still asked to confirm hears First again
// and again.
func (l *leg) plays() {
	first, then := l.program.First, l.program.Then
	asked := l.state == cti.Answered && l.order.Confirm != cti.ConfirmNone
	switch {
	case asked && first != (cti.Prompt{}):
		l.hears("first "+string(first.Sound)+first.WAV, 0)
	case then != cti.SoundNone:
		l.hears(string(then), 0)
	case first != (cti.Prompt{}):
		l.hears("first "+string(first.Sound)+first.WAV, SayTime)
	default:
		l.hears("", 0)
	}
}

func (l *leg) hears(what string, d time.Duration) { l.call.hears(what, d) }

func (c *call) hears(what string, d time.Duration) {
	c.Heard = append(c.Heard, Heard{time.Now(), what, d})
}

// late is a call that no leg waits for any more: whatever answer comes is acknowledged and ended.
type late struct{ call *call }

func (l *late) farAnswers()   { l.call.gone("us") }
func (*late) farRings(bool)   {}
func (*late) farRefuses(int)  {}
func (*late) farHangsUp()     {}
func (*late) farPresses(byte) {}
func (*late) farSays()        {}
func (*late) farDrones()      {}
func (*late) farQuiet(bool)   {}
func (*late) farDies()        {}
