package ctisip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/locate"
	"ringback/internal/id"
)

func udp(s string) net.Addr { return net.UDPAddrFromAddrPort(netip.MustParseAddrPort(s)) }

func TestConfirmByKey(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 200, f.sdp()) }, byes))
		o := order("v")
		o.Confirm, o.Hear = cti.ConfirmKey, cti.Program{First: cti.Prompt{Sound: cti.SoundAsk}}
		b.call(o)
		b.await("v", cti.LegAnswered)
		inv := f.wait("INVITE", 1)
		for i, k := range []string{"5", "1", "1"} {
			f.request(inv, "INFO", i+1, k, "Content-Type: application/dtmf")
			b.pass(time.Second)
		}
		if got := b.story("v"); got != "sent, answered, digit, digit, confirmed, digit" {
			t.Errorf("told %s", got)
		}
	})
}

func TestNotConfirmed(t *testing.T) {
	for _, c := range []struct {
		confirm cti.Confirm
		window  time.Duration
	}{{cti.ConfirmKey, 12 * time.Second}, {cti.ConfirmKeyOrVoice, 30 * time.Second}} {
		simulate(t, func(b *bench) {
			f := b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 200, f.sdp()) }, byes))
			o := order("v")
			o.Confirm, o.Hear = c.confirm, cti.Program{First: cti.Prompt{Sound: cti.SoundAsk}}
			b.call(o)
			e := b.await("v", cti.LegAnswered)
			bye := f.wait("BYE", 1)
			between(t, "BYE after a sentence", bye.at.Sub(e.At), c.window-200*time.Millisecond, c.window+time.Second)
			if got := b.await("v", cti.LegEnded); got.Cause != cti.NotConfirmed || got.By != cti.ByUs {
				t.Errorf("told %s", b.story("v"))
			}
		})
	}
}

// joined calls an agent and a visitor and joins them.
func joined(b *bench, max time.Duration, rest func(f *far, m *msg)) (ann, vis *far) {
	b.t.Helper()
	answers := func(f *far, m *msg) { f.reply(m, 200, f.sdp()) }
	ann = b.far("10.0.0.9:5060", once(answers, rest))
	vis = b.far(trunkAddr, once(answers, byes))
	a := order("a")
	a.Party, a.To = cti.Agent, "sip:ann@10.0.0.9:5060"
	b.call(a)
	b.await("a", cti.LegConfirmed)
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	j := cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v", MaxTalk: max}
	for range 2 { // the second is the same command again
		if err := b.sw.Join(context.Background(), j); err != nil {
			b.t.Fatal(err)
		}
	}
	b.await("a", cti.LegJoined)
	b.await("v", cti.LegJoined)
	return ann, vis
}

func TestMaxTalk(t *testing.T) {
	simulate(t, func(b *bench) {
		ann, vis := joined(b, 5*time.Minute, byes)
		start := b.told("a", cti.LegJoined)[0].At
		for _, f := range []*far{ann, vis} {
			between(t, "BYE", f.wait("BYE", 1).at.Sub(start), 5*time.Minute+200*time.Millisecond, 5*time.Minute+1100*time.Millisecond)
		}
		for _, leg := range []string{"a", "v"} {
			if e := b.await(leg, cti.LegEnded); e.Cause != cti.MaxTalk || e.By != cti.ByUs {
				t.Errorf("leg %s: %s", leg, b.story(leg))
			}
			if n := len(b.told(leg, cti.LegJoined)); n != 1 {
				t.Errorf("leg %s joined %d times", leg, n)
			}
		}
	})
}

// A far end that is gone without a word is noticed by its silence; one that answers OPTIONS may be silent.
func TestDeadPeer(t *testing.T) {
	simulate(t, func(b *bench) {
		ann, _ := joined(b, 0, nil) // the agent's phone answers nothing any more
		e := b.await("a", cti.LegEnded)
		between(t, "ended", e.At.Sub(b.told("a", cti.LegAnswered)[0].At), 20*time.Second, 25*time.Second)
		if e.Cause != cti.MediaLost || e.By != cti.ByNetwork {
			t.Errorf("told %s", b.story("a"))
		}
		ann.wait("OPTIONS", 1)
		ann.wait("BYE", 1)
		if e := b.await("v", cti.LegEnded); e.Cause != cti.MediaLost || e.By != cti.ByUs {
			t.Errorf("the other: %s", b.story("v"))
		}
	})
}

func TestMutedPeerLives(t *testing.T) {
	simulateAt(t, time.Second, func(b *bench) {
		joined(b, 0, byes)
		b.pass(10 * time.Minute)
		if got := b.told("a", cti.LegEnded); got != nil {
			t.Errorf("ended: %s", b.story("a"))
		}
	})
}

