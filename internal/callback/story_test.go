package callback_test

import (
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/id"
)

// story is one day at Acme: who sits at the telephones, what is asked for, what comes of it. Durations are exact.
type story struct {
	name   string
	faults []string // the rows of faults_test.go that it plays
	setup  func(*directory.Setup)
	people map[string][]ctisim.Person

	first bool                     // the visitor is rung first
	run   func(*world) id.Callback // nil: vera asks, and the story waits for the end

	want     callback.Outcome
	reason   callback.Reason
	took     time.Duration // from the wish to the end
	attempts []callback.Result
	told     []string                  // what the switch was told; nil = not asked
	after    map[string]agent.Presence // right after the end
	extra    func(*world, *callback.Callback)
}

type people = map[string][]ctisim.Person

func one(p ctisim.Person) []ctisim.Person { return []ctisim.Person{p} }

func TestStories(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { s.play(t) })
		})
	}
}

func (s *story) play(t *testing.T) {
	w := newWorld(t, s.setup)
	defer w.stop()
	for name, who := range s.people {
		w.phones.Person(telephones[name], who...)
	}
	run := s.run
	if run == nil {
		run = func(w *world) id.Callback {
			if s.first {
				return w.ask("vera", visitorFirst)
			}
			return w.ask("vera")
		}
	}
	cb := run(w)
	w.reaches(cb, callback.Ended)
	synctest.Wait()
	c := w.stored(cb)
	if c.Outcome != s.want || c.Reason != s.reason {
		t.Errorf("ended %s (%s), want %s (%s)", c.Outcome, c.Reason, s.want, s.reason)
	}
	if d := c.EndedAt.Sub(c.CreatedAt); d != s.took {
		t.Errorf("took %v, want %v", d, s.took)
	}
	wantEqual(t, "attempts", w.results(c), s.attempts)
	for name, p := range s.after {
		if got := w.presence(name); got != p {
			t.Errorf("%s is %s, want %s", name, got, p)
		}
	}
	if s.extra != nil {
		s.extra(w, c)
	}
	w.invariants()
	if s.told != nil {
		wantEqual(t, "orders", w.orders(cb), s.told)
	}
}

const minute = time.Minute

