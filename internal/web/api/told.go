package api

import (
	"strconv"
	"sync"

	"ringback/internal/callback"
	"ringback/internal/id"
)

// mostTold bounds what is remembered of ends that were told.
const mostTold = 8192

// told remembers the version at which a callback's stream told its end: the record goes on for a moment after that,
// when the last telephone is put down, and a reader need not come for it.
type told struct {
	mu sync.Mutex
	at map[id.Callback]int64
}

// end notes that a reader has been told of c's end.
func (t *told) end(c *callback.Callback) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at == nil || len(t.at) >= mostTold {
		t.at = map[id.Callback]int64{}
	}
	if _, known := t.at[c.ID]; !known {
		t.at[c.ID] = c.Version
	}
}

// knows says whether a reader that comes back with this Last-Event-ID ("" = without one) has seen the end of c.
func (t *told) knows(last string, c *callback.Callback) bool {
	t.mu.Lock()
	end, ever := t.at[c.ID]
	t.mu.Unlock()
	seen, err := strconv.ParseInt(last, 10, 64)
	switch {
	case err != nil:
		return ever
	case ever:
		return seen >= end
	}
	return seen >= c.Version
}
