package callback_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

const acmeNumber = "+12025550190"

// comes lets somebody call Acme and returns the call of the town, once it was answered or refused.
func (w *world) comes(name string, who ctisim.Person) ctisim.Call {
	w.Helper()
	from := strings.TrimPrefix(string(telephones[name]), "tel:")
	n := len(w.phones.Calls())
	w.sw.Arrive("trk_1", from, acmeNumber, who)
	pass(10 * time.Millisecond)
	synctest.Wait()
	return w.phones.Calls()[n]
}

// called is a call that was taken.
func (w *world) called(name string, who ctisim.Person) id.Callback {
	w.Helper()
	c := w.comes(name, who)
	if c.AnsweredAt.IsZero() {
		w.Fatalf("%s's call was not answered: %d", name, c.Code)
	}
	w.wishes = append(w.wishes, c.Callback)
	return c.Callback
}

// heard is what somebody's newest call has heard.
func (w *world) heard(name string) string {
	var out []string
	for _, c := range w.phones.Calls() {
		if c.To == telephones[name] {
			out = nil
			for _, h := range c.Heard {
				out = append(out, h.What)
			}
		}
	}
	return strings.Join(out, ", ")
}

// A caller is answered, an agent rings and both talk; the callback says how it came.
func TestCaller(t *testing.T) {
	play(t, only("ann"), people{"ann": one(ctisim.Answers(s(3), 0))}, func(w *world) {
		cb := w.called("vera", ctisim.Person{Talk: s(60)})
		c := w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Completed || !c.Inbound || c.Order != callback.CallerFirst || c.TalkTime < s(50) {
			t.Errorf("ended %+v", c)
		}
		if stored := w.stored(cb); stored.Contact == "" || stored.Interaction == "" || stored.Attempts[0].Legs[0].CallID == "" || stored.Attempts[0].RangVisitor {
			t.Errorf("stored %+v", stored)
		}
		wantEqual(t, "orders", w.orders(cb), []string{"originate 1 visitor vera", "originate 1 agent ann", "join 1", "hangup 1 agent normal_clearing"})
		wantEqual(t, "journal", tableEvents(w.journal(cb)), []string{"called", "visitor_confirmed", "agent_found", "agent_confirmed", "visitor_left"})
		w.invariants()
	})
}

// tableEvents are the events of the table in a journal, without facts about legs.
func tableEvents(lines []callback.Line) (out []string) {
	for _, l := range lines {
		if !strings.HasPrefix(l.Event, "leg_") {
			out = append(out, l.Event)
		}
	}
	return out
}

// Everybody talks: the caller waits in line behind who asked before, hears that it goes on, and chooses to be called; the
// place is kept.
func TestCallerChoosesToBeCalled(t *testing.T) {
	play(t, only("ann"), people{"ann": one(ctisim.Answers(s(1), 0)), "walt": one(ctisim.Answers(s(2), s(300))), "vera": one(ctisim.Answers(s(2), s(30))), "xena": one(ctisim.Answers(s(2), s(30)))},
		func(w *world) {
			w.ask("walt")
			pass(s(10))
			cb := w.called("vera", ctisim.Person{Press: "2", PressAfter: s(30)})
			later := w.ask("xena")
			c := w.until(cb, "a callback", func(c *callback.Callback) bool { return c.Order == subscriber.AgentFirst })
			if c.State != callback.Queued || c.Reason != callback.ReasonPutOff || !c.Inbound {
				t.Errorf("now %s (%s)", c.State, c.Reason)
			}
			c, other := w.reaches(cb, callback.Ended), w.reaches(later, callback.Ended)
			if c.Outcome != callback.Completed || !c.JoinedAt.Before(other.JoinedAt) || c.Tried() != 1 {
				t.Errorf("ended %s, joined %v, who asked later %v, rung %d times", c.Outcome, c.JoinedAt, other.JoinedAt, c.Tried())
			}
			w.invariants()
		})
}

