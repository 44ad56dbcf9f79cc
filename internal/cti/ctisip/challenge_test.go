package ctisip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/internal/cti"
)

// suspicious asks for credentials with every request that begins a transaction, first saying that the nonce was too old.
type suspicious struct {
	mu     sync.Mutex
	nonces map[string]int // by method and answer, so many challenges
	stale  bool
	rest   func(f *far, m *msg)
}

func (s *suspicious) on(f *far, m *msg) {
	switch m.method {
	case "ACK", "CANCEL", "OPTIONS", "SIP/2.0":
		s.rest(f, m)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	auth := m.header("Proxy-Authorization")
	told := s.nonces[m.method]
	want := 1
	if s.stale {
		want = 2
	}
	if auth != "" && told >= want && strings.Contains(auth, fmt.Sprintf(`nonce="%s%d"`, m.method, told)) && strings.Contains(auth, `uri="`+strings.Fields(m.start)[1]+`"`) {
		s.rest(f, m)
		return
	}
	if auth == "" && told > 0 && m.method != "BYE" {
		return // the same once more
	}
	s.nonces[m.method]++
	stale := ""
	if auth != "" {
		stale = ", stale=true"
	}
	f.reply(m, 407, "", fmt.Sprintf(`Proxy-Authenticate: Digest realm="r", nonce="%s%d", qop="auth"%s`, m.method, s.nonces[m.method], stale))
}

func newSuspicious(rest func(f *far, m *msg)) *suspicious {
	return &suspicious{nonces: map[string]int{}, rest: rest}
}

func (s *suspicious) asked(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nonces[method]
}

// A carrier that asks for credentials with the INVITE, with the refresh of the session and with the BYE gets them, also when
// its nonce was too old.
func TestEveryRequestIsChallenged(t *testing.T) {
	for _, stale := range []bool{false, true} {
		t.Run(fmt.Sprint("stale ", stale), func(t *testing.T) {
			simulateAt(t, time.Second, func(b *bench) {
				answers := picksUp(0, 0)
				s := newSuspicious(func(f *far, m *msg) {
					if m.method == "INVITE" && strings.Contains(m.header("To"), "tag=") {
						f.reply(m, 200, f.sdp(), "Session-Expires: 90;refresher=uac")
						return
					}
					answers(f, m)
				})
				s.stale = stale
				f := b.far(trunkAddr, s.on)
				tr := trunk("a", trunkAddr)
				tr.Username, tr.Password = "acct", "secret"
				b.trunks(tr)
				b.call(order("v"))
				b.await("v", cti.LegConfirmed)
				f.wait("ACK", 1)
				b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
				e := b.await("v", cti.LegEnded)
				if e.Cause != cti.NormalClearing || s.asked("BYE") == 0 {
					t.Errorf("told %s; %d challenges of BYE", b.story("v"), s.asked("BYE"))
				}
				want := 2
				if stale {
					want = 3
				}
				if n := len(f.count("BYE")); n != want {
					t.Errorf("%d BYEs, want %d", n, want)
				}
			})
		})
	}
}

// The BYE of an orphan is challenged, too: the account is the trunk's.
func TestOrphansByeIsChallenged(t *testing.T) {
	simulateAt(t, time.Second, func(b *bench) {
		answers := picksUp(0, 0)
		s := newSuspicious(answers)
		f := b.far(trunkAddr, func(f *far, m *msg) {
			if m.method == "BYE" {
				s.on(f, m)
				return
			}
			answers(f, m)
		})
		tr := trunk("a", trunkAddr)
		tr.Username, tr.Password = "acct", "secret"
		b.trunks(tr)
		o := order("v")
		b.call(o)
		e := b.await("v", cti.LegAnswered)
		b.await("v", cti.LegConfirmed)
		b.kill()
		b.open("udp://" + ours)
		b.trunks(tr)
		if _, err := b.sw.Reconcile(context.Background(), []cti.KnownLeg{{Order: o, State: cti.Confirmed, Sent: true, Trunk: e.Trunk, CallID: e.CallID, Ref: e.Ref}}); err != nil {
			t.Fatal(err)
		}
		if m := f.wait("BYE", 2); m.header("Proxy-Authorization") == "" || m.header("CSeq") == f.wait("BYE", 1).header("CSeq") {
			t.Errorf("answered with %v", m.lines)
		}
		b.pass(time.Minute)
		if n := len(f.count("BYE")); n != 2 {
			t.Errorf("%d BYEs", n)
		}
	})
}

// An answer that comes after we have given up is ended with credentials.
func TestLateAnswersByeIsChallenged(t *testing.T) {
	simulate(t, func(b *bench) {
		var inv *msg
		s := newSuspicious(byes)
		f := b.far(trunkAddr, func(f *far, m *msg) {
			switch m.method {
			case "INVITE":
				inv = m
				f.reply(m, 180, "")
			case "CANCEL":
				f.reply(inv, 200, f.sdp())
				f.reply(m, 200, "")
			case "BYE":
				s.on(f, m)
			}
		})
		tr := trunk("a", trunkAddr)
		tr.Username, tr.Password = "acct", "secret"
		b.trunks(tr)
		b.call(order("v"))
		b.await("v", cti.LegRinging)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{Cause: cti.CauseCancelled})
		if m := f.wait("BYE", 2); m.header("Proxy-Authorization") == "" {
			t.Error("the BYE was not answered with credentials")
		}
		b.await("v", cti.LegEnded)
	})
}

// A sip: telephone with a name is looked up away from everything else, and hung up while that lasts.
func TestTelephoneByName(t *testing.T) {
	slow := &slowNames{names: names{ip: map[string]string{"ann.example.net": "10.0.0.9"}}}
	simulatedWith(t, func(c *Config) { slow.gate = make(chan struct{}); c.Resolver = slow }, func(b *bench) {
		ann := b.far("10.0.0.9:5060", picksUp(0, 0))
		for _, leg := range []string{"a", "b"} {
			o := order(leg)
			o.Party, o.To = cti.Agent, "sip:ann@ann.example.net"
			b.call(o)
		}
		b.pass(time.Second)
		b.sw.HangUp(context.Background(), "leg_a", cti.HangUp{Cause: cti.CauseCancelled})
		b.await("a", cti.LegEnded)
		close(slow.gate)
		b.await("b", cti.LegConfirmed)
		b.pass(time.Second)
		if n := len(ann.count("INVITE")); n != 1 {
			t.Errorf("%d INVITEs, one of them for a leg that was over", n)
		}
	})
}

// slowNames answers when the gate is open.
type slowNames struct {
	names
	gate chan struct{}
}

func (s *slowNames) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	<-s.gate
	return s.names.LookupNetIP(ctx, network, host)
}
