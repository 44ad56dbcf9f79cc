package ctitest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/id"
)

// rows is what is asked of a switch. raw rows begin before Reconcile.
var rows = []struct {
	name string
	raw  bool
	run  func(*row)
}{
	{name: "an answered leg tells its life in order", run: life},
	{name: "a call that comes in is answered, joined and ended", run: caller},
	{name: "calls that come in are refused", run: callersRejected},
	{name: "who called hears the closing sentence", run: callerHungUpOn},
	{name: "who called is hung up on after a crash", run: callerAfterCrash},
	{name: "the same order again is no second call", run: again},
	{name: "busy, declined, unknown", run: refusals},
	{name: "the ring limit counts from the first ringing", run: ringLimit},
	{name: "hang up while it rings", run: whileRinging},
	{name: "hang up crosses the answer", run: crossing},
	{name: "hang up after the closing sentence", run: saying},
	{name: "last words give way to others", run: instead},
	{name: "hang up of what is over or unknown is nothing", run: nothing},
	{name: "key confirmation", run: keyed},
	{name: "nobody confirms", run: unconfirmed},
	{name: "join, and a partner who leaves", run: joined},
	{name: "join of what is not up", run: joinNothing},
	{name: "max talk", run: maxTalk},
	{name: "a recorded talk", run: recorded},
	{name: "one of them hangs up in the notice", run: hangsUpInNotice},
	{name: "record what is not recorded", run: notRecorded},
	{name: "hold and back", run: hold},
	{name: "somebody is put on hold, and called back", run: putOnHold},
	{name: "a far end alone is put on hold, and called back", run: putAside},
	{name: "a far end refuses to be put on hold", run: refusesHold},
	{name: "a transfer, and back", run: transfer},
	{name: "a trunk asks for no transfer", run: noTransfer},
	{name: "a conference, and one who leaves", run: conference},
	{name: "a conference to its end", run: conferenceEnds},
	{name: "somebody is asked while the visitor waits", run: consult},
	{name: "who is left alone is kept", run: kept},
	{name: "one is taken out of a conference", run: outOfConference},
	{name: "confer of what is not up", run: conferNothing},
	{name: "a supervisor comes and goes", run: monitored},
	{name: "a supervisor stays to the end", run: monitoredEnds},
	{name: "a supervisor waits while the agent asks somebody", run: monitoredOn},
	{name: "keys to a far end", run: keysOut},
	{name: "play", run: play},
	{name: "record", run: record},
	{name: "how the trunks are", run: linesTold},
	{name: "refused: second visitor leg, ended leg", run: second},
	{name: "refused: stale fence", run: stale},
	{name: "refused: cancelled callback", run: cancelled},
	{name: "refused: past its deadline", run: pastDeadline},
	{name: "refused: no trunk", raw: true, run: noTrunk},
	{name: "refused: not reconciled", raw: true, run: notReconciled},
	{name: "nobody is registered", run: nobodyRegistered},
	{name: "no browser is there", run: noBrowser},
	{name: "a desk accepts", run: browserAccepts},
	{name: "a desk does not accept", run: browserIgnores},
	{name: "a visitor's browser", run: browserVisitor},
	{name: "a browser is lost and comes back, and is lost", run: browserComesBack},
	{name: "a browser is lost while it rings", run: browserLostRinging},
	{name: "a browser after a restart", run: browserAfterRestart},
	{name: "legs are known", run: known},
	{name: "reconcile adopts what it knows", run: adopts},
	{name: "restart while it rings", run: restartRinging},
	{name: "restart while it is up", run: restartUp},
	{name: "restart before it was sent", run: restartUnsent},
	{name: "fences outlive a restart", run: fencesRestart},
	{name: "many at once", run: many},
}

const (
	ann = 2001
	bob = 2002
)

func life(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers", After: 3 * time.Second, Talk: 10 * time.Second})
	o := r.order("cb_1", cti.Agent, Number(ann))
	r.originate(o)
	end := r.ends(o.Leg, cti.NormalClearing, cti.ByAgent)
	r.in(o.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegEnded)
	sent, answered := r.await(o.Leg, cti.LegSent), r.await(o.Leg, cti.LegAnswered)
	if sent.CallID == "" || sent.Trunk != r.h.Trunk.ID || sent.Callback != o.Callback || sent.Attempt != 1 || sent.Party != cti.Agent {
		r.Errorf("sent: %+v", sent)
	}
	if len(answered.Ref) == 0 {
		r.Error("answered without the state to store")
	}
	r.took("the answer", sent.At, answered.At, 3*time.Second)
	r.took("the talk", answered.At, end.At, 10*time.Second)
	r.openIs(0)
}

