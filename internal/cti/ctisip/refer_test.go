package ctisip

import (
	"context"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
)

// What a telephone is told of its transfer, and what each side hears meanwhile and afterwards.
func TestTransferIsHeard(t *testing.T) {
	simulate(t, func(b *bench) {
		ann, vis := joined(b, 0, func(f *far, m *msg) {
			if m.method == "NOTIFY" {
				f.reply(m, 200, "")
			}
			byes(f, m)
		})
		annSays, visSays := b.moves(ann, 600), b.moves(vis, 1000)
		b.pass(2 * time.Second)
		hears(t, "before", visSays, 600, true)
		inv := ann.wait("INVITE", 1)
		ann.request(inv, "REFER", 2, "", "Refer-To: <sip:bob@10.0.0.7:5060>", "Referred-By: <sip:ann@10.0.0.9>")
		if a := answer(ann, "2 REFER"); !strings.HasPrefix(a.start, "SIP/2.0 202") {
			t.Fatalf("REFER: %s", a.start)
		}
		if e := b.await("a", cti.LegRefer); e.Target != "sip:bob@10.0.0.7:5060" || e.Replaces != "" {
			t.Errorf("asked for %q %q", e.Target, e.Replaces)
		}
		ctx := context.Background()
		refer := func(how cti.Progress) {
			if err := b.sw.Refer(ctx, "leg_a", how); err != nil {
				t.Fatalf("%s: %v", how, err)
			}
		}
		refer(cti.ReferTrying)
		b.await("v", cti.LegParted)
		from := time.Now()
		for range 5 {
			b.pass(2 * time.Second)
			hears(t, "the visitor waits", visSays, 600, false)
			if visSays.loudest(from) < 200 {
				t.Error("silence of 2 s during the transfer")
			}
			from = time.Now()
		}
		bob := b.far("10.0.0.7:5060", once(func(f *far, m *msg) { f.reply(m, 180, ""); f.reply(m, 200, f.sdp()) }, byes))
		bobSays := b.speaks(bob, 1400)
		o := order("b")
		o.Party, o.To, o.Replaces = cti.Agent, "sip:bob@10.0.0.7:5060", "x@y;to-tag=1;from-tag=2"
		b.call(o)
		b.await("b", cti.LegRinging)
		refer(cti.ReferRinging)
		b.await("b", cti.LegConfirmed)
		bobSays.speak(bob.wait("INVITE", 1))
		if got := bob.wait("INVITE", 1).header("Replaces"); got != o.Replaces {
			t.Errorf("Replaces %q", got)
		}
		if err := b.sw.Join(ctx, cti.Join{Callback: "cb_1", A: "leg_v", B: "leg_b"}); err != nil {
			t.Fatal(err)
		}
		refer(cti.ReferDone)
		b.pass(3 * time.Second)
		hears(t, "after, the visitor", visSays, 1400, true)
		hears(t, "after, the visitor", visSays, 600, false)
		hears(t, "after, bob", bobSays, 1000, true)
		hears(t, "after, ann", annSays, 1000, false)
		var told []string
		for _, m := range ann.count("NOTIFY") {
			told = append(told, strings.Fields(m.body)[1]+" "+m.header("Subscription-State")[:6])
			if m.header("Event") != "refer;id=2" || !strings.HasPrefix(m.header("Content-Type"), "message/sipfrag") {
				t.Errorf("NOTIFY: Event %q, %q", m.header("Event"), m.header("Content-Type"))
			}
		}
		if got := strings.Join(told, ", "); got != "100 active, 180 active, 200 termin" {
			t.Errorf("told %s", got)
		}
	})
}

// Without a subscription nothing is told (RFC 4488); what names nobody, a call of ours or another method is refused.
func TestReferRefused(t *testing.T) {
	simulate(t, func(b *bench) {
		ann, vis := joined(b, 0, byes)
		inv := ann.wait("INVITE", 1)
		own := vis.wait("INVITE", 1).header("Call-ID")
		for i, c := range []struct{ to, code string }{
			{"<sip:bob@10.0.0.7;method=BYE>", "400"}, {"<mailto:x>", "400"}, {"<sip:b%00b@x y>", "400"},
			{"<sip:bob@10.0.0.7?Replaces=" + own + "%3Bto-tag%3D1%3Bfrom-tag%3D2>", "603"},
			{"<sip:bob@10.0.0.7?Replaces=x%0d%0aEvil:1;to-tag=1;from-tag=2>", "400"},
			{"<sip:+1-202-555-0177@10.0.0.1?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>", "202"},
			{"<sip:bob@10.0.0.7>", "491"},
		} {
			ann.request(inv, "REFER", i+1, "", "Refer-To: "+c.to, "Refer-Sub: false")
			if a := answer(ann, string(rune('1'+i))+" REFER"); !strings.HasPrefix(a.start, "SIP/2.0 "+c.code) {
				t.Errorf("%s: %s, want %s", c.to, a.start, c.code)
			}
		}
		if e := b.await("a", cti.LegRefer); e.Target != "tel:+12025550177" || e.Address != "sip:+1-202-555-0177@10.0.0.1" || e.Replaces != "x;to-tag=1;from-tag=2" {
			t.Errorf("asked for %q %q", e.Target, e.Replaces)
		}
		b.sw.Refer(context.Background(), "leg_a", cti.ReferRefused)
		b.pass(time.Second)
		if n := len(ann.count("NOTIFY")); n != 0 {
			t.Errorf("%d NOTIFYs without a subscription", n)
		}
		ann.request(inv, "REFER", 8, "", "Refer-To: <sip:bob@10.0.0.7>")
		if a := answer(ann, "8 REFER"); !strings.HasPrefix(a.start, "SIP/2.0 202") {
			t.Errorf("asked again after a refusal: %s", a.start)
		}
		b.pass(time.Second)
		if got := b.story("a"); strings.Contains(got, "parted") || strings.Contains(got, "ended") {
			t.Errorf("refused: %s", got)
		}
	})
}

// Whatever a telephone writes, what comes out of it can stand in a header and an endpoint.
func FuzzReferTo(f *testing.F) {
	f.Add("<sip:bob@10.0.0.7:5060;transport=tcp?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>")
	f.Add(`"Bob" <tel:+1-202-555-0177>;x=y`)
	f.Add("sip:+12025550177@x;user=phone")
	f.Add("<sip:102@10.0.0.7:5060>")
	f.Add("<sip:?>")
	f.Fuzz(func(t *testing.T, v string) {
		r, err := dialog.ParseReferTo(v)
		if err != nil {
			return
		}
		if strings.ContainsAny(r.Replaces, "\r\n\x00") || strings.ContainsAny(r.Target+r.Address, "\r\n\x00") || r.Target == "" {
			t.Errorf("%q became %+v", v, r)
		}
	})
}
