package ctisip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
)

// reliably makes a provisional answer one that must be acknowledged.
func reliably(rseq int, more ...string) []string {
	return append(more, "Require: 100rel", fmt.Sprintf("RSeq: %d", rseq))
}

// A carrier that answers only when its provisional answers were acknowledged: each gets one PRACK, what is repeated or
// out of its order none, and the description of a 183 is the answer when the 200 has none.
func TestPrack(t *testing.T) {
	simulate(t, func(b *bench) {
		var inv *msg
		f := b.far(trunkAddr, func(f *far, m *msg) {
			switch m.method {
			case "INVITE":
				inv = m
				f.reply(m, 183, f.sdp(), reliably(7)...)
				f.reply(m, 183, f.sdp(), reliably(7)...) // repeated
				f.reply(m, 180, "", reliably(9)...)      // its predecessor was lost
			case "PRACK":
				f.reply(m, 200, "")
				switch m.header("RAck") {
				case "7 1 INVITE":
					after(time.Second, func() { f.reply(inv, 180, "", reliably(8)...) })
				case "8 1 INVITE":
					after(time.Second, func() { f.reply(inv, 200, "") })
				}
			default:
				byes(f, m)
			}
		})
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		if !strings.Contains(inv.header("Supported"), "100rel") || strings.Contains(inv.header("Require"), "100rel") {
			t.Errorf("Supported %q, Require %q", inv.header("Supported"), inv.header("Require"))
		}
		b.pass(time.Second)
		pracks := f.count("PRACK")
		if len(pracks) != 2 || !strings.Contains(pracks[0].header("To"), "tag="+f.tag) || !strings.HasPrefix(pracks[0].start, "PRACK sip:far@"+trunkAddr) {
			t.Errorf("PRACKs %v", f.starts())
		}
		if got := b.story("v"); got != "sent, ringing, early, answered, confirmed" {
			t.Errorf("told %s", got)
		}
	})
}

// Each early dialog counts for itself, and the 200 without a description belongs to one of them.
func TestPrackOfTwoTelephones(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			port := f.port.Load()
			f.reply(m, 183, f.sdp(), reliably(1, "tag=one")...)
			f.port.Store(4444)
			f.reply(m, 183, f.sdp(), reliably(1, "tag=two")...)
			f.port.Store(port)
			after(time.Second, func() { f.reply(m, 183, f.sdp(), reliably(2, "tag=one")...) })
			after(2*time.Second, func() { f.reply(m, 200, "", "tag=two") })
		}, func(f *far, m *msg) {
			if m.method == "PRACK" {
				f.reply(m, 200, "")
			}
			byes(f, m)
		}))
		media, err := b.net.ListenPacket("10.0.0.2:4444")
		if err != nil {
			t.Fatal(err)
		}
		defer media.Close()
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		media.SetReadDeadline(time.Now().Add(2 * time.Second))
		var p [2000]byte
		if _, _, err := media.ReadFrom(p[:]); err != nil {
			t.Errorf("no sound at the telephone that answered: %v", err)
		}
		var acks []string
		for _, m := range f.count("PRACK") {
			_, tag, _ := strings.Cut(m.header("To"), "tag=")
			acks = append(acks, tag+" "+m.header("RAck"))
		}
		if got := strings.Join(acks, ", "); got != "one 1 1 INVITE, two 1 1 INVITE, one 2 1 INVITE" {
			t.Errorf("PRACKs %s", got)
		}
	})
}

// An UPDATE before the answer moves the network's sound; one of a dialog that nobody opened is refused.
func TestEarlyUpdate(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 183, f.sdp(), reliably(1)...) }, func(f *far, m *msg) {
			if m.method == "PRACK" {
				f.reply(m, 200, "")
			}
			byes(f, m)
		}))
		b.call(order("v"))
		b.await("v", cti.LegEarly)
		inv := f.wait("INVITE", 1)
		f.wait("PRACK", 1)
		f.request(inv, "UPDATE", 3, f.sdp("a=sendonly"))
		if a := answer(f, "3 UPDATE"); !strings.HasPrefix(a.start, "SIP/2.0 200") || !strings.Contains(a.body, "a=recvonly") {
			t.Errorf("early UPDATE: %s %s", a.start, a.body)
		}
		f.request(inv, "UPDATE", 2, f.sdp())
		if a := answer(f, "2 UPDATE"); !strings.HasPrefix(a.start, "SIP/2.0 500") {
			t.Errorf("an old CSeq: %s", a.start)
		}
		f.request(inv, "UPDATE", 4, f.sdp(), "tag=stranger")
		if a := answer(f, "4 UPDATE"); !strings.HasPrefix(a.start, "SIP/2.0 481") {
			t.Errorf("of no dialog: %s", a.start)
		}
		f.reply(inv, 200, f.sdp(), "P-Attestation-Indicator: A")
		if e := b.await("v", cti.LegAnswered); e.Note != "attestation A" {
			t.Errorf("note %q", e.Note)
		}
		f.request(inv, "UPDATE", 5, "")
		if a := answer(f, "5 UPDATE"); !strings.HasPrefix(a.start, "SIP/2.0 200") {
			t.Errorf("after the answer: %s", a.start)
		}
	})
}

// 180, 181 and 183 come in any order and with changing tags: it rings once, and a call that goes elsewhere is told once.
func TestProvisionalsInAnyOrder(t *testing.T) {
	for _, codes := range [][]int{{183, 180, 183}, {181, 180, 183}, {180, 181, 183, 180}, {183, 181, 180, 181}} {
		simulate(t, func(b *bench) {
			b.far(trunkAddr, once(func(f *far, m *msg) {
				for i, code := range codes {
					body, more := "", []string{fmt.Sprintf("tag=t%d", i)}
					switch code {
					case 183:
						body = f.sdp()
					case 181:
						more = append(more, "Diversion: <sip:+12025550123@x>;reason=no-answer;counter=1")
					}
					after(time.Duration(i)*time.Second, func() { f.reply(m, code, body, more...) })
				}
				after(10*time.Second, func() { f.reply(m, 200, f.sdp(), "tag=last") })
			}, byes))
			b.call(order("v"))
			b.await("v", cti.LegConfirmed)
			story := b.story("v")
			forwarded := b.told("v", cti.LegForwarded)
			if strings.Count(story, "ringing") != 1 || strings.Count(story, "early") != 1 || !strings.HasSuffix(story, "answered, confirmed") {
				t.Errorf("%v: told %s", codes, story)
			}
			switch {
			case strings.Contains(fmt.Sprint(codes), "181") != (len(forwarded) == 1):
				t.Errorf("%v: told of forwarding %d times", codes, len(forwarded))
			case len(forwarded) == 1 && forwarded[0].Note != "no-answer":
				t.Errorf("%v: %q", codes, forwarded[0].Note)
			}
		})
	}
}