func again(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers", After: 5 * time.Second})
	o := r.order("cb_1", cti.Visitor, Number(ann))
	for range 3 {
		r.originate(o)
	}
	r.await(o.Leg, cti.LegRinging)
	r.originate(o)
	r.await(o.Leg, cti.LegConfirmed)
	r.originate(o)
	if n := r.h.Rung(o.To); n != 1 {
		r.Errorf("the telephone was rung %d times", n)
	}
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(o.Leg, cti.NormalClearing, cti.ByUs)
	r.once(o.Leg)
}

func refusals(r *row) {
	for i, c := range []struct {
		does  string
		cause cti.Cause
		code  int
	}{{"busy", cti.UserBusy, 486}, {"declines", cti.CallRejected, 603}, {"unknown", cti.UnallocatedNumber, 404}} {
		r.h.Script(Number(3000+i), Person{Does: c.does, After: time.Second})
		o := r.order("cb_1", cti.Visitor, Number(3000+i))
		r.originate(o)
		if e := r.ends(o.Leg, c.cause, ""); e.SIPCode != c.code {
			r.Errorf("%s: SIP code %d, want %d", c.does, e.SIPCode, c.code)
		}
		r.once(o.Leg)
	}
	r.openIs(0)
}

func ringLimit(r *row) {
	r.h.Script(Number(ann), Person{Does: "rings"})
	o := r.order("cb_1", cti.Agent, Number(ann))
	o.Ring = 20 * time.Second
	r.originate(o)
	ringing := r.await(o.Leg, cti.LegRinging)
	r.took("ringing", ringing.At, r.ends(o.Leg, cti.NoAnswer, cti.ByUs).At, 20*time.Second)
	r.once(o.Leg)
	r.openIs(0)
}

func whileRinging(r *row) {
	r.h.Script(Number(ann), Person{Does: "rings"})
	o := r.order("cb_1", cti.Visitor, Number(ann))
	r.originate(o)
	r.await(o.Leg, cti.LegRinging)
	start := time.Now()
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.CauseCancelled, Say: cti.Prompt{Sound: cti.SoundSorry}})
	r.took("the CANCEL", start, r.ends(o.Leg, cti.CauseCancelled, cti.ByUs).At, 0)
	r.once(o.Leg)
	r.openIs(0)
}

// crossing hangs up at instants around the answer: whichever comes first, the leg ends once, as decided, and nobody
// is left on the line.
func crossing(r *row) {
	const answer = 2 * time.Second
	for i, d := range []time.Duration{-time.Millisecond, -time.Microsecond, 0, time.Microsecond, time.Millisecond} {
		at := Number(3000 + i)
		r.h.Script(at, Person{Does: "answers", After: answer})
		o := r.order("cb_1", cti.Visitor, at)
		r.originate(o)
		r.quiet(answer + d)
		r.hangUp(o.Leg, cti.HangUp{Cause: cti.CauseCancelled})
		r.ends(o.Leg, cti.CauseCancelled, cti.ByUs)
		r.once(o.Leg)
		r.openIs(0)
	}
}

func saying(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers"})
	o := r.up("cb_1", cti.Visitor, Number(ann))
	start := time.Now()
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.NormalClearing, Say: cti.Prompt{Sound: cti.SoundSorry}})
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.CauseCancelled, Say: cti.Prompt{Sound: cti.SoundBye}})
	e := r.ends(o.Leg, cti.NormalClearing, cti.ByUs)
	if d := e.At.Sub(start); d < 200*time.Millisecond || d > 10*time.Second+r.h.Slack {
		r.Errorf("the sentence took %v", d)
	}
	r.once(o.Leg)
	r.openIs(0)
}

// instead: what is said at the end gives way to a sentence that is asked for in its place, and the leg ends with that.
func instead(r *row) {
	a, b := r.bridge(5*time.Second, 0)
	r.await(b.Leg, cti.LegEnded)
	long := cti.Prompt{Clips: slices.Repeat([]cti.Clip{"sound/" + cti.Clip(cti.SoundSorry)}, 12)}
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.NormalClearing, Say: long})
	r.quiet(300 * time.Millisecond)
	start := time.Now()
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.CauseCancelled, Say: long})
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.CauseCancelled, Instead: true, Say: cti.Prompt{Clips: []cti.Clip{"sound/" + cti.Clip(cti.SoundThanks)}}})
	e := r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
	if d := e.At.Sub(start); d < 200*time.Millisecond || d > 5*time.Second+r.h.Slack {
		r.Errorf("the words in the place of others took %v", d)
	}
	r.once(a.Leg)
	r.openIs(0)
}

