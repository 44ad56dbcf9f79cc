package storetest

import (
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// ofNumber: the newest that is live, or ended since; of this business only.
func ofNumber(t *testing.T, h *House) {
	find := func(since time.Time) string {
		t.Helper()
		c, err := h.OfNumber(t.Context(), h.Acme, "hash of +12025550100", since)
		if err != nil {
			t.Fatal(err)
		}
		if c == nil {
			return ""
		}
		return string(c.ID)
	}
	if got := find(time.Time{}); got != "" {
		t.Errorf("found %s of nothing", got)
	}
	first := h.Made("+12025550100")
	h.Made("+12025550101")
	if got := find(h.Clock.Now().Add(time.Hour)); got != string(first.ID) {
		t.Errorf("a live one: found %q", got)
	}
	h.End(first.ID)
	ended := h.read(first.ID).EndedAt
	if got := find(ended); got != string(first.ID) {
		t.Errorf("ended then: found %q", got)
	}
	if got := find(ended.Add(time.Microsecond)); got != "" {
		t.Errorf("ended before: found %q", got)
	}
	call := h.Wish("+12025550100")
	call.Callback.Inbound, call.Callback.Order, call.Callback.NumberHash = true, callback.CallerFirst, "call:"+string(call.Callback.ID)
	if err := h.Create(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	h.step(call.Callback.ID, func(c *callback.Callback) {
		c.NumberHash, c.State, c.Outcome, c.EndedAt, c.DueAt = "hash of +12025550100", callback.Ended, callback.Completed, h.Clock.Now(), time.Time{}
	})
	if got := find(ended); got != string(first.ID) {
		t.Errorf("a call that came in is no callback: found %q", got)
	}
	second := h.Made("+12025550100")
	if got := find(time.Time{}); got != string(second.ID) {
		t.Errorf("two: found %q", got)
	}
	if c, err := h.OfNumber(t.Context(), h.Zen, "hash of +12025550100", time.Time{}); err != nil || c != nil {
		t.Errorf("another business found %v, %v", c, err)
	}
}

// becomesCallback: what a call that came in is kept as, and what changes when its caller wants to be called. The number may
// be live already: then it is refused.
func becomesCallback(t *testing.T, h *House) {
	n := h.Wish("+12025550100")
	c := n.Callback
	c.Inbound, c.Resumes, c.Order, c.NumberHash = true, "cb_before", callback.CallerFirst, "call:"+string(c.ID)
	if err := h.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if got := h.read(c.ID); !got.Inbound || got.Resumes != "cb_before" || got.Order != callback.CallerFirst {
		t.Errorf("kept as %+v", got)
	}
	becomes := func(c *callback.Callback) { c.Order, c.NumberHash = subscriber.AgentFirst, "hash of +12025550100" }
	other := h.Made("+12025550100")
	_, err := h.Step(t.Context(), c.ID, func(c *callback.Callback) (callback.Change, error) {
		becomes(c)
		return callback.Change{Lines: []callback.Line{{At: h.Clock.Now(), Actor: callback.ByVisitor, From: c.State, Event: "put_off", To: c.State}}}, nil
	})
	wants(t, err, fault.NumberBusy)
	h.End(other.ID)
	h.step(c.ID, becomes)
	if got := h.read(c.ID); !got.Inbound || got.Order != subscriber.AgentFirst || got.NumberHash != "hash of +12025550100" {
		t.Errorf("became %+v", got)
	}
}

// lastAgent: of this number and business, who talked last, and not too long ago; who only let it ring did not talk.
func lastAgent(t *testing.T, h *House) {
	find := func(sub id.Subscriber, since time.Time) id.Agent {
		t.Helper()
		a, err := h.LastAgent(t.Context(), sub, "hash of +12025550100", since)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	talked := func(who id.Agent, result callback.Result) time.Time {
		n := h.Wish("+12025550100")
		h.Ring(&n)
		n.Callback.Attempts[0].Agent = who
		if err := h.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		h.Clock.Pass(time.Minute)
		h.step(n.Callback.ID, func(c *callback.Callback) {
			c.Attempts[0].Result, c.Attempts[0].EndedAt = result, h.Clock.Now()
			c.State, c.Outcome, c.EndedAt, c.DueAt = callback.Ended, callback.Completed, h.Clock.Now(), time.Time{}
		})
		return h.Clock.Now()
	}
	if got := find(h.Acme, time.Time{}); got != "" {
		t.Errorf("nobody talked: %q", got)
	}
	at := talked(h.Ann, callback.ResultConnected)
	if got := find(h.Acme, at.Add(-time.Second)); got != h.Ann {
		t.Errorf("ann talked: %q", got)
	}
	talked(h.Bob, callback.ResultAgentNoAnswer)
	if got := find(h.Acme, time.Time{}); got != h.Ann {
		t.Errorf("bob let it ring: %q", got)
	}
	at = talked(h.Bob, callback.ResultConnected)
	if got := find(h.Acme, time.Time{}); got != h.Bob {
		t.Errorf("bob talked: %q", got)
	}
	if got := find(h.Acme, at.Add(time.Second)); got != "" {
		t.Errorf("long ago: %q", got)
	}
	if got := find(h.Zen, time.Time{}); got != "" {
		t.Errorf("another business: %q", got)
	}
}
