package phones

import (
	"math"
	"sync/atomic"
	"time"
)

// Delays is a histogram that any goroutine may add to: steps of 10 µs up to 41 ms, and what is beyond.
type Delays struct {
	steps  [4096]atomic.Uint64
	beyond atomic.Uint64
	most   atomic.Int64
}

const step = 10 * time.Microsecond

// Add counts a delay; a negative one as none.
func (d *Delays) Add(x time.Duration) {
	i := int(max(x, 0) / step)
	if i < len(d.steps) {
		d.steps[i].Add(1)
	} else {
		d.beyond.Add(1)
	}
	for {
		m := d.most.Load()
		if int64(x) <= m || d.most.CompareAndSwap(m, int64(x)) {
			return
		}
	}
}

// Quantile returns the delay that the share p of all kept; 0 when there are none.
func (d *Delays) Quantile(p float64) time.Duration {
	var all, sum uint64
	for i := range d.steps {
		all += d.steps[i].Load()
	}
	all += d.beyond.Load()
	if all == 0 {
		return 0
	}
	want := uint64(math.Ceil(p * float64(all)))
	for i := range d.steps {
		if sum += d.steps[i].Load(); sum >= want {
			return time.Duration(i+1) * step
		}
	}
	return time.Duration(d.most.Load())
}

// Reset begins anew.
func (d *Delays) Reset() {
	for i := range d.steps {
		d.steps[i].Store(0)
	}
	d.beyond.Store(0)
	d.most.Store(0)
}
