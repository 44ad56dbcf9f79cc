package peer_test

import (
	"fmt"
	"testing"
	"time"
)

// said says whether the journal has a line of an event.
func said(r *record, event string) bool {
	for _, l := range r.Journal {
		if l.Event == event {
			return true
		}
	}
	return false
}

// TestTransfer lets ann, at a real telephone, hold the visitor, come back, and hand him to bob: tones prove each step.
func TestTransfer(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	ann := phone(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
	bob := phone(t, "bob", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1400, here)
	joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
	s := serve(t, config{}, seed()+fmt.Sprintf(`
agents:
  - {id: ann, name: Ann, devices: ["sip:ann@%s"], ready: true, represents: [{subscriber: acme, display_name: Ann at Acme, priority: 1}]}
  - {id: bob, name: Bob, devices: ["sip:bob@%s"], ready: true, represents: [{subscriber: acme, display_name: Bob at Acme, priority: 2}]}
`, ann.addr, bob.addr))
	cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@" + joe.addr, "name": "Joe", "limits": "skip"})
	s.connected(t, cb, soon)
	told := func(event string) bool {
		r := s.await(t, cb, soon, event, func(r *record) bool { return said(r, event) || r.State == "ended" })
		return said(r, event)
	}
	talk := func(d time.Duration) {
		start := time.Now()
		s.await(t, cb, d+soon, "talking", func(r *record) bool { return r.State == "ended" || time.Since(start) > d })
	}
	talk(3 * time.Second)
	ann.do("hold")
	if !told("leg_held") {
		t.Error("the hold was not told")
	}
	ann.do("resume")
	if !told("leg_resumed") {
		t.Error("coming back was not told")
	}
	talk(2500 * time.Millisecond)
	ann.do("transfer sip:bob@" + bob.addr)
	if !told("transfer_asked") || !told("transfer_taken") {
		r := s.await(t, cb, soon, "the journal", func(*record) bool { return true })
		t.Fatalf("no transfer; %+v\nann's telephone says:\n%s", r.Journal, ann.log())
	}
	talk(4 * time.Second)
	s.cancel(t, cb)
	r := s.await(t, cb, soon, "ended", func(r *record) bool { return r.State == "ended" && r.last("visitor").EndedAt != nil })
	if r.Outcome != "completed" {
		t.Errorf("outcome %s", r.Outcome)
	}
	for _, p := range []*softphone{ann, bob, joe} { // their recordings are whole when they have hung up
		if wait(t, 10*time.Second, func() (*softphone, bool) { return p, p.calls() <= 0 }) == nil {
			t.Errorf("%s's call has not ended", p.user)
		}
	}
	// 3 s before the hold, 2.5 s after it. Ann's own recording ends with the hold: baresip does not begin another.
	if clear, own := joe.hears(ann.hz); clear < 4200*time.Millisecond || own > 0 {
		t.Errorf("joe heard ann for %v, with a hold in between; himself for %v", clear, own)
	}
	for _, c := range []struct {
		p    *softphone
		hz   float64
		what string
	}{{joe, 1400, "the visitor hears bob"}, {bob, 1000, "bob hears the visitor"}, {joe, 700, "the visitor heard ann before"}} {
		if !c.p.hearsAny(c.hz) {
			t.Errorf("not so: %s", c.what)
		}
	}
	if bob.hearsAny(700) {
		t.Error("bob hears ann")
	}
}