// Outside opening hours the caller hears so, and with a key she is called when it opens; without one the call ends.
func TestCallerAtNight(t *testing.T) {
	night := opens(t, map[string][]string{"daily": {"09:00-17:00"}})
	play(t, night, talkers, func(w *world) {
		cb := w.called("vera", ctisim.Person{Press: "1", PressAfter: s(5)})
		c := w.reaches(cb, callback.Scheduled)
		if got := c.DueAt.UTC().Format("02 15:04"); got != "01 14:00" || c.Reason != callback.ReasonOutsideHours {
			t.Errorf("scheduled for %s (%s)", got, c.Reason)
		}
		silent := w.called("walt", ctisim.Person{})
		if c := w.reaches(silent, callback.Ended); c.Outcome != callback.NoAgent || c.EndedAt.Sub(c.CreatedAt) > s(40) {
			t.Errorf("ended %s after %v", c.Outcome, c.EndedAt.Sub(c.CreatedAt))
		}
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Completed || c.Tried() != 1 {
			t.Errorf("ended %s", c.Outcome)
		}
		w.invariants()
	})
}

// Who cannot be called back is not offered it: withheld numbers wait, and at night hear that it is closed before any answer.
func TestCallerWithoutNumber(t *testing.T) {
	telephones["nobody"] = "tel:"
	defer delete(telephones, "nobody")
	play(t, opens(t, map[string][]string{"daily": {"09:00-19:30"}}), people{"ann": one(ctisim.Answers(s(30), 0)), "bob": one(ctisim.Busy())}, func(w *world) {
		cb := w.called("nobody", ctisim.Person{Press: "2", PressAfter: s(25), Talk: s(60)})
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Cancelled && c.Outcome != callback.NoAgent || c.Tries != 0 {
			t.Errorf("ended %s, %d tries", c.Outcome, c.Tries)
		}
		pass(time.Hour)
		if c := w.comes("nobody", ctisim.Person{}); c.Code != 480 || !strings.Contains(w.heard("nobody"), "say") {
			t.Errorf("at night: %d, heard %s", c.Code, w.heard("nobody"))
		}
		w.invariants()
	})
}

// A caller who waits for a callback goes before all others, with what she had said; it is not made meanwhile, and not at all
// when they have talked for long enough.
func TestCallerResumes(t *testing.T) {
	for _, c := range []struct {
		name string
		talk time.Duration
		want callback.State // of what was waited for, afterwards
	}{{"they talk", s(60), callback.Ended}, {"they hardly talk", s(10), callback.Scheduled}} {
		t.Run(c.name, func(t *testing.T) {
			play(t, only("ann"), people{"ann": {ctisim.Answers(s(1), 0), ctisim.Answers(s(1), 0), ctisim.Answers(s(1), c.talk), ctisim.Answers(s(1), 0)},
				"walt": one(ctisim.Answers(s(2), s(60))), "xena": one(ctisim.Answers(s(2), s(30))),
				"vera": {ctisim.RingsForEver(), ctisim.Answers(s(2), s(40))}}, func(w *world) {
				was := w.ask("vera", func(r *callback.Request) { r.Name, r.Topic = "Vera", "a leak" })
				w.until(was, "another try", func(c *callback.Callback) bool { return c.State == callback.Scheduled })
				w.ask("walt")
				pass(s(10))
				xena := w.ask("xena")
				cb := w.called("vera", ctisim.Person{})
				got := w.reaches(cb, callback.Ended)
				if got.Resumes != was || got.Name != "Vera" || got.Topic != "a leak" || got.Outcome != callback.Completed {
					t.Errorf("the call: %+v", got)
				}
				synctest.Wait()
				if s := w.stored(was); s.State != c.want || s.State == callback.Ended && (s.Outcome != callback.Completed || s.Reason != callback.ReasonTheyCalled) {
					t.Errorf("what was waited for is %s %s (%s)", s.State, s.Outcome, s.Reason)
				}
				if a, b := w.stored(cb), w.stored(was); a.Contact != b.Contact || a.Interaction != b.Interaction {
					t.Error("it is another thread")
				}
				if x := w.reaches(xena, callback.Ended); !got.JoinedAt.Before(x.JoinedAt) {
					t.Error("xena was served before")
				}
				w.reaches(was, callback.Ended)
				w.invariants()
			})
		})
	}
}