// An answered leg that nobody commands is ended with a sentence.
func TestLonelyLeg(t *testing.T) {
	simulate(t, func(b *bench) {
		f, _ := up(b, byes)
		between(t, "BYE", f.wait("BYE", 1).at.Sub(f.wait("INVITE", 1).at), 3*time.Minute, 3*time.Minute+5*time.Second)
	})
}

func TestHangUpSays(t *testing.T) {
	simulate(t, func(b *bench) {
		f, _ := up(b, byes)
		start := time.Now()
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{Cause: cti.NormalClearing, Say: cti.Prompt{Sound: cti.SoundSorry}})
		between(t, "BYE after the sentence", f.wait("BYE", 1).at.Sub(start), 200*time.Millisecond, 10*time.Second)
		b.await("v", cti.LegEnded)
		if err := b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{}); err != nil {
			t.Errorf("hanging up again: %v", err)
		}
		if err := b.sw.Play(context.Background(), "leg_v", cti.Program{}); !errors.Is(err, cti.ErrNoLeg) {
			t.Errorf("playing to an ended leg: %v", err)
		}
	})
}

func TestFenceAtTheSwitch(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, picksUp(0, 0))
		o := order("v")
		b.call(o)
		b.call(o) // the same again
		b.await("v", cti.LegConfirmed)
		w := order("w")
		if err := b.sw.Originate(context.Background(), w); !errors.Is(err, cti.ErrSecondCall) {
			t.Errorf("a second visitor leg: %v", err)
		}
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		b.await("v", cti.LegEnded)
		b.sw.Fence(context.Background(), "cb_1", 0, true)
		if err := b.sw.Originate(context.Background(), w); !errors.Is(err, cti.ErrCancelled) {
			t.Errorf("after the end: %v", err)
		}
		if n := len(f.count("INVITE")); n != 1 {
			t.Errorf("%d INVITEs", n)
		}
		x := order("x")
		x.Callback, x.To = "cb_2", "tel:+4930123456"
		tr := trunk("a", trunkAddr)
		tr.Prefixes = []string{"+1"}
		b.trunks(tr)
		if err := b.sw.Originate(context.Background(), x); !errors.Is(err, cti.ErrNoTrunk) {
			t.Errorf("no trunk: %v", err)
		}
		facts, _ := b.sw.Legs(context.Background(), "cb_1")
		if len(facts) != 1 || facts[0].State != cti.Ended || !facts[0].Known {
			t.Errorf("facts %+v", facts)
		}
		if n := b.sw.Counters().Refused.Of("second_call"); n != 1 {
			t.Errorf("%d refusals counted", n)
		}
		b.sw.Drain()
		if err := b.sw.Originate(context.Background(), x); !errors.Is(err, cti.ErrDown) {
			t.Errorf("draining: %v", err)
		}
	})
}

// kill makes the switch vanish: its socket is gone, nothing is said to anybody.
func (b *bench) kill() {
	b.dead.Store(true)
	b.sw.Close()
	b.dead.Store(false)
	b.events = nil
}

// again starts the process that follows.
func (b *bench) again() {
	b.t.Helper()
	b.open("udp://" + ours)
	b.trunks(trunk("a", trunkAddr))
}

// A new process cancels what rang, by names that derive from the leg's id, and ends what talked by its Ref.
func TestRestart(t *testing.T) {
	for name, c := range map[string]struct {
		ring time.Duration
		want string
	}{"ringing": {time.Hour, "CANCEL"}, "talking": {0, "BYE"}} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(b *bench) {
				f := b.far(trunkAddr, picksUp(0, c.ring))
				o := order("v")
				b.call(o)
				k := cti.KnownLeg{Order: o, State: cti.Ringing, Sent: true}
				e := b.await("v", cti.LegSent)
				if c.ring == 0 {
					e = b.await("v", cti.LegAnswered)
					k.State, k.Ref = cti.Answered, e.Ref
					f.wait("ACK", 1)
				}
				k.Trunk, k.CallID = e.Trunk, e.CallID
				b.pass(time.Second)
				b.kill()
				b.again()
				if err := b.sw.Originate(context.Background(), o); !errors.Is(err, cti.ErrNotReconciled) {
					t.Errorf("before reconcile: %v", err)
				}
				facts, err := b.sw.Reconcile(context.Background(), []cti.KnownLeg{k})
				if err != nil || len(facts) != 1 || facts[0].Known {
					t.Fatalf("facts %+v, %v", facts, err)
				}
				m := f.wait(c.want, 1)
				inv := f.wait("INVITE", 1)
				if m.header("Call-ID") != inv.header("Call-ID") || m.header("From") != inv.header("From") {
					t.Errorf("of another call: %v", m.lines)
				}
				switch c.want {
				case "CANCEL":
					if m.header("Via") != inv.header("Via") || m.header("CSeq") != "1 CANCEL" || m.start[len("CANCEL"):] != inv.start[len("INVITE"):] {
						t.Errorf("the CANCEL does not fit its INVITE:\n%s\n%s", m.start, strings.Join(m.lines, "\n"))
					}
					f.wait("ACK", 1) // of the 487
				case "BYE":
					if m.header("CSeq") != "101 BYE" || !strings.Contains(m.header("To"), "tag="+f.tag) {
						t.Errorf("BYE %s to %s", m.header("CSeq"), m.header("To"))
					}
				}
				if err := b.sw.Originate(context.Background(), o); !errors.Is(err, cti.ErrSecondCall) {
					t.Errorf("the same leg again: %v", err)
				}
			})
		})
	}
}