func s(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

var stories = []story{
	{
		name: "a fax machine answers and is joined before it is known",
		people: people{"ann": one(ctisim.Answers(s(2), 0)),
			"vera": one(ctisim.Person{Answers: s(3), Talk: minute, Tone: cti.ToneFax, ToneAfter: s(3)})},
		want:     callback.Machine,
		reason:   callback.ReasonMachine,
		took:     s(8),
		attempts: []callback.Result{callback.ResultMachine},
		told:     []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "hangup 1 agent normal_clearing"},
		after:    map[string]agent.Presence{"bob": agent.Ready},
	},
	{
		name: "busy inside an answered call, then a talk",
		people: people{"ann": one(ctisim.Answers(s(2), 0)),
			"vera": {ctisim.Person{Answers: s(3), Talk: minute, Tone: cti.ToneBusy, ToneAfter: s(5)}, ctisim.Answers(s(3), minute)}},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(10 + 90 + 65),
		attempts: []callback.Result{callback.ResultVisitorBusy, callback.ResultConnected},
		extra: func(w *world, c *callback.Callback) {
			if c.TalkTime != minute {
				w.Errorf("talked %v, want a minute", c.TalkTime)
			}
		},
	},
	{
		name:     "ann answers, vera answers, they talk, vera hangs up",
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Answers(s(3), minute))},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(65),
		attempts: []callback.Result{callback.ResultConnected},
		told:     []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "hangup 1 agent normal_clearing"},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
		extra: func(w *world, c *callback.Callback) {
			if c.TalkTime != minute {
				w.Errorf("talk time %v, want 1m", c.TalkTime)
			}
		},
	},
	{
		name:     "ann hangs up first",
		people:   people{"ann": one(ctisim.Answers(s(2), s(30))), "vera": one(ctisim.Answers(s(3), 0))},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(32),
		attempts: []callback.Result{callback.ResultConnected},
		told:     []string{"originate 1 agent ann", "originate 1 visitor vera", "join 1", "hangup 1 visitor normal_clearing"},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
	},
	{
		name:     "visitor first: vera presses 1, ann answers",
		first:    true,
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Takes(s(3), s(4), minute))},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(63),
		attempts: []callback.Result{callback.ResultConnected},
		told:     []string{"originate 1 visitor vera", "originate 1 agent ann", "join 1", "hangup 1 agent normal_clearing"},
		after:    map[string]agent.Presence{"ann": agent.WrapUp, "bob": agent.Ready},
		extra:    rungAfter("ann", s(7)),
	},
	{
		name:     "visitor first: vera says hello",
		first:    true,
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Person{Answers: s(3), Says: s(1), Talk: s(20)})},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(23),
		attempts: []callback.Result{callback.ResultConnected},
		extra:    rungAfter("ann", s(5.2)),
	},
	{
		name:     "ann lets it ring, bob takes it",
		faults:   []string{"agent does not answer", "rings for ever"},
		people:   people{"ann": one(ctisim.RingsForEver()), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(1), minute))},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(25 + 1 + 1 + 60),
		attempts: []callback.Result{callback.ResultAgentNoAnswer, callback.ResultConnected},
		told:     []string{"originate 1 agent ann", "originate 2 agent bob", "originate 2 visitor vera", "join 2", "hangup 2 agent normal_clearing"},
		after:    map[string]agent.Presence{"ann": agent.Ready, "bob": agent.WrapUp},
		extra: func(w *world, c *callback.Callback) {
			if c.Tried() != 1 {
				w.Errorf("an agent who did not answer used up a try: %d", c.Tried())
			}
		},
	},
	{
		name:     "ann is busy, bob takes it at once",
		people:   people{"ann": one(ctisim.Busy()), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(1), s(10)))},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(12),
		attempts: []callback.Result{callback.ResultAgentBusy, callback.ResultConnected},
	},
	{
		name:     "ann declines, bob takes it",
		people:   people{"ann": one(ctisim.Declines(s(4))), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(1), s(10)))},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(16),
		attempts: []callback.Result{callback.ResultAgentDeclined, callback.ResultConnected},
	},
	{
		name:     "everybody lets it pass twice",
		people:   people{"ann": one(ctisim.Declines(s(1))), "bob": one(ctisim.Declines(s(1))), "vera": one(ctisim.Answers(0, 0))},
		want:     callback.NoAgent,
		reason:   callback.ReasonNobodyTookIt,
		took:     s(1 + 1 + 19 + 1 + 1),
		attempts: []callback.Result{callback.ResultAgentDeclined, callback.ResultAgentDeclined, callback.ResultAgentDeclined, callback.ResultAgentDeclined},
		extra:    neverRung("vera"),
	},
	{
		name:     "nobody is ready for a quarter of an hour",
		setup:    func(s *directory.Setup) { s.Agents[0].Ready, s.Agents[1].Ready = false, false },
		people:   people{},
		want:     callback.NoAgent,
		reason:   callback.ReasonNobodyReady,
		took:     15 * minute,
		attempts: nil,
	},
	{
		name:     "vera never answers: three tries a quarter of an hour apart",
		faults:   []string{"rings for ever"},
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.RingsForEver())},
		want:     callback.VisitorNoAnswer,
		reason:   callback.ReasonVisitorNoAnswer,
		took:     3*s(32) + 2*15*minute,
		attempts: []callback.Result{callback.ResultVisitorNoAnswer, callback.ResultVisitorNoAnswer, callback.ResultVisitorNoAnswer},
		extra: func(w *world, c *callback.Callback) {
			if !c.ArrivedAt.Equal(c.CreatedAt) {
				w.Errorf("a retry moved arrived_at by %v", c.ArrivedAt.Sub(c.CreatedAt))
			}
		},
	},
	{
		name:     "vera is busy, 90 s later she is not",
		faults:   []string{"486, 603, 600"},
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": {ctisim.Busy(), ctisim.Answers(s(3), s(10))}},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(2 + 90 + 2 + 3 + 10),
		attempts: []callback.Result{callback.ResultVisitorBusy, callback.ResultConnected},
		told: []string{"originate 1 agent ann", "originate 1 visitor vera", "hangup 1 agent normal_clearing",
			"originate 2 agent ann", "originate 2 visitor vera", "join 2", "hangup 2 agent normal_clearing"},
	},
	{
		name:     "vera is always busy",
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Busy())},
		want:     callback.VisitorBusy,
		reason:   callback.ReasonVisitorBusy,
		took:     3*s(2) + 2*s(90),
		attempts: []callback.Result{callback.ResultVisitorBusy, callback.ResultVisitorBusy, callback.ResultVisitorBusy},
	},
	{
		name:     "vera declines: 603 is never tried again",
		faults:   []string{"486, 603, 600"},
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Declines(s(3)))},
		want:     callback.VisitorDeclined,
		reason:   callback.ReasonVisitorDeclined,
		took:     s(5),
		attempts: []callback.Result{callback.ResultVisitorDeclined},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
	},
	{
		name:     "600 busy everywhere is never tried again",
		faults:   []string{"486, 603, 600"},
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Refuses(s(1), 600))},
		want:     callback.VisitorDeclined,
		reason:   callback.ReasonVisitorDeclined,
		took:     s(3),
		attempts: []callback.Result{callback.ResultVisitorDeclined},
	},
	{
		name:     "the number does not exist",
		people:   people{"ann": one(ctisim.Answers(s(2), 0))},
		want:     callback.Failed,
		reason:   callback.ReasonNumberUnknown,
		took:     s(2),
		attempts: []callback.Result{callback.ResultNetwork},
	},
	{
		name:     "the network is full, then it is not",
		faults:   []string{"503"},
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": {ctisim.Refuses(0, 503), ctisim.Answers(s(1), s(10))}},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(2 + 30 + 2 + 1 + 10),
		attempts: []callback.Result{callback.ResultNetwork, callback.ResultConnected},
	},
	{
		name:     "the network stays full",
		faults:   []string{"503"},
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Refuses(0, 503))},
		want:     callback.Failed,
		reason:   callback.ReasonNetwork,
		took:     3*s(2) + 2*s(30),
		attempts: []callback.Result{callback.ResultNetwork, callback.ResultNetwork, callback.ResultNetwork},
	},
	{
		name:     "302: nobody is called elsewhere",
		faults:   []string{"302"},
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Refuses(0, 302))},
		want:     callback.Failed,
		reason:   callback.ReasonNetwork,
		took:     3*s(2) + 2*s(30),
		attempts: []callback.Result{callback.ResultNetwork, callback.ResultNetwork, callback.ResultNetwork},
		extra: func(w *world, c *callback.Callback) {
			for _, k := range w.phones.Calls() {
				if k.Party == cti.Visitor && k.To != telephones["vera"] {
					w.Errorf("%s was called", k.To)
				}
			}
		},
	},
	{
		name:     "100 and nothing more: the hard stop",
		faults:   []string{"silence, or 100 and nothing more"},
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": {ctisim.TryingOnly(), ctisim.Answers(s(1), s(10))}},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(2+45) + 15*minute + s(2+1+10),
		attempts: []callback.Result{callback.ResultVisitorNoAnswer, callback.ResultConnected},
	},
	{
		name:     "nothing comes back at all",
		faults:   []string{"silence, or 100 and nothing more"},
		people:   people{"ann": one(ctisim.Gone()), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(1), s(10)))},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(40+5) + s(1+1+10),
		attempts: []callback.Result{callback.ResultAgentNoAnswer, callback.ResultConnected},
	},
	{
		name:   "early media is no answer",
		faults: []string{"early media"},
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Person{Rings: s(1), Early: true, Answers: s(12), Talk: s(20)})},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(2 + 12 + 20),
		attempts: []callback.Result{callback.ResultConnected},
		extra: func(w *world, c *callback.Callback) {
			if c.TalkTime != s(20) {
				w.Errorf("talk time %v begins before the answer", c.TalkTime)
			}
		},
	},
	{
		name:     "an answering machine takes ann's call: key confirmation",
		setup:    only("joe", "bob"),
		people:   people{"joe": one(ctisim.AnsweringMachine(s(5))), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(1), s(10)))},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(5+12) + s(1+1+10),
		attempts: []callback.Result{callback.ResultNotConfirmed, callback.ResultConnected},
		after:    map[string]agent.Presence{"joe": agent.Ready},
	},
	{
		name:     "joe takes it on his mobile with key 1",
		setup:    only("joe"),
		people:   people{"joe": one(ctisim.Takes(s(5), s(3), 0)), "vera": one(ctisim.Answers(s(1), s(10)))},
		want:     callback.Completed,
		reason:   callback.ReasonTalked,
		took:     s(5 + 3 + 1 + 10),
		attempts: []callback.Result{callback.ResultConnected},
		extra:    rungAfter("vera", s(8)),
	},
	{
		name:   "ann's second telephone",
		setup:  func(s *directory.Setup) { s.Agents[0] = person("ann", "ann", "mobile") },
		people: people{"ann": one(ctisim.RingsForEver()), "mobile": one(ctisim.Takes(s(4), s(2), 0)), "vera": one(ctisim.Answers(s(1), s(10)))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(25 + 4 + 2 + 1 + 10),
		attempts: []callback.Result{callback.ResultConnected},
	},
	{
		name:     "visitor first: an answering machine never rings an agent",
		first:    true,
		people:   people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.AnsweringMachine(s(3)))},
		want:     callback.Machine,
		reason:   callback.ReasonMachine,
		took:     s(3+4.5) + ctisim.MessageTime,
		attempts: []callback.Result{callback.ResultMachine},
		after:    map[string]agent.Presence{"ann": agent.Ready},
		extra:    neverRung("ann"),
	},
	{
		name:   "visitor first: picked up and never confirmed",
		first:  true,
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Answers(s(3), 0))},
		want:   callback.VisitorNoAnswer, reason: callback.ReasonNotConfirmed,
		took:     3*s(33) + 2*15*minute,
		attempts: []callback.Result{callback.ResultNotConfirmed, callback.ResultNotConfirmed, callback.ResultNotConfirmed},
		extra:    neverRung("ann"),
	},
	{
		name:   "visitor first: ann misses it, bob takes it, vera hears that it goes on",
		first:  true,
		faults: []string{"agent does not answer"},
		people: people{"ann": one(ctisim.Declines(s(4))), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Takes(s(3), s(3), minute))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(63),
		attempts: []callback.Result{callback.ResultConnected},
		told: []string{"originate 1 visitor vera", "originate 1 agent ann", "play 1 visitor ringback", "originate 1 agent bob", "join 1",
			"hangup 1 agent normal_clearing"},
		after: map[string]agent.Presence{"ann": agent.Ready, "bob": agent.WrapUp},
	},
	{
		name:   "visitor first: nobody takes it, an apology, and later it works",
		first:  true,
		faults: []string{"agent does not answer"},
		setup:  only("ann"),
		people: people{"ann": {ctisim.RingsForEver(), ctisim.Answers(s(2), 0)}, "vera": one(ctisim.Takes(s(3), s(2), 2*minute))},
		run: func(w *world) id.Callback {
			cb := w.ask("vera", visitorFirst)
			w.reaches(cb, callback.Scheduled)
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(5+25) + 5*minute + s(3+120),
		attempts: []callback.Result{callback.ResultAgentNoAnswer, callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
		extra:    heard("vera", "say en/visitor_later"),
	},
	{
		name:   "visitor first: bob might come and does not: the choice, then a later call",
		first:  true,
		setup:  func(set *directory.Setup) { set.Agents[1].Ready = false },
		people: people{"ann": {ctisim.RingsForEver(), ctisim.Answers(s(2), 0)}, "vera": one(ctisim.Takes(s(3), s(2), 2*minute))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(5+25+35) + 5*minute + s(3+120),
		attempts: []callback.Result{callback.ResultAgentNoAnswer, callback.ResultConnected},
		extra:    heard("vera", "say en/visitor_later"),
	},
	{
		name:   "visitor first: vera hangs up while ann's telephone rings",
		first:  true,
		faults: []string{"visitor hangs up while the agent rings"},
		people: people{"ann": one(ctisim.RingsForEver()), "vera": one(ctisim.Takes(s(3), s(2), s(10)))},
		want:   callback.Cancelled, reason: callback.ReasonHungUpWaiting,
		took:     s(13),
		attempts: []callback.Result{callback.ResultCancelled},
		told:     []string{"originate 1 visitor vera", "originate 1 agent ann", "hangup 1 agent cancelled"},
		after:    map[string]agent.Presence{"ann": agent.Ready},
		extra:    goneBy("ann", s(13)),
	},
	{
		name:   "ann hangs up while vera's telephone rings: it rings on, for bob",
		faults: []string{"agent hangs up while the visitor rings"},
		people: people{"ann": one(ctisim.Answers(s(2), s(8))), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(20), s(10)))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(2 + 20 + 10),
		attempts: []callback.Result{callback.ResultConnected},
		told:     []string{"originate 1 agent ann", "originate 1 visitor vera", "originate 1 agent bob", "join 1", "hangup 1 agent normal_clearing"},
		after:    map[string]agent.Presence{"ann": agent.Ready, "bob": agent.WrapUp},
	},
	{
		name:   "the visitor puts ann on hold for half an hour and comes back",
		faults: []string{"hold"},
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Person{Answers: s(3), Talk: 40 * minute, HoldAfter: s(10), HoldFor: 30 * minute})},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(5) + 40*minute,
		attempts: []callback.Result{callback.ResultConnected},
		extra: func(w *world, c *callback.Callback) {
			w.line(c, string(cti.LegHeld), s(5+10))
			w.line(c, string(cti.LegResumed), s(5+10)+30*minute)
		},
	},
	{
		name:   "one-way audio is noticed and the call lives",
		faults: []string{"one-way audio"},
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Person{Answers: s(3), Talk: minute, QuietAfter: s(10), QuietFor: s(20)})},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(65),
		attempts: []callback.Result{callback.ResultConnected},
		extra: func(w *world, c *callback.Callback) {
			w.line(c, string(cti.LegQuiet), s(5+10+3))
			w.line(c, string(cti.LegHeard), s(5+30))
		},
	},
	{
		name:   "vera's telephone leaves the network in mid call",
		faults: []string{"the far end dies in mid call"},
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Person{Answers: s(3), Dies: s(30)})},
		want:   callback.Completed, reason: callback.ReasonMediaLost,
		took:     s(5+30) + ctisim.DeadAfter,
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
	},
	{
		name:   "the longest talk is over",
		setup:  func(s *directory.Setup) { s.Subscribers[0].Limits.MaxTalk = 10 * minute },
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Answers(s(3), 0))},
		want:   callback.Completed, reason: callback.ReasonMaxTalk,
		took:     s(5) + 10*minute,
		attempts: []callback.Result{callback.ResultConnected},
	},
}

