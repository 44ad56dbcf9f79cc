package callback

import (
	"time"

	"ringback/internal/id"
)

// job is one thing to do to a callback. do must be pure: it may run several times.
type job struct {
	do    func(*draft) error
	miss  func()        // called when do returned an error or nothing was stored
	quiet bool          // may wait a moment for others, to share their commit
	keep  bool          // a fact: it is tried again when the store fails
	done  chan<- result // nil = nobody waits
}

type result struct {
	c   *Callback
	err error
}

// box holds what is to be done for one callback, in order.
type box struct {
	jobs    []job
	running bool
	waiting bool // a linger timer runs
}

// linger is how long a fact that changes no state waits to share the commit of the next.
const linger = 100 * time.Millisecond

// push puts a job into the callback's box and sees that somebody works on it.
func (c *Conductor) push(cb id.Callback, j job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		if j.done != nil {
			j.done <- result{nil, draining()}
		}
		return
	}
	b := c.boxes[cb]
	if b == nil {
		b = &box{}
		c.boxes[cb] = b
	}
	b.jobs = append(b.jobs, j)
	switch {
	case b.running:
	case !j.quiet:
		b.running = true
		c.wg.Go(func() { c.work(cb, b) })
	case !b.waiting:
		b.waiting = true
		c.wg.Go(func() { c.lingerThenWork(cb, b) })
	}
}

func (c *Conductor) lingerThenWork(cb id.Callback, b *box) {
	t := time.NewTimer(linger)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
		return
	}
	c.mu.Lock()
	b.waiting = false
	if b.running || len(b.jobs) == 0 {
		if !b.running {
			delete(c.boxes, cb)
			c.signalEmpty()
		}
		c.mu.Unlock()
		return
	}
	b.running = true
	c.mu.Unlock()
	c.work(cb, b)
}

// work empties the box. Everything that lies in it is decided together and is one commit. What the store did not take
// and must not be lost stays in front of what comes later: facts are taken in their order, whatever happens.
func (c *Conductor) work(cb id.Callback, b *box) {
	c.awaitDirectory()
	var kept []job
	for {
		c.mu.Lock()
		jobs := append(kept, b.jobs...)
		b.jobs = nil
		if len(jobs) == 0 || c.ctx.Err() != nil {
			b.running = false
			if !b.waiting {
				delete(c.boxes, cb)
				c.signalEmpty()
			}
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		kept = c.carryOut(cb, jobs)
	}
}

// awaitDirectory waits for the first one, for the switch may tell what happens before we have read it.
func (c *Conductor) awaitDirectory() {
	select {
	case <-c.read:
	case <-c.ctx.Done():
	}
}

// signalEmpty tells Stop, under the lock, that everything told is on disk.
func (c *Conductor) signalEmpty() {
	if c.emptied != nil && len(c.boxes) == 0 {
		close(c.emptied)
		c.emptied = nil
	}
}
