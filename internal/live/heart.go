package live

import (
	"sync"
	"time"

	"ringback/internal/id"
)

// Hearts knows which desks are alive. A desk may be open in several tabs; where one of them leads, which rings and holds
// the microphone, only that one counts.
type Hearts struct {
	now   func() time.Time
	began time.Time

	mu    sync.Mutex
	desks map[id.Agent]*desk
}

type desk struct {
	seen   time.Time
	tabs   map[*Tab]bool
	leader *Tab // nil = none
}

// NewHearts knows of no desk.
func NewHearts(now func() time.Time) *Hearts {
	return &Hearts{now: now, began: now(), desks: map[id.Agent]*desk{}}
}

// Tab is one page of a desk.
type Tab struct {
	hearts *Hearts
	agent  id.Agent
}

// Open notes a page that has just connected. Close it afterwards.
func (h *Hearts) Open(a id.Agent) *Tab {
	t := &Tab{h, a}
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.desks[a]
	if d == nil {
		d = &desk{tabs: map[*Tab]bool{}}
		h.desks[a] = d
	}
	d.tabs[t] = true
	if d.leader == nil {
		d.seen = h.now()
	}
	return t
}

// Beat notes a sign of life of the page.
func (t *Tab) Beat() {
	h := t.hearts
	h.mu.Lock()
	defer h.mu.Unlock()
	if d := h.desks[t.agent]; d != nil && (d.leader == nil || d.leader == t) {
		d.seen = h.now()
	}
}

// Lead says whether the page leads the others.
func (t *Tab) Lead(on bool) {
	h := t.hearts
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.desks[t.agent]
	switch {
	case d == nil || !d.tabs[t]:
	case on:
		d.leader, d.seen = t, h.now()
	case d.leader == t:
		d.leader = nil
	}
}

// Close notes that the page is gone. It may be called twice.
func (t *Tab) Close() {
	h := t.hearts
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.desks[t.agent]
	if d == nil {
		return
	}
	delete(d.tabs, t)
	if d.leader == t {
		d.leader = nil
	}
}

// Pages is how many pages of an agent's desk are open.
func (h *Hearts) Pages(a id.Agent) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d := h.desks[a]; d != nil {
		return len(d.tabs)
	}
	return 0
}

// Silent is for how long the desk of an agent has given no sign of life, since the start if it was never open.
func (h *Hearts) Silent(a id.Agent) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := h.began
	if d := h.desks[a]; d != nil {
		seen = d.seen
	}
	return h.now().Sub(seen)
}