// heard: a telephone was told something before it was hung up.
func heard(name, what string) func(*world, *callback.Callback) {
	return func(w *world, _ *callback.Callback) {
		for _, k := range w.phones.Calls() {
			for _, h := range k.Heard {
				if k.To == telephones[name] && h.What == what {
					return
				}
			}
		}
		w.Errorf("%s never heard %q", name, what)
	}
}

// be sets an agent's presence by hand.
func (w *world) be(slug string, p agent.Presence) {
	w.Helper()
	if _, err := w.c.SetPresence(w.ctx, w.agents[slug], p, ""); err != nil {
		w.Fatalf("%s becomes %s: %v", slug, p, err)
	}
}

// rungAfter: a telephone got its INVITE so long after the wish.
func rungAfter(name string, d time.Duration) func(*world, *callback.Callback) {
	return func(w *world, c *callback.Callback) {
		for _, k := range w.phones.Calls() {
			if k.To == telephones[name] {
				if got := k.InviteAt.Sub(c.CreatedAt); got != d {
					w.Errorf("%s was rung after %v, want %v", name, got, d)
				}
				return
			}
		}
		w.Errorf("%s was never rung", name)
	}
}

func neverRung(name string) func(*world, *callback.Callback) {
	return func(w *world, _ *callback.Callback) {
		for _, k := range w.phones.Calls() {
			if k.To == telephones[name] {
				w.Errorf("%s was rung", name)
			}
		}
	}
}

// goneBy: a telephone that rang stopped so long after the wish.
func goneBy(name string, d time.Duration) func(*world, *callback.Callback) {
	return func(w *world, c *callback.Callback) {
		for _, k := range w.phones.Calls() {
			if k.To == telephones[name] {
				if got := k.GoneAt.Sub(c.CreatedAt); k.GoneAt.IsZero() || got > d {
					w.Errorf("%s rang until %v, want %v", name, got, d)
				}
			}
		}
	}
}

// line: the journal has a line of that event so long after the wish.
func (w *world) line(c *callback.Callback, event string, d time.Duration) {
	w.Helper()
	for _, l := range w.journal(c.ID) {
		if l.Event == event {
			if got := l.At.Sub(c.CreatedAt); got != d {
				w.Errorf("%s after %v, want %v", event, got, d)
			}
			return
		}
	}
	w.Errorf("the journal has no line of %s", event)
}