func nothing(r *row) {
	r.h.Script(Number(ann), Person{Does: "busy"})
	r.hangUp("leg_unknown", cti.HangUp{Cause: cti.CauseCancelled})
	o := r.order("cb_1", cti.Visitor, Number(ann))
	r.originate(o)
	r.ends(o.Leg, cti.UserBusy, "")
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.CauseCancelled})
	r.once(o.Leg)
}

func keyed(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers", After: time.Second, Press: "41", PressAfter: 4 * time.Second})
	o := r.order("cb_1", cti.Agent, Number(ann))
	o.Confirm, o.Hear.First = cti.ConfirmKey, cti.Prompt{Sound: cti.SoundAsk}
	r.originate(o)
	e := r.await(o.Leg, cti.LegConfirmed)
	// The key counts when it is recognised: between its first and its last packet.
	if d := e.At.Sub(r.await(o.Leg, cti.LegAnswered).At) - 4200*time.Millisecond; d < -r.h.Slack || d > r.h.Slack+300*time.Millisecond {
		r.Errorf("confirmed %v after the key", d)
	}
	r.quiet(20 * time.Second)
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(o.Leg, cti.NormalClearing, cti.ByUs)
	var keys string
	for _, e := range r.told(o.Leg) {
		if e.Kind == cti.LegDigit {
			keys += string(e.Digit)
		}
	}
	if keys != "41" {
		r.Errorf("keys %q, want 41", keys)
	}
}

func unconfirmed(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers", After: time.Second})
	o := r.order("cb_1", cti.Agent, Number(ann))
	o.Confirm, o.Hear.First = cti.ConfirmKey, cti.Prompt{Sound: cti.SoundAsk}
	r.originate(o)
	answered := r.await(o.Leg, cti.LegAnswered)
	e := r.ends(o.Leg, cti.NotConfirmed, cti.ByUs)
	if d := e.At.Sub(answered.At); d < cti.KeyWindow-r.h.Slack || d > cti.KeyWindow+3*time.Second {
		r.Errorf("ended %v after the answer", d)
	}
	r.once(o.Leg)
	r.openIs(0)
}

func (r *row) bridge(talk, max time.Duration) (a, b cti.Order) {
	r.Helper()
	a, b = r.apart(talk)
	for range 2 {
		if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: "cb_1", A: a.Leg, B: b.Leg, MaxTalk: max}); err != nil {
			r.Fatalf("join: %v", err)
		}
	}
	r.await(a.Leg, cti.LegJoined)
	r.await(b.Leg, cti.LegJoined)
	return a, b
}

func joined(r *row) {
	a, b := r.bridge(time.Minute, 0)
	left := r.ends(b.Leg, cti.NormalClearing, cti.ByVisitor)
	r.took("the talk", r.await(b.Leg, cti.LegAnswered).At, left.At, time.Minute)
	e := r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
	if d := e.At.Sub(left.At); d > 5*time.Second {
		r.Errorf("the other was let go %v later", d)
	}
	r.once(a.Leg)
	r.in(a.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined, cti.LegEnded)
	r.openIs(0)
}

func joinNothing(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers", After: time.Second})
	r.h.Script(Number(bob), Person{Does: "rings"})
	a := r.up("cb_1", cti.Agent, Number(ann))
	b := r.order("cb_1", cti.Visitor, Number(bob))
	r.originate(b)
	r.await(b.Leg, cti.LegRinging)
	for _, other := range []id.Leg{b.Leg, "leg_unknown"} {
		if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: "cb_1", A: a.Leg, B: other}); !errors.Is(err, cti.ErrNoLeg) {
			r.Errorf("join with %s: %v, want ErrNoLeg", other, err)
		}
	}
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.hangUp(b.Leg, cti.HangUp{Cause: cti.CauseCancelled})
	r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
	r.ends(b.Leg, cti.CauseCancelled, cti.ByUs)
	r.openIs(0)
}

// hold: who puts the other one on hold comes back to the same call; the hold is told of, whenever it began.
func hold(r *row) {
	for i, after := range []time.Duration{2 * time.Second, 20 * time.Second} {
		at, cb := Number(3000+i), id.Callback(fmt.Sprintf("cb_%d", i+1))
		r.h.Script(Number(ann), Person{Does: "answers", After: time.Second})
		r.h.Script(at, Person{Does: "answers", After: time.Second, HoldAfter: after, HoldFor: 30 * time.Minute})
		a := r.up(cb, cti.Agent, at)
		answered := r.await(a.Leg, cti.LegAnswered).At
		r.quiet(5 * time.Second)
		b := r.up(cb, cti.Visitor, Number(ann))
		if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: cb, A: a.Leg, B: b.Leg}); err != nil {
			r.Fatalf("join: %v", err)
		}
		held, resumed := r.await(a.Leg, cti.LegHeld), r.await(a.Leg, cti.LegResumed)
		if i > 0 {
			r.took("the hold", answered, held.At, after)
		}
		r.took("coming back", answered, resumed.At, after+30*time.Minute)
		r.hangUp(b.Leg, cti.HangUp{Cause: cti.NormalClearing})
		r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
		r.in(a.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined, cti.LegHeld, cti.LegResumed, cti.LegEnded)
	}
	r.openIs(0)
}

