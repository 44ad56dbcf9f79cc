package callback_test

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

func (w *world) status(slug string) agent.Status {
	w.Helper()
	all, err := w.border.inner.Agents(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	return all[w.agents[slug]]
}

// An agent who lets two offers pass in a row, of whichever callbacks, is paused; with telephones only, she is asked again
// by and by.
func TestPausedAfterTwoMissedOffers(t *testing.T) {
	who := people{"ann": {ctisim.RingsForEver(), ctisim.RingsForEver(), ctisim.Answers(s(2), 0)}, "vera": one(ctisim.Answers(s(1), s(10))), "walt": one(ctisim.Answers(s(1), s(10)))}
	play(t, only("ann"), who, func(w *world) {
		first := w.ask("vera")
		second := w.ask("walt")
		w.until(second, "walt's turn", func(c *callback.Callback) bool { return c.State == callback.RingingAgent })
		if st := w.status("ann"); st.Presence != agent.Reserved || st.Missed != 1 {
			t.Errorf("after one: %+v", st)
		}
		w.until(second, "the second miss", func(c *callback.Callback) bool { return c.State == callback.Queued })
		pass(time.Second)
		st := w.status("ann")
		if st.Presence != agent.Paused || st.Reason != "missed 2 offers" || !st.Until.Equal(st.Since.Add(agent.PauseTime)) {
			t.Errorf("after two: %+v", st)
		}
		c := w.until(first, "a talk", func(c *callback.Callback) bool { return c.State == callback.Connected })
		if waited := c.Current().StartedAt.Sub(st.Since); waited != agent.PauseTime {
			t.Errorf("asked again after %v", waited)
		}
		if st := w.status("ann"); st.Missed != 0 {
			t.Errorf("who answers has missed nothing: %+v", st)
		}
	})
}

// An agent who turns offers down is paused like one who lets them ring: with a key, at her desk, or on her telephone.
func TestPausedForDeclining(t *testing.T) {
	key3 := ctisim.Person{Answers: s(2), Press: "3", PressAfter: s(1)}
	for _, c := range []struct {
		name  string
		agent agent.Agent
		does  []ctisim.Person
		want  string
	}{
		{"on her telephone", person("ann", "ann"), []ctisim.Person{ctisim.Declines(s(2)), ctisim.Declines(s(1)), ctisim.Declines(s(1))}, "declined 3 offers"},
		{"with a key", person("ann", "joe"), []ctisim.Person{key3, key3, key3}, "declined 3 offers"},
		{"some she lets ring", person("ann", "ann"), []ctisim.Person{ctisim.Declines(s(2)), ctisim.RingsForEver(), ctisim.Declines(s(1))}, "let 3 offers pass"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := func(d *directory.Setup) {
				only("ann", "bob")(d)
				c.agent.PauseAfter = 3
				d.Agents[0] = c.agent
			}
			who := people{"ann": c.does, "joe": c.does, "bob": one(ctisim.Answers(s(1), 0))}
			for _, v := range []string{"vera", "walt", "xena"} {
				who[v] = one(ctisim.Answers(s(1), s(5)))
			}
			play(t, set, who, func(w *world) {
				for _, v := range []string{"vera", "walt", "xena"} {
					if st := w.status("ann"); st.Presence != agent.Ready {
						t.Errorf("before %s: %+v", v, st)
					}
					w.reaches(w.ask(v), callback.Ended)
					pass(subscriber.DefaultWrapUp + s(1))
				}
				if st := w.status("ann"); st.Presence != agent.Paused || st.Reason != c.want || st.Missed != 0 {
					t.Errorf("at the end: %+v, want %s", st, c.want)
				}
				w.invariants()
			})
		})
	}
}

// An offer that she takes in between begins the count anew, and a busy line is no missed offer.
func TestWhatIsNoMissedOffer(t *testing.T) {
	who := people{"ann": {ctisim.RingsForEver(), ctisim.Busy(), ctisim.Busy(), ctisim.Busy(), ctisim.Answers(s(1), 0), ctisim.RingsForEver()},
		"vera": one(ctisim.Answers(s(1), s(10))), "walt": one(ctisim.Answers(s(1), s(10))), "xena": one(ctisim.Answers(s(1), s(10)))}
	play(t, only("ann"), who, func(w *world) {
		w.ask("vera")
		w.ask("walt")
		third := w.ask("xena")
		w.until(third, "its end", func(c *callback.Callback) bool { return !c.Live() || len(c.Attempts) > 0 && c.State == callback.Queued })
		if st := w.status("ann"); st.Presence == agent.Paused {
			t.Errorf("%+v", st)
		}
	})
}

// How many, and how long she may write notes, are set up.
func TestPauseAfterAndWrapUp(t *testing.T) {
	set := func(s *directory.Setup) {
		only("ann")(s)
		s.Agents[0].PauseAfter, s.Subscribers[0].Routing.WrapUp = 1, time.Minute
	}
	who := people{"ann": {ctisim.Answers(s(2), 0), ctisim.RingsForEver()}, "vera": one(ctisim.Answers(s(1), s(10))), "walt": one(ctisim.Answers(s(1), s(10)))}
	play(t, set, who, func(w *world) {
		w.reaches(w.ask("vera"), callback.Ended)
		pass(time.Second)
		st := w.status("ann")
		if st.Presence != agent.WrapUp || st.Until.Sub(st.Since) != time.Minute || st.Talked != s(10) {
			t.Errorf("after the call: %+v", st)
		}
		next := w.ask("walt")
		c := w.until(next, "her", func(c *callback.Callback) bool { return c.State == callback.RingingAgent })
		if c.Current().StartedAt.Sub(st.Until).Abs() > time.Second {
			t.Errorf("asked at %v, wrap-up until %v", c.Current().StartedAt, st.Until)
		}
		w.until(next, "a miss", func(c *callback.Callback) bool { return c.State == callback.Queued })
		pass(time.Second)
		if st := w.status("ann"); st.Presence != agent.Paused || st.Reason != "missed 1 offer" {
			t.Errorf("after one: %+v", st)
		}
	})
}