// While its visitor is on the line a callback is not dialled, however due it is.
func TestParked(t *testing.T) {
	play(t, only("ann"), people{"ann": one(ctisim.Answers(s(1), 0)), "walt": one(ctisim.Answers(s(1), s(400))), "vera": one(ctisim.Answers(s(2), s(30)))}, func(w *world) {
		w.ask("walt")
		was := w.ask("vera", at(schedule.After(minute)))
		cb := w.called("vera", ctisim.Person{Talk: s(300)})
		pass(s(290))
		if c := w.stored(was); c.State != callback.Scheduled || len(c.Attempts) > 0 {
			t.Errorf("it is %s", c.State)
		}
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Cancelled {
			t.Errorf("the call ended %s", c.Outcome)
		}
		if c := w.reaches(was, callback.Ended); c.Outcome != callback.Completed || c.Tried() != 1 {
			t.Errorf("the callback ended %s", c.Outcome)
		}
		w.invariants()
	})
}

// Nobody takes it: the caller is asked, and is called.
func TestCallerWhomNobodyTakes(t *testing.T) {
	play(t, only("ann"), people{"ann": {ctisim.RingsForEver(), ctisim.RingsForEver(), ctisim.Answers(s(1), 0)}, "vera": one(ctisim.Answers(s(2), s(30)))}, func(w *world) {
		cb := w.called("vera", ctisim.Person{Press: "1", PressAfter: s(80)})
		c := w.reaches(cb, callback.Ended)
		if !slices.Contains(events(w.journal(cb)), "callback_offered") {
			t.Error("it was not offered")
		}
		if c.Outcome != callback.Completed || c.Order != subscriber.AgentFirst {
			t.Errorf("ended %s (%s) as %s", c.Outcome, c.Reason, c.Order)
		}
		w.invariants()
	})
}

// What is turned away: numbers of nobody, blocked callers, too many calls of one, and more callers than a business takes.
func TestCallersTurnedAway(t *testing.T) {
	play(t, func(s *directory.Setup) {
		only("ann")(s)
		s.Subscribers[0].Limits.Concurrent = 2
		s.Agents[0].Ready = false
	}, people{}, func(w *world) {
		w.sw.Arrive("trk_1", "+12025550100", "+12025550999", ctisim.Person{})
		pass(s(1))
		if c := w.phones.Calls()[0]; c.Code != 404 {
			t.Errorf("a number of nobody: %d", c.Code)
		}
		w.c.Policy.PerCaller, w.c.Policy.PerTrunk = []callback.Rate{{N: 10, Per: 10 * minute}}, []callback.Rate{{N: 13, Per: 20 * minute}}
		w.called("vera", ctisim.Person{Talk: s(20)})
		w.called("walt", ctisim.Person{Talk: s(20)})
		if c := w.comes("xena", ctisim.Person{}); c.Code != 486 || !strings.Contains(w.heard("xena"), "say") {
			t.Errorf("the third caller: %d, heard %q", c.Code, w.heard("xena"))
		}
		pass(minute)
		for range 9 {
			w.called("vera", ctisim.Person{Talk: s(1)})
			pass(s(2))
		}
		if c := w.comes("vera", ctisim.Person{}); c.Code != 486 {
			t.Errorf("the eleventh call in ten minutes: %d", c.Code)
		}
		w.called("walt", ctisim.Person{Talk: s(1)})
		w.called("xena", ctisim.Person{Talk: s(1)})
		pass(s(5))
		if c := w.comes("xena", ctisim.Person{}); c.Code != 486 {
			t.Errorf("more calls over the trunk than policy.limits.inbound allows: %d", c.Code)
		}
		s := setup()
		s.Blocks = []subscriber.Block{{NumberHash: w.c.HashNumber(telephones["walt"]), Masked: "…"}}
		w.apply(s)
		if err := w.c.Reload(w.ctx); err != nil {
			t.Fatal(err)
		}
		if c := w.comes("walt", ctisim.Person{}); c.Code != 603 {
			t.Errorf("a blocked caller: %d", c.Code)
		}
		w.invariants()
	})
}

