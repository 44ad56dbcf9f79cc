package ctisip

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/ladder"
)

// bridge is a talk: two legs or more that hear each other, and supervisors who are in it. What the commands decide is under
// the switch's lock; what becomes of it is on the bridge's lane.
type bridge struct {
	sw   *Switch
	lane *dialog.Lane
	most time.Duration
	rec  *recorder // nil = it is not recorded

	members []*leg      // whose talk it is, in order; under the switch's lock
	guests  []*guest    // who are in it beside them; under the switch's lock
	over    bool        // under the switch's lock
	began   bool        // its members have been told that they hear each other; under the switch's lock
	keep    bool        // who is left alone is parted; under the switch's lock
	parts   cti.Program // and hears this

	// Of the lane.
	places    map[*leg]*place // of members that have come in
	up        bool            // they hear each other
	paired    bool            // by the relay
	heard     bool            // they have been, once
	warn, max *dialog.Timer
	room      *media.Room // while more than two hear each other; nil = it was never needed
	holds     map[*leg]bool
	waits     map[*leg]bool // members that we have put on hold
}

// place is how far a member has come in.
type place struct {
	notice []int16 // that the talk is recorded, before it hears anybody; nil = it has heard it, or need not
	ready  bool
	joined bool // and it was told
}

const (
	defaultTalk = time.Hour
	warnBefore  = time.Minute
)

func (sw *Switch) newBridge(most time.Duration) *bridge {
	if most <= 0 {
		most = defaultTalk
	}
	return &bridge{sw: sw, lane: sw.stack.NewLane(), most: most, places: map[*leg]*place{}, holds: map[*leg]bool{}, waits: map[*leg]bool{}}
}

// Join lets two confirmed legs hear each other.
func (sw *Switch) Join(ctx context.Context, j cti.Join) error {
	sw.mu.Lock()
	a, b := sw.legs[j.A], sw.legs[j.B]
	ok := a != nil && b != nil && a != b
	if ok && a.in != nil && a.in == b.in {
		sw.mu.Unlock()
		a.notWritten(j.Record)
		return nil
	}
	ok = ok && a.in == nil && b.in == nil && a.fact.State == cti.Confirmed && b.fact.State == cti.Confirmed
	var br *bridge
	if ok {
		br = sw.newBridge(j.MaxTalk)
		br.members = []*leg{a, b}
		a.in, b.in = br, br
	}
	sw.mu.Unlock()
	if !ok {
		return fmt.Errorf("join legs %s and %s: %w", j.A, j.B, cti.ErrNoLeg)
	}
	br.begin([]*leg{a, b}, j.Record)
	return nil
}

// begin lets the members of a new talk come in.
func (br *bridge) begin(members []*leg, want *cti.Recording) {
	br.rec = br.sw.record(members, want)
	for i, l := range members {
		var notice []int16
		switch {
		case br.rec == nil:
		case i == 0:
			notice = l.notice(want.Notice)
		default:
			notice = l.notice(want.Other)
		}
		l.lane.Do(func() { l.enter(br, notice) })
	}
}

// notice is what a prompt sounds like, not nil even when it is nothing.
func (l *leg) notice(p cti.Prompt) []int16 { return append([]int16{}, l.samples(p)...) }

// notWritten tells of a recording that was asked for where a talk goes on: it is another's, or none.
func (l *leg) notWritten(want *cti.Recording) {
	if want == nil {
		return
	}
	l.sw.mu.Lock()
	same := l.recorder != nil && l.recorder.rec.ID == want.ID
	l.sw.mu.Unlock()
	if !same {
		l.lane.Do(func() { l.recorded(want.ID, 0) })
	}
}

// enter brings the leg into a talk. It runs on the leg's lane.
func (l *leg) enter(br *bridge, notice []int16) {
	if l.ended || l.saying {
		l.leave(br, cti.NormalClearing)
		return
	}
	l.bridge = br
	l.hush()
	l.alone.Stop()
	br.lane.Do(func() { br.entered(l, notice) })
}

// entered: a recorded talk begins for each with the notice.
func (br *bridge) entered(l *leg, notice []int16) {
	br.places[l] = &place{notice: notice}
	if br.rec == nil || notice == nil {
		br.ready(l)
		return
	}
	l.lane.Do(func() { l.hearNotice(br, notice) })
}

// hearNotice says to this leg that the talk is recorded.
func (l *leg) hearNotice(br *bridge, notice []int16) {
	if l.bridge != br || l.ended || l.saying {
		return
	}
	l.traced(ladder.Plays, "that the talk is recorded")
	l.stream.Say(notice, func(whole bool) {
		l.lane.Do(func() {
			if l.bridge != br || l.ended || l.saying {
				return
			}
			if !whole { // something else was played
				l.hearNotice(br, notice)
				return
			}
			l.tell(cti.LegNotice)
			br.lane.Do(func() { br.ready(l) })
		})
	})
}

// ready: a member may be heard. A talk opens when all may.
func (br *bridge) ready(l *leg) {
	if p := br.places[l]; p != nil { // else it has left
		p.ready = true
	}
	br.arrange()
}

// open starts the clock of a talk whose members hear each other from now on.
func (br *bridge) open(members []*leg) {
	br.up = true
	if br.rec != nil {
		br.rec.start()
	}
	if br.most > warnBefore {
		br.warn = br.lane.After(br.most-warnBefore, func() {
			for _, l := range br.here() {
				l.stream.Insert(br.sw.sounds.Sound(cti.SoundWarn, l.o.Region))
			}
		})
	}
	br.max = br.lane.After(br.most, func() { br.end(cti.MaxTalk) })
}