// A telephone that was busy rests, for whichever callback; her other one is rung.
func TestABusyTelephoneRests(t *testing.T) {
	set := func(s *directory.Setup) {
		only("ann")(s)
		s.Agents = []agent.Agent{person("ann", "ann", "mobile")}
	}
	who := people{"ann": one(ctisim.Busy()), "mobile": one(ctisim.Takes(s(1), s(1), 0)), "vera": one(ctisim.Answers(s(1), s(1))), "walt": one(ctisim.Answers(s(1), s(1)))}
	play(t, set, who, func(w *world) {
		w.reaches(w.ask("vera"), callback.Connected)
		pass(time.Second)
		if _, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Ready, ""); err != nil {
			pass(s(3))
			if _, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Ready, ""); err != nil {
				t.Fatal(err)
			}
		}
		c := w.reaches(w.ask("walt"), callback.Connected)
		if n := len(c.Attempts[0].Legs); n != 2 || c.Attempts[0].Legs[0].Endpoint != telephones["mobile"] {
			t.Errorf("%d legs, the first to %s", n, c.Attempts[0].Legs[0].Endpoint)
		}
	})
}

// Nobody is ready: the journal says of each why, at the end.
func TestTheEndTellsOfEverybody(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		for slug, p := range map[string]agent.Presence{"ann": agent.Paused, "bob": agent.SignedOut} {
			if _, err := w.c.SetPresence(w.ctx, w.agents[slug], p, "lunch"); err != nil {
				t.Fatal(err)
			}
		}
		c := w.reaches(w.ask("vera"), callback.Ended)
		lines := w.journal(c.ID)
		if last := lines[len(lines)-1]; c.Outcome != callback.NoAgent || !strings.Contains(last.Detail, "ann: paused") || !strings.Contains(last.Detail, "bob: signed_out") {
			t.Errorf("%s: %+v", c.Outcome, last)
		}
	})
}

// Who asks for a pause in mid call has it after the call; who asks to go is signed out then. She may change her mind.
func TestPauseInMidCall(t *testing.T) {
	for _, c := range []struct {
		asks []agent.Presence
		want agent.Presence
		why  string
	}{
		{[]agent.Presence{agent.Paused}, agent.Paused, "lunch"},
		{[]agent.Presence{agent.Finishing}, agent.SignedOut, ""},
		{[]agent.Presence{agent.SignedOut, agent.Paused}, agent.Paused, "lunch"},
		{[]agent.Presence{agent.Paused, agent.Finishing}, agent.SignedOut, ""},
		{[]agent.Presence{agent.Paused, agent.Ready}, agent.WrapUp, ""},
	} {
		play(t, only("ann"), calls, func(w *world) {
			cb := w.ask("vera")
			w.reaches(cb, callback.Connected)
			for _, p := range c.asks {
				if st, err := w.c.SetPresence(w.ctx, w.agents["ann"], p, "lunch"); err != nil || st.Presence != agent.Finishing && p != agent.Ready {
					t.Errorf("%s in mid call: %+v, %v", p, st, err)
				}
			}
			w.reaches(cb, callback.Ended)
			pass(time.Second)
			if st := w.status("ann"); st.Presence != c.want || st.Reason != c.why {
				t.Errorf("%v: she is %+v", c.asks, st)
			}
		})
	}
}

// A representation has hours of its own: outside them she is not asked, and when they begin she is, by nobody's doing.
func TestHoursOfARepresentation(t *testing.T) {
	set := func(d *directory.Setup) {
		only("ann")(d)
		h, err := schedule.ParseHours(map[string][]string{"daily": {"19:05-23:00"}}) // simulated time begins at 19:00 in New York
		if err != nil {
			t.Fatal(err)
		}
		d.Representations[0].Hours = h
	}
	play(t, set, calls, func(w *world) {
		c := w.reaches(w.ask("vera"), callback.Connected)
		if after := c.Attempts[0].StartedAt.Sub(c.ArrivedAt); after != 5*time.Minute {
			t.Errorf("asked after %v", after)
		}
	})
}

// A call of higher priority stands five minutes ahead for each step, and no further.
func TestPriorityAges(t *testing.T) {
	set := func(d *directory.Setup) {
		only("ann")(d)
		urgent := d.Buttons[0]
		urgent.Slug, urgent.Priority = "acme-urgent", 1
		d.Buttons = append(d.Buttons, urgent)
	}
	urgent := func(r *callback.Request) { r.Button = "acme-urgent" }
	play(t, set, calls, func(w *world) {
		if _, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Paused, ""); err != nil {
			t.Fatal(err)
		}
		old := w.ask("vera")
		pass(4 * time.Minute)
		young := w.ask("walt", urgent)
		if n, _ := w.c.Place(young); n != 1 {
			t.Errorf("four minutes later, the urgent one stands at %d", n)
		}
		pass(2 * time.Minute)
		if n, _ := w.c.Place(w.ask("xena", urgent)); n != 3 {
			t.Errorf("six minutes later, the next urgent one stands at %d", n)
		}
		if n, _ := w.c.Place(old); n != 2 {
			t.Errorf("the old one stands at %d", n)
		}
	})
}
