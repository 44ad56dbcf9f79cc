package callback_test

import (
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// deed is what somebody asks for at an instant of a talk.
type deed struct {
	at time.Duration
	do func(w *world, cb id.Callback) error
}

func warm(to string) func(*world, id.Callback) error {
	return func(w *world, cb id.Callback) error {
		_, err := w.c.Transfer(w.ctx, cb, to, callback.Warm, callback.ByAgent)
		return err
	}
}

func blind(to string) func(*world, id.Callback) error {
	return func(w *world, cb id.Callback) error {
		_, err := w.c.Transfer(w.ctx, cb, to, callback.Blind, callback.ByAgent)
		return err
	}
}

func conference(to string) func(*world, id.Callback) error {
	return func(w *world, cb id.Callback) error {
		_, err := w.c.Conference(w.ctx, cb, to, callback.ByAgent)
		return err
	}
}

func complete(w *world, cb id.Callback) error {
	_, err := w.c.CompleteTransfer(w.ctx, cb, callback.ByAgent)
	return err
}

func cancel(w *world, cb id.Callback) error {
	_, err := w.c.CancelTransfer(w.ctx, cb, callback.ByAgent)
	return err
}

// doing is the run of a story in which vera asks and these deeds are done.
func doing(deeds ...deed) func(*world) id.Callback {
	return func(w *world) id.Callback {
		cb := w.ask("vera")
		began := time.Now()
		for _, d := range deeds {
			pass(d.at - time.Since(began))
			if err := d.do(w, cb); err != nil {
				w.Errorf("at %v: %v", d.at, err)
			}
		}
		return cb
	}
}

// In all of them ann answers after 2 s, vera 3 s later and talks for a minute; bob answers 4 s after he is rung.
var consults = []story{
	{
		name:   "ann asks bob, and hands vera over",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), 0)), "vera": vera},
		run:    doing(deed{s(10), warm("bob")}, deed{s(20), complete}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		told: []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "confer 1 agent", "play 1 agent ringback", "originate 1 agent bob",
			"confer 1 agent agent", "confer 1 visitor agent", "hangup 1 agent normal_clearing", "hangup 1 agent normal_clearing"},
		after: map[string]agent.Presence{"ann": agent.Ready, "bob": agent.WrapUp},
		extra: func(w *world, c *callback.Callback) {
			w.line(c, "consult_asked", s(10))
			w.line(c, "consult_taken", s(14))
			w.line(c, "consult_done", s(20))
			if c.Attempts[0].Agent != w.agents["bob"] || c.TalkTime != minute {
				w.Errorf("talked %v, at last with %s", c.TalkTime, c.Attempts[0].Agent)
			}
		},
	},
	{
		name:   "ann asks bob, and comes back",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), 0)), "vera": vera},
		run:    doing(deed{s(10), warm("bob")}, deed{s(20), cancel}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		told: []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "confer 1 agent", "play 1 agent ringback", "originate 1 agent bob",
			"confer 1 agent agent", "confer 1 visitor agent", "hangup 1 agent cancelled", "hangup 1 agent normal_clearing"},
		after: map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
	},
	{
		name:   "bob is busy: ann talks with vera again at once",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Busy()), "vera": vera},
		run:    doing(deed{s(10), warm("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "consult_back", s(10)) },
	},
	{
		name:   "ann gives up while bob's telephone rings",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.RingsForEver()), "vera": vera},
		run:    doing(deed{s(10), warm("bob")}, deed{s(15), cancel}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
	},
	{
		name:   "ann hangs up when bob knows: vera goes on with him",
		people: people{"ann": one(ctisim.Answers(s(2), s(20))), "bob": one(ctisim.Answers(s(4), 0)), "vera": vera},
		run:    doing(deed{s(10), warm("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.Ready, "bob": agent.WrapUp},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "consult_done", s(22)) },
	},
	{
		name:   "ann hangs up while bob's telephone rings: a blind transfer",
		people: people{"ann": one(ctisim.Answers(s(2), s(10))), "bob": one(ctisim.Answers(s(8), 0)), "vera": vera},
		run:    doing(deed{s(10), warm("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.Ready, "bob": agent.WrapUp},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "transfer_taken", s(18)) },
	},
	{
		name:   "completed while it rings: a blind transfer, and he does not answer",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.RingsForEver()), "vera": vera},
		run:    doing(deed{s(10), warm("bob")}, deed{s(12), complete}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "transfer_back", s(35)) },
	},
	{
		name:   "bob hangs up on ann: she talks with vera again",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), s(6))), "vera": vera},
		run:    doing(deed{s(10), warm("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "consult_back", s(20)) },
	},
	{
		name:   "vera hangs up while ann asks bob",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), 0)), "vera": one(ctisim.Answers(s(3), s(25)))},
		run:    doing(deed{s(10), warm("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(30),
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.WrapUp},
	},
	{
		name:   "a blind transfer from the desk",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), 0)), "vera": vera},
		run:    doing(deed{s(10), blind("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.Ready, "bob": agent.WrapUp},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "transfer_taken", s(14)) },
	},
	{
		name:   "a blind transfer that ann takes back",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.RingsForEver()), "vera": vera},
		run:    doing(deed{s(10), blind("bob")}, deed{s(15), cancel}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "transfer_back", s(15)) },
	},
	{
		name:   "bob comes in, ann leaves, vera and bob go on",
		people: people{"ann": one(ctisim.Answers(s(2), s(30))), "bob": one(ctisim.Answers(s(4), 0)), "vera": vera},
		run:    doing(deed{s(10), conference("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		told: []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "originate 1 agent bob", "confer 1 visitor agent agent",
			"hangup 1 agent normal_clearing"},
		after: map[string]agent.Presence{"bob": agent.WrapUp},
		extra: func(w *world, c *callback.Callback) {
			w.line(c, "third_taken", s(14))
			w.line(c, "third_alone", s(32))
		},
	},
	{
		name:   "bob comes in and leaves again",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), s(10))), "vera": vera},
		run:    doing(deed{s(10), conference("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "third_left", s(24)) },
	},
	{
		name:   "nobody comes in",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Declines(s(5))), "vera": vera},
		run:    doing(deed{s(10), conference("bob")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
	},
	{
		name:   "ann asks bob, and lets him in",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(4), 0)), "vera": vera},
		run:    doing(deed{s(10), warm("bob")}, deed{s(20), conference("")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.WrapUp},
	},
	{
		name:   "a number comes in",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "walt": one(ctisim.Answers(s(4), 0)), "vera": vera},
		run:    doing(deed{s(10), conference("202-555-0199")}),
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "third_taken", s(14)) },
	},
}

