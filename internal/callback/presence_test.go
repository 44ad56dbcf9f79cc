package callback_test

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
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
