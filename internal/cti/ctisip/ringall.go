package ctisip

import (
	"context"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/cti/ctisip/registrar"
	"ringback/internal/cti/ctisip/sdp"
)

// branchOff is what a try of its own has that rings beside others: each registered telephone is offered a socket of its
// own, so that the sound of one that answers too late reaches it.
type branchOff struct {
	to     registrar.Target
	stream *media.Stream
	local  sdp.Local
}

// ringAll rings every telephone that is registered under a name. The first that answers has the leg.
func (l *leg) ringAll(user string) {
	targets, cause, why := l.sw.office.Targets(user)
	if len(targets) == 0 {
		l.why = why
		l.finish(ending{cause, cti.ByUs, 0})
		return
	}
	for _, to := range targets {
		t := &try{l: l, n: len(l.tries), key: contactNumber(to.Key), dest: to.Dest, transport: to.Transport, fork: &branchOff{to: to}}
		s, err := l.sw.engine.OpenTo(forkEars{ears{l}, t}, to.Dest.Addr())
		if err != nil {
			l.sw.c.Log.Error("no media socket", "leg", l.o.Leg, "error", err)
			break
		}
		t.fork.stream, t.fork.local = s, sdp.Local{ID: derivedNumber(l.o.Leg), Port: s.Port()}
		l.tries = append(l.tries, t)
	}
	if len(l.tries) == 0 {
		l.finish(ending{cti.Congestion, cti.ByUs, 0})
		return
	}
	for _, t := range l.tries {
		t.invite()
	}
}

// wins gives the leg the sound of the telephone that answered first.
func (t *try) wins() {
	if t.fork == nil {
		return
	}
	t.l.stream, t.l.local = t.fork.stream, t.fork.local
	for _, o := range t.l.tries {
		if o != t && o.open() {
			o.loser = true
			o.call.Lose(cancelReason(cti.NormalClearing))
		}
	}
}

// forkFailed takes the end of one telephone of several: one that is busy rests, and the others ring on; a person who
// declines has declined for all (RFC 3261 section 16.7, 6xx).
func (t *try) forkFailed(f dialog.Failure) {
	l := t.l
	if f.Code == 486 {
		l.sw.office.Busy(t.fork.to.User, t.fork.to.Key)
	}
	if f.Code >= 600 && l.end == nil && l.talk == nil && !t.loser {
		l.stop(endingOf(f, l.o.Party), cancelReason(cti.NormalClearing))
	}
}

// betterEnding says whether a says more of why nobody took the leg: a person's answer more than the network's.
func betterEnding(a, b ending) bool {
	return b.by == cti.ByNetwork && a.by != cti.ByNetwork
}

// taken is an answer that crossed the CANCEL: somebody else has the call. She hears so, and then BYE.
func (t *try) taken(body []byte) {
	l, s := t.l, t.fork.stream
	m, codec, ok := t.read(body)
	if !ok {
		t.call.Bye("")
		return
	}
	from, natted := t.call.Remote()
	s.Remote(l.remote(m, codec, t, from.Addr(), natted))
	s.Answered()
	bye := func() { t.call.Bye(cancelReason(cti.NormalClearing)) }
	t.silence = l.lane.After(sayPatience, bye)
	late := l.o.Late
	if late.IsZero() {
		late.Sound = cti.SoundTaken
	}
	s.Say(l.samples(late), func(bool) { l.lane.Do(bye) })
}

// hush closes the sound of a telephone that did not get the leg.
func (t *try) hush() {
	if t.fork != nil && t.fork.stream != nil && t.fork.stream != t.l.stream {
		t.fork.stream.Close()
	}
}

// forkEars hear a telephone of several: what it says counts once it has the leg.
type forkEars struct {
	ears
	t *try
}

func (e forkEars) mine(f func()) {
	e.l.lane.Do(func() {
		if e.l.talk == e.t {
			f()
		}
	})
}

func (e forkEars) Digit(b byte)        { e.mine(func() { e.l.digit(b) }) }
func (e forkEars) Quiet()              { e.mine(e.l.quiet) }
func (e forkEars) Heard()              { e.mine(e.l.heard) }
func (e forkEars) Ringing(on bool)     { e.mine(func() { e.ears.Ringing(on) }) }
func (e forkEars) Tone(t cti.Tone)     { e.mine(func() { e.ears.Tone(t) }) }
func (e forkEars) Voice(v media.Voice) { e.mine(func() { e.l.voice(v) }) }

// mayHaveRung returns the INVITEs that a process before may have sent to the telephones of a name.
func (sw *Switch) mayHaveRung(ctx context.Context, o cti.Order, user string) (out []dialog.Invitation) {
	for _, to := range sw.office.Known(user) {
		t := &try{key: contactNumber(to.Key), dest: to.Dest, transport: to.Transport, fork: &branchOff{to: to}}
		out = append(out, sw.namesOf(o, t))
	}
	return out
}
