package callback_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// supervised is Acme with cleo, who may watch, and dan, who may not for this business.
func supervised(s *directory.Setup) {
	cleo := person("cleo", "cleo")
	cleo.Supervisor = true
	dan := person("dan")
	dan.Supervisor = true
	s.Agents = append(s.Agents, cleo, dan)
	s.Representations = append(s.Representations, represents("cleo"))
}

func monitor(mode cti.Mode) func(*world, id.Callback) error {
	return func(w *world, _ id.Callback) error {
		_, err := w.c.Monitor(w.ctx, w.agents["cleo"], w.agents["ann"], mode)
		return err
	}
}

// allowed lets supervisors listen to who was not told, from the start.
func allowed(w *world) {
	w.policy.MonitorWithoutNotice = true
	w.c.Policy.MonitorWithoutNotice = true
}

func watching(deeds ...deed) func(*world) id.Callback {
	return func(w *world) id.Callback {
		allowed(w)
		return doing(deeds...)(w)
	}
}

// Ann and vera talk from the fifth second on, for a minute; cleo is rung at the tenth and answers a second later.
var watches = []story{
	{
		name: "cleo listens, whispers, barges and leaves", setup: supervised,
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "cleo": one(ctisim.Answers(s(1), 0)), "vera": vera},
		run:    watching(deed{s(10), monitor(cti.MonitorListen)}, deed{s(15), monitor(cti.MonitorWhisper)}, deed{s(20), monitor(cti.MonitorBarge)}, deed{s(25), monitor(cti.MonitorOff)}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		told: []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "originate 1 supervisor cleo", "monitor 1 listen", "monitor 1 whisper",
			"monitor 1 barge", "hangup 1 supervisor normal_clearing", "hangup 1 agent normal_clearing"},
		after: map[string]agent.Presence{"ann": agent.WrapUp, "cleo": agent.Ready},
		extra: func(w *world, c *callback.Callback) {
			w.line(c, "watch_asked", s(10))
			w.line(c, "watch_taken", s(11))
			w.line(c, "watch_left", s(26))
			if c.Attempts[0].Agent != w.agents["ann"] || c.TalkTime != minute {
				w.Errorf("%s talked %v", c.Attempts[0].Agent, c.TalkTime)
			}
		},
	},
	{
		name: "cleo stays to the end", setup: supervised,
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "cleo": one(ctisim.Answers(s(1), 0)), "vera": vera},
		run:    watching(deed{s(10), monitor(cti.MonitorBarge)}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "cleo": agent.Ready},
	},
	{
		name: "cleo does not answer", setup: supervised,
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "cleo": one(ctisim.Busy()), "vera": vera},
		run:    watching(deed{s(10), monitor(cti.MonitorBarge)}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "cleo": agent.Ready},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "watch_left", s(10)) },
	},
	{
		name: "ann hands vera over while cleo listens: she waits, and hears vera with bob", setup: supervised,
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), 0)), "cleo": one(ctisim.Answers(s(1), 0)), "vera": vera},
		run:    watching(deed{s(10), monitor(cti.MonitorListen)}, deed{s(15), warm("bob")}, deed{s(22), monitor(cti.MonitorWhisper)}, deed{s(25), complete}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		told: []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "originate 1 supervisor cleo", "monitor 1 listen", "confer 1 agent",
			"play 1 agent ringback", "originate 1 agent bob", "confer 1 agent agent", "play 1 supervisor wait", "confer 1 visitor agent",
			"hangup 1 agent normal_clearing", "monitor 1 whisper", "hangup 1 supervisor normal_clearing", "hangup 1 agent normal_clearing"},
		after: map[string]agent.Presence{"bob": agent.WrapUp, "cleo": agent.Ready},
		extra: func(w *world, c *callback.Callback) {
			w.listensAgain(c, s(25))
			if got := w.heard("cleo"); got != "first sound/soft, first sound/soft, the talk, listen, wait, wait, the talk, whisper, say bye" {
				w.Errorf("cleo heard %q", got)
			}
		},
	},
	{
		name: "ann asks bob and comes back to vera: so does cleo", setup: supervised,
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), 0)), "cleo": one(ctisim.Answers(s(1), 0)), "vera": vera},
		run:    watching(deed{s(10), monitor(cti.MonitorListen)}, deed{s(15), warm("bob")}, deed{s(25), cancel}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "cleo": agent.Ready},
		extra:    func(w *world, c *callback.Callback) { w.listensAgain(c, s(25)) },
	},
	{
		name: "ann hands vera over at once: cleo waits while bob is rung", setup: supervised,
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), 0)), "cleo": one(ctisim.Answers(s(1), 0)), "vera": vera},
		run:    watching(deed{s(10), monitor(cti.MonitorListen)}, deed{s(15), blind("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"bob": agent.WrapUp, "cleo": agent.Ready},
		extra:    func(w *world, c *callback.Callback) { w.listensAgain(c, s(19)) },
	},
	{
		name: "cleo answers while ann asks bob: she hears nothing of it", setup: supervised,
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), 0)), "cleo": one(ctisim.Answers(s(8), 0)), "vera": vera},
		run:    watching(deed{s(10), monitor(cti.MonitorListen)}, deed{s(12), warm("bob")}, deed{s(25), complete}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"bob": agent.WrapUp, "cleo": agent.Ready},
		extra: func(w *world, c *callback.Callback) {
			w.line(c, "watch_taken", s(18))
			w.listensAgain(c, s(25))
		},
	},
	{
		name: "vera hangs up while ann asks bob: cleo is let go with all others", setup: supervised,
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), 0)), "cleo": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(3), s(15)))},
		run:    watching(deed{s(10), monitor(cti.MonitorListen)}, deed{s(15), warm("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(20),
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "cleo": agent.Ready},
	},
}

