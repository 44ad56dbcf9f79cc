package callback_test

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/subscriber"
)

func allAtOnce(d *directory.Setup) {
	only("ann", "bob", "cleo")(d)
	d.Subscribers[0].Routing.Strategy = subscriber.AllAtOnce
}

func annTogether(d *directory.Setup) {
	only("ann")(d)
	d.Agents = []agent.Agent{person("ann", "ann", "mobile")}
	d.Agents[0].Ring = agent.RingTogether
}

// Several telephones ring at once: who answers first has the call, the others stop ringing and are free at once.
func TestAllAtOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		first bool // the visitor is rung first
		who   people
		want  string
		after time.Duration // until the talk
	}{
		{"the second to be asked is the first to answer", false, people{"ann": one(ctisim.RingsForEver()), "bob": one(ctisim.Answers(s(2), 0)), "cleo": one(ctisim.Answers(s(9), 0))}, "bob", s(3)},
		{"two decline, the third takes it", false, people{"ann": one(ctisim.Declines(s(1))), "bob": one(ctisim.Busy()), "cleo": one(ctisim.Answers(s(4), 0))}, "cleo", s(5)},
		{"two answer in the same instant", false, people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(2), 0)), "cleo": one(ctisim.Answers(s(2), 0))}, "", s(3)},
		{"two answer a moment apart", false, people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(2)+time.Millisecond, 0)), "cleo": one(ctisim.RingsForEver())}, "ann", s(3)},
		{"visitor first, and the one who was held lets it ring", true, people{"ann": one(ctisim.Declines(s(1))), "bob": one(ctisim.Answers(s(3), 0)), "cleo": one(ctisim.Answers(s(2), 0))}, "cleo", s(5)},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.who["vera"] = one(ctisim.Takes(s(1), s(1), s(30)))
			play(t, allAtOnce, c.who, func(w *world) {
				ask := func(r *callback.Request) {
					if c.first {
						visitorFirst(r)
					}
				}
				cb := w.ask("vera", ask)
				got := w.reaches(cb, callback.Connected)
				if who := w.answeredBy(got); c.want != "" && who != c.want {
					t.Errorf("answered by %q, want %s", who, c.want)
				}
				if took := got.Current().Legs[0].CreatedAt.Add(c.after); time.Now().After(took.Add(s(1))) {
					t.Errorf("talk after %v", time.Since(got.CreatedAt))
				}
				pass(s(5))
				for slug, a := range w.agents {
					want := agent.Ready
					if a == got.Current().Agent {
						want = agent.Talking
					}
					if p := w.presence(slug); p != want {
						t.Errorf("in talk %s is %s", slug, p)
					}
				}
				end := w.reaches(cb, callback.Ended)
				if end.Outcome != callback.Completed || end.TalkTime < s(20) {
					t.Errorf("%s after %v", end.Outcome, end.TalkTime)
				}
				w.invariants()
			})
		})
	}
}

// Nobody takes it: each has missed one offer, and the line goes on.
func TestAllAtOnceAllMiss(t *testing.T) {
	who := people{"ann": one(ctisim.RingsForEver()), "bob": one(ctisim.RingsForEver()), "cleo": one(ctisim.Declines(s(2))), "vera": one(ctisim.Answers(s(1), 0))}
	play(t, allAtOnce, who, func(w *world) {
		cb := w.ask("vera")
		c := w.until(cb, "the next round", func(c *callback.Callback) bool { return len(c.Attempts) == 2 })
		if len(c.Attempts[0].Legs) != 3 {
			t.Errorf("%d telephones were rung", len(c.Attempts[0].Legs))
		}
		for slug, missed := range map[string]int{"ann": 1, "bob": 1, "cleo": 1} {
			if st := w.status(slug); st.Missed != missed {
				t.Errorf("%s: %+v", slug, st)
			}
		}
		w.reaches(cb, callback.Ended)
		w.invariants()
	})
}

// A callback that is withdrawn while three telephones ring lets go of all.
func TestAllAtOnceWithdrawn(t *testing.T) {
	who := people{"ann": one(ctisim.RingsForEver()), "bob": one(ctisim.RingsForEver()), "cleo": one(ctisim.RingsForEver())}
	play(t, allAtOnce, who, func(w *world) {
		cb := w.ask("vera")
		w.rings("cleo")
		if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		for slug := range w.agents {
			if st := w.status(slug); st.Presence != agent.Ready || st.Missed != 0 {
				t.Errorf("%s: %+v", slug, st)
			}
		}
		w.invariants()
	})
}

