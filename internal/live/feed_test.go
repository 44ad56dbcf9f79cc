package live

import (
	"context"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/id"
)

const ann, bob = id.Agent("agt_01jdaaaaaaaaaaaaaaaaaaaaaa"), id.Agent("agt_01jdbbbbbbbbbbbbbbbbbbbbbb")

// Whose steps a feed carries.
func TestFeedsAreAbout(t *testing.T) {
	h := NewHub()
	feeds := map[string]*Feed{"ann": h.Follow(About{Agent: ann}), "bob": h.Follow(About{Agent: bob}), "acme": h.Follow(About{Subscriber: "acme"}),
		"zen": h.Follow(About{Subscriber: "zen"}), "all": h.Follow(About{})}
	calls := func(agents ...id.Agent) *callback.Callback {
		c := &callback.Callback{ID: "cb", Subscriber: "acme"}
		for _, a := range agents {
			c.Attempts = append(c.Attempts, callback.Attempt{Agent: a, Legs: []callback.Leg{{Endpoint: "tel:+1"}, {Endpoint: cti.Endpoint("web:" + string(a))}}})
		}
		return c
	}
	h.Publish(calls(), nil)
	h.Publish(calls(ann, ann), nil)
	h.Publish(calls(ann, bob), nil)
	transfer := calls(ann)
	transfer.Attempts[0].Legs[1].Endpoint = cti.Endpoint("web:" + string(bob)) // a transfer rings her
	h.Publish(transfer, nil)
	for name, want := range map[string]int{"ann": 3, "bob": 2, "acme": 4, "zen": 0, "all": 4} {
		if got := len(feeds[name].C()); got != want {
			t.Errorf("%s is told %d steps, want %d", name, got, want)
		}
		feeds[name].Close()
		feeds[name].Close()
	}
	if len(h.feeds) != 0 {
		t.Errorf("%d are left", len(h.feeds))
	}
}

// Who does not read is cut off; nobody waits for it, and others read on.
func TestSlowReaderIsCut(t *testing.T) {
	h := NewHub()
	slow, other := h.Follow(About{Agent: ann}), h.Follow(About{})
	c := &callback.Callback{Subscriber: "acme", Attempts: []callback.Attempt{{Agent: ann}}}
	for range backlog {
		h.Publish(c, nil)
		<-other.C()
	}
	if slow.Slow() {
		t.Fatal("cut off too soon")
	}
	h.Publish(c, nil)
	n := 0
	for range slow.C() {
		n++
	}
	if n != backlog || !slow.Slow() || other.Slow() {
		t.Errorf("%d read, slow %v, other %v", n, slow.Slow(), other.Slow())
	}
	h.Close()
	<-other.C()
	if _, open := <-other.C(); open || other.Slow() {
		t.Error("the hub is closed")
	}
	if f := h.Follow(About{}); f == nil {
		t.Error("a closed hub has no feed")
	} else if _, open := <-f.C(); open {
		t.Error("a closed hub feeds")
	}
}

func TestFeedsAreBounded(t *testing.T) {
	h := NewHub()
	for range MaxFeeds {
		h.Follow(About{})
	}
	if h.Follow(About{}) != nil || h.Follow(About{Agent: ann}) == nil {
		t.Error("the bound")
	}
}

// The service waits for readers, not for ever.
func TestHubWaits(t *testing.T) {
	h := NewHub()
	leave := h.Enter()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if h.Wait(ctx) == nil {
		t.Error("it does not wait")
	}
	leave()
	if err := h.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// The level is that of the last half hour.
func TestLevel(t *testing.T) {
	h := NewHub()
	noon := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	serve := func(at, after time.Duration, to callback.State, o callback.Outcome) {
		h.Publish(&callback.Callback{Subscriber: "acme", ArrivedAt: noon.Add(at - after), Outcome: o}, []callback.Line{{At: noon.Add(at), From: callback.RingingVisitor, To: to}})
	}
	if _, ok := h.Level("acme", time.Minute, noon); ok {
		t.Error("a level of nothing")
	}
	serve(0, 10*time.Second, callback.Connected, "")
	serve(time.Minute, 2*time.Minute, callback.Connected, "")
	serve(2*time.Minute, time.Minute, callback.Ended, callback.NoAgent)
	serve(3*time.Minute, time.Minute, callback.Ended, callback.Completed) // was counted when it began
	serve(4*time.Minute, time.Minute, callback.Connected, "")
	if share, ok := h.Level("acme", time.Minute, noon.Add(5*time.Minute)); !ok || share != 0.5 {
		t.Errorf("%v %v", share, ok)
	}
	if share, ok := h.Level("acme", 2*time.Minute, noon.Add(5*time.Minute)); !ok || share != 0.75 {
		t.Errorf("within two minutes: %v %v", share, ok)
	}
	if share, _ := h.Level("acme", time.Minute, noon.Add(32*time.Minute)); share != 0.5 {
		t.Errorf("after half an hour %v", share) // the NoAgent of minute 2 and the last
	}
	if _, ok := h.Level("acme", time.Minute, noon.Add(time.Hour)); ok {
		t.Error("after an hour")
	}
}
