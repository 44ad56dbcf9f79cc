package ctisip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/internal/cti"
)

// pinged is a trunk that is asked each 15 s whether it is there.
func pinged(slug, addr string) cti.Trunk {
	t := trunk(slug, addr)
	t.Ping = cti.DefaultPing
	return t
}

// line is the state of a trunk, in short, such as "up" or "down: why".
func (b *bench) line(slug string) string {
	b.t.Helper()
	all, err := b.sw.Lines(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, l := range all {
		if l.Slug == slug {
			if l.Reason == "" {
				return string(l.Condition)
			}
			return string(l.Condition) + ": " + l.Reason
		}
	}
	return "gone"
}

// becomes waits until the state of a trunk begins with want, and returns how long that took.
func (b *bench) becomes(slug, want string, most time.Duration) time.Duration {
	b.t.Helper()
	begin := time.Now()
	for !strings.HasPrefix(b.line(slug), want) {
		if time.Since(begin) > most {
			b.t.Fatalf("trunk %s is %q after %v, want %q", slug, b.line(slug), most, want)
		}
		b.pass(100 * time.Millisecond)
	}
	return time.Since(begin)
}

// A trunk that stops to answer is down in 25 s, is skipped while another can carry the call, is the last resort, and
// comes back by itself.
func TestHealth(t *testing.T) {
	simulateAt(t, time.Second, func(b *bench) {
		first, second := b.far(trunkAddr, picksUp(0, 0)), b.far(secondAddr, picksUp(0, 0))
		x, y := pinged("a", trunkAddr), pinged("b", secondAddr)
		y.Priority = 2
		b.trunks(x, y)
		b.becomes("a", "up", 16*time.Second)
		first.becomes(nil)
		between(t, "down", b.becomes("a", "down: 10.0.0.2:5060 does not answer OPTIONS", time.Minute), 4*time.Second, 25*time.Second)
		n := len(first.count("INVITE"))
		b.call(order("v"))
		second.wait("INVITE", 1)
		if len(first.count("INVITE")) != n {
			t.Error("the trunk that is down was tried first")
		}
		if e := b.await("v", cti.LegSent); e.Trunk != "trk_b" || !strings.Contains(e.Note, "trunk a is down (10.0.0.2:5060 does not answer") {
			t.Errorf("told %+v", e)
		}
		b.await("v", cti.LegConfirmed)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		b.await("v", cti.LegEnded)

		second.becomes(nil)
		b.becomes("b", "down", time.Minute)
		o := order("w")
		o.Callback = "cb_2"
		b.call(o)
		if e := b.await("w", cti.LegSent); e.Trunk != "trk_a" || !strings.Contains(e.Note, "no other carries this number") {
			t.Errorf("the last resort: %+v", e)
		}
		first.becomes(picksUp(0, 0))
		b.await("w", cti.LegConfirmed) // the INVITE is sent again and is answered now
		between(t, "up", b.becomes("a", "up", time.Minute), 0, 16*time.Second)
	})
}

// A carrier that never answers OPTIONS is unknown, not down; only a call that it does not answer speaks against it, for a
// while.
func TestHealthOfTheMute(t *testing.T) {
	simulateAt(t, time.Second, func(b *bench) {
		calls := picksUp(0, 0)
		f := b.far(trunkAddr, func(f *far, m *msg) {
			if m.method != "OPTIONS" {
				calls(f, m)
			}
		})
		b.trunks(pinged("a", trunkAddr), pinged("b", secondAddr))
		b.pass(2 * time.Minute)
		if got := b.line("a"); !strings.HasPrefix(got, "unknown") {
			t.Fatal(got)
		}
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		if got := b.line("a"); got != "up" {
			t.Error(got)
		}
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		b.await("v", cti.LegEnded)
		f.becomes(nil)
		b.pass(time.Minute) // questions in vain, up to now
		b.far(secondAddr, picksUp(0, 0))
		b.pass(20 * time.Second)
		o := order("w")
		o.Callback = "cb_2"
		b.call(o)
		b.await("w", cti.LegConfirmed)
		if got := b.line("a"); !strings.HasPrefix(got, "down") {
			t.Errorf("after a call in silence: %s", got)
		}
	})
}

// 503 with Retry-After rests that trunk only, for five minutes at most, and it is told.
func TestRest(t *testing.T) {
	simulateAt(t, time.Second, func(b *bench) {
		b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 503, "", "Retry-After: 7200") }, byes))
		b.far(secondAddr, picksUp(0, 0))
		b.trunks(trunk("a", trunkAddr), trunk("b", secondAddr))
		b.call(order("v"))
		if e := b.await("v", cti.LegMoved); !strings.Contains(e.Note, "trunk a: answered 503; trunk b is tried") || e.Trunk != "trk_b" {
			t.Errorf("told %+v", e)
		}
		b.await("v", cti.LegConfirmed)
		if a, o := b.line("a"), b.line("b"); !strings.HasPrefix(a, "resting") || o != "up" {
			t.Errorf("a %s, b %s", a, o)
		}
		all, _ := b.sw.Lines(context.Background())
		between(t, "rest", time.Until(all[0].Until), 4*time.Minute, longestRest)
		b.pass(longestRest + time.Second)
		if a := b.line("a"); a != "up" {
			t.Error(a)
		}
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		b.await("v", cti.LegEnded)
		all, _ = b.sw.Lines(context.Background())
		if f := all[0].Figures; f.Sent != 1 || f.Answered != 0 {
			t.Errorf("a: %+v", f)
		}
		if f := all[1].Figures; f.Sent != 1 || f.Answered != 1 || f.Short != 0 || f.RecentAnswered != 1 {
			t.Errorf("b: %+v", f)
		}
	})
}

