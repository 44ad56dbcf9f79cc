package ctisim

import (
	"time"

	"ringback/internal/audio"
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
		if keys := l.order.PostDial; keys != "" {
			l.hears("keys "+keys, 0)
		}
		l.confirm()
	}
}

func (l *leg) confirm() {
	if l.state != cti.Answered || l.ending {
		return
	}
	l.tell(cti.Event{Kind: cti.LegConfirmed})
	switch {
	case !l.order.Waits.IsZero():
		l.program = l.order.Waits
	case l.order.Confirm != cti.ConfirmNone:
		l.program = cti.Program{Then: l.order.Hear.Then}
	}
	l.plays()
}

// asks closes the window of confirmation; the sentence that says so is its last second.
func (l *leg) asks(window time.Duration) {
	say := l.order.Goodbye
	if say.IsZero() {
		say.Sound = cti.SoundSorry
	}
	l.after(window-SayTime, func() {
		if l.state == cti.Answered && !l.ending {
			l.hears("say "+say.String(), SayTime)
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
	l.recorded()
	if key == '1' && l.order.Confirm != cti.ConfirmNone {
		l.confirm()
	}
}

func (l *leg) farSays() {
	if l.order.Confirm == cti.ConfirmKeyOrVoice {
		l.after(wordTime, l.confirm)
	}
}

// farDrones is a machine's speech without a pause, then its beep: no person is asked any more. It is left the message.
func (l *leg) farDrones() {
	if l.state != cti.Answered || l.order.Confirm != cti.ConfirmKeyOrVoice || l.ending {
		return
	}
	l.ending = true
	if l.order.Message.IsZero() {
		l.bye(cti.Machine)
		return
	}
	l.hears("message "+l.order.Message.String(), MessageTime)
	l.after(MessageTime, func() { l.bye(cti.Machine) })
}

func (l *leg) farQuiet(quiet bool) {
	if quiet {
		l.after(quietAfter, func() { l.tell(cti.Event{Kind: cti.LegQuiet}) })
		return
	}
	l.tell(cti.Event{Kind: cti.LegHeard})
}

// farRefers asks that the other one goes on with somebody else; only telephones of ours may, in talk.
func (l *leg) farRefers(to, address cti.Endpoint) {
	if l.in == nil || l.in.guest(l) != nil || l.ending || l.order.To.Kind() != cti.SIP || l.order.Party == cti.Visitor {
		return
	}
	l.refers = true
	l.tell(cti.Event{Kind: cti.LegRefer, Target: to, Address: address})
}

// farHolds lets the other one of a bridge hear that it goes on.
func (l *leg) farHolds(on bool) {
	l.held = on
	switch {
	case l.in == nil || !l.in.heard[l]:
	case on:
		l.tell(cti.Event{Kind: cti.LegHeld})
		l.others("say moment")
	default:
		l.tell(cti.Event{Kind: cti.LegResumed})
		l.others("the other")
	}
}

// putAside asks the far end of a leg in no talk to wait, or to come back.
func (l *leg) putAside(on bool) {
	code := l.call.person.HoldCode
	l.sw.phones.tell(l.order.Callback, l.order.Leg, nil, "hold %d %v", l.order.Attempt, on)
	switch {
	case l.ending || l.aside == on:
	case code != 0 && l.order.To.Kind() != cti.Web:
		l.tell(cti.Event{Kind: cti.LegHoldRefused, By: cti.ByUs, SIPCode: code})
	default:
		l.aside = on
		k := cti.LegResumed
		if on {
			k = cti.LegHeld
		}
		l.tell(cti.Event{Kind: k, By: cti.ByUs, SIPCode: 200})
	}
}

// others hear something because of this leg; of three the others go on.
func (l *leg) others(hear string) {
	if o := l.in.others(l); len(o) == 1 {
		o[0].hears(hear, 0)
	}
}

func (l *leg) farDies() {
	l.after(quietAfter, func() { l.tell(cti.Event{Kind: cti.LegQuiet}) })
	l.after(DeadAfter, func() { l.end(cti.MediaLost, cti.ByNetwork, 0) })
}

// farSounds is a machine's tone: where there can be no person the leg ends.
func (l *leg) farSounds(t cti.Tone) {
	cause := map[cti.Tone]cti.Cause{cti.ToneFax: cti.Machine, cti.ToneBusy: cti.UserBusy, cti.ToneSIT: cti.UnallocatedNumber}[t]
	switch {
	case l.ending:
	case cause == "":
		l.tell(cti.Event{Kind: cti.LegTone, Tone: t})
	default:
		l.call.gone("us")
		l.tone = t
		l.end(cause, cti.ByNetwork, 0)
	}
}

// plays puts on record what the program makes the leg hear. A leg that is still asked to confirm hears First again
// and again.
func (l *leg) plays() {
	l.turn++
	first, then := l.program.First, l.program.Then
	asked := l.state == cti.Answered && l.order.Confirm != cti.ConfirmNone
	switch {
	case asked && !first.IsZero():
		l.hears("first "+first.String(), 0)
	case !first.IsZero():
		l.hears("first "+first.String(), SayTime)
		l.later(SayTime, func() { l.hears(string(then), 0) })
	default:
		l.hears(string(then), 0)
	}
	l.keeps = time.Time{}
	if most := l.program.Record; most > 0 {
		l.later(SayTime, func() {
			l.keeps = time.Now()
			l.later(most, l.recorded)
		})
	}
	if len(l.program.Notes) > 0 {
		l.notes(0)
	}
}

// recorded tells what the person said since the prompt was over.
func (l *leg) recorded() {
	if l.keeps.IsZero() {
		return
	}
	tone := audio.Tone{Ms: int(time.Since(l.keeps).Milliseconds())}
	if hz := l.call.person.Voice; hz > 0 {
		tone.Hz, tone.Level = []float64{float64(hz)}, 0.3
	}
	l.keeps = time.Time{}
	l.tell(cti.Event{Kind: cti.LegRecorded, WAV: audio.WAV(audio.Render(tone), 1)})
}

// notes lets the leg hear the nth note of its program when it is time.
func (l *leg) notes(n int) {
	p := l.program
	after, say := p.At(n)
	if n > 0 {
		before, _ := p.At(n - 1)
		after -= before
	}
	l.later(after, func() {
		l.hears("note "+say.String(), SayTime)
		l.later(SayTime, func() { l.hears(string(p.Then), 0) })
		l.notes(n + 1)
	})
}

// later does f unless the leg hears another program by then, or is joined or ended.
func (l *leg) later(d time.Duration, f func()) {
	turn := l.turn
	l.after(d, func() {
		if l.turn == turn && !l.ending && l.in == nil {
			f()
		}
	})
}

func (l *leg) hears(what string, d time.Duration) { l.call.hears(what, d) }

func (c *call) hears(what string, d time.Duration) {
	c.Heard = append(c.Heard, Heard{time.Now(), what, d})
}

// late is a call that no leg waits for any more: whatever answer comes is acknowledged and ended.
type late struct{ call *call }

func (l *late) farAnswers()                      { l.call.gone("us") }
func (*late) farRings(bool)                      {}
func (*late) farRefuses(int)                     {}
func (*late) farHangsUp()                        {}
func (*late) farPresses(byte)                    {}
func (*late) farSays()                           {}
func (*late) farDrones()                         {}
func (*late) farQuiet(bool)                      {}
func (*late) farDies()                           {}
func (*late) farRefers(to, address cti.Endpoint) {}
func (*late) farHolds(bool)                      {}
func (*late) farSounds(cti.Tone)                 {}
