package registrar

import (
	"net/netip"
	"sync"
	"time"
)

// Who guesses is not answered any more.
const (
	maxFailures   = 5  // of one name from one address
	maxStrangers  = 20 // of any names from one address
	banTime       = 10 * time.Minute
	perSecond     = 5.0 // requests of one address that is not registered
	burst         = 20.0
	allPerSecond  = 200.0 // of all such addresses together
	allBurst      = 400.0
	maxRemembered = 8192
)

// bans remembers who has failed, and how often strangers ask.
type bans struct {
	mu     sync.Mutex
	failed map[attempt]*strikes
	asking map[netip.Addr]*bucket
	all    bucket
}

// attempt is what is counted: a name from an address, or with user "" the address.
type attempt struct {
	from netip.Addr
	user string
}

type strikes struct {
	n     int
	since time.Time
	until time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newBans() bans {
	return bans{failed: map[attempt]*strikes{}, asking: map[netip.Addr]*bucket{}}
}

// network is what is counted as one address: a customer of an IPv6 network has a /64.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Is4() {
		return a
	}
	p, _ := a.Prefix(64)
	return p.Addr()
}

// banned says whether requests for user from an address are not answered.
func (b *bans) banned(from netip.Addr, user string) bool {
	now := time.Now()
	from = network(from)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range []attempt{{from, user}, {from, ""}} {
		if s := b.failed[k]; s != nil && now.Before(s.until) {
			return true
		}
	}
	return false
}

// fail counts a failure and says whether it began a ban.
func (b *bans) fail(from netip.Addr, user string) bool {
	now := time.Now()
	from = network(from)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep(now)
	one := b.strike(attempt{from, user}, maxFailures, now)
	return b.strike(attempt{from, ""}, maxStrangers, now) || one
}

func (b *bans) strike(k attempt, most int, now time.Time) bool {
	s := b.failed[k]
	if s == nil || now.Sub(s.since) > banTime {
		s = &strikes{since: now}
		b.failed[k] = s
	}
	if s.n++; s.n < most {
		return false
	}
	s.until = now.Add(banTime)
	s.since, s.n = now, 0
	return true
}

// forgive forgets the failures of a name that has proved its password.
func (b *bans) forgive(from netip.Addr, user string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.failed, attempt{network(from), user})
}

func (b *bans) sweep(now time.Time) {
	if len(b.failed) < maxRemembered {
		return
	}
	for k, s := range b.failed {
		if now.After(s.until) && now.Sub(s.since) > banTime || len(b.failed) > 2*maxRemembered {
			delete(b.failed, k)
		}
	}
}

// ask takes a place in the rate of strangers; false = not now.
func (b *bans) ask(from netip.Addr) bool {
	now := time.Now()
	from = network(from)
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.asking[from]
	if k == nil {
		if len(b.asking) >= maxRemembered {
			for a, o := range b.asking {
				if now.Sub(o.at) > 10*time.Second {
					delete(b.asking, a)
				}
			}
			if len(b.asking) >= maxRemembered {
				return false
			}
		}
		k = &bucket{}
		b.asking[from] = k
	}
	return k.take(now, perSecond, burst) && b.all.take(now, allPerSecond, allBurst)
}

func (k *bucket) take(now time.Time, rate, full float64) bool {
	if k.at.IsZero() {
		k.tokens = full
	}
	k.tokens = min(full, k.tokens+now.Sub(k.at).Seconds()*rate)
	k.at = now
	if k.tokens < 1 {
		return false
	}
	k.tokens--
	return true
}