// joins tells a member, once, that it hears the others.
func (br *bridge) joins(l *leg) {
	p := br.places[l]
	if p.joined {
		return
	}
	p.joined = true
	br.rec.add(l)
	l.lane.Do(func() {
		if l.bridge != br || l.ended {
			return
		}
		l.traced(ladder.Media, "hears the other")
		l.tell(cti.LegJoined)
		l.holdFar(false) // it is to be heard now
		if l.held {      // before the bridge was
			l.tell(cti.LegHeld)
			br.lane.Do(func() { br.holding(l, true) })
		}
	})
}

// here are the members that may be heard. It runs on the bridge's lane.
func (br *bridge) here() []*leg {
	br.sw.mu.Lock()
	defer br.sw.mu.Unlock()
	for l := range br.places {
		if l.in != br {
			delete(br.places, l)
			delete(br.holds, l)
			delete(br.waits, l)
		}
	}
	var out []*leg
	for _, l := range br.members {
		if p := br.places[l]; p != nil && p.ready {
			out = append(out, l)
		}
	}
	return out
}

// end is the end of the talk for all who are in it.
func (br *bridge) end(c cti.Cause) {
	br.sw.mu.Lock()
	all := br.dissolve()
	br.sw.mu.Unlock()
	for _, l := range all {
		l.lane.Do(func() { l.left(br, c) })
	}
	br.close()
}

// dissolve takes all out of the talk. The switch's lock is held.
func (br *bridge) dissolve() (all []*leg) {
	br.over = true
	for _, l := range br.members {
		l.in = nil
		all = append(all, l)
	}
	for _, g := range br.guests {
		g.leg.in = nil
		all = append(all, g.leg)
	}
	br.members, br.guests = nil, nil
	return all
}

// remove takes a leg out of the talk. Of a talk that is over by that it returns those who are left: the last member, and
// the guests. The switch's lock is held.
func (br *bridge) remove(l *leg) (last []*leg) {
	if l.in != br {
		return nil
	}
	l.in = nil
	br.members = slices.DeleteFunc(br.members, func(o *leg) bool { return o == l })
	br.guests = slices.DeleteFunc(br.guests, func(g *guest) bool { return g.leg == l })
	if len(br.members) < 2 {
		return br.dissolve()
	}
	l.recorder = nil
	return nil
}

// close ends what the talk keeps going. It runs on any lane; what is the bridge's own ends on its lane.
func (br *bridge) close() {
	br.rec.stop()
	br.lane.Do(func() {
		br.warn.Stop()
		br.max.Stop()
		if br.room != nil {
			br.room.Close()
		}
	})
}

// leave takes the leg out of a talk because it ends; who is left alone hears a farewell and ends, too. A line that was lost
// is lost to both. It runs on the leg's lane.
func (l *leg) leave(br *bridge, c cti.Cause) {
	l.bridge = nil
	l.sw.mu.Lock()
	last := br.remove(l)
	over, keep, parts := br.over, br.keep, br.parts
	if !br.began && !keep {
		keep, parts = true, cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundWait}
	}
	l.sw.mu.Unlock()
	if l.stream != nil {
		l.stream.Unbridge()
		br.rec.drop(l)
	}
	if c != cti.MediaLost {
		c = cti.NormalClearing
	}
	if keep {
		br.parted(last, over, parts)
		return
	}
	for _, o := range last {
		o.lane.Do(func() { o.left(br, c) })
	}
	if over {
		br.close()
		return
	}
	br.lane.Do(br.arrange)
}

// leaveBridge is leave of the talk that the leg is in, if it is in one.
func (l *leg) leaveBridge(c cti.Cause) {
	if l.bridge != nil {
		l.leave(l.bridge, c)
	}
}

// left ends a leg whose bridge is over: a short farewell, then BYE.
func (l *leg) left(br *bridge, c cti.Cause) {
	if l.bridge != nil && l.bridge != br {
		return
	}
	l.bridge = nil
	if l.ended || l.saying {
		return
	}
	l.stream.Unbridge()
	l.parted = true
	l.sayAndBye(l.sw.sounds.Sound(cti.SoundBye, l.o.Region), ending{c, cti.ByUs, 0}, farewellTime)
}

// part takes the leg out of its talk; neither it nor who is left alone is ended.
func (l *leg) part(hears, others cti.Program) {
	br := l.bridge
	if br == nil {
		return
	}
	l.sw.mu.Lock()
	last := br.remove(l)
	over := br.over
	l.sw.mu.Unlock()
	l.apart(br, hears)
	br.parted(last, over, others)
}

// guestWaits is what a supervisor hears who is in no talk.
var guestWaits = cti.Program{Then: cti.SoundWait}

// parted lets those wait who are left when somebody was parted: the last member, and guests.
func (br *bridge) parted(last []*leg, over bool, hears cti.Program) {
	for _, o := range last {
		own := hears
		if o.o.Party == cti.Supervisor {
			own = guestWaits
		}
		o.lane.Do(func() { o.apart(br, own) })
	}
	if over {
		br.close()
	} else {
		br.lane.Do(br.arrange)
	}
}

// apart is a leg's own side of part: it is out of the talk, and hears something else.
func (l *leg) apart(br *bridge, hears cti.Program) {
	if l.bridge != br {
		return
	}
	joined := l.joined()
	waited := l.waits
	l.bridge, l.waits = nil, false
	l.stream.Unbridge()
	br.rec.drop(l)
	if l.ended || l.saying {
		return
	}
	if waited {
		l.sayHold(false)
	}
	if !hears.IsZero() {
		l.commanded(hears)
	}
	if joined {
		l.tell(cti.LegParted)
	}
}
