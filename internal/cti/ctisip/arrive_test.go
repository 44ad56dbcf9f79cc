package ctisip

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/phone"
)

// rings sends an INVITE to us; more replace or add header lines.
func (f *far) rings(callID, user, sdp string, more ...string) *msg {
	lines := []string{"Via: SIP/2.0/UDP " + f.conn.LocalAddr().String() + ";branch=z9hG4bK" + callID + ";rport", "Max-Forwards: 70", "Call-ID: " + callID,
		"CSeq: 1 INVITE", "Contact: <sip:caller@" + f.conn.LocalAddr().String() + ">"}
	for _, h := range []string{"From: <sip:+12025550100@10.0.0.2>;tag=c1", "To: <sip:" + user + "@10.0.0.1>"} {
		name, _, _ := strings.Cut(h, ":")
		if !strings.Contains("\n"+strings.Join(more, "\n"), "\n"+name+":") {
			lines = append(lines, h)
		}
	}
	lines = append(lines, more...)
	if sdp != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	inv := &msg{start: "INVITE sip:" + user + "@10.0.0.1 SIP/2.0", method: "INVITE", lines: lines, body: sdp, from: udp(ours)}
	f.send(udp(ours), append([]string{inv.start}, lines...), sdp)
	return inv
}

// arrival waits for a call that has come in.
func (b *bench) arrival(callID string) cti.Event {
	b.t.Helper()
	for range 100 {
		b.pass(20 * time.Millisecond)
		b.mu.Lock()
		for _, e := range b.events {
			if e.Kind == cti.LegArrived && e.CallID == callID {
				b.mu.Unlock()
				return e
			}
		}
		b.mu.Unlock()
	}
	b.t.Fatalf("%s did not arrive", callID)
	return cti.Event{}
}

// Numbers as trunks write them become E.164, wherever the carrier puts them; who wants to be unknown is.
func TestArrivalNumbers(t *testing.T) {
	for i, c := range []struct {
		user     string
		more     []string
		format   cti.NumberFormat
		to, from string
	}{
		{"+12025550190", nil, cti.PlusE164, "+12025550190", "+12025550100"},
		{"12025550190", nil, cti.PlainE164, "+12025550190", "+12025550100"},
		{"0012025550190", []string{"From: <sip:004930901820@10.0.0.2>;tag=c1"}, cti.ZeroZero, "+12025550190", "+4930901820"},
		{"030901820", []string{"From: \"Joe\" <sip:01701234567@10.0.0.2>;tag=c1"}, cti.NationalNF, "+4930901820", "+491701234567"},
		{"acct", []string{"To: \"Acme\" <sip:+12025550191@10.0.0.1>"}, cti.PlusE164, "+12025550191", "+12025550100"},
		{"acct", []string{"P-Called-Party-ID: <sip:+12025550192@10.0.0.1>"}, cti.PlusE164, "+12025550192", "+12025550100"},
		{"+12025550190", []string{"P-Asserted-Identity: <tel:+12025550107>"}, cti.PlusE164, "+12025550190", "+12025550107"},
		{"+12025550190", []string{"From: <sip:anonymous@anonymous.invalid>;tag=c1"}, cti.PlusE164, "+12025550190", ""},
		{"+12025550190", []string{"P-Asserted-Identity: <tel:+12025550107>", "Privacy: id"}, cti.PlusE164, "+12025550190", ""},
		{"sales", nil, cti.PlusE164, "", "+12025550100"},
	} {
		simulate(t, func(b *bench) {
			f := b.far(trunkAddr, nil)
			line := trunk("a", trunkAddr)
			line.NumberFormat, line.Country, line.Username = c.format, "DE", "acct"
			b.trunks(line)
			callID := fmt.Sprintf("n%d", i)
			f.rings(callID, c.user, f.sdp(), c.more...)
			e := b.arrival(callID)
			if e.Arrival != (cti.Arrival{To: c.to, From: c.from}) || e.Trunk != "trk_a" {
				t.Errorf("%s %v: %+v of %s", c.user, c.more, e.Arrival, e.Trunk)
			}
		})
	}
}

// A trunk that is full answers 486, and has room again when a call ends; accept_from lets in who is not at its address; a
// telephone that was dialled may call nobody.
func TestArrivalDoor(t *testing.T) {
	simulate(t, func(b *bench) {
		f, other := b.far(trunkAddr, nil), b.far("10.0.7.7:5060", nil)
		line := trunk("a", trunkAddr)
		line.MaxCalls, line.AcceptFrom = 1, []string{"10.0.7.0/24"}
		b.trunks(line)
		other.rings("first", "+12025550190", f.sdp())
		if e := b.arrival("first"); e.Trunk != "trk_a" {
			t.Errorf("trunk %s", e.Trunk)
		}
		f.rings("second", "+12025550190", f.sdp())
		if a := answer(f, "1 INVITE"); !strings.HasPrefix(a.start, "SIP/2.0 486") {
			t.Errorf("a full trunk: %s", a.start)
		}
		if err := b.sw.Reject(context.Background(), "first", cti.HangUp{Cause: cti.CallRejected}); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Second)
		f.rings("third", "+12025550190", f.sdp())
		b.arrival("third")
		phone := b.far("10.0.3.1:5060", picksUp(0, time.Second))
		o := order("v")
		o.To = "sip:" + cti.Endpoint("joe@10.0.3.1:5060")
		b.call(o)
		phone.wait("INVITE", 1)
		phone.rings("stranger", "+12025550190", phone.sdp())
		if a := answer(phone, "1 INVITE"); !strings.HasPrefix(a.start, "SIP/2.0 603") {
			t.Errorf("a telephone: %s", a.start)
		}
	})
}

