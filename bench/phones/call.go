package phones

import (
	"sync"
	"time"
)

// Call is one callback as its two telephones see it.
type Call struct {
	ID int
	Up chan struct{} // closed when both have been acknowledged
	// Over is closed when both have been hung up.
	Over chan struct{}

	mu      sync.Mutex
	asked   time.Time
	taken   time.Time
	why     string
	invited [2]time.Time
	acked   [2]bool
	ended   [2]bool
	upAt    time.Time
}

// Seen is what became of a call.
type Seen struct {
	Asked   time.Time // the request left
	Taken   time.Time // the system said yes; zero = no
	Invited time.Time // the first INVITE arrived at either telephone; zero = none
	UpAt    time.Time // the second ACK arrived; zero = not both
	Ended   bool      // both were hung up
	Why     string    // why it failed, as far as the asking side knows
}

// Asked notes that the request leaves now.
func (c *Call) Asked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = time.Now()
}

// Taken notes the answer to the request; a why other than "" is a failure.
func (c *Call) Taken(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if why == "" {
		c.taken = time.Now()
	} else if c.why == "" {
		c.why = why
	}
}

// Seen returns what became of it until now.
func (c *Call) Seen() Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Seen{Asked: c.asked, Taken: c.taken, UpAt: c.upAt, Ended: c.ended[0] && c.ended[1], Why: c.why}
	for _, at := range c.invited {
		if !at.IsZero() && (s.Invited.IsZero() || at.Before(s.Invited)) {
			s.Invited = at
		}
	}
	return s
}

func (c *Call) ring(s side, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.invited[s].IsZero() {
		c.invited[s] = at
	}
}

func (c *Call) ack(s side, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acked[s] = true
	if c.acked[0] && c.acked[1] && c.upAt.IsZero() {
		c.upAt = at
		close(c.Up)
	}
}

func (c *Call) end(s side) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended[s] {
		return
	}
	c.ended[s] = true
	if c.ended[0] && c.ended[1] {
		close(c.Over)
	}
}

// side is which of the two telephones.
type side int

const (
	visitor side = iota
	agent
)

// book finds calls by their number.
type book struct {
	mu sync.Mutex
	m  map[int]*Call
	n  int
}

func (b *book) add() *Call {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	c := &Call{ID: b.n, Up: make(chan struct{}), Over: make(chan struct{})}
	b.m[c.ID] = c
	return c
}

func (b *book) find(id int) *Call {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.m[id]
}

func (b *book) forget(c *Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.m, c.ID)
}
