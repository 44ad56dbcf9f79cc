package live

import (
	"testing"

	"ringback/internal/callback"
)

func at(v int64) *callback.Callback { return &callback.Callback{ID: "cb_1", Version: v} }

func TestWatcherSeesNewest(t *testing.T) {
	h := NewHub()
	slow, other := h.Watch("cb_1"), h.Watch("cb_2")
	for v := range int64(1000) {
		h.Publish(at(v), nil) // would hang here if it waited for a watcher
	}
	if got := <-slow.C(); got.Version != 999 {
		t.Errorf("a slow watcher got version %d, want the newest", got.Version)
	}
	select {
	case c := <-other.C():
		t.Errorf("watcher of cb_2 was told of %s", c.ID)
	case c := <-slow.C():
		t.Errorf("told twice, of version %d", c.Version)
	default:
	}
}

func TestCloseEndsWatches(t *testing.T) {
	h := NewHub()
	a, b := h.Watch("cb_1"), h.Watch("cb_1")
	a.Close()
	a.Close()
	if _, open := <-a.C(); open {
		t.Error("a closed watch still speaks")
	}
	h.Publish(at(1), nil)
	if c := <-b.C(); c.Version != 1 {
		t.Errorf("version %d", c.Version)
	}
	h.Close()
	if _, open := <-b.C(); open {
		t.Error("hub closed, watch open")
	}
	b.Close()
	if _, open := <-h.Watch("cb_1").C(); open {
		t.Error("a watch of a closed hub is open")
	}
	if n := h.Watchers(); n != 0 {
		t.Errorf("%d watchers left", n)
	}
}

func TestOldestGivesWay(t *testing.T) {
	h := NewHub()
	first := h.Watch("cb_1")
	for range MaxWatchers {
		h.Watch("cb_1")
	}
	if _, open := <-first.C(); open {
		t.Error("the oldest watch was kept")
	}
	if n := h.Watchers(); n != MaxWatchers {
		t.Errorf("%d watchers, want %d", n, MaxWatchers)
	}
	first.Close()
	if n := h.Watchers(); n != MaxWatchers {
		t.Errorf("%d watchers after the evicted one closed", n)
	}
}

func TestPublishWhileClosing(t *testing.T) {
	h := NewHub()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for v := range int64(500) {
			h.Publish(at(v), nil)
		}
	}()
	for range 100 {
		w := h.Watch("cb_1")
		w.Close()
	}
	<-done
}
