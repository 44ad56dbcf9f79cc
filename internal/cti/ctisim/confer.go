package ctisim

import (
	"context"
	"slices"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// Confer: see cti.Switch.
func (s *Switch) Confer(ctx context.Context, c cti.Confer) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	err := s.confer(c)
	parties, attempt := "", 0
	for _, name := range c.Legs {
		if l := s.legs[name]; l != nil {
			parties += " " + string(l.order.Party)
			attempt = l.order.Attempt
		}
	}
	var first id.Leg
	if len(c.Legs) > 0 {
		first = c.Legs[0]
	}
	s.phones.tell(c.Callback, first, err, "confer %d%s", attempt, parties)
	return err
}

func (s *Switch) confer(c cti.Confer) error {
	if c.Parted.IsZero() {
		c.Parted = cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundWait}
	}
	var legs []*leg
	in := map[*talk]int{}
	for _, name := range c.Legs {
		l := s.legs[name]
		talks := l != nil && !l.ending && (l.state == cti.Confirmed || l.state == cti.Bridged || l.state == cti.Held)
		if !talks || slices.Contains(legs, l) || l.in != nil && l.in.guest(l) != nil {
			return cti.ErrNoLeg
		}
		legs = append(legs, l)
		if l.in != nil {
			in[l.in]++
		}
	}
	switch len(legs) {
	case 0:
		return cti.ErrNoLeg
	case 1:
		legs[0].part(c.Parted, c.Parted)
		return nil
	}
	var goes *talk
	for k, n := range in {
		if n >= 2 && (goes == nil || n > in[goes]) {
			goes = k
		}
	}
	if goes != nil && c.Record != nil && goes.tape == nil {
		goes = nil
	}
	var come []*leg
	for _, l := range legs {
		if l.in == goes && goes != nil {
			continue
		}
		come = append(come, l)
		if l.in != nil {
			last := l.in.remove(l)
			partedFrom(slices.DeleteFunc(last, func(o *leg) bool { return slices.Contains(legs, o) }), c.Parted)
		}
		if l.state == cti.Bridged || l.state == cti.Held {
			l.tell(cti.Event{Kind: cti.LegParted})
		}
	}
	if goes == nil {
		newTalk(legs, c.MaxTalk, c.Record)
		legs[0].in.keep, legs[0].in.parts = c.Keep, c.Parted
		return nil
	}
	goes.keep, goes.parts = c.Keep, c.Parted
	goes.notWritten(c.Record)
	goes.members = append(goes.members, come...)
	for _, l := range come {
		l.in = goes
		l.comesIn(goes, c.Notice)
	}
	for _, l := range slices.Clone(goes.members) {
		if !slices.Contains(legs, l) {
			l.part(c.Parted, c.Parted)
		}
	}
	return nil
}

// comesIn lets a leg into a talk that goes on.
func (l *leg) comesIn(k *talk, notice cti.Prompt) {
	if k.tape == nil || notice.IsZero() {
		k.joins(l)
		return
	}
	l.tape = k.tape
	l.hears("say "+notice.String(), NoticeTime)
	l.after(NoticeTime, func() {
		if l.in == k && !l.ending {
			l.tell(cti.Event{Kind: cti.LegNotice})
			k.joins(l)
		}
	})
}

// Monitor: see cti.Switch.
func (s *Switch) Monitor(ctx context.Context, m cti.Monitor) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	err := s.monitor(m)
	attempt := 0
	if l := s.legs[m.Leg]; l != nil {
		attempt = l.order.Attempt
	}
	s.phones.tell(m.Callback, m.Leg, err, "monitor %d %s", attempt, m.Mode)
	return err
}

func (s *Switch) monitor(m cti.Monitor) error {
	l, of := s.legs[m.Leg], s.legs[m.Of]
	switch {
	case m.Mode == cti.MonitorOff && l != nil && l.in == nil:
		return nil
	case m.Mode == cti.MonitorOff && l != nil && l.in.guest(l) != nil:
		l.part(cti.Program{Then: cti.SoundWait}, cti.Program{})
		return nil
	case l == nil || of == nil || l == of || l.ending || m.Mode == cti.MonitorOff || of.in == nil || of.in.guest(of) != nil:
		return cti.ErrNoLeg
	case l.in == of.in:
		g := l.in.guest(l)
		if g == nil {
			return cti.ErrNoLeg
		}
		g.mode, g.of = m.Mode, of
	case l.in != nil || l.state != cti.Confirmed:
		return cti.ErrNoLeg
	default:
		of.in.guests = append(of.in.guests, &guest{l, of, m.Mode})
		l.in = of.in
		l.tell(cti.Event{Kind: cti.LegJoined})
	}
	l.hears("the talk, "+string(m.Mode), 0)
	return nil
}

// Hold: see cti.Switch.
func (s *Switch) Hold(ctx context.Context, leg id.Leg, on bool) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	l := s.legs[leg]
	if l != nil && l.in == nil && l.state.Up() {
		l.putAside(on)
		return nil
	}
	if l == nil || l.in == nil || l.in.guest(l) != nil || !l.in.heard[l] || l.ending {
		s.phones.tell("", leg, cti.ErrNoLeg, "hold %v", on)
		return cti.ErrNoLeg
	}
	s.phones.tell(l.order.Callback, leg, nil, "hold %d %v", l.order.Attempt, on)
	if l.waits == on {
		return nil
	}
	l.waits = on
	k, hears, other := cti.LegResumed, "the other", "the other"
	if on {
		k, hears, other = cti.LegHeld, "say moment", "a rustle"
	}
	l.tell(cti.Event{Kind: k, By: cti.ByUs})
	l.hears(hears, 0)
	l.others(other)
	return nil
}

// Keys: see cti.Switch.
func (s *Switch) Keys(ctx context.Context, leg id.Leg, digits string) error {
	if err := cti.CheckKeys(digits); err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	l := s.legs[leg]
	if l == nil || !l.state.Up() {
		s.phones.tell("", leg, cti.ErrNoLeg, "keys %s", digits)
		return cti.ErrNoLeg
	}
	if !l.ending && l.order.To.Kind() != cti.Web {
		l.call.Keys += digits
	}
	s.phones.tell(l.order.Callback, leg, nil, "keys %d %s", l.order.Attempt, digits)
	return nil
}
