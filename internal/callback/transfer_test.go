package callback_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
)

// refers answers after 2 s and asks, 10 s later, that the call goes on elsewhere; talk is until it hangs up, 0 = never.
func refers(to cti.Endpoint, talk time.Duration) []ctisim.Person {
	return one(ctisim.Person{Answers: s(2), Refers: to, ReferAfter: s(10), Talk: talk})
}

var vera = one(ctisim.Answers(s(3), minute))

// In all of them ann answers after 2 s, vera 3 s later; ann's telephone asks at 12 s.
var transfers = []story{
	{
		name:   "ann hands vera to bob, who answers",
		people: people{"ann": refers("sip:bob@phones.example", 0), "bob": one(ctisim.Answers(s(4), 0)), "vera": vera},
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		told: []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "refer 1 agent trying", "originate 1 agent bob", "refer 1 agent ringing",
			"join 1", "refer 1 agent done", "hangup 1 agent normal_clearing", "hangup 1 agent normal_clearing"},
		after: map[string]agent.Presence{"ann": agent.Ready, "bob": agent.WrapUp},
		extra: func(w *world, c *callback.Callback) {
			w.line(c, "transfer_asked", s(12))
			w.line(c, "transfer_taken", s(16))
			if n := len(c.Attempts[0].Legs); n != 3 || c.TalkTime != minute || c.Attempts[0].Agent != w.agents["bob"] {
				w.Errorf("%d legs, talked %v with %s", n, c.TalkTime, c.Attempts[0].Agent)
			}
		},
	},
	{
		name:   "bob does not answer: ann gets vera back",
		people: people{"ann": refers("sip:bob@phones.example", 0), "bob": one(ctisim.Busy()), "vera": vera},
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		told: []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "refer 1 agent trying", "originate 1 agent bob", "join 1",
			"refer 1 agent failed", "hangup 1 agent normal_clearing"},
		after: map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
		extra: func(w *world, c *callback.Callback) { w.line(c, "transfer_back", s(12)) },
	},
	{
		name:   "ann hangs up while bob's telephone rings, and he does not answer: her desk is rung again",
		people: people{"ann": {refers("sip:bob@phones.example", s(12))[0], ctisim.Answers(s(2), 0)}, "bob": one(ctisim.RingsForEver()), "vera": vera},
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		told: []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "refer 1 agent trying", "originate 1 agent bob", "refer 1 agent ringing",
			"play 1 visitor ringback", "originate 1 agent ann", "join 1", "hangup 1 agent normal_clearing"},
		after: map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
		extra: func(w *world, c *callback.Callback) { w.line(c, "transfer_return", s(12+25)) },
	},
	{
		name:   "nobody is there any more: vera hears a sentence",
		people: people{"ann": {refers("sip:bob@phones.example", s(12))[0], ctisim.Busy()}, "bob": one(ctisim.Declines(s(5))), "vera": vera},
		want:   callback.Completed, reason: callback.ReasonTransferFailed, took: s(17),
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
	},
	{
		name:   "vera hangs up while bob's telephone rings",
		people: people{"ann": refers("sip:bob@phones.example", 0), "bob": one(ctisim.RingsForEver()), "vera": one(ctisim.Answers(s(3), s(15)))},
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(20),
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
	},
	{
		name:   "ann hands vera to a number that a visitor could be called at",
		people: people{"ann": refers("tel:202-555-0199", 0), "walt": one(ctisim.Answers(s(2), 0)), "vera": vera},
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.Ready},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "transfer_taken", s(14)) },
	},
	{
		name:   "an extension's number, written as the address of bob's telephone",
		people: people{"ann": one(ctisim.Person{Answers: s(2), Refers: "tel:102", ReferAddress: "sip:bob@phones.example:5060", ReferAfter: s(10)}), "bob": one(ctisim.Answers(s(4), 0)), "vera": vera},
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.Ready, "bob": agent.WrapUp},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "transfer_taken", s(16)) },
	},
	refused("a premium number", "tel:+19005550106"),
	refused("an emergency number", "tel:911"),
	refused("a number abroad", "tel:+4930123456"),
	refused("an Internet telephone that nobody allowed", "sip:toll@fraud.example"),
	refused("the business's caller ID", "tel:+12025550190"),
	refused("herself", "sip:ann@phones.example"),
}

func refused(what string, to cti.Endpoint) story {
	return story{
		name:   "ann hands vera to " + what + ": refused, and they talk on",
		people: people{"ann": refers(to, 0), "vera": vera},
		want:   callback.Completed, reason: callback.ReasonTalked, took: s(5) + minute,
		attempts: []callback.Result{callback.ResultConnected},
		told:     []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "refer 1 agent refused", "hangup 1 agent normal_clearing"},
		extra:    func(w *world, c *callback.Callback) { w.line(c, "transfer_refused", s(12)) },
	}
}

func TestTransfers(t *testing.T) {
	for _, s := range transfers {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { s.play(t) })
		})
	}
}

// A service that dies at any moment of a transfer, while the switch lives, takes the talk up again or gives her back.
func TestServiceDiesInTransfer(t *testing.T) {
	for at := s(11.95); at < s(17); at += 50 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			defer w.stop()
			w.phones.Person(telephones["ann"], refers("sip:bob@phones.example", 0)...)
			w.phones.Person(telephones["bob"], ctisim.Answers(s(4), 0))
			w.phones.Person(telephones["vera"], vera...)
			cb := w.ask("vera")
			pass(at)
			down := time.Now()
			w.border.die()
			w.c.Stop()
			pass(s(2))
			w.bootOn(w.sw)
			w.out = append(w.out, outage{from: down, to: time.Now()})
			c := w.reaches(cb, callback.Ended)
			if c.Outcome != callback.Completed || c.Reason != callback.ReasonTalked || c.TalkTime != minute {
				t.Errorf("died at %v: ended %s (%s) after %v", at, c.Outcome, c.Reason, c.TalkTime)
			}
			w.invariants()
		})
	}
}

// The same at each crossing of the service's border: before and after each write and each command.
func TestServiceDiesAtEachStepOfATransfer(t *testing.T) {
	for n, done := 1, false; !done && !t.Failed(); n++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			defer w.stop()
			w.phones.Person(telephones["ann"], refers("sip:bob@phones.example", 0)...)
			w.phones.Person(telephones["bob"], ctisim.Answers(s(4), 0))
			w.phones.Person(telephones["vera"], vera...)
			cb := w.ask("vera")
			pass(s(11))
			w.border.arm(n)
			for w.stored(cb).Live() {
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
			} else if c.Reason != callback.ReasonTalked {
				t.Logf("died at crossing %d (%s): %s", n, w.border.last(), c.Reason)
			}
			w.invariants()
		})
	}
}

// An agent who is in another talk is not rung, and stays there; a slug alone is enough to name her.
func TestTransferToWhoIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.stop()
		w.phones.Person(telephones["ann"], refers("sip:BOB@10.0.0.1", 0)...)
		w.phones.Person(telephones["bob"], ctisim.Answers(s(1), 0))
		w.phones.Person(telephones["vera"], vera...)
		w.phones.Person(telephones["walt"], vera...)
		cb := w.ask("vera")
		w.ask("walt")
		w.reaches(cb, callback.Ended)
		var lines []string
		for _, l := range w.journal(cb) {
			if strings.HasPrefix(l.Event, "transfer") {
				lines = append(lines, l.Event+": "+l.Detail)
			}
		}
		if len(lines) != 1 || !strings.Contains(lines[0], "bob is not ready") {
			t.Errorf("journal: %v", lines)
		}
	})
}
