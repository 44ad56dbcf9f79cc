package live

import (
	"context"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/id"
)

// Step is a step of a callback's life that is on disk.
type Step struct {
	Callback *callback.Callback // nobody may change it
	Lines    []callback.Line
}

// About is whose steps a feed carries: an agent's calls, a business's, or with neither all.
type About struct {
	Agent      id.Agent
	Subscriber id.Subscriber
}

// backlog is how many steps a reader may be behind. One that is further is cut off: it comes back and is told how
// everything is, which is quicker than what it missed.
const backlog = 128

// Feed carries steps to one reader.
type Feed struct {
	hub   *Hub
	about About
	c     chan Step
	slow  bool
}

// MaxFeeds of one agent or business: more tabs than anybody looks at.
const MaxFeeds = 64

// Follow begins a feed. Close it afterwards. nil = too many read that already.
func (h *Hub) Follow(a About) *Feed {
	f := &Feed{hub: h, about: a, c: make(chan Step, backlog)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(f.c)
		return f
	}
	if len(h.feeds[a]) >= MaxFeeds {
		return nil
	}
	if h.feeds == nil {
		h.feeds = map[About]map[*Feed]bool{}
	}
	if h.feeds[a] == nil {
		h.feeds[a] = map[*Feed]bool{}
	}
	h.feeds[a][f] = true
	return f
}

// C carries the steps in order. It is closed when the hub is, or when the reader was too slow.
func (f *Feed) C() <-chan Step { return f.c }

// Slow says whether the feed was cut because its reader was too far behind. It is known once C is closed.
func (f *Feed) Slow() bool {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	return f.slow
}

// Close ends the feed. It may be called twice.
func (f *Feed) Close() {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	f.hub.end(f)
}

// end takes a feed out, under the lock.
func (h *Hub) end(f *Feed) {
	if !h.feeds[f.about][f] {
		return
	}
	close(f.c)
	delete(h.feeds[f.about], f)
	if len(h.feeds[f.about]) == 0 {
		delete(h.feeds, f.about)
	}
}

// tell hands a step to the feeds that it is about, under the lock. It never waits for one.
func (h *Hub) tell(c *callback.Callback, lines []callback.Line) {
	if len(h.feeds) == 0 {
		return
	}
	s := Step{c, lines}
	h.send(About{}, s)
	h.send(About{Subscriber: c.Subscriber}, s)
	told := map[id.Agent]bool{"": true}
	for i := range c.Attempts {
		a := &c.Attempts[i]
		h.once(told, a.Agent, s)
		for j := range a.Legs {
			h.once(told, a.Legs[j].Agent, s)
			h.once(told, deskOf(a.Legs[j].Endpoint), s)
		}
	}
}

func (h *Hub) once(told map[id.Agent]bool, a id.Agent, s Step) {
	if !told[a] {
		told[a] = true
		h.send(About{Agent: a}, s)
	}
}

func (h *Hub) send(a About, s Step) {
	for f := range h.feeds[a] {
		select {
		case f.c <- s:
		default:
			f.slow = true
			h.end(f)
		}
	}
}

// deskOf is the agent whose browser an endpoint means, "" = it is no agent's.
func deskOf(e cti.Endpoint) id.Agent {
	if e.Kind() != cti.Web {
		return ""
	}
	if name := string(e)[len(cti.Web)+1:]; id.Has("agt_", name) {
		return id.Agent(name)
	}
	return ""
}

// Enter counts a reader that must have gone before the service stops; leave is called once.
func (h *Hub) Enter() (leave func()) {
	h.readers.Add(1)
	return h.readers.Done
}

// Wait waits until all who entered have left, or ctx ends.
func (h *Hub) Wait(ctx context.Context) error {
	gone := make(chan struct{})
	go func() { // ends with the last reader; a process that stops without them takes it along
		h.readers.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