// Kill the service at each crossing of its border while a caller is in line, talks, or wants to be called: nobody is left on
// the line, and what was waited for goes on.
func TestCallerKilledAtEachStep(t *testing.T) {
	for _, c := range []struct {
		name string
		who  ctisim.Person
	}{{"they talk", ctisim.Person{Talk: s(40)}}, {"she wants to be called", ctisim.Person{Press: "2", PressAfter: s(22)}}} {
		for n := 1; n < 200; n++ {
			done := false
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, only("ann"))
				defer w.stop()
				ann := ctisim.Answers(s(3), 0)
				if c.who.Press != "" {
					ann = ctisim.Answers(s(24), 0)
				}
				w.phones.Person(telephones["ann"], ann)
				w.phones.Person(telephones["vera"], ctisim.Answers(s(2), s(30)))
				w.border.arm(n)
				w.sw.Arrive("trk_1", telephones["vera"].Number(), acmeNumber, c.who)
				for end := time.Now().Add(10 * minute); time.Now().Before(end); {
					select {
					case <-w.border.dying:
						w.down()
						w.back(s2)
					case <-time.After(time.Second):
					}
				}
				done = !w.border.hasDied()
				all, err := w.border.inner.Callbacks(w.ctx, "", callback.Filter{})
				if err != nil {
					t.Fatal(err)
				}
				for _, cb := range all {
					w.wishes = append(w.wishes, cb.ID)
				}
				if done && (len(all) != 1 || all[0].Outcome != callback.Completed) {
					t.Errorf("%s, undisturbed: %+v", c.name, all)
				}
				w.invariants()
				if t.Failed() {
					t.Logf("%s, crossing %d", c.name, n)
				}
			})
			if done || t.Failed() {
				break
			}
		}
	}
}

// A service that stops tells callers who wait; who talks goes on.
func TestCallerWhileDraining(t *testing.T) {
	play(t, only("ann"), people{"ann": one(ctisim.Answers(s(1), 0))}, func(w *world) {
		talks := w.called("vera", ctisim.Person{Talk: s(60)})
		w.reaches(talks, callback.Connected)
		waits := w.called("walt", ctisim.Person{})
		pass(s(5))
		if n := w.c.Drain(); n != 1 {
			t.Errorf("%d callers were told", n)
		}
		c := w.reaches(waits, callback.Ended)
		if c.Outcome != callback.NoAgent || !strings.Contains(w.heard("walt"), "say") {
			t.Errorf("ended %s, heard %s", c.Outcome, w.heard("walt"))
		}
		if late := w.comes("xena", ctisim.Person{}); late.Code != 503 {
			t.Errorf("who calls then: %d", late.Code)
		}
		if c := w.reaches(talks, callback.Ended); c.Outcome != callback.Completed || c.TalkTime < s(50) {
			t.Errorf("who talked: %s after %v", c.Outcome, c.TalkTime)
		}
		w.stop()
		w.boot()
		w.invariants()
	})
}

// Who has a callback already and wants to be called is told that it goes on; there is one call, as promised.
func TestCallerWhoHasACallback(t *testing.T) {
	play(t, only("ann"), people{"ann": one(ctisim.Answers(s(1), 0)), "walt": one(ctisim.Answers(s(1), s(90))), "vera": one(ctisim.Answers(s(2), s(30)))}, func(w *world) {
		w.ask("walt")
		was := w.ask("vera")
		cb := w.called("vera", ctisim.Person{Press: "2", PressAfter: s(25)})
		c := w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Cancelled || c.Reason != callback.ReasonPutOff {
			t.Errorf("the call ended %s (%s)", c.Outcome, c.Reason)
		}
		if c := w.reaches(was, callback.Ended); c.Outcome != callback.Completed || c.Tried() != 1 {
			t.Errorf("the callback ended %s (%s)", c.Outcome, c.Reason)
		}
		rung := 0
		for _, c := range w.phones.Calls() {
			if c.To == telephones["vera"] && !c.In {
				rung++
			}
		}
		if rung != 1 {
			t.Errorf("her telephone was rung %d times", rung)
		}
		w.invariants()
	})
}

// Asterisk and five belong to those who talk: a caller is left no message.
func TestCallerIsLeftNoMessage(t *testing.T) {
	play(t, only("ann"), people{"ann": one(ctisim.Person{Answers: s(1), Press: "*5", PressAfter: s(10)})}, func(w *world) {
		cb := w.called("vera", ctisim.Person{Talk: s(40)})
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Completed || c.TalkTime < s(30) {
			t.Errorf("ended %s after %v", c.Outcome, c.TalkTime)
		}
		w.invariants()
	})
}
