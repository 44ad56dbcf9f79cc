package peer_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"ringback/internal/audio"
)

// What Asterisk as a provider does in a call that is up: its customer holds and comes back, it wants to go over to fax, it
// wants us to call somebody else. Each is followed by talk that is heard.

// TestAsteriskHolds: a telephone behind the provider holds, and the provider passes it on.
func TestAsteriskHolds(t *testing.T) {
	needBaresip(t)
	needAsterisk(t)
	long(t)
	t.Parallel()
	ann := phone(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
	joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
	a := switchboard(t, provider(joe.addr, "moh_passthrough = yes"), toJoe)
	s := serve(t, config{}, seed(fmt.Sprintf(`{id: pstn, address: "sip:127.0.0.1:%d"}`, a.port))+annAt(ann.addr))
	tap := listen(t)
	cb := s.request(t, map[string]any{"button": "once", "number": "+12025550100"})
	s.connected(t, cb, 2*soon)
	told := func(event string) {
		t.Helper()
		if r := s.await(t, cb, soon, event, func(r *record) bool { return said(r, event) || r.State == "ended" }); !said(r, event) {
			t.Errorf("%s was not told", event)
		}
	}
	s.talk(t, cb, 3*time.Second)
	joe.do("hold")
	told("leg_held")
	s.talk(t, cb, 2*time.Second)
	joe.do("resume")
	told("leg_resumed")
	before := tap.overhears(joe.rtp, joe.rtp+1, ann.hz) // his recording ended with the hold
	s.talk(t, cb, 2500*time.Millisecond)
	if after := tap.overhears(joe.rtp, joe.rtp+1, ann.hz) - before; tap != nil && after < 2*time.Second {
		t.Errorf("joe heard ann for %v in 2.5 s after the hold", after)
	}
	s.cancel(t, cb)
	if r := s.ended(t, cb, soon); r.Outcome != "completed" {
		t.Errorf("outcome %s", r.Outcome)
	}
	hung(t, ann, joe)
	if clear, own := ann.hears(joe.hz); clear < 4200*time.Millisecond || clear > 6500*time.Millisecond || own > 0 {
		t.Errorf("ann heard joe for %v of 5.5 s, with a hold in between; herself for %v", clear, own)
	}
}

// TestAsteriskWants: an offer of fax (T.38) is refused with 488, a REFER with 403, and both calls go on.
func TestAsteriskWants(t *testing.T) {
	needBaresip(t)
	needAsterisk(t)
	t.Parallel()
	// What answers with a fax tone is a fax machine; here somebody has spoken before it comes.
	murmur := make([]byte, 2*audio.Rate)
	for i := range murmur {
		murmur[i] = byte(rand.IntN(2)<<7 | 0x10 | rand.IntN(32))
	}
	for _, row := range []struct {
		name, app, then string
		sip             []string
	}{
		{"fax", "TryExec(ReceiveFAX(ETC/fax.tif))", "then FAILED", []string{"m=image ", "SIP/2.0 488 "}},
		{"another", "Transfer(PJSIP/sip:+12025550155@127.0.0.1:PORT)", "then FAILURE", []string{"Refer-To: ", "SIP/2.0 403 "}},
	} {
		t.Run(row.name, func(t *testing.T) {
			long(t)
			t.Parallel()
			ann := phone(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
			joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
			a := switchboardWith(t, provider(joe.addr, "t38_udptl = yes"), fmt.Sprintf(`
[in]
exten => _[+X].,1,Answer()
 same => n,Playback(ETC/murmur)
 same => n,%s
 same => n,NoOp(then ${FAXSTATUS}${TRANSFERSTATUS})
 same => n,Dial(PJSIP/joe,30)
`, row.app), map[string][]byte{"murmur.ulaw": murmur})
			s := serve(t, config{}, seed(fmt.Sprintf(`{id: pstn, address: "sip:127.0.0.1:%d"}`, a.port))+annAt(ann.addr))
			cb := s.request(t, map[string]any{"button": "once", "number": "+12025550100"})
			s.connected(t, cb, 2*soon)
			for _, line := range append(row.sip, row.then) {
				if !a.says(line) {
					t.Errorf("Asterisk never said %q", line)
				}
			}
			if wait(t, soon, func() (*softphone, bool) { return joe, joe.calls() > 0 }) == nil {
				t.Fatalf("the call did not go on:\n%s", a.said())
			}
			s.talk(t, cb, 3*time.Second)
			s.cancel(t, cb)
			r := s.ended(t, cb, soon)
			if r.Outcome != "completed" {
				t.Errorf("outcome %s", r.Outcome)
			}
			if said(r, "transfer_asked") || strings.Contains(fmt.Sprint(r.Attempts), "5550155") {
				t.Error("a trunk's wish was followed")
			}
			hearEachOther(t, ann, joe, 2*time.Second)
		})
	}
}

// talk lets a callback go on for a while, or until it ends.
func (s *service) talk(t testing.TB, cb string, d time.Duration) {
	t.Helper()
	start := time.Now()
	s.await(t, cb, d+soon, "talking", func(r *record) bool { return r.State == "ended" || time.Since(start) > d })
}

// hung waits until telephones have no call: their recordings are whole then.
func hung(t testing.TB, phones ...*softphone) {
	t.Helper()
	for _, p := range phones {
		if wait(t, 10*time.Second, func() (*softphone, bool) { return p, p.calls() <= 0 }) == nil {
			t.Errorf("%s's call has not ended", p.user)
		}
	}
}
