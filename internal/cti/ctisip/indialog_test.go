package ctisip

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
)

// up calls the visitor and returns the far end and its INVITE, once answered. more are headers of the 200.
func up(b *bench, rest func(f *far, m *msg), more ...string) (*far, *msg) {
	b.t.Helper()
	f := b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 200, f.sdp(), more...) }, rest))
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	f.wait("ACK", 1)
	return f, f.wait("INVITE", 1)
}

// answer returns the first answer to the far end's request with this CSeq that is no 100.
func answer(f *far, cseq string) *msg {
	f.t.Helper()
	for n := 1; ; n++ {
		m := f.wait("SIP/2.0", n)
		if m.header("CSeq") == cseq && !strings.HasPrefix(m.start, "SIP/2.0 100") {
			return m
		}
	}
}

func (f *far) ack(inv *msg, cseq int) { f.request(inv, "ACK", cseq, "") }

func version(m *msg) string {
	for l := range strings.Lines(m.body) {
		if strings.HasPrefix(l, "o=") {
			return strings.Fields(l)[2]
		}
	}
	return ""
}

func TestInDialog(t *testing.T) {
	simulate(t, func(b *bench) {
		f, inv := up(b, byes)
		steps := []struct {
			method, body, code, has string
			extra                   []string
		}{
			{"INVITE", f.sdp("a=sendonly"), "200", "a=recvonly", nil},
			{"INVITE", f.sdp("a=sendrecv"), "200", "a=sendrecv", nil},
			{"INVITE", f.sdp("a=sendrecv"), "200", "a=sendrecv", nil},
			{"INVITE", strings.Replace(f.sdp(), "c=IN IP4 10.0.0.2", "c=IN IP4 0.0.0.0", 1), "200", "a=recvonly", nil},
			{"UPDATE", f.sdp("a=inactive"), "200", "a=inactive", nil},
			{"UPDATE", "", "200", "", []string{"Session-Expires: 90;refresher=uac"}},
			{"INVITE", "v=0\r\nc=IN IP4 10.0.0.2\r\nm=image 4000 udptl t38\r\n", "488", "", nil},
			{"INVITE", f.sdp(), "420", "", []string{"Require: 100rel"}},
			{"INVITE", "<xml/>", "415", "", []string{"Content-Type: text/xml"}},
			{"OPTIONS", "", "200", "", nil},
			{"REFER", "", "403", "", []string{"Refer-To: <sip:+19005550106@10.0.0.2>"}},
			{"MESSAGE", "", "405", "", nil},
			{"DANCE", "", "501", "", nil},
			{"INFO", "Signal=5\r\nDuration=160\r\n", "200", "", []string{"Content-Type: application/dtmf-relay"}},
			{"INFO", "#", "200", "", []string{"Content-Type: application/dtmf"}},
			{"INFO", "<xml/>", "415", "", []string{"Content-Type: text/xml"}},
			{"INVITE", f.sdp(), "481", "", []string{"tag=stranger"}},
		}
		versions := map[int]string{}
		for i, s := range steps {
			f.request(inv, s.method, i+1, s.body, s.extra...)
			a := answer(f, fmt.Sprintf("%d %s", i+1, s.method))
			if !strings.HasPrefix(a.start, "SIP/2.0 "+s.code) {
				t.Errorf("step %d %s: %s, want %s", i+1, s.method, a.start, s.code)
			}
			if !strings.Contains(a.body, s.has) {
				t.Errorf("step %d %s: no %s in %s", i+1, s.method, s.has, a.body)
			}
			versions[i] = version(a)
			if s.method == "INVITE" {
				f.ack(inv, i+1)
			}
			if s.method == "UPDATE" && s.extra != nil && a.header("Session-Expires") != "90;refresher=uac" {
				t.Errorf("session timer answered %q", a.header("Session-Expires"))
			}
			b.pass(time.Second)
		}
		if versions[1] != versions[2] || versions[0] == versions[1] {
			t.Errorf("versions %v", versions)
		}
		f.request(inv, "OPTIONS", 1, "", "tag="+f.tag)
		if a := answer(f, "1 OPTIONS"); !strings.HasPrefix(a.start, "SIP/2.0 500") {
			t.Errorf("an old CSeq: %s", a.start)
		}
		if keys := b.told("v", cti.LegDigit); len(keys) != 2 || keys[0].Digit != '5' || keys[1].Digit != '#' {
			t.Errorf("keys %v", keys)
		}
		if got := b.told("v", cti.LegEnded); got != nil {
			t.Errorf("ended: %v", got)
		}
	})
}

