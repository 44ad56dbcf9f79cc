package ctisim

import (
	"time"

	"ringback/internal/cti"
)

// NoticeTime is how long both sides are told that the talk is recorded.
const NoticeTime = 2 * time.Second

func join(a, b *leg, j cti.Join) error {
	switch {
	case a == nil || b == nil || a.ending || b.ending:
		return cti.ErrNoLeg
	case a.with == b && a != b:
		if j.Record != nil && (a.tape == nil || a.tape.rec.ID != j.Record.ID) {
			a.tell(cti.Event{Kind: cti.RecordingEnded, Recording: j.Record.ID})
		}
		return nil
	case a.state != cti.Confirmed || b.state != cti.Confirmed || a == b:
		return cti.ErrNoLeg
	}
	a.with, b.with = b, a
	if j.Record == nil {
		opened(a, b, j.MaxTalk)
		return nil
	}
	t := &tape{rec: *j.Record, of: a}
	a.tape, b.tape = t, t
	a.hears("say "+j.Record.Notice.String(), NoticeTime)
	b.hears("say "+j.Record.Other.String(), NoticeTime)
	a.after(NoticeTime, func() {
		if a.with != b || a.ending || b.ending {
			return
		}
		for _, l := range []*leg{a, b} {
			l.tell(cti.Event{Kind: cti.LegNotice})
		}
		t.from = a.sw.now()
		opened(a, b, j.MaxTalk)
	})
	return nil
}

// opened: they hear each other.
func opened(a, b *leg, talk time.Duration) {
	for _, l := range []*leg{a, b} {
		l.hears("the other", 0)
		l.tell(cti.Event{Kind: cti.LegJoined})
		if l.held {
			l.farHolds(true)
		}
	}
	if talk == 0 {
		talk = time.Hour
	}
	a.after(talk-time.Minute, func() {
		if a.with != b {
			return
		}
		for _, l := range []*leg{a, b} {
			l.hears("say warn", 0) // over the voice of the other
		}
	})
	a.after(talk, func() {
		if a.with != b {
			return
		}
		a.ending, b.ending = true, true
		a.with, b.with = nil, nil
		a.tape.stop()
		a.bye(cti.MaxTalk)
		b.bye(cti.MaxTalk)
	})
}

// tape is a recording without sound.
type tape struct {
	rec   cti.Recording
	of    *leg
	from  time.Time // zero = the notice is not over
	ended bool
}

// stop tells, once, that the file is whole.
func (t *tape) stop() {
	if t == nil || t.ended {
		return
	}
	t.ended = true
	e := cti.Event{Kind: cti.RecordingEnded, Recording: t.rec.ID}
	if !t.from.IsZero() {
		e.Length = t.of.sw.now().Sub(t.from)
	}
	t.of.tell(e)
}
