// Package registrar knows which telephones are registered (RFC 3261 section 10): who may register, where each telephone
// is reached, and who has guessed at passwords too often. It speaks no SIP itself: requests come in and answers go out as
// the few values that matter, so that all of it is tried without a network.
//
// A name that nobody has is treated as one that somebody has, to the last byte and in the same time.
package registrar

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/internal/cti"
)

// Limits of a registration.
const (
	MinExpires  = 60 * time.Second // what a telephone may ask for; less is answered with 423
	MaxExpires  = time.Hour
	NATExpires  = 30 * time.Second // granted behind a router: a binding that the router lost is there again by then
	natPatience = 5 * time.Minute  // a telephone that does not heed this is kept so long while it answers
	busyRest    = time.Minute      // a telephone that said 486 is not rung for so long
	keepEvery   = 15 * time.Second // new expiries reach the disk so often
)

// Config is what a Registrar needs.
type Config struct {
	Key    []byte                            // of nonces; a new one for each process
	Random func(n int) int                   // 0 <= r < n
	Keep   cti.Registrations                 // nil = nothing is kept
	Change func(r cti.Registration, on bool) // told, without a lock, of each that came or went; nil = nobody
	Log    *slog.Logger                      //
	Count  func(what string)                 // of refusals, for metrics
}

// Registrar is the table of telephones.
type Registrar struct {
	c       Config
	nonces  nonces
	bans    bans
	plain   plain
	decoy   cti.Secret    // stands in for a name that nobody has
	writing chan struct{} // holds one while the disk is written

	mu       sync.Mutex
	secrets  map[string]cti.Secret
	phones   map[string][]*phone // by name, oldest first
	flows    map[string]bool     // far ends of streams that telephones have registered over and that are open
	dirty    map[key]cti.Registration
	owed     bool // the disk has refused something
	kept     time.Time
	restored bool
}

type key struct{ user, name string }

// phone is one registered telephone.
type phone struct {
	cti.Registration
	callID string
	cseq   uint32
	asked  time.Time // its newest REGISTER; zero = before a restart
	rests  time.Time // it was busy
	ping   time.Time // the next one
	ponged bool      // it has answered one
}

// New returns an empty table.
func New(c Config) *Registrar {
	if c.Change == nil {
		c.Change = func(cti.Registration, bool) {}
	}
	if c.Count == nil {
		c.Count = func(string) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Registrar{c: c, nonces: nonces{key: c.Key, random: c.Random, used: map[string]use{}}, bans: newBans(), plain: plain{asked: map[asker]*asking{}},
		decoy: cti.NewSecret("\x00", string(c.Key)), writing: make(chan struct{}, 1),
		secrets: map[string]cti.Secret{}, phones: map[string][]*phone{}, flows: map[string]bool{}, dirty: map[key]cti.Registration{}}
}

// Devices replaces the names. The first call brings back what was registered before a restart.
func (r *Registrar) Devices(ctx context.Context, all []cti.Device) error {
	if err := r.restore(ctx); err != nil {
		return err
	}
	var gone []cti.Registration
	r.mu.Lock()
	before := r.secrets
	r.secrets = map[string]cti.Secret{}
	for _, d := range all {
		r.secrets[d.User] = d.Secret
	}
	for user, was := range r.phones {
		now, there := r.secrets[user]
		if old, known := before[user]; there && (!known || old == now) {
			continue
		}
		for _, p := range was {
			gone = append(gone, p.Registration)
			r.dirty[key{user, p.Key()}] = p.Registration
		}
		delete(r.phones, user)
	}
	r.mu.Unlock()
	for _, g := range gone {
		r.c.Change(g, false)
	}
	return r.Flush(ctx)
}

func (r *Registrar) restore(ctx context.Context) error {
	r.mu.Lock()
	done := r.restored
	r.restored = true
	r.mu.Unlock()
	if done || r.c.Keep == nil {
		return nil
	}
	all, err := r.c.Keep.Registrations(ctx)
	if err != nil {
		r.mu.Lock()
		r.restored = false
		r.mu.Unlock()
		return err
	}
	now := time.Now()
	var back []cti.Registration
	r.mu.Lock()
	for i := range all {
		g := all[i]
		if !g.Until.After(now) {
			r.dirty[key{g.User, g.Key()}] = g
			continue
		}
		g.State = cti.RegLive // until a ping says otherwise
		if g.NAT && g.Transport != "udp" {
			g.State = cti.RegSilent // its stream has ended with the process before
		}
		r.phones[g.User] = append(r.phones[g.User], &phone{Registration: g, ping: now.Add(time.Duration(r.c.Random(3000)) * time.Millisecond)})
		back = append(back, g)
	}
	r.mu.Unlock()
	for _, g := range back {
		r.c.Change(g, true)
	}
	return nil
}

// Open says whether anybody may register at all.
func (r *Registrar) Open() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.secrets) > 0
}

// All lists the registered telephones, by name and age.
func (r *Registrar) All() []cti.Registration {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []cti.Registration
	for _, all := range r.phones {
		for _, p := range all {
			out = append(out, p.Registration)
		}
	}
	slices.SortStableFunc(out, func(a, b cti.Registration) int { return strings.Compare(a.User, b.User) })
	return out
}

// Owner returns the name whose telephone speaks from far, "" = none.
func (r *Registrar) Owner(far netip.AddrPort) string {
	s := far.String()
	r.mu.Lock()
	defer r.mu.Unlock()
	for user, all := range r.phones {
		for _, p := range all {
			if p.Source == s {
				return user
			}
		}
	}
	return ""
}

// Flush writes to disk what has changed; nil = it is there.
func (r *Registrar) Flush(ctx context.Context) error {
	if r.c.Keep == nil {
		return nil
	}
	select {
	case r.writing <- struct{}{}:
		defer func() { <-r.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mu.Lock()
	dirty := r.dirty
	r.dirty, r.kept = map[key]cti.Registration{}, time.Now()
	var put, gone []cti.Registration
	for k, was := range dirty {
		if p := r.find(k); p != nil {
			put = append(put, p.Registration)
		} else {
			gone = append(gone, was)
		}
	}
	r.mu.Unlock()
	if len(put)+len(gone) == 0 {
		return nil
	}
	err := r.c.Keep.KeepRegistrations(ctx, put, gone)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.owed = err != nil; r.owed {
		maps.Copy(r.dirty, dirty)
	}
	return err
}

// find is called under the lock.
func (r *Registrar) find(k key) *phone {
	for _, p := range r.phones[k.user] {
		if p.Key() == k.name {
			return p
		}
	}
	return nil
}
