package callback

import (
	"context"
	"slices"

	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/speech"
)

// Monitor lets a supervisor into the talk of an agent: her own telephone is rung first. Another mode changes how she is in it,
// MonitorOff hangs her up. Faults: forbidden when she may not watch agents of this business, or when visitor and agent have
// not both been told that somebody may listen and policy.monitor_without_notice is not set; too_late when the agent does not
// talk.
func (c *Conductor) Monitor(ctx context.Context, supervisor, who id.Agent, mode cti.Mode) (*Callback, error) {
	switch mode {
	case cti.MonitorListen, cti.MonitorWhisper, cti.MonitorBarge, cti.MonitorOff:
	default:
		return nil, fault.At("mode", fault.WrongType, "mode is listen, whisper, barge or off.")
	}
	cb := c.line.status(who).Callback
	if cb == "" {
		return nil, fault.New(fault.TooLate, "This agent does not talk.")
	}
	return c.step(ctx, cb, func(d *draft) error {
		a := d.Current()
		sup := d.dir.Agents[supervisor]
		switch {
		case sup == nil || !sup.Supervisor || !answersFor(d.dir, supervisor, d.Subscriber):
			return fault.New(fault.Forbidden, "Only a supervisor who represents this business may do that.")
		case supervisor == who:
			return fault.At("agent", fault.WrongType, "That is your own call.")
		case d.State != Connected || a == nil || a.agentLeg() == nil || a.Agent != who:
			return fault.New(fault.TooLate, "This agent does not talk.")
		}
		l := a.live(func(l *Leg) bool { return l.watches() && l.Agent == supervisor })
		switch {
		case mode == cti.MonitorOff && l == nil:
			return fault.New(fault.TooLate, "You are not in this talk.")
		case mode == cti.MonitorOff:
			d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: l.ID, Cause: cti.NormalClearing})
			d.note(ByStaff, "watch_off", "%s leaves the talk", sup.Slug)
			return nil
		}
		if !d.mayListen(a) {
			return fault.New(fault.Forbidden, "Visitor and agent have not both been told that somebody may listen: record the talks of this business, or allow it in policy.monitor_without_notice.")
		}
		if l != nil {
			l.Role = Role(mode)
			if !l.ConfirmedAt.IsZero() {
				d.watch(a, l)
			}
			d.note(ByStaff, "watch_"+string(mode), "%s", sup.Slug)
			return nil
		}
		if len(sup.Devices) == 0 {
			return fault.New(fault.TooLate, "You have no telephone that could be rung.")
		}
		t := transfer{party: cti.Supervisor, to: sup.Devices[0].To, agent: supervisor, says: sup.Slug, role: Role(mode)}
		d.apply(Input{Event: WatchAsked, Actor: ByStaff, Transfer: &t, Detail: sup.Slug + ": " + string(mode)})
		return nil
	})
}

// mayListen: listening in without a word to both is a crime in many places.
func (d *draft) mayListen(a *Attempt) bool {
	if d.secretly {
		return true
	}
	return !slices.ContainsFunc(append(a.thirds(), a.agentLeg(), a.visitorLeg()), func(l *Leg) bool { return l == nil || !l.NoticePlayed })
}

// visitorTalks says whether visitor and agent hear each other, and nobody is asked meanwhile: whoever listens hears a talk
// with a visitor, and never what two agents say to each other about her.
func (d *draft) visitorTalks(a *Attempt) bool {
	mine, visitor := a.agentLeg(), a.visitorLeg()
	return d.State == Connected && mine != nil && visitor != nil && joined(mine) && joined(visitor) && a.consulted() == nil && d.pending(a) == nil
}

// watch lets a supervisor who has answered into the talk, or changes how she is in it; while there is none she waits.
func (d *draft) watch(a *Attempt, l *Leg) {
	if !d.visitorTalks(a) {
		d.acts = append(d.acts, Act{Effect: WatchWaits, Leg: l.ID})
		return
	}
	d.acts = append(d.acts, Act{Effect: WatchTalk, Leg: l.ID, With: a.agentLeg().ID, Mode: cti.Mode(l.Role)})
}

// watchOn lets those come into the talk that goes on who listened before the agent asked somebody, or handed the visitor over.
// Where somebody is in it who was not told they are let go.
func (d *draft) watchOn(a *Attempt) {
	if !d.visitorTalks(a) {
		return
	}
	for i := range a.Legs {
		switch l := &a.Legs[i]; {
		case !l.watches() || l.State != cti.Confirmed:
		case d.mayListen(a):
			d.watch(a, l)
			d.note(ByRingback, "watch_on", "%s %s", l.ID, l.Role)
		default:
			d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: l.ID, Cause: cti.NormalClearing})
			d.note(ByRingback, "watch_off", "%s: who is in the talk now was not told that somebody may listen", l.ID)
		}
	}
}

// together has legs talk with each other. A visitor who comes back into a talk comes into one that is recorded anew.
func (c *Conductor) together(cb *Callback, a Act) error {
	conf := cti.Confer{Callback: cb.ID, Legs: a.Legs, MaxTalk: cb.talkLeft(c.Now()), Keep: a.Keep, Parted: c.meanwhile(cb)}
	_, first := cb.Leg(a.Leg)
	if first != nil && first.Party == cti.Visitor {
		if sub := c.Directory().Subscribers[cb.Subscriber]; sub != nil {
			conf.Notice = c.notice(sub, sub.Language)
		}
		if first.State == cti.Confirmed {
			conf.Record = c.recording(cb, first.ID)
		}
	}
	err := c.sw.Confer(c.ctx, conf)
	if err != nil && conf.Record != nil {
		c.drop(conf.Record)
	}
	return err
}

func (c *Conductor) drop(rec *cti.Recording) {
	if err := c.Recorder.Drop(c.ctx, rec.ID); err != nil {
		c.Log.Warn("a recording that was not begun is not taken back", "recording", rec.ID, "err", err)
	}
}

// partAgent lets the visitor wait, and the agent hear how somebody is rung.
func (c *Conductor) partAgent(cb *Callback, a Act) error {
	if err := c.sw.Confer(c.ctx, cti.Confer{Callback: cb.ID, Legs: []id.Leg{a.Leg}, Parted: c.meanwhile(cb)}); err != nil {
		return err
	}
	return c.sw.Play(c.ctx, a.Leg, cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundRingback})
}

// meanwhile is what a visitor hears while her agent speaks with somebody else.
func (c *Conductor) meanwhile(cb *Callback) cti.Program {
	say := toVisitor(c.Speaker, cb, c.Directory()).says(speech.VisitorWaiting)
	return cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundWait, Notes: []cti.Note{{After: cti.NoteGap, Say: say}}}
}
