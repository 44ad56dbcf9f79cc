package callback

import (
	"ringback/internal/cti"
	"ringback/internal/id"
)

// NewGate stands before a switch.
func NewGate(sw cti.Switch) *gate { return &gate{Switch: sw} }

// Shut shuts it, or lets go.
func (g *gate) Shut(on bool) { g.hold(on) }

// LookNow is the wake-up of a callback, whenever it was due.
func (c *Conductor) LookNow(cb id.Callback) { c.look(cb) }

// Awake says how many wake-ups are set and how many lie in the heap.
func (c *Conductor) Awake() (set, heap int) {
	c.wake.mu.Lock()
	defer c.wake.mu.Unlock()
	return len(c.wake.latest), len(c.wake.heap)
}

// Held says how many callbacks, choices and boxes are in memory.
func (c *Conductor) Held() (live, meant, boxes int) {
	c.mu.Lock()
	boxes = len(c.boxes)
	c.mu.Unlock()
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	return len(c.line.live) + len(c.line.scheduled), len(c.line.meant), boxes
}
