package callback

import (
	"container/heap"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// wake is the safety net of everything that was begun: one wake-up per callback, fed from due_at. A poll of the store
// once a second is the net below it.
type wake struct {
	now    func() time.Time
	mu     sync.Mutex
	heap   dueHeap
	latest map[id.Callback]time.Time
	moved  chan struct{}
}

func newWake(now func() time.Time) *wake {
	return &wake{now: now, latest: map[id.Callback]time.Time{}, moved: make(chan struct{}, 1)}
}

// at sets the callback's wake-up; zero takes it away.
func (w *wake) at(cb id.Callback, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.set(cb, t)
}

// unless sets a wake-up for a callback that has none.
func (w *wake) unless(cb id.Callback, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.latest[cb].IsZero() {
		w.set(cb, t)
	}
}

func (w *wake) set(cb id.Callback, t time.Time) {
	if t.IsZero() {
		delete(w.latest, cb)
		return
	}
	if w.latest[cb].Equal(t) {
		return
	}
	w.compact()
	w.latest[cb] = t
	heap.Push(&w.heap, dueItem{t, cb})
	if w.heap[0].cb == cb {
		select {
		case w.moved <- struct{}{}:
		default:
		}
	}
}

// compact drops what is superseded once it is most of the heap: a wake-up a month ahead would lie there for a month.
func (w *wake) compact() {
	if len(w.heap) < 2*len(w.latest)+64 {
		return
	}
	w.heap = w.heap[:0]
	for cb, t := range w.latest {
		w.heap = append(w.heap, dueItem{t, cb})
	}
	heap.Init(&w.heap)
}

// due takes out what is due now and tells how long until the next.
func (w *wake) due() (out []dueItem, next time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	for len(w.heap) > 0 {
		top := w.heap[0]
		if !w.latest[top.cb].Equal(top.at) {
			heap.Pop(&w.heap) // superseded
			continue
		}
		if top.at.After(now) {
			return out, top.at.Sub(now)
		}
		heap.Pop(&w.heap)
		delete(w.latest, top.cb)
		out = append(out, top)
	}
	return out, time.Hour
}

type dueItem struct {
	at time.Time
	cb id.Callback
}

type dueHeap []dueItem

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(dueItem)) }
func (h *dueHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func (c *Conductor) wakeLoop() {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-t.C:
		case <-c.wake.moved:
		}
		all, next := c.wake.due()
		for _, it := range all {
			c.Meter.Late(c.Now().Sub(it.at))
			c.spawn(func() { c.look(it.cb) })
		}
		t.Reset(next)
	}
}

// pollLoop finds what no wake-up in memory knows of: rows that another process wrote, or that a fault forgot.
func (c *Conductor) pollLoop() {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-t.C:
		}
		now := c.Now()
		all, err := c.store.Due(c.ctx, now.Add(-pollSlack), 1000)
		if err != nil {
			if c.ctx.Err() == nil {
				c.Log.Error("poll", "err", err)
			}
			continue
		}
		for _, cb := range all {
			if c.wake.knows(cb) {
				continue
			}
			c.Meter.Late(pollSlack)
			c.spawn(func() { c.look(cb) })
		}
	}
}

// pollSlack is how late a wake-up may be before the poll takes it up.
const pollSlack = 2 * time.Second

func (w *wake) knows(cb id.Callback) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.latest[cb]
	return ok
}

// look is the wake-up of one callback: ask the switch for its legs and decide again.
func (c *Conductor) look(cb id.Callback) {
	if c.draining.Load() && c.line.idle(cb) {
		return // nothing new is begun; the next start finds it
	}
	if c.line.parked(cb) {
		c.wake.unless(cb, c.Now().Add(lookAgain))
		return
	}
	facts, err := c.sw.Legs(c.ctx, cb)
	if err != nil {
		c.Log.Warn("the switch does not answer", "callback", cb, "err", err)
		c.wake.unless(cb, c.Now().Add(ActGrace))
		return
	}
	c.wake.unless(cb, c.Now().Add(lookAgain)) // until a step sets another; one that came meanwhile stays
	c.push(cb, job{do: func(d *draft) error {
		if d.Live() && !d.DueAt.After(d.at) {
			d.due(facts)
		}
		return nil
	}})
}

// lookAgain is how long a callback that is well is left alone.
const lookAgain = 15 * time.Second

func (l *line) idle(cb id.Callback) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.live[cb]
	return c == nil || c.State == Queued && !c.OnLine()
}

// due decides what a state's deadline means.
func (d *draft) due(facts []cti.LegFact) {
	switch d.State {
	case Scheduled:
		d.comesDue()
	case Queued:
		if d.OnLine() {
			d.callerDue(facts)
			return
		}
		if d.promised() {
			d.apply(Input{Event: OutOfTime, Actor: ByRingback, Reason: ReasonExpired, Detail: d.whyNot()})
			return
		}
		d.apply(Input{Event: NobodyLeft, Actor: ByRingback, Reason: ReasonNobodyReady, Detail: d.whyNot()})
	case RingingAgent, RingingVisitor, Connected:
		if d.State == Connected && d.OnLine() && !d.JoinedAt.IsZero() && d.DueAt.Before(d.talkEnds()) {
			d.DueAt = d.talkEnds()
			d.talkedEnough()
			d.note(ByRingback, "talked_enough", "%s is not needed any more", d.Resumes)
		}
		d.compare(facts)
	}
}
