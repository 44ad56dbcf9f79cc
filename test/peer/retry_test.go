package peer_test

import (
	"fmt"
	"testing"
	"time"

	"ringback/internal/simcarrier"
)

// TestRetryAfter: a carrier without lines says so with 503 and Retry-After. The other carrier is tried at once, in the
// same attempt, and for the time that was named nobody asks the first one again.
func TestRetryAfter(t *testing.T) {
	needSIPp(t)
	t.Parallel()
	net := carrier(t)
	person(t, net, "0180", simcarrier.Person{Does: "answers", After: 100 * time.Millisecond, Talk: time.Minute})
	full := play(t, "retry503", freePort(t))
	s := serve(t, config{}, seed(
		fmt.Sprintf(`{id: full, ping: 0s, address: "sip:127.0.0.1:%d", priority: 1}`, full.port),
		fmt.Sprintf(`{id: other, address: "sip:%s", priority: 2}`, net.Addr())))
	for i := range 3 {
		cb := s.request(t, map[string]any{"button": "once", "number": fmt.Sprintf("+121%d5550180", 2+i), "destination": fmt.Sprintf("sip:desk%d-0180@%s", i, net.Addr())})
		r := s.connected(t, cb, soon)
		l := r.last("visitor")
		if l.TrunkSlug != "other" || len(r.Attempts) != 1 {
			t.Errorf("callback %d went over %q in %d attempts", i, l.TrunkSlug, len(r.Attempts))
		}
		between(t, "way to the other carrier", r.last("agent").ConfirmedAt, l.RingingAt, 0, time.Second)
		s.cancel(t, cb)
	}
	full.satisfied(5 * time.Second)
	if n := full.received("INVITE"); n != 1 {
		t.Errorf("%d INVITEs went to the full carrier", n)
	}
}

// A telephone of an agent that says so is missed like any other: the wish stays.
func TestAgentWithoutLines(t *testing.T) {
	needSIPp(t)
	t.Parallel()
	net := carrier(t)
	full := play(t, "retry503", freePort(t))
	s := serve(t, config{}, seed(fmt.Sprintf(`{id: net, address: "sip:%s"}`, net.Addr())))
	cb := s.request(t, map[string]any{"button": "once", "number": "+12125550180", "destination": fmt.Sprintf("sip:ann@127.0.0.1:%d", full.port)})
	(&stage{s, net}).agentMisses(t, cb, row{limit: soon, missed: "network"})
	l := s.ended(t, cb, soon).last("agent")
	if l.Cause != "congestion" || l.SIPCode == nil || *l.SIPCode != 503 {
		t.Errorf("leg ended with %+v", *l)
	}
	full.satisfied(5 * time.Second)
	if rows := net.Calls(cb); len(rows) != 0 {
		t.Errorf("the visitor was called: %+v", rows)
	}
}
