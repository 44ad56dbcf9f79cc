package callback_test

import (
	"slices"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/id"
)

// once more: whatever becomes of the agents, the visitor's telephone has rung once.
func (w *world) rungOnce(c *callback.Callback) {
	w.Helper()
	n := 0
	for _, k := range w.phones.Calls() {
		if ctisim.OfVisitor(c.ID)(k) {
			n++
		}
	}
	if n != 1 || c.Tried() != 1 {
		w.Errorf("the visitor's telephone was rung %d times in %d tries", n, c.Tried())
	}
}

// An agent who has accepted hangs up while the visitor's telephone rings: it rings on, and the next agent is asked at once.
func TestAgentLeavesWhileTheVisitorIsRung(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   func(*directory.Setup)
		who   people
		want  string
		waits bool          // the visitor comes first
		talk  time.Duration // from the wish
	}{
		{"the next is there before the visitor", only("ann", "bob"), people{"ann": one(ctisim.Answers(s(1), s(4))), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Answers(s(15), s(30)))},
			"bob", false, s(16)},
		{"the visitor is there before the next", only("ann", "bob"), people{"ann": one(ctisim.Answers(s(1), s(4))), "bob": one(ctisim.Answers(s(9), 0)), "vera": one(ctisim.Answers(s(6), s(60)))},
			"bob", true, s(14)},
		{"the next lets it ring, the third is there after the visitor", only("ann", "bob", "cleo"), people{"ann": one(ctisim.Answers(s(1), s(1))), "bob": one(ctisim.Declines(s(3))),
			"cleo": one(ctisim.Answers(s(6), 0)), "vera": one(ctisim.Answers(s(7), s(60)))}, "cleo", true, s(11)},
		{"two leave", only("ann", "bob", "cleo"), people{"ann": one(ctisim.Answers(s(1), s(1))), "bob": one(ctisim.Answers(s(2), s(2))), "cleo": one(ctisim.Answers(s(2), 0)),
			"vera": one(ctisim.Answers(s(20), s(60)))}, "cleo", false, s(21)},
		{"all others at once", func(d *directory.Setup) { allAtOnce(d); d.Agents[0].PauseAfter = 9 }, people{"ann": one(ctisim.Answers(s(1), s(3))), "bob": one(ctisim.Answers(s(5), 0)),
			"cleo": one(ctisim.Answers(s(3), 0)), "vera": one(ctisim.Answers(s(5), s(60)))}, "cleo", true, s(7)},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, c.set, c.who, func(w *world) {
				cb := w.ask("vera")
				began := time.Now()
				got := w.reaches(cb, callback.Connected)
				if who := w.answeredBy(got); who != c.want || time.Since(began) > c.talk+time.Second {
					t.Errorf("answered by %q after %v, want %s after %v", who, time.Since(began), c.want, c.talk)
				}
				if came := slices.Contains(events(w.journal(cb)), "visitor_alone"); came != c.waits {
					t.Errorf("the visitor came first: %v, want %v", came, c.waits)
				}
				legs := got.Current().Legs
				for i := range legs {
					if l := &legs[i]; l.Agent == w.agents["bob"] {
						left := legs[0].EndedAt
						if at := l.CreatedAt.Sub(left); c.name != "all others at once" && at > callback.NextWithin {
							t.Errorf("bob was rung %v after ann had gone", at)
						}
					}
				}
				end := w.reaches(cb, callback.Ended)
				if end.Outcome != callback.Completed || len(end.Attempts) != 1 {
					t.Errorf("%s after %d attempts", end.Outcome, len(end.Attempts))
				}
				w.rungOnce(end)
				w.invariants()
			})
		})
	}
}

// With nobody to ask, the visitor's telephone stops ringing: at once where all were asked, else when nobody has become
// ready meanwhile.
func TestNobodyForARungVisitor(t *testing.T) {
	for name, set := range map[string]func(*directory.Setup){
		"there is nobody else": only("ann"),
		"bob is not ready":     func(d *directory.Setup) { only("ann", "bob")(d); d.Agents[1].Ready = false },
	} {
		t.Run(name, func(t *testing.T) {
			who := people{"ann": {ctisim.Answers(s(1), s(4)), ctisim.Answers(s(1), 0)}, "bob": one(ctisim.Answers(s(1), 0)), "vera": {ctisim.RingsForEver(), ctisim.Answers(s(1), s(30))}}
			play(t, set, who, func(w *world) {
				cb := w.ask("vera")
				c := w.until(cb, "an end of the first try", func(c *callback.Callback) bool { return len(c.Attempts) > 0 && c.Attempts[0].Result != "" })
				a := c.Attempts[0]
				if a.Result != callback.ResultAgentDeclined || time.Since(a.Legs[0].EndedAt) > callback.NextWithin {
					t.Errorf("%s, %v after ann had gone", a.Result, time.Since(a.Legs[0].EndedAt))
				}
				if end := w.reaches(cb, callback.Ended); end.Outcome != callback.Completed || end.Tried() != 2 {
					t.Errorf("%s after %d tries", end.Outcome, end.Tried())
				}
				w.invariants()
			})
		})
	}
}

