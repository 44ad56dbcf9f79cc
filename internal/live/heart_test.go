package live

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/directory"
	"ringback/internal/id"
)

// floor is where agents sit: Ann has a browser only, Bob a telephone too.
type floor struct {
	mu  sync.Mutex
	all map[id.Agent]agent.Status
}

func (f *floor) Agents() map[id.Agent]agent.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[id.Agent]agent.Status{}
	for a, st := range f.all {
		out[a] = st
	}
	return out
}

func (f *floor) Directory() *directory.Directory {
	return &directory.Directory{Agents: map[id.Agent]*agent.Agent{
		ann: {ID: ann, Devices: []agent.Device{{To: "web:" + "ann"}}},
		bob: {ID: bob, Devices: []agent.Device{{To: "web:" + "bob"}, {To: "tel:+12025550140"}}},
	}}
}

func (f *floor) SetPresence(_ context.Context, a id.Agent, p agent.Presence, reason string) (agent.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all[a] = agent.Status{Presence: p, Reason: reason, Since: time.Now()}
	return f.all[a], nil
}

func (f *floor) is(t *testing.T, a id.Agent, want agent.Presence, when string) {
	t.Helper()
	synctest.Wait()
	if got := f.Agents()[a].Presence; got != want {
		t.Errorf("%s: %s is %s, want %s", when, a, got, want)
	}
}

func watch(t *testing.T, run func(h *Hearts, f *floor)) {
	synctest.Test(t, func(t *testing.T) {
		f := &floor{all: map[id.Agent]agent.Status{ann: {Presence: agent.Ready}, bob: {Presence: agent.Ready}}}
		h := NewHearts(time.Now)
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { h.Watch(ctx, f, slog.New(slog.DiscardHandler)) })
		run(h, f)
		stop()
		done.Wait()
	})
}

// A desk that is silent for 10 s is away; one that answers is not; who has a telephone stays.
func TestAway(t *testing.T) {
	watch(t, func(h *Hearts, f *floor) {
		tab := h.Open(ann)
		for range 10 {
			time.Sleep(Ping)
			tab.Beat()
		}
		f.is(t, ann, agent.Ready, "answering")
		time.Sleep(AwayAfter - time.Second)
		f.is(t, ann, agent.Ready, "9 s silent")
		time.Sleep(2 * time.Second)
		f.is(t, ann, agent.Paused, "11 s silent")
		f.is(t, bob, agent.Ready, "never open, with a telephone")
		tab.Beat()
		if err := h.Back(t.Context(), f, ann); err != nil {
			t.Fatal(err)
		}
		f.is(t, ann, agent.Ready, "back")
		tab.Close()
		time.Sleep(AwayAfter + time.Second)
		f.is(t, ann, agent.Paused, "closed")
		time.Sleep(ReturnWithin)
		h.Open(ann)
		if err := h.Back(t.Context(), f, ann); err != nil {
			t.Fatal(err)
		}
		f.is(t, ann, agent.Paused, "back after two minutes")
	})
}

// Nobody has opened the desk since the service began.
func TestAwayAfterRestart(t *testing.T) {
	watch(t, func(h *Hearts, f *floor) {
		time.Sleep(AwayAfter - time.Second)
		f.is(t, ann, agent.Ready, "9 s")
		time.Sleep(2 * time.Second)
		f.is(t, ann, agent.Paused, "11 s")
	})
}

// Where one tab leads, another that answers does not make up for it; when it is closed, the other does.
func TestLeaderCounts(t *testing.T) {
	watch(t, func(h *Hearts, f *floor) {
		first, second := h.Open(ann), h.Open(ann)
		first.Lead(true)
		for range 3 {
			time.Sleep(Ping)
			second.Beat()
		}
		time.Sleep(2 * time.Second)
		f.is(t, ann, agent.Paused, "the leader is frozen")
		first.Close()
		second.Lead(true)
		if err := h.Back(t.Context(), f, ann); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			time.Sleep(Ping)
			second.Beat()
		}
		f.is(t, ann, agent.Ready, "the second leads")
		second.Lead(false)
		time.Sleep(Ping)
		second.Beat()
		f.is(t, ann, agent.Ready, "nobody leads")
	})
}