// An agent's desk telephone and mobile ring together; a key on one stops the other.
func TestDevicesTogether(t *testing.T) {
	for _, c := range []struct {
		name string
		who  people
		want cti.Endpoint // "" = she does not take it
		then agent.Presence
	}{
		{"the mobile is picked up", people{"ann": one(ctisim.RingsForEver()), "mobile": one(ctisim.Takes(s(2), s(1), 0))}, "mobile", agent.Talking},
		{"the desk is picked up", people{"ann": one(ctisim.Answers(s(1), 0)), "mobile": one(ctisim.Takes(s(2), s(1), 0))}, "ann", agent.Talking},
		{"the desk is busy", people{"ann": one(ctisim.Busy()), "mobile": one(ctisim.Takes(s(2), s(1), 0))}, "mobile", agent.Talking},
		{"key 2 on the mobile: in ten minutes", people{"ann": one(ctisim.RingsForEver()), "mobile": one(ctisim.Person{Answers: s(2), Press: "2", PressAfter: s(1)})}, "", agent.WrapUp},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.who["vera"] = one(ctisim.Answers(s(1), s(30)))
			play(t, annTogether, c.who, func(w *world) {
				cb := w.ask("vera")
				if c.want == "" {
					w.until(cb, "a wait", func(c *callback.Callback) bool { return c.State == callback.Queued && len(c.Attempts) > 0 })
				} else {
					got := w.reaches(cb, callback.Connected)
					for _, l := range got.Current().Legs {
						if l.Party == cti.Agent && l.State != cti.Ended && l.Endpoint != telephones[string(c.want)] {
							t.Errorf("%s is %s", l.Endpoint, l.State)
						}
					}
					pass(s(3))
				}
				if st := w.status("ann"); st.Presence != c.then || st.Missed != 0 {
					t.Errorf("she is %+v", st)
				}
				if c.want == "" {
					if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); err != nil {
						t.Fatal(err)
					}
					pass(callback.LaterTime)
				}
				w.reaches(cb, callback.Ended)
				w.invariants()
			})
		})
	}
}

// Nobody of the business takes it: after a while another person is asked, or an answering service, who need not represent
// it. The visitor's place and tries are not touched by that.
func TestEscalation(t *testing.T) {
	to := func(where string, busy bool) func(*directory.Setup) {
		return func(d *directory.Setup) {
			only("ann")(d)
			d.Agents = append(d.Agents, person("cleo", "cleo"))
			d.Subscribers[0].Routing.Escalate = subscriber.Escalation{After: time.Minute, To: where, Confirm: "none"}
			d.Agents[0].Ready = !busy
		}
	}
	for _, c := range []struct {
		name  string
		to    string
		busy  bool // nobody is there
		first bool
		ann   ctisim.Person
		want  string        // whose telephone
		after time.Duration // from the wish to its first ring
	}{
		{"nobody is there: an agent after a minute", "cleo", true, false, ctisim.RingsForEver(), "cleo", time.Minute},
		{"nobody is there: an answering service", "tel:+12025550150", true, false, ctisim.RingsForEver(), "shop", time.Minute},
		{"visitor first, an answering service", "tel:+12025550150", true, true, ctisim.RingsForEver(), "shop", time.Minute + s(2)},
		{"she declines: rung again, and then another", "cleo", false, false, ctisim.Declines(s(1)), "cleo", s(22)},
	} {
		t.Run(c.name, func(t *testing.T) {
			who := people{"ann": one(c.ann), "cleo": one(ctisim.Answers(s(2), 0)), "shop": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Takes(s(1), s(1), s(30)))}
			play(t, to(c.to, c.busy), who, func(w *world) {
				cb := w.ask("vera", func(r *callback.Request) {
					if c.first {
						visitorFirst(r)
					}
				})
				got := w.reaches(cb, callback.Connected)
				l := got.Current().Legs[0]
				if c.first {
					l = got.Current().Legs[1]
				}
				if l.Endpoint != telephones[c.want] || l.CreatedAt.Sub(got.ArrivedAt) != c.after || got.Current().Representation != callback.Escalated {
					t.Errorf("%s was rung after %v, for %s", l.Endpoint, l.CreatedAt.Sub(got.ArrivedAt), got.Current().Representation)
				}
				why := ""
				for _, line := range w.journal(cb) {
					if line.Event == string(callback.AgentFound) {
						why = line.Detail
					}
				}
				if !strings.HasPrefix(why, "escalated") {
					t.Errorf("the journal says %q", why)
				}
				if c.want == "cleo" && w.presence("cleo") != agent.Talking {
					t.Errorf("cleo is %s", w.presence("cleo"))
				}
				if end := w.reaches(cb, callback.Ended); end.Outcome != callback.Completed {
					t.Errorf("%s", end.Outcome)
				}
				w.invariants()
			})
		})
	}
}

// Neither takes it: the visitor is told, as without an escalation.
func TestEscalationInVain(t *testing.T) {
	set := func(d *directory.Setup) {
		only("ann")(d)
		d.Subscribers[0].Routing.Escalate = subscriber.Escalation{After: time.Minute, To: "tel:+12025550150"}
	}
	who := people{"ann": one(ctisim.Declines(s(1))), "shop": one(ctisim.RingsForEver())}
	play(t, set, who, func(w *world) {
		c := w.reaches(w.ask("vera"), callback.Ended)
		if c.Outcome != callback.NoAgent || c.Reason != callback.ReasonNobodyTookIt || c.Tried() != 0 {
			t.Errorf("%s, %s, %d tries", c.Outcome, c.Reason, c.Tried())
		}
		w.invariants()
	})
}

// toCleo: ann has gone, and what nobody takes for half a minute is cleo's.
func toCleo(d *directory.Setup) {
	only("ann")(d)
	d.Agents[0].Ready = false
	d.Agents = append(d.Agents, person("cleo", "cleo"))
	d.Subscribers[0].Routing.Escalate = subscriber.Escalation{After: s(30), To: "cleo"}
}