// putOnHold: a leg waits in the middle of a talk, which goes on; whom nobody hears may still leave.
func putOnHold(r *row) {
	a, v := r.bridge(0, talk)
	began := r.await(v.Leg, cti.LegJoined).At
	for _, on := range []bool{true, true, false, false, true} {
		if err := r.h.Switch.Hold(r.ctx, v.Leg, on); err != nil {
			r.Fatalf("hold %v: %v", on, err)
		}
		r.quiet(time.Minute)
	}
	r.in(v.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined, cti.LegHeld, cti.LegResumed, cti.LegHeld)
	if e := r.await(v.Leg, cti.LegHeld); e.By != cti.ByUs {
		r.Errorf("held by %s", e.By)
	}
	if d := r.ends(a.Leg, cti.MaxTalk, cti.ByUs).At.Sub(began); d < talk-r.h.Slack || d > talk+3*time.Second {
		r.Errorf("the talk took %v, want %v", d, talk)
	}
	r.ends(v.Leg, cti.MaxTalk, cti.ByUs)
	if err := r.h.Switch.Hold(r.ctx, v.Leg, true); !errors.Is(err, cti.ErrNoLeg) {
		r.Errorf("a leg that is over is put on hold: %v", err)
	}
	r.openIs(0)
}

func maxTalk(r *row) {
	a, b := r.bridge(0, 5*time.Minute)
	from := r.await(a.Leg, cti.LegJoined).At
	for _, o := range []cti.Order{a, b} {
		e := r.ends(o.Leg, cti.MaxTalk, cti.ByUs)
		if d := e.At.Sub(from); d < 5*time.Minute-r.h.Slack || d > 5*time.Minute+3*time.Second {
			r.Errorf("leg of the %s ended after %v", o.Party, d)
		}
		r.once(o.Leg)
	}
	r.openIs(0)
}

func play(r *row) {
	wait := cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundWait}
	if err := r.h.Switch.Play(r.ctx, "leg_unknown", wait); !errors.Is(err, cti.ErrNoLeg) {
		r.Errorf("play to an unknown leg: %v, want ErrNoLeg", err)
	}
	r.h.Script(Number(ann), Person{Does: "answers"})
	o := r.up("cb_1", cti.Visitor, Number(ann))
	if err := r.h.Switch.Play(r.ctx, o.Leg, wait); err != nil {
		r.Errorf("play: %v", err)
	}
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(o.Leg, cti.NormalClearing, cti.ByUs)
	if err := r.h.Switch.Play(r.ctx, o.Leg, wait); !errors.Is(err, cti.ErrNoLeg) {
		r.Errorf("play to an ended leg: %v, want ErrNoLeg", err)
	}
}

// record: what the far end says behind the prompt is kept until it presses a key, or for as long as was asked.
func record(r *row) {
	r.h.Script(Number(ann), Person{Does: "answers", Press: "5", PressAfter: 6 * time.Second})
	o := r.up("cb_1", cti.Subscriber, Number(ann))
	begun := time.Now()
	p := cti.Program{First: cti.Prompt{Sound: cti.SoundWarn}, Record: 20 * time.Second}
	for i, most := range []time.Duration{6 * time.Second, 3 * time.Second} {
		if err := r.h.Switch.Play(r.ctx, o.Leg, p); err != nil {
			r.Fatalf("play: %v", err)
		}
		e := r.nth(o.Leg, cti.LegRecorded, i+1)
		samples, err := audio.ReadWAV(e.WAV)
		length := time.Duration(len(samples)) * time.Second / audio.Rate
		if err != nil || length > most+r.h.Slack || length < most-2*time.Second-r.h.Slack {
			r.Errorf("recorded %v, %v; want up to %v", length, err, most)
		}
		if e.At.Sub(begun) > 11*time.Second {
			r.Errorf("told %v after the prompt began", e.At.Sub(begun))
		}
		p.Record = 3 * time.Second
	}
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(o.Leg, cti.NormalClearing, cti.ByUs)
}
