package peer_test

import (
	"sync"
	"testing"
	"time"
)

// clock watches how late this machine wakes who asked to be woken: what a busy machine does to a figure is no fault of
// the program.
type clock struct {
	mu   sync.Mutex
	late map[int64]time.Duration // worst of each second
}

func watchClock(t *testing.T) *clock {
	c := &clock{late: map[int64]time.Duration{}}
	quit, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(quit); <-done })
	go func() {
		defer close(done)
		const step = 5 * time.Millisecond
		next := time.NewTimer(step)
		for {
			due := time.Now().Add(step)
			next.Reset(step)
			select {
			case now := <-next.C:
				c.note(now, time.Since(due))
			case <-quit:
				return
			}
		}
	}()
	return c
}

func (c *clock) note(at time.Time, late time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late[at.Unix()] = max(c.late[at.Unix()], late)
}

// worst is the longest delay since then.
func (c *clock) worst(since time.Time) (late time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at, d := range c.late {
		if at >= since.Unix() {
			late = max(late, d)
		}
	}
	return late
}
