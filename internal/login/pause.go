package login

import (
	"sync"
	"time"
)

// rule is how many failures cost nothing, and how long the longest pause is. Each failure beyond them doubles the pause,
// from one second.
type rule struct {
	free    int
	longest time.Duration
}

// One address at one name is held back soonest. A name alone is held back little: else a stranger could keep an agent
// out. An address alone stands for all who are behind one router.
var (
	pairRule    = rule{4, 15 * time.Minute}
	nameRule    = rule{20, 30 * time.Second}
	addressRule = rule{30, time.Minute}
)

const (
	forgotten   = time.Hour // without a failure
	mostPauses  = 16384
	longestName = 64 // letters of a name that count
)

// pauses slow down guessing. A try counts as failed until it is known to have succeeded, so that many at once count too.
type pauses struct {
	mu sync.Mutex
	on map[string]*failures
}

type failures struct {
	n           int
	last, until time.Time
}

// begin counts a try of address at name. Where a pause is on, it counts nothing and says how long that lasts.
func (p *pauses) begin(name, address string, now time.Time) (wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tidy(now)
	all := map[string]rule{pair(name, address): pairRule, "name " + short(name): nameRule, "address " + address: addressRule}
	for key := range all {
		if f := p.on[key]; f != nil {
			wait = max(wait, f.until.Sub(now))
		}
	}
	if wait > 0 {
		return wait
	}
	for key, r := range all {
		f := p.on[key]
		if f == nil || now.Sub(f.last) > forgotten {
			f = &failures{}
			p.on[key] = f
		}
		f.n, f.last = f.n+1, now
		if over := f.n - r.free; over > 0 {
			f.until = now.Add(min(r.longest, time.Second<<min(over-1, 20)))
		}
	}
	return 0
}

// succeeded takes back what begin counted. What the address failed at other names stays.
func (p *pauses) succeeded(name, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.on, pair(name, address))
	delete(p.on, "name "+short(name))
	if f := p.on["address "+address]; f != nil {
		f.n, f.until = f.n-1, time.Time{}
	}
}

// tidy bounds the memory of failures: the old go, and if that is not enough, any.
func (p *pauses) tidy(now time.Time) {
	if p.on == nil {
		p.on = map[string]*failures{}
	}
	if len(p.on) < mostPauses {
		return
	}
	for key, f := range p.on {
		if now.Sub(f.last) > forgotten {
			delete(p.on, key)
		}
	}
	for key, f := range p.on {
		if len(p.on) < mostPauses*3/4 {
			return
		}
		if f.until.Before(now) {
			delete(p.on, key)
		}
	}
	if len(p.on) >= mostPauses {
		clear(p.on)
	}
}

func pair(name, address string) string { return "pair " + short(name) + "\n" + address }

func short(name string) string { return name[:min(len(name), longestName)] }
