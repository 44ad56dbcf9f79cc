package ctisip

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/simcarrier"
	"ringback/internal/wire"
)

// longCall is a callback whose people talk for long: the agent at a registered telephone, the visitor on a line.
type longCall struct {
	*bench
	c   *simcarrier.Carrier
	ann *simcarrier.Phone
}

// longTalk joins both and lives on for a while. Sound of long talks is thinned to a packet a second.
func longTalk(t *testing.T, agent, visitor simcarrier.Person, line string, stays time.Duration, judge func(l *longCall, agent, visitor simcarrier.Entry)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &longCall{bench: newBench(t, wire.NewSimulated(1))}
		l.simulated()
		if stays > time.Minute {
			l.pace = time.Second
		}
		var err error
		if l.c, err = simcarrier.New(simcarrier.Config{Net: l.net, Listen: trunkAddr, Seed: 1, Pace: l.pace}); err != nil {
			t.Fatal(err)
		}
		defer l.c.Close()
		l.start("udp://" + ours)
		defer l.stop()
		l.trunks(trunk("zoo", trunkAddr))
		l.join(agent, visitor, line, stays+time.Minute)
		l.pass(stays)
		a, v := l.entries()
		judge(l, a, v)
	})
}

func (l *longCall) join(agent, visitor simcarrier.Person, line string, most time.Duration) {
	t := l.t
	agent.Does, visitor.Does, visitor.Personality = "answers", "answers", line
	agent.Talk, visitor.Talk = max(agent.Talk, 24*time.Hour), max(visitor.Talk, 24*time.Hour)
	if err := l.c.SetPerson("0100", visitor); err != nil {
		t.Fatal(err)
	}
	if err := l.sw.Devices(context.Background(), []cti.Device{{User: "ann", Secret: cti.NewSecret("ann", "secret")}}); err != nil {
		t.Fatal(err)
	}
	var err error
	if l.ann, err = l.c.Phone(simcarrier.PhoneConfig{User: "ann", Password: "secret", Registrar: ours, Listen: phoneAddr, Person: agent}); err != nil {
		t.Fatal(err)
	}
	l.pass(time.Second)
	a := order("a")
	a.Party, a.To = cti.Agent, "sip:ann"
	l.call(a)
	l.await("a", cti.LegConfirmed)
	l.call(order("v"))
	l.await("v", cti.LegConfirmed)
	if err := l.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v", MaxTalk: most}); err != nil {
		t.Fatal(err)
	}
	l.await("v", cti.LegJoined)
}

func (l *longCall) entries() (agent, visitor simcarrier.Entry) {
	for _, e := range l.c.Calls("cb_1") {
		if e.Leg == "leg_a" {
			agent = e
		} else {
			visitor = e
		}
	}
	return agent, visitor
}

// lives: nobody has ended, and no refresh was refused.
func (l *longCall) lives(a, v simcarrier.Entry) {
	l.t.Helper()
	for _, e := range []simcarrier.Entry{a, v} {
		if !e.ByeAt.IsZero() || e.Refused || e.Cut {
			l.t.Errorf("%s: BYE at %v by %q, refused %v, cut %v; told %s, %s", e.To, e.ByeAt, e.ByeBy, e.Refused, e.Cut, l.story("a"), l.story("v"))
		}
	}
}

