package callback_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// TestKilledAtEachStep kills the service at every crossing of its border, one after the other: before and after each
// write, before and after each command to the switch. Two seconds later a new one starts on the same disk and the same
// telephones, and the visitor's browser repeats its request until it is answered. Whatever it is: one outcome, never
// two telephones, nobody left on the line or held.
func TestKilledAtEachStep(t *testing.T) {
	for _, order := range []subscriber.Order{subscriber.AgentFirst, subscriber.VisitorFirst} {
		for _, s := range killed {
			t.Run(string(order)+", "+s.name, func(t *testing.T) {
				for n := 1; ; n++ {
					done := false
					t.Run(fmt.Sprint("crossing ", n), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { done = killAt(t, s, order, n) })
					})
					if done || t.Failed() {
						return
					}
				}
			})
		}
	}
}

// deadly is a life in which the service is killed.
type deadly struct {
	name   string
	people people
	want   []callback.Outcome
	setup  func(*directory.Setup)
}

var killed = []deadly{
	{"they talk", people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Takes(s(3), s(2), s(20)))},
		[]callback.Outcome{callback.Completed}, nil},
	{"ann does not answer", people{"ann": one(ctisim.Declines(s(4))), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Takes(s(3), s(2), s(20)))},
		[]callback.Outcome{callback.Completed}, nil},
	{"ann hangs up while it rings", people{"ann": one(ctisim.Answers(s(2), s(4))), "bob": one(ctisim.Answers(s(3), 0)), "vera": one(ctisim.Takes(s(12), s(2), s(20)))},
		[]callback.Outcome{callback.Completed}, nil},
	{"vera answers when ann has gone", people{"ann": one(ctisim.Answers(s(2), s(4))), "bob": one(ctisim.Answers(s(8), 0)), "vera": one(ctisim.Takes(s(7), s(2), s(30)))},
		[]callback.Outcome{callback.Completed}, nil},
	{"ann hands vera to bob", people{"ann": one(ctisim.Person{Answers: s(2), Refers: "sip:bob@phones.example", ReferAfter: s(8)}), "bob": one(ctisim.Answers(s(3), 0)),
		"vera": one(ctisim.Takes(s(3), s(2), s(20)))}, []callback.Outcome{callback.Completed}, nil},
	{"ann hands vera to bob, who declines after she has gone", people{"ann": {ctisim.Person{Answers: s(2), Refers: "sip:bob@phones.example", ReferAfter: s(8), Talk: s(9)}, ctisim.Answers(s(1), 0)},
		"bob": one(ctisim.Declines(s(3))), "vera": one(ctisim.Takes(s(3), s(2), s(30)))}, []callback.Outcome{callback.Completed}, nil},
	{"vera declines", people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Declines(s(3)))},
		[]callback.Outcome{callback.VisitorDeclined}, nil},
	{"vera is busy and then is not", people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(2), 0)),
		"vera": {ctisim.Busy(), ctisim.Takes(s(3), s(2), s(20))}}, []callback.Outcome{callback.Completed}, nil},
	{"all at once, and bob is the first", people{"ann": one(ctisim.Declines(s(3))), "bob": one(ctisim.Answers(s(2), 0)), "cleo": one(ctisim.Declines(s(1))), "vera": one(ctisim.Takes(s(3), s(2), s(20)))},
		[]callback.Outcome{callback.Completed}, allAtOnce},
	{"all at once, and two take it", people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(2), 0)), "cleo": one(ctisim.RingsForEver()), "vera": one(ctisim.Takes(s(3), s(2), s(20)))},
		[]callback.Outcome{callback.Completed}, allAtOnce},
	{"her telephones together", people{"ann": one(ctisim.RingsForEver()), "mobile": one(ctisim.Takes(s(2), s(1), 0)), "vera": one(ctisim.Takes(s(3), s(2), s(20)))},
		[]callback.Outcome{callback.Completed}, annTogether},
	{"nobody is there: escalated", people{"cleo": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Takes(s(3), s(2), s(20)))},
		[]callback.Outcome{callback.Completed}, toCleo},
}

// killAt plays one life and kills the service at the n-th crossing; true = it ended before that.
func killAt(t *testing.T, s deadly, order subscriber.Order, n int) (done bool) {
	w := newWorld(t, s.setup)
	defer w.stop()
	for name, who := range s.people {
		w.phones.Person(telephones[name], who...)
	}
	w.border.arm(n)
	cb := w.insists(wish("vera", once("k1"), func(r *callback.Request) { r.Order = order }))
	w.wishes = append(w.wishes, cb)
	for w.stored(cb).Live() {
		select {
		case <-w.border.dying:
			w.down()
			w.back(s2)
		case <-time.After(time.Second):
		}
	}
	done = !w.border.hasDied()
	w.settleDown()
	c := w.stored(cb)
	if !fits(c.Outcome, s.want) {
		t.Errorf("killed at crossing %d (%s): ended %s (%s)", n, w.border.last(), c.Outcome, c.Reason)
	}
	w.invariants()
	return done
}

const s2 = 2 * time.Second

