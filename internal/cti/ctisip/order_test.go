package ctisip

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
)

// Messages of one call that come in the same instant are taken in their order.
func TestOrderOfOneInstant(t *testing.T) {
	for i := range 30 {
		simulate(t, func(b *bench) {
			f := b.far(trunkAddr, once(func(f *far, m *msg) {
				f.reply(m, 180, "")
				f.reply(m, 183, f.sdp())
				f.reply(m, 200, f.sdp())
			}, byes))
			b.call(order("v"))
			b.await("v", cti.LegConfirmed)
			inv := f.wait("INVITE", 1)
			for k, key := range "12345" {
				f.request(inv, "INFO", k+1, string(key), "Content-Type: application/dtmf")
			}
			f.request(inv, "INVITE", 6, f.sdp())
			f.request(inv, "BYE", 7, "")
			b.await("v", cti.LegEnded)
			if got := b.story("v"); got != "sent, ringing, early, answered, confirmed, digit, digit, digit, digit, digit, ended normal_clearing by visitor 0" {
				t.Errorf("run %d: told %s", i, got)
			}
			for k, e := range b.told("v", cti.LegDigit) {
				if e.Digit != byte('1'+k) {
					t.Errorf("run %d: key %d is %c", i, k, e.Digit)
				}
			}
			if a := answer(f, "6 INVITE"); !strings.HasPrefix(a.start, "SIP/2.0 200") {
				t.Errorf("run %d: the re-INVITE before the BYE: %s", i, a.start)
			}
		})
	}
}

// A process that stood still for a while finds an answer and the end of the ring time: who has picked up is not hung up on.
func TestAnswerDuringAPause(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			f.reply(m, 180, "")
			after(31*time.Second, func() { f.reply(m, 200, f.sdp()) })
		}, byes))
		b.call(order("v"))
		b.await("v", cti.LegRinging)
		b.sw.mu.Lock()
		lane := b.sw.legs["leg_v"].lane
		b.sw.mu.Unlock()
		b.pass(25 * time.Second)
		lane.Do(func() { b.pass(20 * time.Second) })
		b.await("v", cti.LegConfirmed)
		b.pass(5 * time.Second)
		if n := len(f.count("CANCEL")) + len(f.count("BYE")); n != 0 || b.told("v", cti.LegEnded) != nil {
			t.Errorf("told %s; far end got %v", b.story("v"), f.starts())
		}
	})
}

// Requests come from other addresses of the carrier's block.
func TestAcceptFrom(t *testing.T) {
	simulate(t, func(b *bench) {
		b.far(trunkAddr, nil)
		tr := trunk("a", trunkAddr)
		tr.AcceptFrom = []string{"10.1.0.0/24", "10.2.0.7"}
		b.trunks(tr)
		for addr, want := range map[string]int{"10.1.0.9:5060": 1, "10.2.0.7:5060": 1, "10.2.0.8:5060": 0} {
			f := b.far(addr, nil)
			f.send(udp(ours), []string{"OPTIONS sip:x@10.0.0.1 SIP/2.0", fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKacc;rport", addr),
				"From: <sip:y@10.0.0.2>;tag=y", "To: <sip:x@10.0.0.1>", "Call-ID: acc" + addr, "Max-Forwards: 70", "CSeq: 1 OPTIONS"}, "")
			b.pass(askAfter)
			if n := len(f.count("SIP/2.0 200")); n != want {
				t.Errorf("%s got %d answers, want %d", addr, n, want)
			}
		}
		tr.AcceptFrom = []string{"10.1.0.0/99"}
		if err := b.sw.Trunks(context.Background(), []cti.Trunk{tr}); err == nil {
			t.Error("a bad CIDR was taken")
		}
	})
}