// A 200 that is repeated to a new process gets ACK and BYE.
func TestRestartBetweenAnswerAndACK(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 180, "") }, byes))
		o := order("v")
		b.call(o)
		e := b.await("v", cti.LegRinging)
		inv := f.wait("INVITE", 1)
		b.kill()
		f.reply(inv, 200, f.sdp())
		b.again()
		b.sw.Reconcile(context.Background(), []cti.KnownLeg{{Order: o, State: cti.Ringing, Sent: true, Trunk: e.Trunk, CallID: e.CallID}})
		f.wait("CANCEL", 1)
		f.reply(inv, 200, f.sdp())
		f.wait("ACK", 1)
		f.wait("BYE", 1)
	})
}

// What was never sent may be ordered again under the same name.
func TestRestartBeforeSending(t *testing.T) {
	simulate(t, func(b *bench) {
		b.far(trunkAddr, picksUp(0, 0))
		b.kill()
		b.again()
		o := order("v")
		facts, _ := b.sw.Reconcile(context.Background(), []cti.KnownLeg{{Order: o, State: cti.Created}})
		if facts[0].Known {
			t.Error("known")
		}
		b.call(o)
		b.await("v", cti.LegConfirmed)
	})
}

func TestTrunkKeys(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *cti.Trunk)
		want   map[string]string // header or start -> part of it
		absent []string
	}{
		"plain":    {func(*cti.Trunk) {}, map[string]string{"start": "sip:+12025550100@10.0.0.2:5060 ", "From": "<sip:+12025550190@10.0.0.2>", "X-Ringback-Leg": "leg_v", "X-Ringback-Callback": "cb_1", "X-Ringback-Attempt": "1", "Contact": "10.0.0.1:5060"}, nil},
		"e164":     {func(t *cti.Trunk) { t.NumberFormat = cti.PlainE164 }, map[string]string{"start": "sip:12025550100@", "From": "sip:12025550190@"}, nil},
		"00":       {func(t *cti.Trunk) { t.NumberFormat, t.TechPrefix = cti.ZeroZero, "77" }, map[string]string{"start": "sip:770012025550100@"}, nil},
		"domain":   {func(t *cti.Trunk) { t.Domain = "carrier.example" }, map[string]string{"start": "sip:+12025550100@carrier.example ", "From": "@carrier.example>", "To": "@carrier.example>"}, nil},
		"pai":      {func(t *cti.Trunk) { t.CallerID, t.Username = cti.InPAI, "acct" }, map[string]string{"From": "<sip:acct@", "P-Asserted-Identity": "<sip:+12025550190@10.0.0.2>"}, nil},
		"ppi":      {func(t *cti.Trunk) { t.CallerID = cti.InPPI }, map[string]string{"P-Preferred-Identity": "+12025550190"}, nil},
		"rpid":     {func(t *cti.Trunk) { t.CallerID = cti.InRPID }, map[string]string{"Remote-Party-ID": "party=calling"}, nil},
		"discreet": {func(t *cti.Trunk) { t.Headers = false }, nil, []string{"X-Ringback-Leg", "X-Ringback-Callback"}},
		"codecs":   {func(t *cti.Trunk) { t.Codecs = []cti.Codec{cti.PCMA} }, map[string]string{"body": "RTP/AVP 8 101\r\n"}, nil},
		"private":  {func(t *cti.Trunk) { t.Local = cti.LocalPrivate }, map[string]string{"Contact": "10.0.0.1"}, nil},
		"public":   {func(t *cti.Trunk) { t.Local = cti.LocalPublic }, map[string]string{"Contact": "10.0.0.1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(b *bench) {
				f := b.far(trunkAddr, picksUp(0, 0))
				tr := trunk("a", trunkAddr)
				c.change(&tr)
				b.trunks(tr)
				b.call(order("v"))
				inv := f.wait("INVITE", 1)
				for h, part := range c.want {
					got := map[string]string{"start": inv.start, "body": inv.body}[h]
					if got == "" {
						got = inv.header(h)
					}
					if !strings.Contains(got, part) {
						t.Errorf("%s is %q, want %q in it", h, got, part)
					}
				}
				for _, h := range c.absent {
					if inv.header(h) != "" {
						t.Errorf("%s is there", h)
					}
				}
				b.await("v", cti.LegConfirmed)
			})
		})
	}
}

