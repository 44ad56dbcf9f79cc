package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/simcarrier"
	"ringback/internal/subscriber"
	"ringback/internal/wire"
)

// zooStory is one callback of the whole product over a line of one personality.
type zooStory struct {
	name  string
	order subscriber.Order
	phone bool // the agent's telephone is registered; else it is a mobile
	pace  time.Duration
	talk  time.Duration // until the visitor hangs up
	trunk func(*cti.Trunk)
	agent simcarrier.Person // at the registered telephone; nobody = takes it and talks
	third simcarrier.Person // to whom she may transfer; nobody = there is none
}

const zooVisitor = "+12025550160"

// zooEnd is what came of it.
type zooEnd struct {
	callback       *callback.Callback
	lines          []callback.Line
	agent, visitor []simcarrier.Entry // calls, in order
	wrong          []string
}

// lives through it in a bubble of its own.
func (z *zooStory) lives(t *testing.T) (end zooEnd) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := z.day(t)
		defer d.disk.close()
		defer d.carrier.Close()
		z.people(t, d)
		_, book := d.disk.open(nil)
		if _, err := book.Apply(context.Background(), z.setup(), directory.Options{}); err != nil {
			t.Fatalf("apply: %v", err)
		}
		d.p = assemble(d, d.rand, false)
		defer d.p.bury()
		if z.phone {
			z.register(t, d)
		}
		cb := z.asks(t, d)
		limit := time.After(time.Hour)
		for live := true; live; {
			select {
			case <-time.After(time.Second):
			case <-limit:
				t.Fatal("it does not end")
			}
			c, err := d.disk.now().Callback(context.Background(), "", cb)
			if err != nil {
				t.Fatal(err)
			}
			live = c.Live()
		}
		<-time.After(40 * time.Second) // BYEs that are not answered
		end.callback, _ = d.disk.now().Callback(context.Background(), "", cb)
		end.lines, _ = d.disk.now().Journal(context.Background(), cb)
		for _, e := range d.carrier.Calls(string(cb)) {
			if e.To == zooVisitor {
				end.visitor = append(end.visitor, e)
			} else {
				end.agent = append(end.agent, e)
			}
		}
		end.wrong = d.wrong
	})
	return end
}

