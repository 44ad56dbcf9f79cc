package ctisip

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/ladder"
)

// bridge is two legs that hear each other. Its timers belong to a's lane.
type bridge struct {
	a, b      *leg
	warn, max *dialog.Timer
	rec       *recorder  // nil = it is not recorded
	notices   [2][]int16 // that it is, to a and b
	told      int        // legs that have heard the notice; on a's lane
}

const (
	defaultTalk = time.Hour
	warnBefore  = time.Minute
)

// Join lets two confirmed legs hear each other.
func (sw *Switch) Join(ctx context.Context, j cti.Join) error {
	sw.mu.Lock()
	a, b := sw.legs[j.A], sw.legs[j.B]
	ok := a != nil && b != nil && a != b
	if ok && a.with == j.B && b.with == j.A {
		other := j.Record != nil && (a.recorder == nil || a.recorder.rec.ID != j.Record.ID)
		sw.mu.Unlock()
		if other {
			a.lane.Do(func() { a.recorded(j.Record.ID, 0) })
		}
		return nil
	}
	ok = ok && a.with == "" && b.with == "" && a.fact.State == cti.Confirmed && b.fact.State == cti.Confirmed
	if ok {
		a.with, b.with = j.B, j.A
	}
	sw.mu.Unlock()
	if !ok {
		return fmt.Errorf("join legs %s and %s: %w", j.A, j.B, cti.ErrNoLeg)
	}
	if j.MaxTalk <= 0 {
		j.MaxTalk = defaultTalk
	}
	br := &bridge{a: a, b: b, rec: sw.record(a, b, j.Record)}
	if br.rec != nil {
		br.notices = [2][]int16{a.samples(j.Record.Notice), b.samples(j.Record.Other)}
	}
	a.lane.Do(func() { br.open(j.MaxTalk) })
	return nil
}

// open runs on a's lane.
func (br *bridge) open(most time.Duration) {
	a, b := br.a, br.b
	if a.ended || a.saying {
		br.rec.stop()
		b.lane.Do(func() { b.left(br, cti.NormalClearing) })
		return
	}
	a.bridge = br
	a.hush()
	a.alone.Stop()
	if br.rec != nil {
		a.hearNotice(br, most)
	} else {
		br.connect(most)
	}
	b.lane.Do(func() { br.entered(most) })
}

// connect lets them hear each other. It runs on a's lane.
func (br *bridge) connect(most time.Duration) {
	a, b := br.a, br.b
	if br.rec != nil {
		br.rec.start(a.stream, b.stream)
	}
	a.traced(ladder.Media, "hears the other")
	b.traced(ladder.Media, "hears the other")
	media.Bridge(a.stream, b.stream, a.sw.sounds.Sound(cti.SoundZip, a.o.Region))
	if most > warnBefore {
		br.warn = a.lane.After(most-warnBefore, func() {
			beep := a.sw.sounds.Sound(cti.SoundWarn, a.o.Region)
			a.stream.Insert(beep)
			b.stream.Insert(beep)
		})
	}
	br.max = a.lane.After(most, func() {
		b.lane.Do(func() { b.left(br, cti.MaxTalk) })
		a.left(br, cti.MaxTalk)
	})
	a.tell(cti.LegJoined)
	a.joinedHeld()
}

// entered runs on b's lane.
func (br *bridge) entered(most time.Duration) {
	a, b := br.a, br.b
	if b.ended || b.saying {
		a.lane.Do(func() { a.left(br, cti.NormalClearing) })
		return
	}
	b.bridge = br
	b.hush()
	b.alone.Stop()
	if br.rec != nil {
		b.hearNotice(br, most)
		return
	}
	b.tell(cti.LegJoined)
	b.joinedHeld()
}

// hearNotice says to this leg that the talk is recorded; when both have heard it to its end they are connected.
func (l *leg) hearNotice(br *bridge, most time.Duration) {
	notice := br.notices[0]
	if l == br.b {
		notice = br.notices[1]
	}
	l.traced(ladder.Plays, "that the talk is recorded")
	l.stream.Say(notice, func(whole bool) {
		l.lane.Do(func() {
			if l.bridge != br || l.ended || l.saying {
				return
			}
			if !whole { // something else was played
				l.hearNotice(br, most)
				return
			}
			l.tell(cti.LegNotice)
			br.a.lane.Do(func() { br.noticed(most) })
		})
	})
}

// noticed runs on a's lane.
func (br *bridge) noticed(most time.Duration) {
	a, b := br.a, br.b
	if br.told++; br.told < 2 || a.bridge != br || a.ended || a.saying {
		return
	}
	br.connect(most)
	b.lane.Do(func() {
		if b.bridge == br && !b.ended {
			b.tell(cti.LegJoined)
			b.joinedHeld()
		}
	})
}

// leaveBridge takes this leg out of its bridge; the other one hears a farewell. A line that was lost is lost to both.
func (l *leg) leaveBridge(c cti.Cause) {
	br := l.bridge
	if br == nil {
		return
	}
	l.bridge = nil
	l.stream.Unbridge()
	other := br.other(l)
	if l == br.a {
		br.stop()
	}
	if c != cti.MediaLost {
		c = cti.NormalClearing
	}
	other.lane.Do(func() { other.left(br, c) })
}

// left ends a leg whose bridge is over: a short farewell, then BYE.
func (l *leg) left(br *bridge, c cti.Cause) {
	if l == br.a {
		br.stop()
	}
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

func (br *bridge) other(l *leg) *leg {
	if l == br.a {
		return br.b
	}
	return br.a
}

func (br *bridge) stop() {
	br.warn.Stop()
	br.max.Stop()
	br.rec.stop()
}
