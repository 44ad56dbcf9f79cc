package ctitest

import (
	"errors"
	"path/filepath"
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

const (
	cyd  = 2003
	sue  = 2004
	talk = 20 * time.Minute
)

// three are an agent and a visitor who are joined, and one more leg that is up.
func (r *row) three(p cti.Party) (a, v, c cti.Order) {
	r.Helper()
	a, v = r.bridge(0, talk)
	r.h.Script(Number(cyd), Person{Does: "answers", After: time.Second})
	return a, v, r.up("cb_1", p, Number(cyd))
}

func (r *row) confer(all ...cti.Order) {
	r.Helper()
	c := cti.Confer{Callback: "cb_1", MaxTalk: talk}
	for _, o := range all {
		c.Legs = append(c.Legs, o.Leg)
	}
	if err := r.h.Switch.Confer(r.ctx, c); err != nil {
		r.Fatalf("confer %v: %v", c.Legs, err)
	}
}

func (r *row) count(leg id.Leg, k cti.EventKind) (n int) {
	for _, e := range r.told(leg) {
		if e.Kind == k {
			n++
		}
	}
	return n
}

// conference: a third comes in, nobody else is told anything, and when one leaves the others go on, until one is left.
func conference(r *row) {
	a, v, c := r.three(cti.Agent)
	began := r.await(v.Leg, cti.LegJoined).At
	for range 2 {
		r.confer(v, a, c)
		r.await(c.Leg, cti.LegJoined)
		r.quiet(time.Second)
	}
	r.in(v.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined)
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
	r.quiet(time.Minute)
	for _, l := range []cti.Order{v, c} {
		if n := r.count(l.Leg, cti.LegEnded) + r.count(l.Leg, cti.LegParted); n != 0 {
			r.Errorf("leg %s: %v when another one left", l.Leg, kinds(r.told(l.Leg)))
		}
	}
	if d := r.ends(c.Leg, cti.MaxTalk, cti.ByUs).At.Sub(began); d < talk-r.h.Slack || d > talk+3*time.Second {
		r.Errorf("the longest talk took %v, want %v", d, talk)
	}
	r.ends(v.Leg, cti.MaxTalk, cti.ByUs)
	r.once(c.Leg)
	r.openIs(0)
}

// conferenceEnds: the last of three hears a farewell and is ended.
func conferenceEnds(r *row) {
	a, v, c := r.three(cti.Agent)
	r.confer(a, v, c)
	r.await(c.Leg, cti.LegJoined)
	r.hangUp(v.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.quiet(10 * time.Second)
	r.hangUp(c.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
	for _, l := range []cti.Order{a, v, c} {
		r.once(l.Leg)
	}
	r.openIs(0)
}

// consult: the visitor waits while the agent asks somebody, comes back, asks again, and goes on with that one.
func consult(r *row) {
	a, v, c := r.three(cti.Agent)
	r.confer(a)
	r.await(a.Leg, cti.LegParted)
	r.await(v.Leg, cti.LegParted)
	r.confer(a, c)
	r.await(c.Leg, cti.LegJoined)
	r.nth(a.Leg, cti.LegJoined, 2)
	r.confer(v, a)
	r.nth(v.Leg, cti.LegJoined, 2)
	r.nth(a.Leg, cti.LegJoined, 3)
	r.await(c.Leg, cti.LegParted)
	r.confer(a, c)
	r.nth(c.Leg, cti.LegJoined, 2)
	r.nth(v.Leg, cti.LegParted, 2)
	r.confer(v, c)
	r.nth(v.Leg, cti.LegJoined, 3)
	r.nth(c.Leg, cti.LegJoined, 3)
	r.nth(a.Leg, cti.LegParted, 3)
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
	r.quiet(10 * time.Second)
	if n := r.count(v.Leg, cti.LegEnded); n != 0 {
		r.Error("the visitor was ended with the agent who handed her over")
	}
	r.hangUp(v.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(c.Leg, cti.NormalClearing, cti.ByUs)
	r.openIs(0)
}

// kept: whoever hangs up, the other one waits and can be joined anew; a talk that is to be recorded is a new one.
func kept(r *row) {
	a, v, c := r.three(cti.Agent)
	if err := r.h.Switch.Confer(r.ctx, cti.Confer{Callback: "cb_1", Legs: []id.Leg{a.Leg, c.Leg}, Keep: true}); err != nil {
		r.Fatal(err)
	}
	r.await(c.Leg, cti.LegJoined)
	rec := &cti.Recording{ID: "rec_1", File: filepath.Join(r.TempDir(), "rec_1"), Key: make([]byte, 32)}
	if err := r.h.Switch.Confer(r.ctx, cti.Confer{Callback: "cb_1", Legs: []id.Leg{v.Leg, a.Leg, c.Leg}, Record: rec}); err != nil {
		r.Fatal(err)
	}
	for _, o := range []cti.Order{v, a, c} {
		r.await(o.Leg, cti.LegNotice)
	}
	r.nth(c.Leg, cti.LegJoined, 2)
	if err := r.h.Switch.Confer(r.ctx, cti.Confer{Callback: "cb_1", Legs: []id.Leg{a.Leg, c.Leg}, Keep: true}); err != nil {
		r.Fatal(err)
	}
	r.nth(v.Leg, cti.LegParted, 2)
	r.quiet(time.Second)
	r.hangUp(c.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.nth(a.Leg, cti.LegParted, 3)
	r.quiet(5 * time.Second)
	r.confer(v, a)
	r.nth(v.Leg, cti.LegJoined, 3)
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(v.Leg, cti.NormalClearing, cti.ByUs)
	r.openIs(0)
}

// outOfConference: one of three is taken out, waits, and can be joined anew.
func outOfConference(r *row) {
	a, v, c := r.three(cti.Agent)
	r.confer(a, v, c)
	r.await(c.Leg, cti.LegJoined)
	r.confer(v, c)
	r.await(a.Leg, cti.LegParted)
	r.quiet(5 * time.Second)
	r.confer(v, c, a)
	r.nth(a.Leg, cti.LegJoined, 2)
	if n := r.count(v.Leg, cti.LegParted) + r.count(c.Leg, cti.LegParted); n != 0 {
		r.Error("those who went on were told that they did not")
	}
	for _, l := range []cti.Order{a, v, c} {
		r.hangUp(l.Leg, cti.HangUp{Cause: cti.NormalClearing})
		r.ends(l.Leg, cti.NormalClearing, cti.ByUs)
	}
	r.openIs(0)
}

func conferNothing(r *row) {
	a, v, c := r.three(cti.Agent)
	legs := [][]id.Leg{{}, {a.Leg, "leg_none"}, {a.Leg, a.Leg}, {"leg_none"}}
	r.h.Script(Number(sue), Person{Does: "rings"})
	ringing := r.order("cb_1", cti.Agent, Number(sue))
	r.originate(ringing)
	r.await(ringing.Leg, cti.LegRinging)
	legs = append(legs, []id.Leg{v.Leg, ringing.Leg})
	for _, l := range legs {
		if err := r.h.Switch.Confer(r.ctx, cti.Confer{Callback: "cb_1", Legs: l}); !errors.Is(err, cti.ErrNoLeg) {
			r.Errorf("confer %v: %v, want ErrNoLeg", l, err)
		}
	}
	r.in(v.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined)
	for _, l := range []cti.Order{a, v, c, ringing} {
		r.hangUp(l.Leg, cti.HangUp{Cause: cti.NormalClearing})
		r.await(l.Leg, cti.LegEnded)
	}
}

// monitored: a supervisor comes, changes how she is there, goes, comes again and hangs up; the talk does not care.
func monitored(r *row) {
	a, v, s := r.three(cti.Supervisor)
	monitor := func(m cti.Mode) {
		if err := r.h.Switch.Monitor(r.ctx, cti.Monitor{Callback: "cb_1", Leg: s.Leg, Of: a.Leg, Mode: m}); err != nil {
			r.Fatalf("%s: %v", m, err)
		}
		r.quiet(2 * time.Second)
	}
	for range 2 {
		for _, m := range []cti.Mode{cti.MonitorOff, cti.MonitorListen, cti.MonitorListen, cti.MonitorWhisper, cti.MonitorBarge, cti.MonitorOff} {
			monitor(m)
		}
	}
	r.in(s.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined, cti.LegParted, cti.LegJoined, cti.LegParted)
	monitor(cti.MonitorBarge)
	r.hangUp(s.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(s.Leg, cti.NormalClearing, cti.ByUs)
	r.quiet(10 * time.Second)
	r.in(v.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined)
	r.hangUp(v.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
	r.once(s.Leg)
	r.openIs(0)
}

// monitoredOn: while the agent asks somebody who listened waits, and hears nobody; she comes into the talk that goes on,
// with the agent or with whom the visitor was handed to, however long that took.
func monitoredOn(r *row) {
	a, v, s := r.three(cti.Supervisor)
	r.h.Script(Number(sue), Person{Does: "answers"})
	c := r.order("cb_1", cti.Agent, Number(sue))
	r.originate(c)
	r.await(c.Leg, cti.LegConfirmed)
	monitor := func(of cti.Order) {
		if err := r.h.Switch.Monitor(r.ctx, cti.Monitor{Callback: "cb_1", Leg: s.Leg, Of: of.Leg, Mode: cti.MonitorListen}); err != nil {
			r.Fatal(err)
		}
	}
	monitor(a)
	r.await(s.Leg, cti.LegJoined)
	r.confer(a)
	r.await(s.Leg, cti.LegParted)
	r.confer(a, c)
	r.await(c.Leg, cti.LegJoined)
	r.quiet(talk - time.Minute)
	r.confer(v, a)
	r.nth(v.Leg, cti.LegJoined, 2)
	monitor(a)
	r.nth(s.Leg, cti.LegJoined, 2)
	r.confer(a, c)
	r.nth(s.Leg, cti.LegParted, 2)
	r.nth(c.Leg, cti.LegJoined, 2)
	r.confer(v, c)
	r.nth(c.Leg, cti.LegJoined, 3)
	monitor(c)
	r.nth(s.Leg, cti.LegJoined, 3)
	r.in(s.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined, cti.LegParted, cti.LegJoined, cti.LegParted, cti.LegJoined)
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.hangUp(c.Leg, cti.HangUp{Cause: cti.NormalClearing})
	for _, o := range []cti.Order{v, s} {
		r.ends(o.Leg, cti.NormalClearing, cti.ByUs)
	}
	r.openIs(0)
}

// monitoredEnds: when the talk is over who listened is ended too; what is in no talk cannot be listened to.
func monitoredEnds(r *row) {
	a, v, s := r.three(cti.Supervisor)
	m := cti.Monitor{Callback: "cb_1", Leg: s.Leg, Of: a.Leg, Mode: cti.MonitorListen}
	for _, bad := range []cti.Monitor{{Leg: s.Leg, Of: "leg_none", Mode: cti.MonitorListen}, {Leg: "leg_none", Of: a.Leg, Mode: cti.MonitorListen},
		{Leg: s.Leg, Of: s.Leg, Mode: cti.MonitorListen}, {Leg: v.Leg, Of: a.Leg, Mode: cti.MonitorListen}} {
		if err := r.h.Switch.Monitor(r.ctx, bad); !errors.Is(err, cti.ErrNoLeg) {
			r.Errorf("monitor %v: %v, want ErrNoLeg", bad, err)
		}
	}
	if err := r.h.Switch.Monitor(r.ctx, m); err != nil {
		r.Fatal(err)
	}
	r.await(s.Leg, cti.LegJoined)
	if err := r.h.Switch.Confer(r.ctx, cti.Confer{Callback: "cb_1", Legs: []id.Leg{s.Leg, v.Leg}}); !errors.Is(err, cti.ErrNoLeg) {
		r.Errorf("confer with who listens: %v, want ErrNoLeg", err)
	}
	r.hangUp(a.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(v.Leg, cti.NormalClearing, cti.ByUs)
	r.ends(s.Leg, cti.NormalClearing, cti.ByUs)
	r.once(s.Leg)
	r.openIs(0)
}

// keysOut: keys go to a leg that is up, whatever it does; what are no keys is refused.
func keysOut(r *row) {
	a, v := r.bridge(0, 0)
	for _, bad := range []string{"", "1w2", "x", "123456789012345678901234567890123"} {
		if err := r.h.Switch.Keys(r.ctx, v.Leg, bad); err == nil || errors.Is(err, cti.ErrNoLeg) {
			r.Errorf("keys %q: %v", bad, err)
		}
	}
	if err := r.h.Switch.Keys(r.ctx, v.Leg, "42#"); err != nil {
		r.Errorf("keys: %v", err)
	}
	r.quiet(5 * time.Second)
	if k := kinds(r.told(v.Leg)); slices.Contains(k, cti.LegEnded) || slices.Contains(k, cti.LegParted) {
		r.Errorf("keys did more than that: %v", k)
	}
	r.hangUp(v.Leg, cti.HangUp{Cause: cti.NormalClearing})
	r.ends(a.Leg, cti.NormalClearing, cti.ByUs)
	if err := r.h.Switch.Keys(r.ctx, v.Leg, "1"); !errors.Is(err, cti.ErrNoLeg) {
		r.Errorf("keys to what has ended: %v, want ErrNoLeg", err)
	}
}