// A session of 90 s that the far end refreshes lives for five hours; nothing piles up.
func TestSessionTimerOfTheFarEnd(t *testing.T) {
	simulateAt(t, time.Second, func(b *bench) {
		f, inv := up(b, byes, "Session-Expires: 90;refresher=uas", "Require: timer")
		body := f.sdp()
		first := ""
		for i := range 400 {
			f.request(inv, "INVITE", i+1, body, "Session-Expires: 90;refresher=uac", "Supported: timer")
			a := answer(f, fmt.Sprintf("%d INVITE", i+1))
			if first == "" {
				first = version(a)
			}
			if !strings.HasPrefix(a.start, "SIP/2.0 200") || a.header("Session-Expires") != "90;refresher=uac" || version(a) != first {
				t.Fatalf("refresh %d: %s %q version %s", i, a.start, a.header("Session-Expires"), version(a))
			}
			f.ack(inv, i+1)
			f.mu.Lock()
			f.got = f.got[:0]
			f.mu.Unlock()
			b.pass(45 * time.Second)
			b.sw.Play(context.Background(), "leg_v", cti.Program{Then: cti.SoundWait})
		}
		if got := b.told("v", cti.LegEnded); got != nil {
			t.Errorf("ended: %v", got)
		}
	})
}

// The 200 to their re-INVITE is repeated until its ACK comes; without one the call is ended.
func TestUnackedReinvite(t *testing.T) {
	simulate(t, func(b *bench) {
		f, inv := up(b, byes)
		f.request(inv, "INVITE", 1, f.sdp())
		bye := f.wait("BYE", 1)
		if n := len(f.count("SIP/2.0 200")); n < 8 {
			t.Errorf("200 sent %d times", n)
		}
		between(t, "BYE", bye.at.Sub(answer(f, "1 INVITE").at), 31*time.Second, 37*time.Second)
	})
}

// A re-INVITE without an offer: the offer is ours, the answer comes with the ACK.
func TestLateOffer(t *testing.T) {
	simulate(t, func(b *bench) {
		f, inv := up(b, byes)
		f.request(inv, "INVITE", 1, "")
		if a := answer(f, "1 INVITE"); !strings.Contains(a.body, "m=audio") {
			t.Errorf("no offer in %s", a.body)
		}
		f.request(inv, "ACK", 1, f.sdp("a=sendonly"))
		b.pass(time.Minute)
		if got := b.told("v", cti.LegEnded); got != nil {
			t.Errorf("ended: %v", got)
		}
	})
}

func TestOutOfDialog(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, nil)
		for i, c := range []struct{ method, to, code string }{
			{"INVITE", "", "503"}, {"OPTIONS", "", "200"}, {"BYE", ";tag=x", "481"}, {"CANCEL", "", "481"}, {"REGISTER", "", "405"}, {"DANCE", "", "501"},
		} {
			lines := []string{c.method + " sip:x@10.0.0.1 SIP/2.0", fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKout%d;rport", trunkAddr, i),
				"From: <sip:y@10.0.0.2>;tag=y", "To: <sip:x@10.0.0.1>" + c.to, "Call-ID: out" + c.method, "Contact: <sip:y@10.0.0.2>", "Max-Forwards: 70", fmt.Sprintf("CSeq: %d %s", i+1, c.method)}
			f.send(udp(ours), lines, "")
			if a := answer(f, fmt.Sprintf("%d %s", i+1, c.method)); !strings.HasPrefix(a.start, "SIP/2.0 "+c.code) {
				t.Errorf("%s: %s, want %s", c.method, a.start, c.code)
			}
		}
	})
}

// A stranger gets nothing; a dialled telephone is let in for the life of its call, and a little.
func TestStranger(t *testing.T) {
	simulate(t, func(b *bench) {
		out := func(f *far, n int) {
			f.send(udp(ours), []string{"OPTIONS sip:x@10.0.0.1 SIP/2.0", fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKs%d;rport", f.conn.LocalAddr(), n),
				"From: <sip:y@10.0.0.2>;tag=y", "To: <sip:x@10.0.0.1>", fmt.Sprintf("Call-ID: s%d", n), "Max-Forwards: 70", "CSeq: 1 OPTIONS"}, "")
			b.pass(time.Second)
		}
		s := b.far("10.0.0.66:5060", picksUp(0, 0))
		out(s, 1)
		if got := s.starts(); got != nil {
			t.Fatalf("a stranger got %v", got)
		}
		if n := b.sw.Counters().SIPDropped.Of("source"); n != 1 {
			t.Errorf("%d dropped", n)
		}
		o := order("v")
		o.To = "sip:x@10.0.0.66"
		b.call(o)
		b.await("v", cti.LegConfirmed)
		out(s, 2)
		if n := len(s.count("SIP/2.0 200")); n != 1 {
			t.Errorf("a dialled telephone got %d answers", n)
		}
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		b.await("v", cti.LegEnded)
		b.pass(2 * time.Minute)
		out(s, 3)
		if n := len(s.count("SIP/2.0 200")); n != 1 {
			t.Error("still let in two minutes after its call")
		}
	})
}
