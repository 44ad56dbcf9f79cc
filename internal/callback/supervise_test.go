package callback_test

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
)

// answeredBy waits for a talk and names the agent.
func (w *world) answeredBy(cb *callback.Callback) string {
	for slug, a := range w.agents {
		if cur := cb.Current(); cur != nil && cur.Agent == a {
			return slug
		}
	}
	return ""
}

var calls = people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Answers(s(1), s(30))),
	"walt": one(ctisim.Answers(s(1), s(30))), "xena": one(ctisim.Answers(s(1), s(30)))}

// Staff move one that waits to the front; another that is moved later goes before it. A retry keeps both, and the journal tells.
func TestMoveToFront(t *testing.T) {
	play(t, only("ann"), calls, func(w *world) {
		if _, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Paused, ""); err != nil {
			t.Fatal(err)
		}
		vera := w.ask("vera")
		pass(time.Second)
		walt := w.ask("walt")
		pass(time.Second)
		xena := w.ask("xena")
		for _, cb := range []id.Callback{walt, xena} {
			after, err := w.c.MoveToFront(w.ctx, cb, callback.ByStaff)
			if err != nil || after.FrontAt.IsZero() {
				t.Fatalf("%v, %v", after, err)
			}
			if n, _ := w.c.Place(after.ID); n != 1 {
				t.Errorf("place %d", n)
			}
			pass(time.Second)
		}
		if n, _ := w.c.Place(walt); n != 2 {
			t.Errorf("walt's place is %d", n)
		}
		if _, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Ready, ""); err != nil {
			t.Fatal(err)
		}
		began := map[string]time.Time{}
		for name, cb := range map[string]id.Callback{"vera": vera, "walt": walt, "xena": xena} {
			began[name] = w.reaches(cb, callback.Ended).Attempts[0].StartedAt
		}
		if !began["xena"].Before(began["walt"]) || !began["walt"].Before(began["vera"]) {
			t.Errorf("begun %v", began)
		}
		if _, err := w.c.MoveToFront(w.ctx, vera, callback.ByStaff); !fault.Is(err, fault.AlreadyEnded) {
			t.Errorf("ended: %v", err)
		}
	})
}

// A callback that rings one agent is given to another: her telephone stops, she has missed nothing, the other one's rings.
func TestReassign(t *testing.T) {
	for _, order := range []bool{false, true} {
		who := people{"ann": one(ctisim.RingsForEver()), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Takes(s(1), s(1), s(30)))}
		play(t, nil, who, func(w *world) {
			ask := wish("vera")
			if order {
				visitorFirst(&ask)
			}
			m, err := w.c.Request(w.ctx, ask)
			if err != nil {
				t.Fatal(err)
			}
			cb := m.Callback.ID
			w.wishes = append(w.wishes, cb)
			w.rings("ann")
			if _, err := w.c.Reassign(w.ctx, cb, "agt_nobody", callback.ByStaff); !fault.Is(err, fault.WrongType) {
				t.Errorf("to nobody: %v", err)
			}
			if _, err := w.c.Reassign(w.ctx, cb, w.agents["bob"], callback.ByStaff); err != nil {
				t.Fatal(err)
			}
			c := w.reaches(cb, callback.Connected)
			if got := w.answeredBy(c); got != "bob" {
				t.Errorf("answered by %q", got)
			}
			if st := w.status("ann"); st.Presence != agent.Ready || st.Missed != 0 {
				t.Errorf("ann is %+v", st)
			}
			if len(c.Attempts) > 1 && c.Tried() > 1 {
				t.Errorf("the visitor was rung %d times", c.Tried())
			}
			if _, err := w.c.Reassign(w.ctx, cb, w.agents["ann"], callback.ByStaff); !fault.Is(err, fault.TooLate) {
				t.Errorf("in talk: %v", err)
			}
			w.reaches(cb, callback.Ended)
			w.invariants()
		})
	}
}

// What waits is kept for the agent it was given to, while she is at work; to who is absent nothing is given.
func TestReassignWaits(t *testing.T) {
	play(t, nil, calls, func(w *world) {
		for _, slug := range []string{"ann", "bob"} {
			if _, err := w.c.SetPresence(w.ctx, w.agents[slug], agent.Paused, ""); err != nil {
				t.Fatal(err)
			}
		}
		cb := w.ask("vera")
		if _, err := w.c.Reassign(w.ctx, cb, w.agents["bob"], callback.ByStaff); !fault.Is(err, fault.TooLate) || !strings.Contains(err.Error(), "bob is paused") {
			t.Errorf("to who is absent: %v", err)
		}
		if _, err := w.c.SetPresence(w.ctx, w.agents["bob"], agent.Ready, ""); err != nil {
			t.Fatal(err)
		}
		c := w.reaches(cb, callback.Connected)
		if got := w.answeredBy(c); got != "bob" {
			t.Errorf("answered by %q", got)
		}
		other := w.ask("walt")
		if _, err := w.c.Reassign(w.ctx, other, w.agents["bob"], callback.ByStaff); err != nil {
			t.Fatal(err)
		}
		if _, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Ready, ""); err != nil {
			t.Fatal(err)
		}
		c = w.reaches(other, callback.Connected)
		if got := w.answeredBy(c); got != "bob" {
			t.Errorf("kept for bob, answered by %q", got)
		}
	})
}