// listensAgain: a supervisor was let into the talk again then, or a moment later: that they are joined may wait to be written down.
func (w *world) listensAgain(c *callback.Callback, after time.Duration) {
	w.Helper()
	for _, l := range w.journal(c.ID) {
		if late := l.At.Sub(c.CreatedAt) - after; l.Event == "watch_on" && late >= 0 && late < time.Second {
			return
		}
	}
	w.Errorf("nobody listens again after %v", after)
}

func TestWatches(t *testing.T) {
	for _, s := range watches {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { s.play(t) })
		})
	}
}

// Nobody listens who may not, nor to whom it was not said; where both have heard the notice she may.
func TestWatchRefused(t *testing.T) {
	for _, told := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(s *directory.Setup) {
				supervised(s)
				s.Subscribers[0].Recording.On = told
			})
			defer w.stop()
			w.recorder = &tapes{}
			w.c.Recorder = w.recorder
			w.phones.Person(telephones["ann"], ctisim.Answers(s(2), 0))
			w.phones.Person(telephones["cleo"], ctisim.Answers(s(1), 0))
			w.phones.Person(telephones["vera"], vera...)
			cb := w.ask("vera")
			if err := monitor(cti.MonitorListen)(w, cb); !fault.Is(err, fault.TooLate) {
				t.Errorf("before she talks: %v", err)
			}
			pass(s(10))
			for _, c := range []struct {
				sup, who string
				mode     cti.Mode
				code     fault.Code
			}{{"bob", "ann", cti.MonitorListen, fault.Forbidden}, {"dan", "ann", cti.MonitorListen, fault.Forbidden}, {"cleo", "ann", "spy", fault.WrongType},
				{"cleo", "bob", cti.MonitorListen, fault.TooLate}, {"ann", "ann", cti.MonitorBarge, fault.Forbidden}, {"cleo", "ann", cti.MonitorOff, fault.TooLate}} {
				if _, err := w.c.Monitor(w.ctx, w.agents[c.sup], w.agents[c.who], c.mode); !fault.Is(err, c.code) {
					t.Errorf("%s %ss to %s: %v, want %s", c.sup, c.mode, c.who, err, c.code)
				}
			}
			err := monitor(cti.MonitorListen)(w, cb)
			if told && err != nil || !told && !fault.Is(err, fault.Forbidden) {
				t.Errorf("both told %v: %v", told, err)
			}
			w.reaches(cb, callback.Ended)
			synctest.Wait()
			rung := slices.ContainsFunc(w.orders(cb), func(o string) bool { return strings.Contains(o, "supervisor") })
			if rung != told {
				t.Errorf("both told %v: cleo was rung %v", told, rung)
			}
			w.invariants()
		})
	}
}

// A service that dies while somebody listens goes on with who is in the talk.
func TestServiceDiesAtEachStepOfAWatch(t *testing.T) {
	for n, done := 1, false; !done && !t.Failed(); n++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, supervised)
			defer w.stop()
			allowed(w)
			w.phones.Person(telephones["ann"], ctisim.Answers(s(2), 0))
			w.phones.Person(telephones["cleo"], ctisim.Answers(s(1), s(20)))
			w.phones.Person(telephones["vera"], vera...)
			cb := w.ask("vera")
			pass(s(9))
			w.border.arm(n)
			asked := false
			for w.stored(cb).Live() {
				if !asked {
					asked = true
					if err := monitor(cti.MonitorWhisper)(w, cb); err != nil && !w.border.hasDied() {
						t.Error(err)
					}
				}
				select {
				case <-w.border.dying:
					down := time.Now()
					w.c.Stop()
					pass(s(2))
					w.bootOn(w.sw)
					w.out = append(w.out, outage{from: down, to: time.Now()})
				case <-time.After(time.Second):
				}
			}
			done = !w.border.hasDied()
			w.settleDown()
			if c := w.stored(cb); c.Outcome != callback.Completed || c.Reason != callback.ReasonTalked {
				t.Errorf("died at crossing %d (%s): ended %s (%s)", n, w.border.last(), c.Outcome, c.Reason)
			}
			w.invariants()
		})
	}
}
