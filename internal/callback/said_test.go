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
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// TestSaid plays the stories of keys and sentences. None of them lets anybody hear nothing for two seconds, or something
// personal before she has confirmed (invariants).
func TestSaid(t *testing.T) {
	for _, s := range said {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { s.play(t) })
		})
	}
}

// presses answers, and presses keys after a time.
func presses(after time.Duration, keys string, press, talk time.Duration) ctisim.Person {
	return ctisim.Person{Answers: after, Talk: talk, Press: keys, PressAfter: press}
}

func asks(visitor string) func(*directory.Setup) {
	return func(s *directory.Setup) { s.Buttons[0].Confirm.Visitor = visitor }
}

var said = []story{
	{
		name:   "joe on his mobile takes it with key 1",
		setup:  only("joe"),
		people: people{"joe": one(presses(s(2), "1", s(3), 0)), "vera": one(ctisim.Answers(s(3), minute))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(2 + 3 + 3 + 60),
		attempts: []callback.Result{callback.ResultConnected},
		extra:    hears("joe", "first en/agent_offer", "first en/agent_calling", "ringback", "the other", "say bye", "say "+followUp),
	},
	{
		name:   "joe presses 2: bob is busy elsewhere, joe is asked again in ten minutes",
		setup:  only("joe"),
		people: people{"joe": {presses(s(2), "2", s(3), 0), presses(s(2), "1", s(3), 0)}, "vera": one(ctisim.Answers(s(3), minute))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(2+3+1) + callback.LaterTime + s(2+3+3+60),
		attempts: []callback.Result{callback.ResultAgentBusy, callback.ResultConnected},
		extra:    heard("joe", "say en/agent_later"),
	},
	{
		name:   "joe presses 2: ann is asked at once, joe is left alone",
		setup:  only("joe", "ann"),
		people: people{"joe": one(presses(s(2), "2", s(3), 0)), "ann": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(3), minute))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(2 + 3 + 1 + 1 + 3 + 60),
		attempts: []callback.Result{callback.ResultAgentBusy, callback.ResultConnected},
		after:    map[string]agent.Presence{"joe": agent.WrapUp},
		extra: func(w *world, _ *callback.Callback) {
			pass(callback.LaterTime)
			if p := w.presence("joe"); p != agent.Ready {
				w.Errorf("joe is %s ten minutes later", p)
			}
		},
	},
	{
		name:   "joe passes it on: bob takes it, joe is not asked again",
		setup:  only("joe", "bob"),
		people: people{"joe": one(presses(s(2), "3", s(1), 0)), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(3), s(10)))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(2 + 1 + 1 + 1 + 3 + 10),
		attempts: []callback.Result{callback.ResultAgentDeclined, callback.ResultConnected},
		extra:    heard("joe", "say en/agent_passed"),
	},
	{
		name:   "ann passes it on at her mobile: her second telephone is not rung",
		setup:  func(set *directory.Setup) { set.Agents[0] = person("ann", "mobile", "ann") },
		people: people{"mobile": one(presses(s(2), "3", s(1), 0)), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(3), s(10)))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(2 + 1 + 1 + 1 + 3 + 10),
		attempts: []callback.Result{callback.ResultAgentDeclined, callback.ResultConnected},
		extra:    neverRung("ann"),
	},
	{
		name:   "joe alone passes it on: nobody is left",
		setup:  only("joe"),
		people: people{"joe": one(presses(s(2), "3", s(1), 0))},
		want:   callback.NoAgent, reason: callback.ReasonNobodyTookIt,
		took:     s(2 + 1 + 1),
		attempts: []callback.Result{callback.ResultAgentDeclined},
	},
	{
		name:   "joe's voicemail answers: no key, a goodbye, and bob within twelve seconds",
		setup:  only("joe", "bob"),
		people: people{"joe": one(ctisim.AnsweringMachine(s(2))), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(3), s(10)))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(2 + 12 + 1 + 3 + 10),
		attempts: []callback.Result{callback.ResultNotConfirmed, callback.ResultConnected},
		extra:    heard("joe", "say en/agent_goodbye"),
	},
	{
		name:   "vera is never called again",
		first:  true,
		people: people{"vera": one(presses(s(3), "99", s(5), 0))},
		want:   callback.VisitorDeclined, reason: callback.ReasonNeverAgain,
		took:     s(8) + 200*time.Millisecond,
		attempts: []callback.Result{callback.ResultVisitorDeclined},
		after:    map[string]agent.Presence{"ann": agent.Ready},
		extra: func(w *world, c *callback.Callback) {
			hears("vera", "first en/visitor_offer", "say en/visitor_never")(w, c)
			w.refuses("vera", true)
			pass(25 * time.Hour)
			w.refuses("vera", true)
		},
	},
	{
		name:   "one 9, and another much later, are two mistakes",
		first:  true,
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(presses(s(3), "9"+strings.Repeat(" ", 20)+"91"+strings.Repeat(" ", 20)+"99", s(1), s(20)))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(3 + 20),
		attempts: []callback.Result{callback.ResultConnected},
		extra:    func(w *world, _ *callback.Callback) { w.refuses("vera", false) },
	},
	{
		name:   "a stranger has vera's number: this wish is over, the number is not blocked",
		setup:  asks("key"),
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(presses(s(3), "99", s(5), 0))},
		want:   callback.VisitorDeclined, reason: callback.ReasonWrongNumber,
		took:     s(2 + 3 + 5.2),
		attempts: []callback.Result{callback.ResultVisitorDeclined},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
		extra: func(w *world, c *callback.Callback) {
			hears("vera", "first en/visitor_check", "say en/visitor_wrong")(w, c)
			heard("ann", "say en/agent_gone")(w, c)
			w.refuses("vera", false)
		},
	},
	{
		name:   "a machine is left the announcement once, whole, and no agent is rung",
		first:  true,
		setup:  func(set *directory.Setup) { set.Subscribers[0].Prompts.Announcement = "/p/hello.wav" },
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.AnsweringMachine(s(3)))},
		want:   callback.Machine, reason: callback.ReasonMachine,
		took:     s(3+4.5) + ctisim.MessageTime,
		attempts: []callback.Result{callback.ResultMachine},
		extra: func(w *world, c *callback.Callback) {
			hears("vera", "first /p/hello.wav en/visitor_keys", "message /p/hello.wav")(w, c)
			neverRung("ann")(w, c)
		},
	},
	{
		name:   "ann hears a machine and lets us leave the message",
		people: people{"ann": one(presses(s(2), "*5", s(10), 0)), "vera": one(ctisim.AnsweringMachine(s(3)))},
		want:   callback.Machine, reason: callback.ReasonMessageLeft,
		took:     s(2 + 10.2),
		attempts: []callback.Result{callback.ResultMachine},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
		extra: func(w *world, c *callback.Callback) {
			heard("vera", "say en/visitor_message")(w, c)
			pass(callback.ActGrace + time.Second)
			if p := w.presence("ann"); p != agent.Ready {
				w.Errorf("ann is %s", p)
			}
		},
	},
	{
		name:   "vera does not answer: ann wants another try now, and she does",
		setup:  only("ann"),
		people: people{"ann": {presses(s(2), "1", s(30.4), 0), ctisim.Answers(s(1), 0)}, "vera": {ctisim.RingsForEver(), ctisim.Answers(s(3), s(10))}},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(2+30) + callback.ActGrace + s(1+3+10),
		attempts: []callback.Result{callback.ResultVisitorNoAnswer, callback.ResultConnected},
		extra:    heard("ann", "say en/agent_no_answer"),
	},
	{
		name:   "vera waits, and chooses to be called first thing",
		first:  true,
		setup:  only("ann"),
		people: people{"ann": {ctisim.RingsForEver(), ctisim.Answers(s(1), 0)}, "vera": {waitsAndPresses("2", s(3), s(24)), ctisim.Takes(s(3), s(2), minute)}},
		run: func(w *world) id.Callback {
			cb := w.ask("vera", visitorFirst)
			c := w.reaches(cb, callback.Scheduled)
			if c.Reason != callback.ReasonPutOff || !c.ArrivedAt.Equal(c.CreatedAt) {
				w.Errorf("put off: %s, arrived %v", c.Reason, c.ArrivedAt)
			}
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(3+24) + 5*minute + s(3+60),
		attempts: []callback.Result{callback.ResultAgentNoAnswer, callback.ResultConnected},
		extra: hears("vera", "first en/visitor_offer", "first en/visitor_thanks", "ringback", "note en/visitor_waiting", "ringback",
			"note en/visitor_choice", "ringback", "say en/visitor_later"),
	},
	{
		name:   "vera waits on: bob comes",
		first:  true,
		setup:  func(set *directory.Setup) { set.Agents[1].Ready = false },
		people: people{"ann": one(ctisim.RingsForEver()), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(waitsAndPresses("1", s(3), s(40)))},
		run: func(w *world) id.Callback {
			cb := w.ask("vera", visitorFirst)
			pass(s(3 + 2 + 25 + 60))
			w.be("bob", agent.Ready)
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(3 + 2*minute.Seconds()),
		attempts: []callback.Result{callback.ResultConnected},
		extra:    heard("vera", "first en/visitor_stay"),
	},
	{
		name:  "each hears her own language, with the recorded name where the language wants it",
		first: true,
		setup: func(set *directory.Setup) {
			set.Subscribers[0].Prompts.SpokenName, set.Subscribers[0].Language = "/p/acme.wav", "fr"
			set.Agents, set.Representations = set.Agents[:1], set.Representations[:1]
			set.Agents[0].Devices[0].Confirm = "key"
			set.Representations[0].Languages = []string{"es"}
		},
		people: people{"ann": one(presses(s(2), "1", s(2), 0)), "vera": one(ctisim.Takes(s(3), s(4), minute))},
		run: func(w *world) id.Callback {
			cb := w.ask("vera", visitorFirst, func(r *callback.Request) { r.Language = "de-AT" })
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(63),
		attempts: []callback.Result{callback.ResultConnected},
		extra: func(w *world, c *callback.Callback) {
			heard("vera", "first de/visitor_offer-before /p/acme.wav de/visitor_offer-behind")(w, c)
			heard("ann", "first /p/acme.wav es/agent_offer-behind")(w, c)
		},
	},
}

// waitsAndPresses confirms with 1, and presses another key later.
func waitsAndPresses(key string, answers, later time.Duration) ctisim.Person {
	n := int(later/(200*time.Millisecond)) - 11
	return ctisim.Person{Answers: answers, Talk: 2 * minute, Press: "1" + strings.Repeat(" ", n) + key, PressAfter: s(2)}
}

// hears: the first call of a telephone heard exactly this, in this order.
func hears(name string, want ...string) func(*world, *callback.Callback) {
	return func(w *world, _ *callback.Callback) {
		for _, k := range w.phones.Calls() {
			if k.To != telephones[name] {
				continue
			}
			var got []string
			for _, h := range k.Heard {
				got = append(got, h.What)
			}
			wantEqual(w, name+" heard", got, want)
			return
		}
		w.Errorf("%s was never called", name)
	}
}

// refuses: whether a wish for this number is turned away because it is blocked, for any business.
func (w *world) refuses(visitor string, want bool) {
	w.Helper()
	r := wish(visitor)
	m, err := w.c.Request(w.ctx, r)
	if got := fault.Is(err, fault.NumberNotServed); got != want {
		w.Errorf("a wish of %s refused: %v (%v), want %v", visitor, got, err, want)
	}
	if err == nil {
		if _, err := w.c.Cancel(w.ctx, m.Callback.ID, callback.ByVisitor); err != nil {
			w.Error(err)
		}
	}
}

// TestNothingPersonalIsSaid: whatever the visitor wrote is in no sentence; only the business's own page is read aloud.
func TestNothingPersonalIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, only("joe"))
		defer w.stop()
		for n, who := range map[string]ctisim.Person{"joe": presses(s(1), "1", s(2), 0), "vera": ctisim.Takes(s(1), s(2), s(10))} {
			w.phones.Person(telephones[n], who)
		}
		for _, order := range []subscriber.Order{subscriber.AgentFirst, subscriber.VisitorFirst} {
			cb := w.ask("vera", func(r *callback.Request) {
				r.Order, r.Name, r.Topic, r.Page = order, "Mallory", "call the police", "http://evil.example/x"
			})
			w.reaches(cb, callback.Ended)
			pass(minute)
		}
		for _, k := range w.phones.Calls() {
			for _, h := range k.Heard {
				for _, bad := range []string{"Mallory", "police", "evil", telephones["vera"].Number()} {
					if strings.Contains(h.What, bad) {
						t.Errorf("the %s heard %q", k.Party, h.What)
					}
				}
			}
			if k.Party == cti.Agent && !strings.HasPrefix(k.Heard[0].What, "first en/agent_offer") {
				t.Errorf("joe heard %q first", k.Heard[0].What)
			}
		}
	})
}