// names is a name server in a map that can be changed and can fall ill.
type names struct {
	mu   sync.Mutex
	srv  []*net.SRV
	ip   map[string]string
	sick bool
	asks int
}

func (n *names) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asks++
	if n.sick || n.srv == nil {
		return "", nil, errors.New("no services")
	}
	return "", n.srv, nil
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if a := n.ip[host]; a != "" && !n.sick {
		return []netip.Addr{netip.MustParseAddr(a)}, nil
	}
	return nil, fmt.Errorf("no such host %s", host)
}

func (n *names) change(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
}

// A name is looked up again each five minutes; what a name server cannot say leaves the trunk where it was. All its servers
// are let in, and tried one after the other.
func TestNames(t *testing.T) {
	dns := &names{ip: map[string]string{}}
	simulatedWith(t, func(c *Config) { c.Resolver = dns }, func(b *bench) {
		tr := pinged("a", "carrier.example")
		b.trunks(tr)
		if got := b.line("a"); !strings.HasPrefix(got, "down: look up carrier.example") {
			t.Fatal(got)
		}
		if err := b.sw.Originate(context.Background(), order("early")); !errors.Is(err, cti.ErrNoTrunk) {
			t.Fatalf("a call to nowhere: %v", err)
		}
		first, second := b.far(trunkAddr, nil), b.far(secondAddr, picksUp(0, 0))
		dns.change(func() {
			dns.srv = []*net.SRV{{Target: "one.carrier.example.", Port: 5060, Priority: 1}, {Target: "two.carrier.example.", Port: 5060, Priority: 2}}
			dns.ip["one.carrier.example"], dns.ip["two.carrier.example"] = "10.0.0.2", "10.0.0.3"
		})
		between(t, "found", b.becomes("a", "up", time.Minute), 0, 31*time.Second)
		for _, a := range []string{"10.0.0.2", "10.0.0.3"} {
			if !b.sw.doors.Allow(netip.MustParseAddr(a)) {
				t.Errorf("%s is not let in", a)
			}
		}
		dns.change(func() { dns.sick = true })
		b.pass(11 * time.Minute)
		if got := b.line("a"); !strings.HasPrefix(got, "up") {
			t.Errorf("while the name server is ill: %s", got)
		}
		begin := time.Now()
		b.call(order("v"))
		e := b.await("v", cti.LegConfirmed)
		if e.At.Sub(begin) > 5*time.Second || len(second.count("INVITE")) != 1 {
			t.Errorf("%v until the second server answered; first got %v", e.At.Sub(begin), first.starts())
		}
		dns.change(func() { dns.sick, dns.srv = false, dns.srv[:1] })
		b.pass(6 * time.Minute)
		all, _ := b.sw.Lines(context.Background())
		if len(all[0].Targets) != 1 {
			t.Errorf("targets %+v", all[0].Targets)
		}
		if n := dns.asks; n > 60 {
			t.Errorf("%d questions to the name server in 17 minutes", n)
		}
	})
}

// asked is how many OPTIONS came outside of calls.
func (f *far) asked() (n int) {
	for _, m := range f.count("OPTIONS") {
		if !strings.Contains(m.header("To"), "tag=") {
			n++
		}
	}
	return n
}

// A changed trunk takes effect while calls are up; they go on.
func TestChangeWhileTalking(t *testing.T) {
	simulateAt(t, time.Second, func(b *bench) {
		f, second := b.far(trunkAddr, picksUp(0, 0)), b.far(secondAddr, picksUp(0, 0))
		b.trunks(pinged("a", trunkAddr))
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		moved := pinged("a", secondAddr)
		moved.MaxCalls = 2
		b.trunks(moved)
		b.becomes("a", "up", 16*time.Second)
		n := f.asked()
		b.pass(time.Minute)
		if got := f.asked(); got != n {
			t.Errorf("the old address was asked %d more times", got-n)
		}
		o := order("w")
		o.Callback = "cb_2"
		b.call(o)
		b.await("w", cti.LegConfirmed)
		second.wait("ACK", 1)
		all, _ := b.sw.Lines(context.Background())
		if all[0].Calls != 2 {
			t.Errorf("%d calls, want the one of before too", all[0].Calls)
		}
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		f.wait("BYE", 1)
		b.await("v", cti.LegEnded)
		b.trunks()
		b.pass(time.Second)
		n = second.asked()
		b.pass(time.Minute)
		if got := second.asked(); got != n || len(b.told("w", cti.LegEnded)) != 0 {
			t.Error("a trunk that was taken away is asked, or its call was ended")
		}
	})
}
