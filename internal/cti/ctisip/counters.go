package ctisip

import (
	"maps"
	"sync"
	"sync/atomic"

	"ringback/internal/cti/ctisip/media"
)

// Counters are the figures of a switch, for metrics.
type Counters struct {
	LegsLive        Tally // by kind: tel, sip
	LegsEnded       Tally // by cause
	Refused         Tally // orders, by error
	SIPDropped      Tally // messages, by why
	OutOfPlace      Tally // commands and messages that did not fit, by what
	Registered      Tally // telephones that are registered, by transport
	Arrived         Tally // calls that came in over trunks: taken, full
	Dialled         Tally // calls that telephones began, by what became of them: refused, emergency, emergency_refused
	RegisterRefused Tally // REGISTERs, by why: password, replay, banned, rate
	Panics          atomic.Int64
	SilentFailovers atomic.Int64
	RTP             media.Counters
}

// Tally counts by label. The zero Tally is empty.
type Tally struct {
	mu sync.Mutex
	m  map[string]int64
}

// Add adds n to the count of label.
func (t *Tally) Add(label string, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m == nil {
		t.m = map[string]int64{}
	}
	t.m[label] += n
}

// Of returns the count of label.
func (t *Tally) Of(label string) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.m[label]
}

// All returns a copy of the counts.
func (t *Tally) All() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.m)
}