// What is kept for nobody any more goes to who is free, though the one it was given to is at work.
func TestReassignToAnyone(t *testing.T) {
	talk := one(ctisim.Answers(s(1), s(60)))
	who := people{"ann": one(ctisim.Answers(s(1), 0)), "bob": one(ctisim.Answers(s(1), 0)), "vera": talk, "walt": talk, "xena": talk}
	play(t, nil, who, func(w *world) {
		first := w.ask("vera")
		talks := w.answeredBy(w.reaches(first, callback.Connected))
		cb := w.ask("walt") // the other's telephone rings already
		w.reaches(cb, callback.Connected)
		waits := w.ask("xena")
		if _, err := w.c.Reassign(w.ctx, waits, w.agents[talks], callback.ByStaff); err != nil {
			t.Fatal(err)
		}
		c, err := w.c.Reassign(w.ctx, waits, "", callback.ByAgent)
		if err != nil || c.Wanted != "" || !c.WantedUntil.IsZero() {
			t.Errorf("still kept for %q until %v: %v", c.Wanted, c.WantedUntil, err)
		}
		if _, err := w.c.Reassign(w.ctx, first, "", callback.ByStaff); !fault.Is(err, fault.TooLate) {
			t.Errorf("in talk: %v", err)
		}
	})
}

// Who has talked with a visitor is asked first when she comes again, and is waited for a while; then anybody.
func TestPrefersTheLastAgent(t *testing.T) {
	set := func(d *directory.Setup) { d.Subscribers[0].Routing.PreferLast = s(25) }
	play(t, set, calls, func(w *world) {
		if c := w.reaches(w.ask("vera"), callback.Connected); w.answeredBy(c) != "ann" {
			t.Fatalf("the first was answered by %q", w.answeredBy(c))
		}
		pass(s(51))   // the talk, and ann's notes
		w.ask("walt") // ann's, by priority
		pass(time.Second)
		again := w.ask("vera")
		pass(s(20))
		if c := w.stored(again); c.State != callback.Queued || c.Wanted != w.agents["ann"] {
			t.Errorf("%s, kept for %s", c.State, c.Wanted)
		}
		c := w.reaches(again, callback.Connected)
		if got := w.answeredBy(c); got != "bob" || c.Attempts[0].StartedAt.Sub(c.ArrivedAt) != s(25) {
			t.Errorf("answered by %q after %v", got, c.Attempts[0].StartedAt.Sub(c.ArrivedAt))
		}
	})
}

// It does not matter who has called whom: who rings in goes to who talked with her last, and so does who is called after a
// talk for which she had rung in.
func TestPrefersTheLastAgentOfAnyTalk(t *testing.T) {
	set := func(d *directory.Setup) { d.Subscribers[0].Routing.PreferLast = s(25) }
	asks := func(w *world) id.Callback { return w.ask("vera") }
	comes := func(w *world) id.Callback { return w.called("vera", ctisim.Person{Talk: s(30)}) }
	for name, c := range map[string]struct{ first, then func(*world) id.Callback }{
		"called, then rings in":   {asks, comes},
		"rings in, then again":    {comes, comes},
		"rang in, then is called": {comes, asks},
	} {
		t.Run(name, func(t *testing.T) {
			who := people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Answers(s(1), s(30)))}
			play(t, set, who, func(w *world) {
				if _, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Paused, "lunch"); err != nil {
					t.Fatal(err)
				}
				first := c.first(w)
				w.reaches(first, callback.Ended)
				pass(minute)
				if _, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Ready, ""); err != nil {
					t.Fatal(err)
				}
				then := c.then(w)
				got := w.reaches(then, callback.Connected)
				if w.answeredBy(got) != "bob" || got.Resumes != "" {
					t.Errorf("answered by %q, resumes %q", w.answeredBy(got), got.Resumes)
				}
				w.reaches(then, callback.Ended)
				w.invariants()
			})
		})
	}
}

// A keyed request may name who answers: an agent calls somebody for a business that she represents.
func TestAskedForAnAgent(t *testing.T) {
	play(t, nil, calls, func(w *world) {
		c := w.reaches(w.ask("vera", func(r *callback.Request) { r.Agent = "bob" }), callback.Connected)
		if got := w.answeredBy(c); got != "bob" {
			t.Errorf("answered by %q", got)
		}
		if _, err := w.c.Request(w.ctx, wish("walt", func(r *callback.Request) { r.Agent = "cleo" })); !fault.Is(err, fault.WrongType) {
			t.Errorf("who does not represent the business: %v", err)
		}
	})
}

// What is booked for an agent is kept for her when its time comes, also after it was moved, and at each retry.
func TestABookingIsKeptForHer(t *testing.T) {
	who := people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(2), 0)), "vera": {ctisim.Busy(), ctisim.Answers(s(1), s(30))}}
	play(t, nil, who, func(w *world) {
		cb := w.ask("vera", at(schedule.After(time.Hour)))
		if _, err := w.c.Reassign(w.ctx, cb, w.agents["bob"], callback.ByStaff); err != nil {
			t.Fatal(err)
		}
		if _, err := w.c.Reschedule(w.ctx, cb, schedule.After(3*time.Hour), callback.ByVisitor); err != nil {
			t.Fatal(err)
		}
		c := w.reaches(cb, callback.Connected)
		if len(c.Attempts) != 2 {
			t.Errorf("%d attempts", len(c.Attempts))
		}
		for _, a := range c.Attempts {
			if a.Agent != w.agents["bob"] {
				t.Errorf("attempt %d was with %s", a.N, a.Agent)
			}
		}
	})
}
