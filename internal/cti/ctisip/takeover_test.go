package ctisip

import (
	"context"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
)

// replaces is the Replaces header that names ann's call to who receives it.
func replaces(ann *far, more string) string {
	inv := ann.wait("INVITE", 1)
	_, ours, _ := strings.Cut(inv.header("From"), ";tag=")
	return "Replaces: " + inv.header("Call-ID") + ";to-tag=" + ours + ";from-tag=" + ann.tag + more
}

// A registered telephone takes the place of another one in talk: it hears the visitor and is heard, and the other one's call
// is ended.
func TestTakeover(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("bob")
		bob := b.deskphone("10.0.1.1:5060", "bob", "bob-secret", byes)
		bobSays := b.speaks(bob.far, 1400)
		bob.register()
		ann, vis := joined(b, 0, byes)
		if s := ann.wait("INVITE", 1).header("Supported"); !strings.Contains(s, "replaces") {
			t.Errorf("ann's telephone is told Supported: %s", s)
		}
		annSays, visSays := b.moves(ann, 600), b.moves(vis, 1000)
		b.pass(2 * time.Second)
		inv := bob.dials("take", replaces(ann, ""), "Require: replaces")
		e := b.await("a", cti.LegRefer)
		if e.Target != "sip:bob" || e.Takes != inv.header("Call-ID") || e.Replaces != "" {
			t.Fatalf("asked for: %+v", e)
		}
		if err := b.sw.Refer(context.Background(), "leg_a", cti.ReferTrying); err != nil {
			t.Fatal(err)
		}
		o := order("b")
		o.Party, o.To, o.Answers = cti.Agent, "sip:bob", e.Takes
		b.call(o)
		b.await("v", cti.LegParted)
		bob.within(inv, bob.wait("SIP/2.0 200", 2), "ACK", 1) // the first was its REGISTER
		b.await("b", cti.LegConfirmed)
		bobSays.speak(bob.answered(inv))
		if err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_v", B: "leg_b"}); err != nil {
			t.Fatal(err)
		}
		b.sw.Refer(context.Background(), "leg_a", cti.ReferDone)
		b.sw.HangUp(context.Background(), "leg_a", cti.HangUp{})
		ann.wait("BYE", 1)
		b.pass(3 * time.Second)
		hears(t, "the visitor", visSays, 1400, true)
		hears(t, "the visitor", visSays, 600, false)
		hears(t, "bob", bobSays, 1000, true)
		hears(t, "ann", annSays, 1000, false)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		if e := b.await("b", cti.LegEnded); e.Cause != cti.NormalClearing {
			t.Errorf("bob's leg: %+v", e)
		}
		bob.wait("BYE", 1)
		if n := len(ann.count("NOTIFY")); n != 0 {
			t.Errorf("%d NOTIFYs to one that has not asked", n)
		}
		b.pass(time.Second)
		if n := len(b.sw.arrivals); n != 0 {
			t.Errorf("%d arrivals are left", n)
		}
	})
}

// answered makes of a telephone's own INVITE what a voice needs of one that it received: where it is answered from.
func (p *deskphone) answered(inv *msg) *msg {
	m := p.wait("SIP/2.0 200", 2)
	return &msg{body: m.body, from: inv.from}
}

// What names no call of a telephone in talk is refused with 481, what the application does not want with 603.
func TestTakeoverRefused(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("bob")
		bob := b.deskphone("10.0.1.1:5060", "bob", "bob-secret", nil)
		bob.register()
		ann, vis := joined(b, 0, byes)
		good := replaces(ann, "")
		visitor := vis.wait("INVITE", 1)
		_, tag, _ := strings.Cut(visitor.header("From"), ";tag=")
		for i, c := range []struct{ what, header, code string }{
			{"nobody's call", "Replaces: x@y;to-tag=1;from-tag=2", "481"},
			{"other tags", strings.Replace(good, "to-tag=", "to-tag=x", 1), "481"},
			{"tags the wrong way round", strings.NewReplacer("to-tag", "from-tag", "from-tag", "to-tag").Replace(good), "481"},
			{"the visitor's call", "Replaces: " + visitor.header("Call-ID") + ";to-tag=" + tag + ";from-tag=" + vis.tag, "481"},
			{"only early", good + ";early-only", "486"},
			{"two of them", good + "\r\n" + good, "400"},
			{"no tags", "Replaces: " + ann.wait("INVITE", 1).header("Call-ID"), "400"},
		} {
			inv := bob.dials("take"+string(rune('a'+i)), c.header)
			m := bob.final(inv)
			if !strings.HasPrefix(m.start, "SIP/2.0 "+c.code) {
				t.Errorf("%s: %s, want %s", c.what, m.start, c.code)
			}
		}
		if got := b.told("a", cti.LegRefer); len(got) != 0 {
			t.Errorf("told of %+v", got)
		}
		inv := bob.dials("taken", good)
		b.await("a", cti.LegRefer)
		if m := bob.final(bob.dials("again", good)); !strings.HasPrefix(m.start, "SIP/2.0 603") {
			t.Errorf("a second one: %s", m.start)
		}
		b.sw.Refer(context.Background(), "leg_a", cti.ReferRefused)
		if m := bob.final(inv); !strings.HasPrefix(m.start, "SIP/2.0 603") {
			t.Errorf("refused with %s", m.start)
		}
		inv = bob.dials("forgotten", good)
		at := time.Now()
		if m := bob.final(inv); !strings.HasPrefix(m.start, "SIP/2.0 503") {
			t.Errorf("when nobody decides: %s", m.start)
		}
		between(t, "patience", time.Since(at), cti.ArrivalPatience-time.Second, cti.ArrivalPatience+time.Second)
		b.pass(time.Second)
		if got := b.story("a"); strings.Contains(got, "parted") || strings.Contains(got, "ended") || len(b.sw.arrivals) != 0 {
			t.Errorf("the talk: %s, %d arrivals", got, len(b.sw.arrivals))
		}
	})
}

// final waits for the final answer to an INVITE and acknowledges it.
func (p *deskphone) final(inv *msg) *msg {
	p.t.Helper()
	late := time.After(20 * time.Second)
	for {
		for _, m := range p.count("SIP/2.0") {
			if m.header("Call-ID") == inv.header("Call-ID") && m.start >= "SIP/2.0 2" {
				p.within(inv, m, "ACK", 1)
				return m
			}
		}
		select {
		case <-p.news:
		case <-late:
			p.t.Fatalf("no final answer to %s", inv.header("Call-ID"))
		}
	}
}

// Whatever stands in a Replaces, what comes out of it has three parts that can be compared.
func FuzzReplaces(f *testing.F) {
	f.Add("a84b4c76e66710@10.0.0.9;to-tag=7743;from-tag=6472")
	f.Add("x ; to-tag = 1;early-only; from-tag=2;to-tag=3")
	f.Add(";to-tag=;from-tag")
	f.Fuzz(func(t *testing.T, v string) {
		r, err := dialog.ParseReplaces(v)
		if err == nil && (r.CallID == "" || r.To == "" || r.From == "" || strings.ContainsAny(r.CallID+r.To+r.From, ";\r\n\x00")) {
			t.Errorf("%q became %+v", v, r)
		}
	})
}
