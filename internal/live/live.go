// Package live is what screens show as it happens: a fan-out inside the process from steps that are on disk to the
// pages that watch them.
package live

import (
	"sync"

	"ringback/internal/callback"
	"ringback/internal/id"
)

// MaxWatchers of one callback. One more closes the oldest: somebody opened the page once more.
const MaxWatchers = 16

// Hub tells watchers of a callback its newest state. It never waits for one: who is slow misses what lay between.
type Hub struct {
	mu     sync.Mutex
	closed bool
	on     map[id.Callback][]*Watch
	feeds  map[About]map[*Feed]bool

	levels  levels
	readers sync.WaitGroup
}

// NewHub returns an empty hub.
func NewHub() *Hub { return &Hub{on: map[id.Callback][]*Watch{}} }

// Watch is one screen's view of one callback.
type Watch struct {
	hub *Hub
	cb  id.Callback
	c   chan *callback.Callback // holds the newest only
}

// Watch begins to follow a callback. Close it afterwards.
func (h *Hub) Watch(cb id.Callback) *Watch {
	w := &Watch{hub: h, cb: cb, c: make(chan *callback.Callback, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(w.c)
		return w
	}
	if all := h.on[cb]; len(all) >= MaxWatchers {
		close(all[0].c)
		h.on[cb] = all[1:]
	}
	h.on[cb] = append(h.on[cb], w)
	return w
}

// C carries the newest state. It is closed when the hub is, or when newer watchers took the place.
func (w *Watch) C() <-chan *callback.Callback { return w.c }

// Close ends the watch. It may be called twice.
func (w *Watch) Close() {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, other := range h.on[w.cb] {
		if other != w {
			continue
		}
		close(w.c)
		rest := append(append([]*Watch(nil), h.on[w.cb][:i]...), h.on[w.cb][i+1:]...)
		if len(rest) == 0 {
			delete(h.on, w.cb)
		} else {
			h.on[w.cb] = rest
		}
		return
	}
}

// Publish hands a step to the watchers of its callback and to the feeds it is about. It never blocks; the callback must not change any more.
func (h *Hub) Publish(c *callback.Callback, lines []callback.Line) {
	h.levels.note(c, lines)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.on[c.ID] {
		select {
		case <-w.c: // an older state that nobody took yet
		default:
		}
		w.c <- c // only Publish sends, under the lock: there is room
	}
	h.tell(c, lines)
}

// Watchers is how many screens are watching.
func (h *Hub) Watchers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, all := range h.on {
		n += len(all)
	}
	return n
}

// Close ends every watch, so that a server can stop.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, all := range h.feeds {
		for f := range all {
			h.end(f)
		}
	}
	for cb, all := range h.on {
		for _, w := range all {
			close(w.c)
		}
		delete(h.on, cb)
	}
}
