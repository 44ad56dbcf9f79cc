package ctisip

import (
	"context"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
)

func annOrder() cti.Order {
	o := order("a")
	o.Party, o.To = cti.Agent, "sip:ann"
	return o
}

// Two telephones of ann ring; the first to answer has the leg, the other one is told that the call was taken.
func TestRegisteredRingAll(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		one := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", picksUp(100*time.Millisecond, 3*time.Second))
		two := b.deskphone("10.0.1.2:5060", "ann", "ann-secret", picksUp(100*time.Millisecond, 10*time.Second))
		two.algorithm = "MD5"
		is200(t, one.register(), 1)
		is200(t, two.register(), 2)
		b.call(annOrder())
		b.await("a", cti.LegConfirmed)
		c := two.wait("CANCEL", 1)
		if got := c.header("Reason"); got != `SIP;cause=200;text="Call completed elsewhere"` {
			t.Errorf("CANCEL with Reason %q", got)
		}
		if n := len(one.count("INVITE")) + len(two.count("INVITE")); n != 2 {
			t.Errorf("%d INVITEs", n)
		}
		if a, b := one.wait("INVITE", 1).header("Call-ID"), two.wait("INVITE", 1).header("Call-ID"); a == b {
			t.Errorf("both have Call-ID %s", a)
		}
		if to := one.wait("INVITE", 1).start; !strings.HasPrefix(to, "INVITE sip:ann@10.0.1.1:5060 ") {
			t.Errorf("first line %s", to)
		}
		b.pass(time.Minute)
		if got := b.story("a"); got != "sent, ringing, answered, confirmed" {
			t.Errorf("told %s", got)
		}
	})
}

func TestNobodyRegistered(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		b.call(annOrder())
		e := b.await("a", cti.LegEnded)
		if e.Cause != cti.UnallocatedNumber || e.By != cti.ByUs || e.Note != "no telephone of ann is registered" {
			t.Errorf("told %+v", e)
		}
	})
}

// Who answers after another one hears that it is taken, and then BYE.
func TestTooLate(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		var inv *msg
		one := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", picksUp(100*time.Millisecond, 3*time.Second))
		two := b.deskphone("10.0.1.2:5060", "ann", "ann-secret", func(f *far, m *msg) {
			switch m.method {
			case "INVITE":
				inv = m
				f.reply(m, 180, "")
			case "CANCEL":
				f.reply(inv, 200, f.sdp())
				f.reply(m, 200, "")
			case "BYE":
				f.reply(m, 200, "")
			}
		})
		ear := b.speaks(two.far, 440)
		is200(t, one.register(), 1)
		is200(t, two.register(), 2)
		b.call(annOrder())
		b.await("a", cti.LegConfirmed)
		two.wait("ACK", 1)
		said := inv.at
		bye := two.wait("BYE", 1)
		between(t, "BYE to who was late", bye.at.Sub(said), 300*time.Millisecond, 10*time.Second)
		if heard := ear.loud(said); heard.IsZero() {
			t.Error("who was late heard nothing")
		}
		b.pass(time.Minute)
		if len(one.count("BYE")) != 0 || b.story("a") != "sent, ringing, answered, confirmed" {
			t.Errorf("the leg: %s", b.story("a"))
		}
	})
}

func says(code int) func(f *far, m *msg) {
	return once(func(f *far, m *msg) { f.reply(m, 180, ""); f.reply(m, code, "") }, byes)
}

// A telephone that is busy rests for a minute, the others ring on; with all of them busy the leg is.
func TestBusyContactRests(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		busy := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", says(486))
		other := b.deskphone("10.0.1.2:5060", "ann", "ann-secret", picksUp(0, time.Second))
		busy.register()
		other.register()
		b.call(annOrder())
		b.await("a", cti.LegConfirmed)
		b.sw.HangUp(context.Background(), "leg_a", cti.HangUp{})
		b.await("a", cti.LegEnded)
		o := annOrder()
		o.Leg = "leg_b"
		b.call(o)
		b.await("b", cti.LegConfirmed)
		if n := len(busy.count("INVITE")); n != 1 {
			t.Errorf("who was busy got %d INVITEs", n)
		}
		other.becomes(says(486))
		b.sw.HangUp(context.Background(), "leg_b", cti.HangUp{})
		b.await("b", cti.LegEnded)
		o.Leg = "leg_c"
		b.call(o)
		if e := b.await("c", cti.LegEnded); e.Cause != cti.UserBusy || e.By != cti.ByAgent {
			t.Errorf("both busy: %+v", e)
		}
		o.Leg = "leg_d"
		b.call(o)
		if e := b.await("d", cti.LegEnded); e.Cause != cti.UserBusy || e.Note != "every telephone of ann is busy" {
			t.Errorf("both rest: %+v", e)
		}
	})
}