// Who is turned away hears why in early media, before an answer that costs her; without a description only the code tells.
func TestArrivalRejectedWithSentence(t *testing.T) {
	speaking(t, nil, func(b *bench) {
		f := b.far(trunkAddr, nil)
		ear := b.speaks(f, 440)
		f.rings("a", "+12025550190", f.sdp())
		b.arrival("a")
		say := cti.Prompt{Clips: []cti.Clip{"en/visitor_sorry"}}
		if err := b.sw.Reject(context.Background(), "a", cti.HangUp{Cause: cti.UserBusy, Say: say}); err != nil {
			t.Fatal(err)
		}
		early := f.wait("SIP/2.0 183", 1)
		begun := time.Now()
		busy := f.wait("SIP/2.0 486", 1)
		if d := busy.at.Sub(early.at); early.body == "" || d < 2*time.Second || d > 8*time.Second {
			t.Errorf("183 with %q, then 486 after %v", early.body, d)
		}
		if ear.loudest(begun) < 1000 {
			t.Errorf("at most %d was heard before", ear.loudest(begun))
		}
		f.rings("b", "+12025550190", "")
		b.arrival("b")
		if err := b.sw.Reject(context.Background(), "b", cti.HangUp{Cause: cti.UserBusy, Say: say}); err != nil {
			t.Fatal(err)
		}
		f.wait("SIP/2.0 486", 2)
		if n := len(f.count("SIP/2.0 183")); n != 1 {
			t.Errorf("%d early answers", n)
		}
	})
}

// A caller without a description gets ours with the 200; a caller who hangs up before the answer leaves nothing behind.
func TestArrivalLateOffer(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, nil)
		take := func(leg, callID string) cti.Order {
			b.arrival(callID)
			o := order(leg)
			o.Callback, o.Party, o.Answers = id.Callback("cb_"+leg), cti.Visitor, callID
			b.call(o)
			return o
		}
		ear := b.speaks(f, 440)
		inv := f.rings("late", "+12025550190", "")
		take("v", "late")
		b.await("v", cti.LegConfirmed)
		ok := f.wait("SIP/2.0 200", 1)
		if !strings.Contains(ok.body, "m=audio") {
			t.Errorf("no offer in %s", ok.body)
		}
		f.send(udp(ours), []string{"ACK sip:10.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP " + trunkAddr + ";branch=z9hG4bKack;rport", "From: " + inv.header("From"), "To: " + ok.header("To"),
			"Call-ID: late", "CSeq: 1 ACK", "Max-Forwards: 70", "Content-Type: application/sdp"}, f.sdp())
		b.pass(10 * time.Second)
		if got := b.told("v", cti.LegEnded); got != nil || ear.loudest(time.Now().Add(-8*time.Second)) < 500 {
			t.Errorf("ended: %v; heard %d", got, ear.loudest(time.Now().Add(-8*time.Second)))
		}

		inv = f.rings("gone", "+12025550190", f.sdp())
		b.arrival("gone")
		f.send(udp(ours), []string{"CANCEL sip:+12025550190@10.0.0.1 SIP/2.0", "Via: " + inv.header("Via"), "From: " + inv.header("From"), "To: " + inv.header("To"), "Call-ID: gone", "CSeq: 1 CANCEL", "Max-Forwards: 70"}, "")
		f.wait("SIP/2.0 487", 1)
		b.pass(100 * time.Millisecond) // the transaction answers before the call hears of it
		o := order("w")
		o.Callback, o.Party, o.Answers = "cb_w", cti.Visitor, "gone"
		if err := b.sw.Originate(context.Background(), o); err == nil {
			t.Error("a call that is gone was taken")
		}
	})
}

func FuzzNumberFrom(f *testing.F) {
	for _, s := range []string{"+4930901820", "0049301234567", "030901820", "anonymous", "", "+", "12025550190;phone-context=x", "123456789012345678901", "００１"} {
		f.Add(s, "\"Joe\" <sip:"+s+"@x;user=phone>;tag=1")
	}
	f.Fuzz(func(t *testing.T, user, header string) {
		for _, format := range []cti.NumberFormat{cti.PlusE164, cti.PlainE164, cti.ZeroZero, cti.NationalNF} {
			l := &line{Trunk: cti.Trunk{NumberFormat: format, Country: "DE", TechPrefix: "99"}}
			for _, s := range []string{user, userOf(header)} {
				if n := numberFrom(s, l); n != "" && (len(n) < 4 || len(n) > 16 || strings.Trim(n[1:], "0123456789") != "" || n[0] != '+') {
					t.Errorf("%q became %q", s, phone.Number(n))
				}
			}
		}
	})
}
