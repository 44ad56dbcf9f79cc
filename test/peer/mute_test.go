package peer_test

import (
	"fmt"
	"testing"
	"time"

	"ringback/internal/audio"
)

// TestMute: an agent's baresip mutes itself for ten seconds in talk. The visitor hears nothing of her and then hears her
// again, and the call lives. On the wire each telephone is told how its own sound arrives (RTCP), by us.
func TestMute(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	ann := phone(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
	joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
	// Ports of its own: a leg beside whose port another program has one goes without RTCP, and among the ports that the
	// kernel gives out that happens by chance.
	s := serve(t, config{http: "127.0.0.1:0", sip: "udp://127.0.0.1:0", rtp: "127.0.0.1:31000-31007"}, seed()+annAt(ann.addr))
	wire := listen(t)
	cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@" + joe.addr, "limits": "skip"})
	s.talked(t, cb)
	ann.do("mute")
	muted := time.NewTimer(10 * time.Second)
	<-muted.C
	ann.do("mute")
	if wire != nil {
		for _, p := range []*softphone{ann, joe} {
			if wait(t, 15*time.Second, func() (*softphone, bool) { all, _ := wire.reports(p.rtp); return p, len(all) >= 2 }) == nil {
				t.Errorf("%s is told nothing of its sound by RTCP", p.user)
				continue
			}
			all, own := wire.reports(p.rtp)
			for _, r := range all {
				if r.of != own || r.lost > 25 || r.high == 0 {
					t.Errorf("%s, who sends as %08x, is told %+v", p.user, own, r)
				}
			}
		}
	}
	again := time.NewTimer(3 * time.Second)
	<-again.C
	s.cancel(t, cb)
	if r := s.ended(t, cb, soon); r.Outcome != "completed" || r.TalkS < 13 {
		t.Errorf("outcome %s, talk_s %.1f", r.Outcome, r.TalkS)
	}
	hearEachOther(t, ann, joe, 5*time.Second)
	if quiet, after := silence(joe.heard(), ann.hz); quiet < 9*time.Second || quiet > 12*time.Second || after < 2*time.Second {
		t.Errorf("the visitor hears nothing of her for %v, then her for %v", quiet, after)
	}
}

// silence is the longest time in which nothing is heard of a tone that was heard before, and for how long it is heard after.
func silence(s []int16, hz float64) (longest, after time.Duration) {
	const window, step = audio.Rate / 10, 100 * time.Millisecond
	var quiet time.Duration
	begun := false
	for ; len(s) >= window; s = s[window:] {
		switch heard := audio.Goertzel(s[:window], hz) > 500; {
		case heard:
			begun, quiet = true, 0
			after += step
		case begun:
			if quiet += step; quiet > longest {
				longest, after = quiet, 0
			}
		}
	}
	return longest, after
}