func (z *zooStory) day(t *testing.T) *day {
	d := &day{T: t, rand: rand.New(rand.NewPCG(7, 7)), began: time.Now(), pace: z.pace, net: wire.NewSimulated(7), counters: &ctisip.Counters{},
		made: map[id.Callback]time.Time{}, done: map[id.Callback]bool{},
		told: told{version: map[id.Callback]int64{}, arrived: map[id.Callback]time.Time{}, ended: map[id.Callback]bool{}}}
	d.mint = id.NewMint(time.Now, seeded(7))
	d.disk = newDisk(t, d.mint, 7)
	var err error
	if d.carrier, err = simcarrier.New(simcarrier.Config{Net: d.net, Listen: network, Seed: 7, Pace: z.pace, Username: "ann", Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	return d
}

func (z *zooStory) people(t *testing.T, d *day) {
	p := simcarrier.Person{Does: "answers", After: 2 * time.Second, Talk: time.Hour, Press: "1", PressAfter: 3 * time.Second}
	visitor := p
	visitor.Talk, visitor.Personality = z.talk, z.name
	if z.order == subscriber.AgentFirst {
		visitor.Press = ""
	}
	all := map[string]simcarrier.Person{dansMobile: p, zooVisitor: visitor}
	if z.third.Does != "" {
		all["+12025550170"] = z.third
	}
	for who, p := range all {
		if err := d.carrier.SetPerson(who, p); err != nil {
			t.Fatal(err)
		}
	}
}

// setup is Acme with one agent, and one try for each callback.
func (z *zooStory) setup() directory.Setup {
	s := setup()
	s.Trunks[0].Username, s.Trunks[0].Password = "ann", "secret"
	s.Subscribers = s.Subscribers[:1]
	s.Buttons = s.Buttons[:2]
	for i := range s.Buttons {
		s.Buttons[i].Tries = 1
	}
	who := agent.Agent{Slug: "dan", Name: "dan", Ready: true, Devices: []agent.Device{{To: "tel:" + dansMobile}}}
	if z.phone {
		who = agent.Agent{Slug: "ann", Name: "ann", Ready: true, Devices: []agent.Device{{To: "sip:ann"}}, SIP: cti.NewSecret("ann", "secret")}
	}
	s.Agents = []agent.Agent{who}
	s.Representations = []agent.Representation{{Agent: id.Agent(who.Slug), Subscriber: "acme", DisplayName: who.Name}}
	if z.trunk != nil {
		z.trunk(&s.Trunks[0])
	}
	return s
}

func (z *zooStory) register(t *testing.T, d *day) {
	who := z.agent
	if who.Does == "" {
		who = simcarrier.Person{Does: "answers", After: 2 * time.Second, Talk: time.Hour}
	}
	ann, err := d.carrier.Phone(simcarrier.PhoneConfig{User: "ann", Password: "secret", Registrar: ours + ":5060", Listen: "10.0.0.9:5060",
		Person: who})
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(time.Second)
	if s := ann.Status(); !s.Registered {
		t.Fatalf("her telephone: %+v", s)
	}
}

func (z *zooStory) asks(t *testing.T, d *day) id.Callback {
	m, err := d.p.c.Request(context.Background(), callback.Request{Button: "acme-" + string(z.order[0]), Number: zooVisitor,
		By: &login.Principal{Role: login.Operator}, SkipLimits: true, Answer: func(m *callback.Made) callback.Kept { return callback.Kept{Status: 201} }})
	if err != nil {
		t.Fatal(err)
	}
	return m.Callback.ID
}

// zooOutcomes is how a callback over a line ends: agent first, visitor first; who is not listed talks. An agent who was
// called first hears for herself that a machine has answered.
var zooOutcomes = map[string][2]callback.Outcome{
	"announcement_183": {callback.Failed, callback.Failed},
	"sit_183":          {callback.Failed, callback.Failed},
	"sit":              {callback.Failed, callback.Failed},
	"no_to_tag":        {callback.Failed, callback.Failed},
	"silence":          {callback.Failed, callback.Failed},
	"unavailable_503":  {callback.Failed, callback.Failed},
	"moved_302":        {callback.Failed, callback.Failed},
	"only_100":         {callback.VisitorNoAnswer, callback.VisitorNoAnswer},
	"late_200":         {callback.VisitorNoAnswer, callback.VisitorNoAnswer},
	"mute_in":          {"", callback.VisitorNoAnswer}, // neither key nor voice
	"fax":              {callback.Machine, callback.Machine},
	"forwarded_181":    {"", callback.Machine},
	"beep_machine":     {"", callback.Machine},
	"decline_603":      {callback.VisitorDeclined, callback.VisitorDeclined},
	"blocked_607":      {callback.VisitorDeclined, callback.VisitorDeclined},
	"blocked_608":      {callback.VisitorDeclined, callback.VisitorDeclined},
}

// zooTrunks is what a trunk must be told for a line.
var zooTrunks = map[string]func(*cti.Trunk){
	"private_sdp": func(t *cti.Trunk) { t.NAT = cti.NATAuto },
	"no_plus":     func(t *cti.Trunk) { t.NumberFormat = cti.PlainE164 },
	"cps1":        func(t *cti.Trunk) { t.CallsPerSecond = 1 },
	"cidr_shift":  func(t *cti.Trunk) { t.AcceptFrom = []string{"10.0.0.0/24"} },
}

// Over every line a callback ends in the one way that fits, with what people hear on the way: never a silence.
func TestZooStories(t *testing.T) {
	for _, name := range append([]string{""}, simcarrier.Personalities()...) {
		if strings.HasPrefix(name, "register_") || name == "needs_register" {
			continue
		}
		for i, order := range []subscriber.Order{subscriber.AgentFirst, subscriber.VisitorFirst} {
			for _, phone := range []bool{false, true} {
				t.Run(fmt.Sprint(name, " ", order, " phone ", phone), func(t *testing.T) {
					if name != "" { // the first alone, as the first of the days
						t.Parallel()
					}
					// Longer than cti.VoiceWindow: who hung up in the instant in which it closes would end as either by chance.
					z := &zooStory{name: name, order: order, phone: phone, pace: time.Second, talk: cti.VoiceWindow + time.Second, trunk: zooTrunks[name]}
					if name == "ptime30" { // thinned packets cannot be cut anew
						z.pace = 20 * time.Millisecond
					}
					end := z.lives(t)
					want := zooOutcomes[name][i]
					if want == "" {
						want = callback.Completed
					}
					end.heard(t, z)
					if end.callback.Outcome != want || len(end.wrong) > 0 {
						t.Errorf("outcome %s, want %s; %v", end.callback.Outcome, want, end.wrong)
						for _, l := range end.lines {
							t.Logf("%s %-9s %s --%s--> %s %s %s", l.At.Format("15:04:05.000"), l.Actor, l.From, l.Event, l.To, l.Reason, l.Detail)
						}
					}
				})
			}
		}
	}
}

// still are lines on which the visitor is silent for longer than 2 s: then the agent hears what people hear.
var still = map[string]bool{"late_media_6s": true, "silent_mute": true, "mute_in": true, "forwarded_181": true, "beep_machine": true, "robot_screener": true, "freeze": true}

// heard: of a completed callback each heard the other and not itself, and nobody who had answered waited in silence.
func (end *zooEnd) heard(t *testing.T, z *zooStory) {
	t.Helper()
	for _, e := range append(end.agent, end.visitor...) {
		visitor := e.To == zooVisitor
		switch {
		case e.AnsweredAt.IsZero(), visitor && z.name == "deaf":
			continue
		case e.SilenceMax > 2.1 && (visitor || !still[z.name]):
			t.Errorf("%s heard %.2f s of silence", e.To, e.SilenceMax)
		case e.OwnEcho > 0.1 || len(e.SSRCs) > 1:
			t.Errorf("%s heard itself %.1f s; %d streams", e.To, e.OwnEcho, len(e.SSRCs))
		}
		least := 15.0
		switch {
		case end.callback.Outcome != callback.Completed:
			least = 0
		case z.name == "late_media_6s":
			least = 11
		case still[z.name] && !visitor:
			least = map[string]float64{"robot_screener": 8, "silent_mute": 0}[z.name]
		case z.name == "comfort_noise" && !visitor:
			least = 6
		case z.name == "freeze":
			least = 1
		}
		if e.OtherHeard < least {
			t.Errorf("%s heard the other %.1f s", e.To, e.OtherHeard)
		}
	}
}

// The budgets of a call, where simulated time makes them exact: processors and disks take none.
func TestTimeline(t *testing.T) {
	for _, order := range []subscriber.Order{subscriber.AgentFirst, subscriber.VisitorFirst} {
		for _, phone := range []bool{false, true} {
			t.Run(fmt.Sprint(order, " phone ", phone), func(t *testing.T) {
				z := &zooStory{order: order, phone: phone, pace: 20 * time.Millisecond, talk: 30 * time.Second}
				end := z.lives(t)
				if end.callback.Outcome != callback.Completed || len(end.agent) != 1 || len(end.visitor) != 1 {
					t.Fatalf("outcome %s, %d and %d calls", end.callback.Outcome, len(end.agent), len(end.visitor))
				}
				end.heard(t, z)
				end.budgets(t, z)
			})
		}
	}
}

func (end *zooEnd) budgets(t *testing.T, z *zooStory) {
	a, v := end.agent[0], end.visitor[0]
	within := func(what string, from, to time.Time, most time.Duration) {
		t.Helper()
		if d := to.Sub(from); from.IsZero() || to.IsZero() || d < 0 || d > most {
			t.Errorf("%s: %v, at most %v", what, d, most)
		}
	}
	first, second := a, v
	if z.order == subscriber.VisitorFirst {
		first, second = v, a
	}
	within("accepted -> INVITE", end.callback.CreatedAt, first.InviteAt, 50*time.Millisecond)
	switch {
	case z.order == subscriber.VisitorFirst:
		within("the visitor's key -> offer", v.Pressed[0].At, a.InviteAt, 150*time.Millisecond)
	case z.phone:
		within("the agent's answer -> the visitor's INVITE", a.AnsweredAt, v.InviteAt, 50*time.Millisecond)
	default:
		within("the agent's key -> the visitor's INVITE", a.Pressed[0].At, v.InviteAt, 50*time.Millisecond)
	}
	open := second.AnsweredAt
	if z.order == subscriber.VisitorFirst && !z.phone {
		open = a.Pressed[0].At.Add(140 * time.Millisecond) // she takes it with a key, and is not heard while it sounds
	}
	for _, e := range []simcarrier.Entry{a, v} {
		voice := second.AnsweredAt.Add(time.Duration(*e.VoiceMs * float64(time.Millisecond)))
		if voice.Before(open) {
			voice = open
		}
		within("audio to "+e.To, open, voice, 250*time.Millisecond)
		if e.GapMs != nil && *e.GapMs > 40 || e.DelayMs != nil && *e.DelayMs > 30 || e.SeqGaps != 0 {
			t.Errorf("%s: gap of %v ms, delay of %v ms, %d packets missing", e.To, e.GapMs, e.DelayMs, e.SeqGaps)
		}
	}
	for _, l := range end.lines {
		if l.Event == "visitor_left" {
			within("the hang-up is known", v.ByeAt, l.At, 200*time.Millisecond)
		}
	}
	most := 1500 * time.Millisecond // a farewell
	if z.order == subscriber.AgentFirst && !z.phone {
		most = 7 * time.Second // she is asked whether another call is to follow
	}
	within("the other's BYE", v.ByeAt, a.ByeAt, most)
}
