package live

import (
	"sync"
	"time"

	"ringback/internal/callback"
	"ringback/internal/id"
)

const (
	// levelWindow is over how long a level is counted.
	levelWindow = 30 * time.Minute
	// mostServed bounds what is remembered of one business.
	mostServed = 4096
)

// levels counts, business by business, how many were served in time lately.
type levels struct {
	mu  sync.Mutex
	all map[id.Subscriber][]served
}

type served struct {
	at     time.Time
	waited time.Duration // never, when nobody has served her
}

const never time.Duration = 1<<63 - 1

// note takes in a step: a talk that begins, or an end without one for want of somebody who answers.
func (l *levels) note(c *callback.Callback, lines []callback.Line) {
	for _, line := range lines {
		switch {
		case line.To == callback.Connected && line.From != callback.Connected:
			l.add(c.Subscriber, served{line.At, line.At.Sub(c.ArrivedAt)})
		case line.To == callback.Ended && line.From != callback.Ended && (c.Outcome == callback.NoAgent || c.Outcome == callback.Expired):
			l.add(c.Subscriber, served{line.At, never})
		}
	}
}

func (l *levels) add(s id.Subscriber, one served) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[id.Subscriber][]served{}
	}
	known := l.recent(s, one.at)
	if len(known) >= mostServed {
		known = known[1:]
	}
	l.all[s] = append(known, one)
}

// recent drops what is too old, under the lock.
func (l *levels) recent(s id.Subscriber, now time.Time) []served {
	known := l.all[s]
	for len(known) > 0 && now.Sub(known[0].at) > levelWindow {
		known = known[1:]
	}
	if l.all != nil {
		l.all[s] = known
	}
	return known
}

// of a business: the share that was served in time in the last half hour; false when there was nobody to serve.
func (l *levels) of(s id.Subscriber, within time.Duration, now time.Time) (share float64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.recent(s, now)
	n := 0
	for _, one := range known {
		if one.waited <= within {
			n++
		}
	}
	if len(known) == 0 {
		return 0, false
	}
	return float64(n) / float64(len(known)), true
}

// Level is the share of a business's callbacks of the last half hour that were served within a time from their arrival;
// false when there was nobody to serve.
func (h *Hub) Level(s id.Subscriber, within time.Duration, now time.Time) (share float64, ok bool) {
	return h.levels.of(s, within, now)
}
