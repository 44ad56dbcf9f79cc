package callback_test

import (
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// atDesks gives ann and bob nothing but their desks.
func atDesks(d *directory.Setup) {
	d.Agents = []agent.Agent{{Slug: "ann", Ready: true, Devices: []agent.Device{{To: agent.Desk}}}, {Slug: "bob", Ready: true, Devices: []agent.Device{{To: agent.Desk}}}}
}

func (w *world) desk(slug string, p ...ctisim.Person) {
	w.phones.Person("web:"+cti.Endpoint(w.agents[slug]), p...)
}

// offered waits until an agent's desk rings, and returns the leg.
func (w *world) offered(cb id.Callback, slug string) callback.Leg {
	w.Helper()
	var at callback.Leg
	w.until(cb, "an offer to "+slug, func(c *callback.Callback) bool {
		if a := c.Current(); a != nil {
			for _, l := range a.Legs {
				if l.Agent == w.agents[slug] && l.State == cti.Ringing {
					at = l
					return true
				}
			}
		}
		return false
	})
	return at
}

// Declined, an offer goes to the next agent at once, and not to her again; the visitor's telephone has not rung.
func TestOfferDeclined(t *testing.T) {
	for _, first := range []bool{false, true} {
		play(t, atDesks, people{"vera": one(ctisim.Takes(s(1), s(1), s(30)))}, func(w *world) {
			w.desk("ann", ctisim.RingsForEver())
			w.desk("bob", ctisim.Answers(s(2), 0))
			cb := w.ask("vera", func(r *callback.Request) {
				if first {
					visitorFirst(r)
				}
			})
			l := w.offered(cb, "ann")
			began := time.Now()
			if err := w.c.Decline(w.ctx, cb, "leg_unknown", callback.ByAgent); !fault.Is(err, fault.NotFound) {
				t.Errorf("an unknown offer: %v", err)
			}
			if err := w.c.Decline(w.ctx, cb, l.ID, callback.ByAgent); err != nil {
				t.Fatal(err)
			}
			c := w.reaches(cb, callback.Connected)
			if who := w.answeredBy(c); who != "bob" || time.Since(began) > s(5) {
				t.Errorf("answered by %q after %v", who, time.Since(began))
			}
			if err := w.c.Decline(w.ctx, cb, l.ID, callback.ByAgent); !fault.Is(err, fault.TooLate) {
				t.Errorf("declined twice: %v", err)
			}
			if err := w.c.Accept(w.ctx, cb, l.ID, callback.ByAgent); !fault.Is(err, fault.TooLate) {
				t.Errorf("accepted when it is over: %v", err)
			}
			if st := w.status("ann"); st.Presence != agent.Ready || st.Missed != 1 || st.Declined != 1 {
				t.Errorf("who declines has let one offer pass: %+v", st)
			}
			if end := w.reaches(cb, callback.Ended); end.Tried() != 1 || end.Outcome != callback.Completed {
				t.Errorf("%s after %d tries", end.Outcome, end.Tried())
			}
			w.invariants()
		})
	}
}

// An offer stands for 15 s, for 12 s while the visitor waits on the line; then the next is asked. Two that she lets pass
// pause her until she says that she is back.
func TestOfferTimesOut(t *testing.T) {
	for _, first := range []bool{false, true} {
		play(t, atDesks, people{"vera": one(ctisim.Takes(s(1), s(1), s(30))), "walt": one(ctisim.Takes(s(1), s(1), s(30)))}, func(w *world) {
			w.desk("ann", ctisim.RingsForEver())
			w.desk("bob", ctisim.Answers(s(1), 0))
			ask := func(r *callback.Request) {
				if first {
					visitorFirst(r)
				}
			}
			stands := agent.OfferTime
			if first {
				stands = agent.OfferTimeLive
			}
			cb := w.ask("vera", ask)
			w.offered(cb, "ann")
			began := time.Now()
			w.offered(cb, "bob")
			if took := time.Since(began); took.Round(time.Second) != stands {
				t.Errorf("it stood for %v, want %v", took, stands)
			}
			w.reaches(cb, callback.Ended)
			pass(callback.MaxWait) // everybody is ready again
			w.reaches(w.ask("walt", ask), callback.Ended)
			pass(time.Hour)
			if st := w.status("ann"); st.Presence != agent.Paused || st.Reason != "missed 2 offers" || !st.Until.IsZero() {
				t.Errorf("ann is %+v", st)
			}
			w.invariants()
		})
	}
}

// A desk that is not heard of any more: its offer moves on at once, and she is paused until she is back.
func TestDeskIsLost(t *testing.T) {
	play(t, atDesks, people{"vera": one(ctisim.Answers(s(1), s(30)))}, func(w *world) {
		w.desk("ann", ctisim.RingsForEver())
		w.desk("bob", ctisim.Answers(s(2), 0))
		cb := w.ask("vera")
		w.offered(cb, "ann")
		began := time.Now()
		for range 2 { // as the watch over desks does, each second
			if _, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Paused, callback.AwayReason); err != nil {
				t.Fatal(err)
			}
		}
		w.offered(cb, "bob")
		if took := time.Since(began); took > s(1) {
			t.Errorf("it moved on after %v", took)
		}
		if st := w.status("ann"); st.Presence != agent.Paused || st.Reason != "away" {
			t.Errorf("ann is %+v", st)
		}
		if st, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Ready, ""); err != nil || st.Presence != agent.Ready {
			t.Errorf("back: %+v, %v", st, err)
		}
		w.reaches(cb, callback.Ended)
		if st, err := w.c.SetPresence(w.ctx, w.agents["ann"], agent.Paused, callback.AwayReason); err != nil || st.Presence != agent.Paused {
			t.Errorf("away while ready: %+v, %v", st, err)
		}
		w.invariants()
	})
}

// Accepted on the page, the visitor's telephone rings; an offer that was accepted cannot be declined.
func TestOfferAccepted(t *testing.T) {
	play(t, atDesks, people{"vera": one(ctisim.Answers(s(3), s(30)))}, func(w *world) {
		if _, err := w.sw.Connect(w.ctx, string(w.agents["ann"]), "offer"); err != nil {
			t.Fatal(err)
		}
		cb := w.ask("vera")
		l := w.offered(cb, "ann")
		pass(s(4))
		for range 2 { // a double click
			if err := w.c.Accept(w.ctx, cb, l.ID, callback.ByAgent); err != nil {
				t.Fatal(err)
			}
		}
		c := w.reaches(cb, callback.Connected)
		if who := w.answeredBy(c); who != "ann" || len(c.Attempts) != 1 {
			t.Errorf("answered by %q in %d attempts", who, len(c.Attempts))
		}
		if err := w.c.Decline(w.ctx, cb, l.ID, callback.ByAgent); !fault.Is(err, fault.TooLate) {
			t.Errorf("declined in talk: %v", err)
		}
		w.reaches(cb, callback.Ended)
		w.invariants()
	})
}

// A desk that is not open is no offer that stands: the next agent is asked at once.
func TestDeskIsNotOpen(t *testing.T) {
	play(t, atDesks, people{"vera": one(ctisim.Answers(s(3), s(30)))}, func(w *world) {
		w.desk("bob", ctisim.Answers(s(1), 0))
		cb := w.ask("vera")
		c := w.reaches(cb, callback.Connected)
		if who := w.answeredBy(c); who != "bob" || time.Since(c.CreatedAt) > s(5) {
			t.Errorf("answered by %q after %v", who, time.Since(c.CreatedAt))
		}
		w.reaches(cb, callback.Ended)
		w.invariants()
	})
}
