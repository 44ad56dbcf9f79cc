package ctisip

import (
	"context"
	"fmt"
	"slices"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// Confer says who talks with whom from now on.
func (sw *Switch) Confer(ctx context.Context, c cti.Confer) error {
	if c.Parted.IsZero() {
		c.Parted = cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundWait}
	}
	sw.mu.Lock()
	legs, err := sw.conferred(c)
	if err != nil {
		sw.mu.Unlock()
		return err
	}
	if len(legs) == 1 {
		sw.mu.Unlock()
		l := legs[0]
		l.lane.Do(func() { l.part(c.Parted, c.Parted) })
		return nil
	}
	talk := goingOn(legs)
	if talk != nil && c.Record != nil && talk.rec == nil {
		talk = nil
	}
	fresh := talk == nil
	if fresh {
		talk = sw.newBridge(c.MaxTalk)
	}
	talk.keep, talk.parts = c.Keep, c.Parted
	moves, come := talk.becomes(legs)
	sw.mu.Unlock()
	for _, m := range moves {
		m.carryOut(c.Parted)
	}
	if fresh {
		talk.begin(come, c.Record)
		return nil
	}
	legs[0].notWritten(c.Record)
	for _, l := range come {
		talk.comesIn(l, c.Notice)
	}
	talk.lane.Do(talk.arrange)
	return nil
}

// comesIn lets a leg into a talk that goes on, after the notice when that is recorded.
func (br *bridge) comesIn(l *leg, notice cti.Prompt) {
	var say []int16
	if br.rec != nil && !notice.IsZero() {
		say = l.notice(notice)
	}
	br.sw.mu.Lock()
	l.recorder = br.rec
	br.sw.mu.Unlock()
	l.lane.Do(func() { l.enter(br, say) })
}

// conferred are the legs of a Confer; an error when one of them cannot talk. The switch's lock is held.
func (sw *Switch) conferred(c cti.Confer) ([]*leg, error) {
	var legs []*leg
	for _, name := range c.Legs {
		l := sw.legs[name]
		talks := l != nil && (l.fact.State == cti.Confirmed || l.fact.State == cti.Bridged || l.fact.State == cti.Held)
		if !talks || slices.Contains(legs, l) || l.in != nil && l.in.guest(l) != nil {
			return nil, fmt.Errorf("confer: leg %s: %w", name, cti.ErrNoLeg)
		}
		legs = append(legs, l)
	}
	if len(legs) == 0 || len(legs) > cti.MostConferred {
		return nil, fmt.Errorf("confer %d legs: %w", len(legs), cti.ErrNoLeg)
	}
	return legs, nil
}

// goingOn is the talk that at least two of the legs are in, nil = none. The switch's lock is held.
func goingOn(legs []*leg) (talk *bridge) {
	n := map[*bridge]int{}
	for _, l := range legs {
		if l.in != nil {
			n[l.in]++
		}
	}
	for br, k := range n {
		if k >= 2 && (talk == nil || k > n[talk]) {
			talk = br
		}
	}
	return talk
}

// change is somebody who leaves a talk and is not ended.
type change struct {
	br   *bridge
	leg  *leg
	goes bool   // into another talk, so that it need not hear anything
	last []*leg // who is left alone by that
	over bool
}

// becomes makes legs the members of a talk, and returns who leaves which talk by that, and who is new in this one. The
// switch's lock is held.
func (br *bridge) becomes(legs []*leg) (moves []change, come []*leg) {
	for _, l := range br.members {
		if !slices.Contains(legs, l) {
			moves = append(moves, change{br: br, leg: l})
		}
	}
	for _, l := range legs {
		if l.in != nil && l.in != br {
			moves = append(moves, change{br: l.in, leg: l, goes: true})
		}
		if l.in != br {
			come = append(come, l)
		}
	}
	if len(br.members) > 0 {
		br.members = slices.Concat(br.members, come) // before others leave: it is not to be over for an instant
	} else {
		br.members = slices.Clone(legs)
	}
	for i := range moves {
		m := &moves[i]
		m.last, m.over = m.br.remove(m.leg), m.br.over
	}
	for _, l := range come {
		l.in = br
	}
	return moves, come
}

// carryOut tells the legs.
func (m change) carryOut(hears cti.Program) {
	own := hears
	if m.goes {
		own = cti.Program{}
	}
	m.leg.lane.Do(func() { m.leg.apart(m.br, own) })
	m.br.parted(m.last, m.over, hears)
}

// guest is the place of a supervisor, nil for anybody else. The switch's lock is held.
func (br *bridge) guest(l *leg) *guest {
	for _, g := range br.guests {
		if g.leg == l {
			return g
		}
	}
	return nil
}

// Monitor lets a supervisor into a talk, or changes how she is in it.
func (sw *Switch) Monitor(ctx context.Context, m cti.Monitor) error {
	sw.mu.Lock()
	s, of := sw.legs[m.Leg], sw.legs[m.Of]
	switch {
	case m.Mode == cti.MonitorOff && s != nil && s.in == nil:
		sw.mu.Unlock()
		return nil
	case m.Mode == cti.MonitorOff && s != nil && s.in.guest(s) != nil:
		sw.mu.Unlock()
		s.lane.Do(func() { s.part(guestWaits, cti.Program{}) })
		return nil
	case s == nil || of == nil || s == of || m.Mode == cti.MonitorOff || of.in == nil || of.in.guest(of) != nil:
		sw.mu.Unlock()
		return fmt.Errorf("monitor leg %s by %s: %w", m.Of, m.Leg, cti.ErrNoLeg)
	case s.in == of.in && s.in.guest(s) != nil:
		g := s.in.guest(s)
		g.mode, g.of = m.Mode, of
		sw.mu.Unlock()
		g.leg.lane.Do(func() { // behind her coming in
			if br := s.bridge; br != nil {
				br.lane.Do(br.arrange)
			}
		})
		return nil
	case s.in != nil || s.fact.State != cti.Confirmed || len(of.in.members)+len(of.in.guests) >= cti.MostConferred:
		sw.mu.Unlock()
		return fmt.Errorf("monitor leg %s by %s: %w", m.Of, m.Leg, cti.ErrNoLeg)
	}
	br := of.in
	g := &guest{leg: s, of: of, mode: m.Mode}
	br.guests = append(br.guests, g)
	s.in = br
	sw.mu.Unlock()
	s.lane.Do(func() { s.visit(br, g) })
	return nil
}

// visit brings a supervisor's leg into a talk.
func (l *leg) visit(br *bridge, g *guest) {
	if l.ended || l.saying {
		l.leave(br, cti.NormalClearing)
		return
	}
	l.sw.mu.Lock()
	late := l.in != br // it was over before she came
	g.come = !late
	l.sw.mu.Unlock()
	if late {
		return
	}
	l.bridge = br
	l.hush()
	l.alone.Stop()
	br.lane.Do(br.arrange)
}

// Keys sends keys to the far end of a leg.
func (sw *Switch) Keys(ctx context.Context, leg id.Leg, digits string) error {
	if err := cti.CheckKeys(digits); err != nil {
		return err
	}
	sw.mu.Lock()
	l := sw.legs[leg]
	up := l != nil && l.fact.State.Up()
	sw.mu.Unlock()
	if !up {
		return fmt.Errorf("keys to leg %s: %w", leg, cti.ErrNoLeg)
	}
	l.lane.Do(func() {
		if !l.ended && !l.saying && l.stream != nil && l.o.To.Kind() != cti.Web {
			l.stream.Dial(digits, nil)
		}
	})
	return nil
}