// A person who declines on one telephone has declined on all.
func TestDeclineEndsAll(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		one := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", says(603))
		two := b.deskphone("10.0.1.2:5060", "ann", "ann-secret", picksUp(0, 20*time.Second))
		one.register()
		two.register()
		b.call(annOrder())
		two.wait("CANCEL", 1)
		if e := b.await("a", cti.LegEnded); e.Cause != cti.CallRejected || e.By != cti.ByAgent {
			t.Errorf("told %+v", e)
		}
	})
}

// One that fails says nothing about the others; when none takes it, what a person said counts.
func TestOneOfSeveralFails(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		b.deskphone("10.0.1.1:5060", "ann", "ann-secret", says(500)).register()
		b.deskphone("10.0.1.2:5060", "ann", "ann-secret", says(480)).register()
		b.call(annOrder())
		if e := b.await("a", cti.LegEnded); e.Cause != cti.NoAnswer || e.SIPCode != 480 {
			t.Errorf("told %+v", e)
		}
	})
}

// Behind a router a telephone is reached where it spoke from, also by BYE; it is pinged, and seen to be lost and back.
func TestBehindRouter(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		p := b.deskphone("10.0.1.1:40000", "ann", "ann-secret", picksUp(0, time.Second))
		p.contact = "<sip:ann@192.168.1.20:5060>;expires=300"
		m := p.register()
		is200(t, m, 1)
		if !strings.HasSuffix(m.header("Contact"), "expires=30") {
			t.Errorf("granted %s", m.header("Contact"))
		}
		b.call(annOrder())
		b.await("a", cti.LegConfirmed)
		inv := p.wait("INVITE", 1)
		if !strings.HasPrefix(inv.start, "INVITE sip:ann@192.168.1.20:5060 ") {
			t.Errorf("Request-URI of %s", inv.start)
		}
		b.sw.HangUp(context.Background(), "leg_a", cti.HangUp{})
		p.wait("BYE", 1)
		b.await("a", cti.LegEnded)
		first := p.wait("OPTIONS", 1)
		between(t, "ping", first.at.Sub(m.at), 19*time.Second, 27*time.Second)
		p.becomes(nil) // its router has forgotten it
		b.pass(35 * time.Second)
		if r := b.registered(); len(r) != 1 || r[0].State != cti.RegSilent || !r[0].NAT {
			t.Errorf("shown %+v", r)
		}
		p.becomes(picksUp(0, time.Second))
		is200(t, p.register(), 1)
		o := annOrder()
		o.Leg = "leg_b"
		b.call(o)
		b.await("b", cti.LegConfirmed)
	})
}

// A stranger gets not one byte, whatever he sends; a REGISTER for us gets its challenge and leaves nothing behind.
func TestFrontDoor(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far("10.0.1.9:5060", nil)
		head := func(method, uri string) []string {
			return []string{method + " " + uri + " SIP/2.0", "Via: SIP/2.0/UDP 10.0.1.9:5060;branch=z9hG4bK" + method + uri[4:8] + ";rport", "Max-Forwards: 70",
				"From: <sip:ann@x>;tag=1", "To: <sip:ann@x>", "Call-ID: " + method + uri, "CSeq: 1 " + method}
		}
		f.send(udp(ours), head("REGISTER", "sip:10.0.0.1"), "") // nobody may register yet
		b.pass(time.Second)
		b.devices("ann")
		for _, m := range []string{"INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE", "BYE", "CANCEL"} {
			f.send(udp(ours), head(m, "sip:10.0.0.1"), "")
		}
		f.send(udp(ours), head("REGISTER", "sip:elsewhere.example"), "")
		f.send(udp(ours), head("REGISTER", "sip:ann@10.0.0.1"), "")
		f.conn.WriteTo([]byte("\r\n\r\n"), udp(ours))
		f.conn.WriteTo([]byte("REGISTER sip:10.0.0.1 SIP/2.0\r\nVia: nonsense\r\n\r\n"), udp(ours))
		outside := b.far("203.0.113.5:5060", nil)
		outside.send(udp(ours), head("REGISTER", "sip:10.0.0.1"), "")
		b.pass(time.Minute)
		if got := append(f.starts(), outside.starts()...); len(got) != 0 {
			t.Errorf("strangers got %v", got)
		}
		f.send(udp(ours), head("REGISTER", "sip:10.0.0.1"), "")
		f.wait("SIP/2.0 401", 1)
		f.send(udp(ours), head("REGISTER", "sip:10.0.0.1"), "")
		f.wait("SIP/2.0 401", 2)
		if a, b := f.count("SIP/2.0 401")[0].header("To"), f.count("SIP/2.0 401")[1].header("To"); a != b {
			t.Errorf("the same request got the tags %s and %s", a, b)
		}
		p := b.deskphone("10.0.1.8:5060", "ann", "ann-secret", byes)
		is200(t, p.register(), 1)
		p.conn.WriteTo([]byte("\r\n\r\n"), udp(ours))
		b.pass(time.Second)
		pong := false
		for _, s := range p.starts() {
			pong = pong || s == ""
		}
		if !pong {
			t.Errorf("no answer to a keep-alive: %v", p.starts())
		}
	})
}

