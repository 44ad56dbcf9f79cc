package ctitest

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"ringback/internal/cti"
)

// recorded: both are told before they hear each other, and the file is as long as the talk, pauses included.
func recorded(r *row) {
	a, b := r.apart(0)
	j := cti.Join{Callback: "cb_1", A: a.Leg, B: b.Leg, Record: &cti.Recording{ID: "rec_1", File: filepath.Join(r.TempDir(), "rec_1"), Key: make([]byte, 32)}}
	for range 2 {
		if err := r.h.Switch.Join(r.ctx, j); err != nil {
			r.Fatalf("join: %v", err)
		}
	}
	for _, l := range []cti.Order{a, b} {
		notice, joined := r.await(l.Leg, cti.LegNotice), r.await(l.Leg, cti.LegJoined)
		if joined.At.Before(notice.At) {
			r.Errorf("the %s was joined %v before the notice was over", l.Party, notice.At.Sub(joined.At))
		}
	}
	from := r.await(a.Leg, cti.LegJoined).At
	j.Record = &cti.Recording{ID: "rec_2", File: filepath.Join(r.TempDir(), "rec_2"), Key: make([]byte, 32)}
	if err := r.h.Switch.Join(r.ctx, j); err != nil {
		r.Errorf("join again: %v", err)
	}
	if e := r.await(a.Leg, cti.RecordingEnded); e.Recording != "rec_2" || e.Length != 0 {
		r.Errorf("another recording of legs that are joined: %+v", e)
	}
	r.quiet(10 * time.Second)
	for _, c := range []cti.RecordCommand{cti.RecordPause, cti.RecordPause, cti.RecordResume, cti.RecordResume} {
		if err := r.h.Switch.Record(r.ctx, b.Leg, c); err != nil {
			r.Errorf("%s: %v", c, err)
		}
		r.quiet(5 * time.Second)
	}
	r.hangUp(b.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
	r.once(b.Leg)
	n := 0
	for _, e := range r.told(a.Leg) {
		if e.Kind == cti.RecordingEnded && e.Recording == "rec_1" {
			n++
			r.took("the recording", from, from.Add(e.Length), 30*time.Second)
		}
	}
	if n != 1 {
		r.Errorf("the recording ended %d times", n)
	}
	r.openIs(0)
}

// hangsUpInNotice: whoever ends before they hear each other ends nobody: the other waits, and is joined with somebody else.
func hangsUpInNotice(r *row) {
	a, b := r.apart(0)
	j := cti.Join{Callback: "cb_1", A: a.Leg, B: b.Leg, Record: &cti.Recording{ID: "rec_1", File: filepath.Join(r.TempDir(), "rec_1"), Key: make([]byte, 32),
		Notice: cti.Prompt{Sound: cti.SoundAsk}, Other: cti.Prompt{Sound: cti.SoundAsk}}}
	if err := r.h.Switch.Join(r.ctx, j); err != nil {
		r.Fatalf("join: %v", err)
	}
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
	r.quiet(10 * time.Second)
	r.in(b.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed)
	r.h.Script(Number(cyd), Person{Does: "answers", After: time.Second})
	c := r.up("cb_1", cti.Agent, Number(cyd))
	if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: "cb_1", A: c.Leg, B: b.Leg}); err != nil {
		r.Fatalf("join with the next: %v", err)
	}
	r.await(b.Leg, cti.LegJoined)
	r.await(c.Leg, cti.LegJoined)
	r.hangUp(c.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(b.Leg, cti.NormalClearing, cti.ByUs)
	r.openIs(0)
}

func notRecorded(r *row) {
	a, b := r.bridge(0, 0)
	for _, c := range []cti.RecordCommand{cti.RecordPause, cti.RecordResume, cti.RecordStop} {
		if err := r.h.Switch.Record(context.Background(), a.Leg, c); !errors.Is(err, cti.ErrNotRecorded) {
			r.Errorf("%s: %v, want ErrNotRecorded", c, err)
		}
	}
	r.hangUp(b.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
}

// apart are two legs that are up and not joined.
func (r *row) apart(talk time.Duration) (a, b cti.Order) {
	r.Helper()
	r.h.Script(Number(ann), Person{Does: "answers", After: time.Second})
	r.h.Script(Number(bob), Person{Does: "answers", After: time.Second, Talk: talk})
	return r.up("cb_1", cti.Agent, Number(ann)), r.up("cb_1", cti.Visitor, Number(bob))
}
