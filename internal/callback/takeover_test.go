package callback_test

import (
	"strings"
	"testing"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/id"
)

// registers lets bob and cleo have telephones that register; cleo answers for nobody here.
func registers(s *directory.Setup) {
	only("ann", "bob")(s)
	s.Agents = append(s.Agents, person("cleo", "cleo"))
	for i := range s.Agents {
		if slug := s.Agents[i].Slug; slug != "ann" {
			s.Agents[i].Devices = []agent.Device{{To: cti.Endpoint("sip:" + slug)}}
		}
	}
}

// A telephone of the same business takes ann's place in her talk; one of anybody else does not.
func TestTakeover(t *testing.T) {
	for name, row := range map[string]struct {
		user  string
		ready bool // bob
		take  bool
	}{
		"bob takes it":              {"bob", true, true},
		"bob is not ready":          {"bob", false, false},
		"cleo is not of this house": {"cleo", true, false},
		"nobody's name":             {"mallory", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *directory.Setup) {
				registers(s)
				s.Agents[1].Ready = row.ready
			}, people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Answers(s(3), minute))}, func(w *world) {
				cb := w.ask("vera")
				c := w.until(cb, "joined", func(c *callback.Callback) bool { return !c.JoinedAt.IsZero() })
				var of id.Leg
				for _, l := range c.Attempts[0].Legs {
					if l.Party == cti.Agent {
						of = l.ID
					}
				}
				pass(s(10))
				w.sw.Takes(of, row.user, ctisim.Person{})
				pass(s(5))
				c = w.stored(cb)
				calls := w.phones.Calls()
				last := calls[len(calls)-1]
				if !row.take {
					if last.Code != 603 || len(c.Attempts[0].Legs) != 2 || c.State != callback.Connected {
						t.Errorf("answered %d; %d legs, %s", last.Code, len(c.Attempts[0].Legs), c.State)
					}
				} else if legs := c.Attempts[0].Legs; last.Code != 0 || last.AnsweredAt.IsZero() || len(legs) != 3 || legs[2].State != cti.Bridged || legs[0].Cause != cti.NormalClearing {
					t.Errorf("answered %d; legs %+v", last.Code, legs)
				}
				w.reaches(cb, callback.Ended)
				pass(minute)
				w.invariants()
				if c = w.stored(cb); c.Outcome != callback.Completed || row.take && (c.Attempts[0].Agent != w.agents["bob"] || c.TalkTime != minute) {
					t.Errorf("%s, talked %v with %s", c.Outcome, c.TalkTime, c.Attempts[0].Agent)
				}
				said := ""
				for _, l := range w.journal(cb) {
					said += l.Event + " " + l.Detail + "\n"
				}
				if want := map[bool]string{true: "transfer_asked bob takes the place of agent", false: "transfer_refused"}[row.take]; !strings.Contains(said, want) {
					t.Errorf("the journal has no %q:\n%s", want, said)
				}
			})
		})
	}
}
