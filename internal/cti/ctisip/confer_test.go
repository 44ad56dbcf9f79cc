package ctisip

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// hall are an agent (440 Hz) and a visitor (1000 Hz), and a third (1400 Hz) who is up beside them.
type hall struct {
	*bench
	says map[string]*voice // a, v, s
	hz   map[string]float64
}

func newHall(b *bench, third cti.Party) *hall {
	b.t.Helper()
	h := &hall{bench: b, says: map[string]*voice{}, hz: map[string]float64{"a": 440, "v": 1000, "s": 1400}}
	h.says["a"], h.says["v"] = b.talkers()
	f := b.far("10.0.0.8:5060", nil)
	h.says["s"] = b.speaks(f, 1400)
	up := false
	f.becomes(once(func(f *far, m *msg) {
		f.reply(m, 200, f.sdp())
		if !up {
			up = true
			h.says["s"].speak(m)
		}
	}, byes))
	o := order("s")
	o.Party, o.To = third, "sip:sue@10.0.0.8:5060"
	b.call(o)
	b.await("s", cti.LegConfirmed)
	return h
}

// hear says whom each hears now, after a moment.
func (h *hall) hear(what string, who map[string]string) {
	h.t.Helper()
	h.pass(time.Second)
	from := time.Now()
	h.pass(time.Second)
	for ear, want := range who {
		for mouth, hz := range h.hz {
			heard := false
			for _, w := range want {
				heard = heard || string(w) == mouth
			}
			if l := h.says[ear].level(hz, from, time.Now()); heard && (l < 7000 || l > 9000) || !heard && l > 150 {
				h.t.Errorf("%s: %s hears %s at level %.0f", what, ear, mouth, l)
			}
		}
	}
}

func (h *hall) confer(legs ...id.Leg) {
	h.t.Helper()
	if err := h.sw.Confer(context.Background(), cti.Confer{Callback: "cb_1", Legs: legs, Notice: cti.Prompt{Sound: cti.SoundAsk}}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) monitor(m cti.Mode) {
	h.t.Helper()
	if err := h.sw.Monitor(context.Background(), cti.Monitor{Callback: "cb_1", Leg: "leg_s", Of: "leg_a", Mode: m}); err != nil {
		h.t.Fatal(err)
	}
}

// unbrokenAll: whatever they went through, each was one voice, and nobody was without sound.
func (h *hall) unbrokenAll(names ...string) {
	h.t.Helper()
	for _, n := range names {
		h.says[n].unbroken(h.t, n)
	}
}

// A supervisor listens, whispers and barges in a talk that is recorded: each hears exactly whom it should, a whisper never
// reaches the visitor or the file, and the others' voices never break.
func TestSupervisorIsHeardByWhomSheShould(t *testing.T) {
	simulate(t, func(b *bench) {
		h := newHall(b, cti.Supervisor)
		file := filepath.Join(b.t.TempDir(), "rec_1")
		b.record(file)
		joined := b.await("v", cti.LegJoined).At
		for _, c := range []struct {
			mode    cti.Mode
			a, v, s string
		}{{cti.MonitorListen, "v", "a", "av"}, {cti.MonitorWhisper, "vs", "a", "av"}, {cti.MonitorBarge, "vs", "as", "av"}, {cti.MonitorOff, "v", "a", ""},
			{cti.MonitorWhisper, "vs", "a", "av"}, {cti.MonitorListen, "v", "a", "av"}} {
			h.monitor(c.mode)
			h.hear(string(c.mode), map[string]string{"a": c.a, "v": c.v, "s": c.s})
		}
		b.sw.HangUp(context.Background(), "leg_s", cti.HangUp{})
		b.await("s", cti.LegEnded)
		h.hear("when she is gone", map[string]string{"a": "v", "v": "a"})
		h.unbrokenAll("a", "v")
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		length := b.await("a", cti.RecordingEnded).Length
		between(t, "length", length, time.Since(joined)-time.Second, time.Since(joined)+time.Second)
		left, right := sides(t, file)
		for at := time.Second; at < 14*time.Second; at += time.Second {
			barge := at >= 5*time.Second && at < 6*time.Second
			if own, sup := around(left, 440, at), around(left, 1400, at); own < 7000 || barge && sup < 7000 || (at < 3500*time.Millisecond || at > 7*time.Second) && sup > 200 {
				t.Errorf("at %v the agent's channel has 440 Hz at %.0f, the supervisor's 1400 at %.0f", at, own, sup)
			}
			if own, sup := around(right, 1000, at), around(right, 1400, at); own < 7000 || sup > 50 {
				t.Errorf("at %v the visitor's channel has 1000 Hz at %.0f, 1400 at %.0f", at, own, sup)
			}
		}
	})
}

// A visitor waits while her agent asks somebody, is talked with by both, and goes on with that one alone.
func TestConferenceIsHeard(t *testing.T) {
	simulate(t, func(b *bench) {
		h := newHall(b, cti.Agent)
		if err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v"}); err != nil {
			t.Fatal(err)
		}
		b.await("v", cti.LegJoined)
		h.confer("leg_a", "leg_s")
		b.await("v", cti.LegParted)
		h.hear("consulting", map[string]string{"a": "s", "v": "", "s": "a"})
		from := time.Now()
		b.pass(2 * time.Second)
		if h.says["v"].loudest(from) < 200 {
			t.Error("who waits hears nothing for 2 s")
		}
		h.confer("leg_a", "leg_v", "leg_s")
		h.hear("all three", map[string]string{"a": "vs", "v": "as", "s": "av"})
		b.sw.HangUp(context.Background(), "leg_a", cti.HangUp{})
		b.await("a", cti.LegEnded)
		h.hear("two of three", map[string]string{"v": "s", "s": "v"})
		b.sw.Keys(context.Background(), "leg_v", "5")
		b.pass(300 * time.Millisecond)
		h.hear("after a key", map[string]string{"v": "s", "s": "v"})
		h.unbrokenAll("s")
		b.sw.HangUp(context.Background(), "leg_s", cti.HangUp{})
		b.await("v", cti.LegEnded)
	})
}