// An agent's desk goes while the visitor's telephone rings for her: its page is closed, its network is gone, its heartbeat
// stops. Who comes back in a moment keeps the call, and so does who is the only one.
func TestDeskGoesWhileTheVisitorIsRung(t *testing.T) {
	for _, c := range []struct {
		name  string
		goes  func(*world, string)
		alone bool // bob is not there
		want  string
		moved time.Duration // until bob is rung; 0 = he is not
	}{
		{"closed", func(w *world, ann string) { _ = w.sw.Disconnect(w.ctx, ann) }, false, "bob", callback.NextWithin},
		{"lost", func(w *world, ann string) { w.sw.Lose(ann) }, false, "bob", callback.NextWithin},
		{"lost for a moment", func(w *world, ann string) { w.sw.Lose(ann); pass(s(1) / 2); w.connect(ann) }, false, "ann", 0},
		{"lost, and nobody else is there", func(w *world, ann string) { w.sw.Lose(ann); pass(s(5)); w.connect(ann) }, true, "ann", 0},
		{"away", func(w *world, ann string) {
			_, _ = w.c.SetPresence(w.ctx, w.agents["ann"], agent.Paused, callback.AwayReason)
		}, false, "bob", callback.NextWithin},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := func(d *directory.Setup) { atDesks(d); d.Agents[1].Ready = !c.alone }
			play(t, set, people{"vera": one(ctisim.Answers(s(15), s(30)))}, func(w *world) {
				ann := string(w.agents["ann"])
				w.connect(ann)
				w.desk("bob", ctisim.Answers(s(2), 0))
				cb := w.ask("vera")
				if err := w.c.Accept(w.ctx, cb, w.offered(cb, "ann").ID, callback.ByAgent); err != nil {
					t.Fatal(err)
				}
				w.reaches(cb, callback.RingingVisitor)
				pass(s(3))
				gone := time.Now()
				c.goes(w, ann)
				got := w.reaches(cb, callback.Connected)
				if who := w.answeredBy(got); who != c.want {
					t.Errorf("answered by %q", who)
				}
				for _, l := range got.Current().Legs {
					if took := l.CreatedAt.Sub(gone); l.Agent == w.agents["bob"] && (c.moved == 0 || took > c.moved) {
						t.Errorf("bob was rung after %v", took)
					}
				}
				end := w.reaches(cb, callback.Ended)
				w.rungOnce(end)
				_ = w.sw.Disconnect(w.ctx, ann)
				w.invariants()
			})
		})
	}
}

func (w *world) connect(peer string) {
	w.Helper()
	if _, err := w.sw.Connect(w.ctx, peer, "offer"); err != nil {
		w.Fatal(err)
	}
}

// A visitor who answers while nobody is there hears a sentence at once, and may be called another time like any who waits.
func TestVisitorAloneIsSpokenTo(t *testing.T) {
	who := people{"ann": one(ctisim.Answers(s(1), s(4))), "bob": one(ctisim.RingsForEver()), "vera": one(ctisim.Person{Answers: s(6), Press: "2", PressAfter: s(25)})}
	play(t, func(d *directory.Setup) {
		only("ann", "bob")(d)
		d.Agents = append(d.Agents, agent.Agent{Slug: "cleo", Name: "cleo", Devices: []agent.Device{{To: telephones["cleo"]}}})
		d.Representations = append(d.Representations, represents("cleo"))
	}, who, func(w *world) {
		cb := w.ask("vera")
		c := w.reaches(cb, callback.Scheduled)
		if c.Reason != callback.ReasonPutOff {
			t.Errorf("she is called another time because of %s", c.Reason)
		}
		for _, k := range w.phones.Calls() {
			if ctisim.OfVisitor(cb)(k) && k.Silence(time.Now()) > s(1) {
				t.Errorf("she heard nothing for %v: %v", k.Silence(time.Now()), k.Heard)
			}
		}
		if !slices.ContainsFunc(w.orders(cb), func(o string) bool { return o == "play 1 visitor "+string(cti.SoundRingback) }) {
			t.Errorf("nothing is played to her: %v", w.orders(cb))
		}
		if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); err != nil {
			t.Fatal(err)
		}
		w.invariants()
	})
}

// An agent who hangs up after the visitor's answer and before the two hear each other has not talked: the visitor waits, and
// the next agent is asked. Here it happens while both are told that the talk is recorded.
func TestAgentLeavesBeforeTheTalk(t *testing.T) {
	recorded := func(slugs ...string) func(*directory.Setup) {
		return func(d *directory.Setup) {
			only(slugs...)(d)
			d.Subscribers[0].Recording.On = true
		}
	}
	for _, c := range []struct {
		name  string
		stays time.Duration // ann, after her answer
		ask   func(*world) id.Callback
	}{
		{"the agent was rung first", s(4), func(w *world) id.Callback { return w.ask("vera") }},
		{"the visitor was rung first", s(1), func(w *world) id.Callback { return w.ask("vera", visitorFirst) }},
		{"the visitor has called", s(1), func(w *world) id.Callback { return w.called("vera", ctisim.Person{Talk: minute}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			who := people{"ann": one(ctisim.Answers(s(2), c.stays)), "bob": one(ctisim.Answers(s(3), 0)), "vera": one(ctisim.Person{Answers: s(3), Says: s(1), Talk: minute})}
			play(t, recorded("ann", "bob"), who, func(w *world) {
				w.recorder = &tapes{}
				w.c.Recorder = w.recorder
				cb := c.ask(w)
				end := w.reaches(cb, callback.Ended)
				if end.Outcome != callback.Completed || end.TalkTime < s(30) || end.Attempts[0].Agent != w.agents["bob"] {
					t.Errorf("%s (%s) after %v with %s", end.Outcome, end.Reason, end.TalkTime, end.Attempts[0].Agent)
				}
				if !slices.Contains(events(w.journal(cb)), "agent_gone") {
					t.Errorf("journal: %v", events(w.journal(cb)))
				}
				pass(s(5))
				w.invariants()
			})
		})
	}
}