// A bucket of one call a second: the second call waits, it does not fail.
func TestCallsPerSecond(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, picksUp(0, time.Hour))
		tr := trunk("a", trunkAddr)
		tr.CallsPerSecond, tr.MaxCalls = 2, 5
		b.trunks(tr)
		start := time.Now()
		for _, n := range []string{"1", "2", "3", "4", "5"} {
			o := order(n)
			o.Callback = id.Callback("cb_" + n)
			b.call(o)
		}
		o := order("6")
		o.Callback = "cb_6"
		if err := b.sw.Originate(context.Background(), o); !errors.Is(err, cti.ErrNoTrunk) {
			t.Errorf("a sixth call of five: %v", err)
		}
		between(t, "the last INVITE", f.wait("INVITE", 5).at.Sub(start), 1400*time.Millisecond, 1600*time.Millisecond)
		b.sw.HangUp(context.Background(), "leg_1", cti.HangUp{})
		b.await("1", cti.LegEnded)
		if err := b.sw.Originate(context.Background(), o); err != nil {
			t.Errorf("after one has ended: %v", err)
		}
	})
}

func TestCarriers(t *testing.T) {
	now := time.Now()
	dest := netip.MustParseAddrPort(trunkAddr)
	mk := func(slug string, prio int, prefixes ...string) *line {
		return &line{Trunk: cti.Trunk{ID: id.Trunk(slug), Priority: prio, Prefixes: prefixes}, health: &health{targets: []*target{{Target: locate.Target{Addr: dest, Transport: "udp"}}}}}
	}
	ls := lines{"all2": mk("all2", 2, ""), "all1": mk("all1", 1, ""), "us": mk("us", 9, "+1"), "dc": mk("dc", 9, "+1202", "+1"), "de": mk("de", 1, "+49"), "rests": mk("rests", 0, "+1202")}
	ls["rests"].rests = now.Add(time.Second)
	var got []string
	order := func(draw int) string {
		got = nil
		for _, l := range ls.carriers("+12025550100", "", now, func(int) int { return draw }) {
			got = append(got, string(l.ID))
		}
		return strings.Join(got, " ")
	}
	if got := order(0); got != "dc us all1 all2" {
		t.Errorf("order %s", got)
	}
	ls["dc"].health.is = cti.LineDown
	if got := order(0); got != "us all1 all2 dc" {
		t.Errorf("the one that is down: %s", got)
	}
	ls["all2"].Priority, ls["all1"].Weight, ls["all2"].Weight = 1, 1, 3
	for draw, want := range map[int]string{0: "us all1 all2 dc", 1: "us all2 all1 dc", 3: "us all2 all1 dc"} {
		if got := order(draw); got != want {
			t.Errorf("draw %d of 4: %s", draw, got)
		}
	}
}

// The network's announcement is heard by the leg that waits; the 200's other tag and media are taken.
func TestEarlyMediaThenNewTag(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			f.reply(m, 183, f.sdp(), "tag=early")
			after(time.Second, func() { f.reply(m, 180, "", "tag=early") })
			after(2*time.Second, func() { f.reply(m, 183, f.sdp(), "tag=early") })
			after(3*time.Second, func() { f.port.Store(4444); f.reply(m, 200, f.sdp(), "tag=late") })
		}, byes))
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		if got := b.story("v"); got != "sent, ringing, early, answered, confirmed" {
			t.Errorf("told %s", got)
		}
		if ack := f.wait("ACK", 1); !strings.Contains(ack.header("To"), "tag=late") {
			t.Errorf("ACK to %s", ack.header("To"))
		}
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		if bye := f.wait("BYE", 1); !strings.Contains(bye.header("To"), "tag=late") {
			t.Errorf("BYE to %s", bye.header("To"))
		}
	})
}