func TestConsults(t *testing.T) {
	for _, s := range consults {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { s.play(t) })
		})
	}
}

// The visitor waits as long as her agent wants, and keys go to her telephone; before and after the talk neither is possible.
func TestHoldAndKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.stop()
		w.phones.Person(telephones["ann"], ctisim.Answers(s(2), 0))
		w.phones.Person(telephones["vera"], vera...)
		cb := w.ask("vera")
		hold := func(on bool) error {
			_, err := w.c.Hold(w.ctx, cb, on, callback.ByAgent)
			return err
		}
		keys := func(k string) error {
			_, err := w.c.Keys(w.ctx, cb, k, callback.ByAgent)
			return err
		}
		late := func(when string) {
			t.Helper()
			for _, err := range []error{hold(true), keys("1")} {
				if !fault.Is(err, fault.TooLate) {
					t.Errorf("%s: %v", when, err)
				}
			}
		}
		late("before they talk")
		pass(s(10))
		if err := keys("1w"); !fault.Is(err, fault.WrongType) {
			t.Errorf("no key: %v", err)
		}
		for _, do := range []func() error{func() error { return hold(true) }, func() error { return keys("42#") }, func() error { return hold(false) }} {
			if err := do(); err != nil {
				t.Error(err)
			}
			pass(s(5))
		}
		w.reaches(cb, callback.Ended)
		late("afterwards")
		var told []string
		for _, l := range w.journal(cb) {
			if l.Actor == callback.ByRingback && l.From == callback.Connected && l.To == l.From {
				told = append(told, l.Event)
			}
		}
		wantEqual(t, "told by the switch", told, []string{"leg_held", "leg_resumed"})
		for _, c := range w.phones.Calls() {
			if want := map[bool]string{true: "42#"}[ctisim.OfVisitor(cb)(c)]; c.Keys != want {
				t.Errorf("the %s got %q", c.Party, c.Keys)
			}
		}
		w.invariants()
	})
}

