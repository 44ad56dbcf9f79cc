package ctisim

import (
	"slices"
	"time"

	"ringback/internal/cti"
)

// NoticeTime is how long each is told that the talk is recorded.
const NoticeTime = 2 * time.Second

// talk is legs that hear each other, and supervisors who are in it.
type talk struct {
	members []*leg
	heard   map[*leg]bool // members that have been told that they are joined
	guests  []*guest
	most    time.Duration
	tape    *tape // nil = it is not recorded
	open    bool
	over    bool
	keep    bool        // who is left alone is parted
	parts   cti.Program // and hears this
}

type guest struct {
	leg, of *leg
	mode    cti.Mode
}

func join(a, b *leg, j cti.Join) error {
	switch {
	case a == nil || b == nil || a.ending || b.ending:
		return cti.ErrNoLeg
	case a.in != nil && a.in == b.in && a != b:
		a.in.notWritten(j.Record)
		return nil
	case a.state != cti.Confirmed || b.state != cti.Confirmed || a.in != nil || b.in != nil || a == b:
		return cti.ErrNoLeg
	}
	newTalk([]*leg{a, b}, j.MaxTalk, j.Record)
	return nil
}

func newTalk(members []*leg, most time.Duration, rec *cti.Recording) {
	k := &talk{members: slices.Clone(members), heard: map[*leg]bool{}, most: most}
	if most == 0 {
		k.most = time.Hour
	}
	for _, l := range members {
		l.in = k
	}
	if rec == nil {
		k.opens()
		return
	}
	first := members[0]
	k.tape = &tape{rec: *rec, of: first}
	for i, l := range members {
		l.tape = k.tape
		say := rec.Other
		if i == 0 {
			say = rec.Notice
		}
		l.hears("say "+say.String(), NoticeTime)
	}
	first.sw.after(NoticeTime, func() {
		if k.over || len(k.members) < len(members) {
			return
		}
		for _, l := range k.members {
			l.tell(cti.Event{Kind: cti.LegNotice})
		}
		k.tape.from = first.sw.now()
		k.opens()
	})
}

// notWritten tells of a recording that was asked for where a talk goes on.
func (k *talk) notWritten(rec *cti.Recording) {
	if rec != nil && (k.tape == nil || k.tape.rec.ID != rec.ID) {
		k.members[0].tell(cti.Event{Kind: cti.RecordingEnded, Recording: rec.ID})
	}
}

// opens: they hear each other.
func (k *talk) opens() {
	k.open = true
	sw := k.members[0].sw
	for _, l := range slices.Clone(k.members) {
		k.joins(l)
	}
	sw.after(k.most-time.Minute, func() {
		for _, l := range k.members {
			l.hears("say warn", 0) // over the voice of the other
		}
	})
	sw.after(k.most, func() {
		if k.over {
			return
		}
		all := k.dissolve()
		for _, l := range all {
			l.ending = true
		}
		for _, l := range all {
			l.bye(cti.MaxTalk)
		}
	})
}

func (k *talk) joins(l *leg) {
	k.heard[l] = true
	l.aside = false
	l.hears("the other", 0)
	l.tell(cti.Event{Kind: cti.LegJoined})
	if l.held {
		l.farHolds(true)
	}
}

// dissolve ends the talk and returns who was in it.
func (k *talk) dissolve() (all []*leg) {
	k.over = true
	k.tape.stop()
	all = slices.Clone(k.members)
	for _, g := range k.guests {
		all = append(all, g.leg)
	}
	for _, l := range all {
		l.in = nil
	}
	k.members, k.guests = nil, nil
	return all
}

// remove takes a leg out; of a talk that is over by that it returns who are left.
func (k *talk) remove(l *leg) (last []*leg) {
	l.in = nil
	k.members = slices.DeleteFunc(k.members, func(o *leg) bool { return o == l })
	k.guests = slices.DeleteFunc(k.guests, func(g *guest) bool { return g.leg == l })
	if len(k.members) < 2 {
		return k.dissolve()
	}
	l.tape = nil
	return nil
}

func (k *talk) guest(l *leg) *guest {
	for _, g := range k.guests {
		if g.leg == l {
			return g
		}
	}
	return nil
}

// others are the members but one.
func (k *talk) others(l *leg) []*leg {
	return slices.DeleteFunc(slices.Clone(k.members), func(o *leg) bool { return o == l })
}

// leaveBridge ends who is left alone with a farewell.
func (l *leg) leaveBridge(cause cti.Cause) {
	if l.in == nil {
		return
	}
	if cause != cti.MaxTalk && cause != cti.MediaLost {
		cause = cti.NormalClearing
	}
	k := l.in
	last := k.remove(l)
	if k.keep {
		partedFrom(last, k.parts)
		return
	}
	if !k.open {
		partedFrom(last, cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundWait})
		return
	}
	for _, o := range last {
		o.hangUp(cti.HangUp{Cause: cause, Say: cti.Prompt{Sound: cti.SoundBye}})
		o.parted = true
	}
}

// part takes the leg out of its talk, and ends neither it nor who is left alone.
func (l *leg) part(hears, others cti.Program) {
	if l.in == nil {
		return
	}
	last := l.in.remove(l)
	l.apart(hears)
	partedFrom(last, others)
}

func partedFrom(last []*leg, hears cti.Program) {
	for _, o := range last {
		own := hears
		if o.order.Party == cti.Supervisor {
			own = cti.Program{Then: cti.SoundWait}
		}
		o.apart(own)
	}
}

func (l *leg) apart(hears cti.Program) {
	if l.ending {
		return
	}
	l.program = hears
	if l.state == cti.Bridged || l.state == cti.Held {
		l.tell(cti.Event{Kind: cti.LegParted})
	}
	l.plays()
}

// after does f under the lock, unless the switch is down by then.
func (s *Switch) after(d time.Duration, f func()) {
	time.AfterFunc(d, func() {
		s.phones.mu.Lock()
		defer s.phones.mu.Unlock()
		if !s.down {
			f()
		}
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
