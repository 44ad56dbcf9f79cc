package peer_test

import (
	"fmt"
	"testing"
	"time"
)

// TestSoftphones joins two baresips: a visitor at a SIP address and an agent's desk phone. Each hears the other for
// seconds and not itself, over one stream from the answer to the end, and each side's hanging up ends both.
func TestSoftphones(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	for _, hangsUp := range []string{"visitor", "agent", "us"} {
		t.Run(hangsUp+" hangs up", func(t *testing.T) {
			t.Parallel()
			ann := phone(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
			joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
			s := serve(t, config{}, seed()+fmt.Sprintf(`
agents:
  - {id: ann, name: Ann, devices: ["sip:ann@%s"], ready: true, represents: [{subscriber: acme, display_name: Ann at Acme}]}
`, ann.addr))
			tap := listen(t)
			cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@" + joe.addr, "name": "Joe", "limits": "skip"})
			s.talked(t, cb)
			switch hangsUp {
			case "visitor":
				joe.do("hangup")
			case "agent":
				ann.do("hangup")
			default:
				s.cancel(t, cb)
			}
			r := s.await(t, cb, soon, "ended", func(r *record) bool {
				return r.State == "ended" && r.last("visitor").EndedAt != nil && r.last("agent").EndedAt != nil
			})
			if r.Outcome != "completed" || r.TalkS < 3.5 {
				t.Errorf("outcome %s, talk_s %.1f", r.Outcome, r.TalkS)
			}
			for _, party := range []string{"visitor", "agent"} {
				want := "us"
				if party == hangsUp {
					want = party
				}
				if l := r.last(party); l.By != want || l.SIPCode != nil && *l.SIPCode >= 300 {
					t.Errorf("%s's leg ended by %s: %+v", party, l.By, *l)
				}
			}
			for _, p := range []*softphone{ann, joe} {
				if wait(t, 5*time.Second, func() (*softphone, bool) { return p, p.said("session closed") || p.said("terminated") }) == nil {
					t.Errorf("%s's call has not ended", p.user)
				}
				other := ann.hz + joe.hz - p.hz
				clear, own := p.hears(other)
				t.Logf("%s heard %.0f Hz for %v, its own %.0f Hz for %v", p.user, other, clear, p.hz, own)
				if clear < 2*time.Second || own > 0 {
					t.Errorf("%s heard %.0f Hz for %v, itself for %v", p.user, other, clear, own)
				}
				tap.oneSender(t, p.rtp, p.rtp+1)
			}
		})
	}
}