// The calls that carriers and people make hard: each lives.
func TestLongCalls(t *testing.T) {
	quietly := simcarrier.Person{}
	for name, c := range map[string]struct {
		agent, visitor simcarrier.Person
		line           string
		stays          time.Duration
		held           bool // the visitor was on hold
		least          float64
	}{
		"muted for ten minutes with voice detection": {visitor: simcarrier.Person{Then: "5s mute, 605s unmute"}, stays: 615 * time.Second, least: 10},
		"both muted":                      {agent: simcarrier.Person{Then: "5s mute"}, visitor: simcarrier.Person{Then: "6s mute"}, stays: 10 * time.Minute, least: 3},
		"on hold for half an hour":        {agent: simcarrier.Person{Then: "5s inactive, 1805s unhold"}, stays: 1820 * time.Second, held: true, least: 10},
		"held the old way":                {agent: simcarrier.Person{Then: "5s zero, 1805s unhold"}, stays: 1820 * time.Second, held: true, least: 10},
		"held with sendonly":              {agent: simcarrier.Person{Then: "5s hold, 1805s unhold"}, stays: 1820 * time.Second, held: true, least: 10},
		"held by the visitor":             {visitor: simcarrier.Person{Then: "5s hold, 605s unhold, 610s inactive, 620s unhold"}, stays: 640 * time.Second, least: 15},
		"moves twice":                     {agent: simcarrier.Person{Then: "5s move"}, visitor: simcarrier.Person{Then: "15s move"}, stays: 30 * time.Second, least: 20},
		"media six seconds late":          {visitor: quietly, line: "late_media_6s", stays: 30 * time.Second, least: 20},
		"session timer of 90 s":           {line: "se90_refresher_uas", stays: 40 * time.Minute, least: 1200},
		"session timer of 90 s by UPDATE": {line: "update_only", stays: 40 * time.Minute, least: 1200},
		"we refresh":                      {line: "timer_cut", stays: 45 * time.Minute, least: 1800},
		"stops sending for good":          {line: "silent_mute", stays: 15 * time.Minute, least: 2},
		"never sends":                     {line: "mute_in", stays: 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			longTalk(t, c.agent, c.visitor, c.line, c.stays, func(l *longCall, a, v simcarrier.Entry) {
				l.lives(a, v)
				if a.OtherHeard < c.least || a.OwnEcho > 0 || v.OwnEcho > 0 || v.OtherHeard < min(3, c.least) {
					t.Errorf("the agent heard the visitor %.1f s, the visitor the agent %.1f s; own voice %.1f s and %.1f s", a.OtherHeard, v.OtherHeard, a.OwnEcho, v.OwnEcho)
				}
				for _, r := range append(a.Reinvites, v.Reinvites...) {
					if r.Code != 200 {
						t.Errorf("a re-INVITE or UPDATE of theirs (%s) was answered %d", r.Direction, r.Code)
					}
				}
				if c.held && v.SilenceMax > 2.1 { // one packet a second is coarse
					t.Errorf("on hold the visitor heard %.1f s of silence", v.SilenceMax)
				}
			})
		})
	}
}

// A far end that is gone without a word is ended within 25 s, and the other is told why.
func TestFreeze(t *testing.T) {
	longTalk(t, simcarrier.Person{}, simcarrier.Person{}, "freeze", time.Minute, func(l *longCall, a, v simcarrier.Entry) {
		end := l.await("v", cti.LegEnded)
		between(t, "ended", end.At.Sub(v.AnsweredAt), 5*time.Second+20*time.Second, 5*time.Second+25*time.Second)
		if end.Cause != cti.MediaLost || a.ByeBy != "them" {
			t.Errorf("told %s; the agent's BYE by %q", l.story("v"), a.ByeBy)
		}
	})
}

// Who is left hears of it within 200 ms, whoever hangs up, and both are down a second later.
func TestHangUpIsTold(t *testing.T) {
	for _, who := range []string{"a", "v"} {
		p := map[string]simcarrier.Person{who: {Then: "10s bye"}}
		longTalk(t, p["a"], p["v"], "", 15*time.Second, func(l *longCall, a, v simcarrier.Entry) {
			first, second := a, v
			if who == "v" {
				first, second = v, a
			}
			told := l.await(who, cti.LegEnded).At
			between(t, "told", told.Sub(first.ByeAt), 0, 200*time.Millisecond)
			between(t, "the other's BYE", second.ByeAt.Sub(first.ByeAt), 0, 1200*time.Millisecond)
			if !strings.Contains(l.story(who), "ended normal_clearing by "+map[string]string{"a": "agent", "v": "visitor"}[who]) {
				t.Errorf("told %s", l.story(who))
			}
		})
	}
}

// A trunk that says nothing is left within 4.5 s.
func TestFailOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, wire.NewSimulated(1))
		b.simulated()
		var lines [2]*simcarrier.Carrier
		for i, at := range []string{trunkAddr, secondAddr} {
			var err error
			if lines[i], err = simcarrier.New(simcarrier.Config{Net: b.net, Listen: at, Personality: []string{"silence", ""}[i]}); err != nil {
				t.Fatal(err)
			}
			defer lines[i].Close()
		}
		b.start("udp://" + ours)
		defer b.stop()
		b.trunks(trunk("a", trunkAddr), trunk("b", secondAddr))
		start := time.Now()
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		second := lines[1].Ledger()
		if len(second) != 1 {
			t.Fatalf("%d calls over the second trunk", len(second))
		}
		between(t, "INVITE over the second trunk", second[0].InviteAt.Sub(start), 4*time.Second, 4500*time.Millisecond)
	})
}