// Known and unknown names get answers of the same bytes but for what is random in all of them.
func TestEnumeration(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		known := b.deskphone("10.0.1.1:5060", "ann", "wrong", nil)
		unknown := b.deskphone("10.0.1.2:5060", "zoe", "wrong", nil)
		same := func(what string, a, z *msg) {
			t.Helper()
			plain := func(m *msg, p *deskphone) string {
				s := m.start + "\n" + strings.Join(m.lines, "\n")
				s = strings.NewReplacer(p.user, "NAME", "10.0.1.1", "HOST", "10.0.1.2", "HOST", "10011", "H", "10012", "H").Replace(s)
				for _, h := range m.all("WWW-Authenticate") {
					s = strings.ReplaceAll(s, param(h, "nonce"), strings.Repeat("N", len(param(h, "nonce"))))
				}
				if _, tag, ok := strings.Cut(m.header("To"), "tag="); ok {
					s = strings.ReplaceAll(s, tag, strings.Repeat("T", len(tag)))
				}
				return s
			}
			if x, y := plain(a, known), plain(z, unknown); x != y {
				t.Errorf("%s:\n%s\n\n%s", what, x, y)
			}
		}
		same("challenge", known.ask(), unknown.ask())
		for i := range 5 {
			known.challenge, unknown.challenge = "", ""
			known.callID, unknown.callID = known.callID+"i", unknown.callID+"i"
			a, z := known.register(), unknown.register()
			if a == nil || z == nil {
				if a != z {
					t.Errorf("try %d: %v and %v", i, a, z)
				}
				continue
			}
			same("refusal", a, z)
		}
		known.challenge, unknown.challenge = "", ""
		known.callID, unknown.callID = known.callID+"i", unknown.callID+"i"
		if a, z := known.ask(), unknown.ask(); a == nil || z == nil {
			t.Error("a challenge costs nothing and is given still")
		} else {
			known.learn(a)
			unknown.learn(z)
		}
		known.password = "ann-secret"
		if a, z := known.ask(known.credentials()), unknown.ask(unknown.credentials()); a != nil || z != nil {
			t.Errorf("banned ones got %v and %v", a, z)
		}
	})
}

// A telephone that registered before the process died is rung after it, and one that rang then stops.
func TestRegistrationOutlivesUs(t *testing.T) {
	simulate(t, func(b *bench) {
		b.keep = &shelf{}
		b.sw.Close()
		b.start("udp://" + ours)
		b.devices("ann")
		p := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", picksUp(0, 20*time.Second))
		is200(t, p.register(), 1)
		b.call(annOrder())
		b.await("a", cti.LegRinging)
		b.kill()
		b.open("udp://" + ours)
		b.devices("ann")
		if _, err := b.sw.Reconcile(context.Background(), []cti.KnownLeg{{Order: annOrder(), State: cti.Ringing, Sent: true}}); err != nil {
			t.Fatal(err)
		}
		p.wait("CANCEL", 1)
		p.becomes(picksUp(0, time.Second))
		o := annOrder()
		o.Callback, o.Leg = "cb_2", "leg_b"
		b.call(o)
		b.await("b", cti.LegConfirmed)
	})
}
