package ctisip

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/media"
)

// bridge is two legs that hear each other. Its timers belong to a's lane.
type bridge struct {
	a, b      *leg
	warn, max *dialog.Timer
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
		sw.mu.Unlock()
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
	br := &bridge{a: a, b: b}
	a.lane.Do(func() { br.open(j.MaxTalk) })
	return nil
}

// open runs on a's lane.
func (br *bridge) open(most time.Duration) {
	a, b := br.a, br.b
	if a.ended || a.saying {
		b.lane.Do(func() { b.left(br, cti.NormalClearing) })
		return
	}
	a.bridge = br
	a.hush()
	a.alone.Stop()
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
	b.lane.Do(br.entered)
}

// entered runs on b's lane.
func (br *bridge) entered() {
	a, b := br.a, br.b
	if b.ended || b.saying {
		a.lane.Do(func() { a.left(br, cti.NormalClearing) })
		return
	}
	b.bridge = br
	b.hush()
	b.alone.Stop()
	b.tell(cti.LegJoined)
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
}