// Who may not be called is not, whichever way it is asked for, and the talk goes on.
func TestConsultRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.stop()
		w.phones.Person(telephones["ann"], ctisim.Answers(s(2), 0))
		w.phones.Person(telephones["vera"], vera...)
		cb := w.ask("vera")
		if err := warm("bob")(w, cb); !fault.Is(err, fault.TooLate) {
			t.Errorf("before they talk: %v", err)
		}
		pass(s(10))
		for to, code := range map[string]fault.Code{"+19005550106": fault.NumberType, "911": fault.NumberEmergency, "sip:toll@fraud.example": fault.EndpointNotAllowed,
			"+12025550190": fault.NumberOwn, "ann": fault.TooLate, "": fault.FieldRequired, "+4930123456": fault.NumberRegion, telephones["vera"].Number(): fault.TooLate} {
			for what, do := range map[string]func(string) func(*world, id.Callback) error{"warm": warm, "blind": blind, "conference": conference} {
				if err := do(to)(w, cb); err == nil || what != "conference" && !fault.Is(err, code) {
					t.Errorf("%s to %q: %v, want %s", what, to, err, code)
				}
			}
		}
		if _, err := w.c.SetPresence(w.ctx, w.agents["bob"], agent.Paused, "lunch"); err != nil {
			t.Fatal(err)
		}
		for _, do := range []func(*world, id.Callback) error{warm("bob"), complete, cancel, conference("bob"), conference("")} {
			if err := do(w, cb); !fault.Is(err, fault.TooLate) {
				t.Errorf("%v, want too_late", err)
			}
		}
		w.reaches(cb, callback.Ended)
		synctest.Wait()
		w.invariants()
	})
}

// A service that dies at each crossing of its border while somebody is asked, and lives again on a switch that has gone on.
func TestServiceDiesAtEachStepOfAConsultation(t *testing.T) {
	for name, deeds := range map[string][]deed{"handed over": {{s(10), warm("bob")}, {s(20), complete}}, "back": {{s(10), warm("bob")}, {s(20), cancel}},
		"conference": {{s(10), conference("bob")}}} {
		t.Run(name, func(t *testing.T) {
			for n, done := 1, false; !done && !t.Failed(); n++ {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, nil)
					defer w.stop()
					w.phones.Person(telephones["ann"], ctisim.Answers(s(2), 0))
					w.phones.Person(telephones["bob"], ctisim.Answers(s(4), 0))
					w.phones.Person(telephones["vera"], vera...)
					cb := w.ask("vera")
					pass(s(9))
					w.border.arm(n)
					next, began := 0, time.Now().Add(-s(9))
					for w.stored(cb).Live() {
						if next < len(deeds) && time.Since(began) >= deeds[next].at {
							if err := deeds[next].do(w, cb); err != nil && !w.border.hasDied() {
								t.Errorf("%v", err)
							}
							next++
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
					if c := w.stored(cb); c.Outcome != callback.Completed {
						t.Errorf("died at crossing %d (%s): ended %s (%s)", n, w.border.last(), c.Outcome, c.Reason)
					}
					w.invariants()
				})
			}
		})
	}
}
