package ctisip

import (
	"time"

	"ringback/internal/cti"
)

// doubtFor is how long a visitor's 200 is doubted when nothing can be heard yet. Some gateways answer at once and play
// the ringing inside the call. What the leg sends is heard by who waits all the same, so nothing of a "hello?" is lost.
const doubtFor = 100 * time.Millisecond

// ringsFor is how much longer a first sound like a ringing tone is listened to.
const ringsFor = 150 * time.Millisecond

// doubt waits for the first sound of a leg that needs no other confirmation.
func (l *leg) doubt() {
	l.doubted = true
	if w := l.waiting(); w != nil && w.stream != nil {
		l.stream.Early(w.stream)
	}
	l.window = l.lane.After(doubtFor, func() {
		if l.stream.Stats().In == 0 {
			l.believe()
			return
		}
		l.window = l.lane.After(ringsFor, l.believe)
	})
}

// believe takes the answer for one.
func (l *leg) believe() {
	if l.doubted {
		l.doubted = false
		l.confirmed()
	}
}

// ringing holds everything back while the leg rings though it says it is answered: the window of the question waits and
// begins anew when somebody answers, at most for the time it may ring.
func (l *leg) ringing(on bool) {
	switch {
	case l.ended || l.saying || l.bridge != nil:
	case on && l.window.Running():
		l.hush()
		l.rings = true
		l.window = l.lane.After(l.o.Ring, l.stillRings)
	case on:
	case l.doubted:
		l.rings = false
		l.believe()
	case l.rings:
		l.rings = false
		l.window.Stop()
		l.answered()
	}
}

// stillRings is the end of the ring time of a call that was answered by nobody.
func (l *leg) stillRings() { l.drop(ending{cti.NoAnswer, cti.ByUs, 0}, cti.ToneRingback) }

// tone is what a machine says. A person is never cut off: media tells no busy, fax or dead number once somebody spoke.
func (l *leg) tone(t cti.Tone) {
	if l.ended || l.saying || l.talk == nil {
		return
	}
	switch t {
	case cti.ToneFax:
		l.drop(ending{cti.Machine, cti.ByNetwork, 0}, t)
	case cti.ToneSIT:
		l.drop(ending{cti.UnallocatedNumber, cti.ByNetwork, 0}, t)
	case cti.ToneBusy:
		l.drop(ending{cti.UserBusy, cti.ByNetwork, 0}, t)
	default:
		l.tell(cti.LegTone, func(e *cti.Event) { e.Tone = t })
		switch {
		case t != cti.ToneBeep:
		case l.leaves:
			l.message()
		case l.o.Confirm == cti.ConfirmKey && l.confirming():
			l.leavesNothing()
		}
	}
}

// drop ends an answered leg at which nobody is, without a word.
func (l *leg) drop(e ending, why cti.Tone) {
	if l.ended || l.talk == nil {
		return
	}
	l.toneWhy = why
	l.talk.call.Bye("")
	l.finish(e)
}
