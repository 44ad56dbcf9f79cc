package media

import (
	"sync"
	"time"
)

// pacer wakes streams when their next packet is due: one goroutine and a heap for all of them, not a ticker each.
type pacer struct {
	start time.Time
	kick  chan struct{}
	stop  chan struct{}
	done  chan struct{}

	mu    sync.Mutex
	heap  []*Stream // by Stream.due, the earliest first; Stream.slot is the place plus one
	sleep int64     // until when the goroutine sleeps
}

const (
	// Due times are rounded up to grid, so that many streams share a wake-up. Packets are multiples of 10 ms long: all of a
	// stream are late by the same, so rounding adds no jitter.
	grid    = int64(10 * time.Millisecond)
	forever = int64(1) << 62
)

func newPacer() *pacer {
	p := &pacer{start: time.Now(), kick: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go p.run()
	return p
}

// now is nanoseconds since the engine began, never 0.
func (p *pacer) now() int64 { return int64(time.Since(p.start)) + 1 }

// wake lets s be ticked at due or before.
func (p *pacer) wake(s *Stream, due int64) {
	due = (due + grid - 1) / grid * grid
	p.mu.Lock()
	switch {
	case s.slot == 0:
		s.due = due
		p.heap = append(p.heap, s)
		s.slot = len(p.heap)
		p.up(len(p.heap) - 1)
	case due < s.due:
		s.due = due
		p.up(s.slot - 1)
	}
	early := p.heap[0].due < p.sleep
	p.mu.Unlock()
	if early {
		select {
		case p.kick <- struct{}{}:
		default:
		}
	}
}

// close ticks what is due for the last time and waits.
func (p *pacer) close() {
	close(p.stop)
	<-p.done
}

func (p *pacer) run() {
	defer close(p.done)
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		now := p.now()
		for s := p.pop(now); s != nil; s = p.pop(now) {
			if due := s.tick(now); due > 0 {
				p.wake(s, due)
			}
		}
		t.Reset(p.rest())
		select {
		case <-p.stop:
			for s := p.pop(forever); s != nil; s = p.pop(forever) {
				s.tick(p.now())
			}
			return
		case <-p.kick:
		case <-t.C:
		}
	}
}

// rest returns how long nothing is due.
func (p *pacer) rest() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sleep = forever
	if len(p.heap) == 0 {
		return time.Hour
	}
	p.sleep = p.heap[0].due
	return max(0, time.Duration(p.sleep-p.now()))
}

// pop takes the first stream off the heap if it is due.
func (p *pacer) pop(now int64) *Stream {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.heap) == 0 || p.heap[0].due > now {
		return nil
	}
	s, last := p.heap[0], len(p.heap)-1
	p.swap(0, last)
	p.heap[last] = nil
	p.heap = p.heap[:last]
	p.down(0)
	s.slot = 0
	return s
}

func (p *pacer) up(i int) {
	for i > 0 && p.heap[i].due < p.heap[(i-1)/2].due {
		p.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (p *pacer) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(p.heap) {
			return
		}
		if c+1 < len(p.heap) && p.heap[c+1].due < p.heap[c].due {
			c++
		}
		if p.heap[i].due <= p.heap[c].due {
			return
		}
		p.swap(i, c)
		i = c
	}
}

func (p *pacer) swap(i, j int) {
	h := p.heap
	h[i], h[j] = h[j], h[i]
	h[i].slot, h[j].slot = i+1, j+1
}