// Who comes into a recorded talk hears the notice first, and is in the file from then on, beside the agent.
func TestConferenceIsRecorded(t *testing.T) {
	simulate(t, func(b *bench) {
		h := newHall(b, cti.Agent)
		file := filepath.Join(b.t.TempDir(), "rec_1")
		b.record(file)
		b.await("v", cti.LegJoined)
		b.pass(2 * time.Second)
		from := time.Now()
		h.confer("leg_a", "leg_v", "leg_s")
		notice, joined := b.await("s", cti.LegNotice).At, b.await("s", cti.LegJoined).At
		if l := h.says["v"].level(1400, from, notice); l > 100 || joined.Before(notice) || notice.Sub(from) < 500*time.Millisecond {
			t.Errorf("before the notice was over, after %v, the visitor hears who comes in at %.0f", notice.Sub(from), l)
		}
		h.hear("all three", map[string]string{"a": "vs", "v": "as", "s": "av"})
		b.sw.HangUp(context.Background(), "leg_a", cti.HangUp{})
		b.await("a", cti.LegEnded)
		b.pass(3 * time.Second)
		b.sw.HangUp(context.Background(), "leg_s", cti.HangUp{})
		length := b.await("a", cti.RecordingEnded).Length
		left, right := sides(t, file)
		for at, want := range map[time.Duration][2]bool{time.Second: {true, false}, 3400 * time.Millisecond: {true, true}, length - 2*time.Second: {false, true}} {
			for i, hz := range []float64{440, 1400} {
				if l := around(left, hz, at); want[i] != (l > 7000) || !want[i] && l > 200 {
					t.Errorf("at %v the agents' channel has %.0f Hz at %.0f", at, hz, l)
				}
			}
			if l := around(right, 1000, at); l < 7000 {
				t.Errorf("at %v the visitor's channel has %.0f", at, l)
			}
		}
	})
}

// While somebody is rung for an agent she alone hears how it rings; who is rung for a supervisor is heard by nobody.
func TestOneHearsHowItRings(t *testing.T) {
	for _, party := range []cti.Party{cti.Agent, cti.Supervisor} {
		simulate(t, func(b *bench) {
			ann, vis := b.talkers()
			third := b.far("10.0.0.8:5060", nil)
			rings := b.speaks(third, 1400)
			third.becomes(once(func(f *far, m *msg) { f.reply(m, 183, f.sdp()); rings.speak(m) }, byes))
			o := order("s")
			o.Party, o.To, o.For = party, "sip:sue@10.0.0.8:5060", "leg_a"
			if party == cti.Supervisor {
				o.For = ""
			}
			b.call(o)
			b.await("s", cti.LegEarly)
			b.pass(2 * time.Second)
			hears(t, "the agent", ann, 1400, party == cti.Agent)
			hears(t, "the visitor", vis, 1400, false)
		})
	}
}