func fits(o callback.Outcome, all []callback.Outcome) bool {
	for _, x := range all {
		if o == x {
			return true
		}
	}
	return false
}

// insists repeats a request with its key until it is answered, through deaths of the service.
func (w *world) insists(r callback.Request) id.Callback {
	w.Helper()
	for range 10 {
		m, err := w.c.Request(w.ctx, r)
		if err == nil && !w.border.isDead() {
			return m.Callback.ID
		}
		if cb, ok := replayed(err); ok {
			return cb
		}
		if !w.border.isDead() {
			w.Fatalf("request: %v", err)
		}
		w.down()
		w.back(s2)
	}
	w.Fatal("never answered")
	return ""
}

// settleDown lets a death that comes after the end happen.
func (w *world) settleDown() {
	limit := time.After(30 * time.Second)
	select {
	case <-w.border.dying:
		w.down()
		w.back(s2)
	case <-limit:
	}
}

// A visitor's telephone that may still be ringing after a crash is not rung again before it has surely stopped.
func TestUnknownAfterCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.stop()
		w.phones.Person(telephones["ann"], ctisim.Answers(s(2), 0))
		// The network has lost our CANCEL: the telephone rings on, as unseen by the new process.
		w.phones.Person(telephones["vera"], ctisim.Person{Answers: s(40), IgnoresCancel: true}, ctisim.Answers(s(3), s(20)))
		cb := w.ask("vera")
		w.rings("vera")
		pass(s(5))
		w.kill()
		w.back(s2)
		c := w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Completed {
			t.Errorf("ended %s", c.Outcome)
		}
		var invites []time.Time
		for _, k := range w.phones.Calls() {
			if k.To == telephones["vera"] {
				invites = append(invites, k.InviteAt)
			}
		}
		if len(invites) != 2 || invites[1].Sub(invites[0]) < 77*time.Second {
			t.Errorf("rung at %v", invites)
		}
		if got := w.results(c); len(got) != 2 || got[0] != callback.ResultUnknown {
			t.Errorf("attempts %v", got)
		}
		w.invariants()
	})
}

// A service that comes back while they talk cannot hear them any more: both are let go, it counts as completed, and
// ann is free.
func TestKilledWhileTheyTalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.stop()
		w.phones.Person(telephones["ann"], ctisim.Answers(s(2), 0))
		w.phones.Person(telephones["vera"], ctisim.Answers(s(3), 0))
		cb := w.ask("vera")
		w.until(cb, "the join", func(c *callback.Callback) bool { return !c.JoinedAt.IsZero() })
		pass(minute)
		w.kill()
		w.back(s(3))
		c := w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Completed || c.Reason != callback.ReasonInterrupted {
			t.Errorf("ended %s (%s)", c.Outcome, c.Reason)
		}
		synctest.Wait()
		if n := len(ctisim.Open(w.phones.Calls())); n != 0 {
			t.Errorf("%d telephones are still up", n)
		}
		if p := w.presence("ann"); p != agent.WrapUp {
			t.Errorf("ann is %s", p)
		}
		w.invariants()
	})
}

// A service that dies while the switch lives (a child process, another node) takes its calls up again.
func TestSwitchOutlivesService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.stop()
		w.phones.Person(telephones["ann"], ctisim.Answers(s(2), 0))
		w.phones.Person(telephones["vera"], ctisim.Answers(s(3), minute))
		cb := w.ask("vera")
		w.until(cb, "the join", func(c *callback.Callback) bool { return !c.JoinedAt.IsZero() })
		w.border.die()
		w.c.Stop()
		pass(s(10))
		w.bootOn(w.sw)
		c := w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Completed || c.Reason != callback.ReasonTalked || c.TalkTime != minute {
			t.Errorf("ended %s (%s) after %v", c.Outcome, c.Reason, c.TalkTime)
		}
		w.invariants()
	})
}

// A service whose switch was not told what was up before rings nobody.
func TestNotReconciled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.stop()
		w.phones.Person(telephones["ann"], ctisim.Answers(s(2), 0))
		w.phones.Person(telephones["vera"], ctisim.Answers(s(3), s(20)))
		w.restartSwitch() // it lost its memory, and nobody has told it
		cb := w.ask("vera")
		pass(s(4))
		if n := len(w.phones.Calls()); n != 0 {
			t.Errorf("%d telephones were rung", n)
		}
		if _, err := w.sw.Reconcile(w.ctx, nil); err != nil {
			t.Fatal(err)
		}
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Completed {
			t.Errorf("ended %s (%s)", c.Outcome, c.Reason)
		}
		w.invariants()
	})
}

// What no switch has taken yet can be cancelled, and leaves no leg open.
func TestCancelledBeforeItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.stop()
		w.restartSwitch()
		cb := w.ask("vera")
		pass(s(3))
		if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); err != nil {
			t.Fatal(err)
		}
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Cancelled {
			t.Errorf("ended %s (%s)", c.Outcome, c.Reason)
		}
		if n := len(w.phones.Calls()); n != 0 {
			t.Errorf("%d telephones were rung", n)
		}
		w.invariants()
	})
}
