package registrar

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"ringback/internal/cti"
)

// Target is where one registered telephone is reached.
type Target struct {
	User, Key string
	URI       string // its Contact
	Dest      netip.AddrPort
	Transport string
	Flow      bool // requests go to Dest whatever the Contact says
}

// Targets returns where the telephones of a name ring, and why none does.
func (r *Registrar) Targets(user string) (out []Target, cause cti.Cause, why string) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	cause, why = cti.UnallocatedNumber, "no telephone of "+user+" is registered"
	silent, busy := 0, 0
	var reached []*phone
	for _, p := range r.phones[user] {
		_, ok := r.target(p)
		switch {
		case !p.Until.After(now):
		case !ok || p.State == cti.RegSilent:
			silent++
		default:
			reached = append(reached, p)
		}
	}
	for _, p := range oneFlow(reached) {
		if now.Before(p.rests) {
			busy++
			continue
		}
		t, _ := r.target(p)
		out = append(out, t)
	}
	switch {
	case len(out) > 0:
		return out, "", ""
	case busy > 0:
		return nil, cti.UserBusy, "every telephone of " + user + " is busy"
	case silent > 0:
		return nil, cti.NoAnswer, fmt.Sprintf("the telephone of %s is registered and does not answer our pings (%d)", user, silent)
	}
	return nil, cause, why
}

// Known returns where a telephone of a name may have been rung before a restart.
func (r *Registrar) Known(user string) (out []Target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.phones[user] {
		if t, ok := r.target(p); ok {
			out = append(out, t)
		}
	}
	return out
}

// target is called under the lock. A stream is used while it is open; afterwards a telephone without a router between is
// called at its Contact.
func (r *Registrar) target(p *phone) (Target, bool) {
	t := Target{User: p.User, Key: p.Key(), URI: p.Contact, Transport: p.Transport}
	src, err := netip.ParseAddrPort(p.Source)
	if err != nil {
		return t, false
	}
	at, direct := contactAddr(p.Contact)
	switch {
	case p.Transport != "udp" && r.flows[p.Source], p.Transport == "udp" && p.NAT:
		t.Dest, t.Flow = src, true
	case p.NAT || !direct:
		return t, false
	default:
		t.Dest = at
	}
	return t, true
}

// Busy lets a telephone rest that said it was: the others of its owner go on ringing.
func (r *Registrar) Busy(user, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.find(key{user, name}); p != nil {
		p.rests = time.Now().Add(busyRest)
	}
}

// Pings are sent so often: to telephones behind a router, and on every stream.
const (
	pingMin    = 20 * time.Second
	pingSpread = 5000 // milliseconds
)

// Tick forgets what has expired, keeps what has changed, and returns whom to ping now. more = there is somebody left.
func (r *Registrar) Tick() (ping []Target, more bool) {
	now := time.Now()
	var gone []cti.Registration
	r.mu.Lock()
	for user, all := range r.phones {
		for _, p := range all {
			if !p.Until.After(now) {
				gone = append(gone, p.Registration)
				r.dirty[key{user, p.Key()}] = p.Registration
			}
		}
		all = slices.DeleteFunc(all, func(p *phone) bool { return !p.Until.After(now) })
		if r.phones[user] = all; len(all) == 0 {
			delete(r.phones, user)
		}
		for _, p := range all {
			if p.ping.IsZero() || now.Before(p.ping) {
				continue
			}
			r.plan(p, now)
			if t, ok := r.target(p); ok {
				ping = append(ping, t)
			} else {
				p.State = cti.RegSilent
			}
		}
	}
	due := len(r.dirty) > 0 && now.Sub(r.kept) >= keepEvery
	more = len(r.phones) > 0 || len(r.dirty) > 0 && r.c.Keep != nil
	r.mu.Unlock()
	for _, g := range gone {
		r.c.Log.Info("telephone gone", "user", g.User, "why", "expired", "address", g.Source)
		r.c.Change(g, false)
	}
	if due || len(gone) > 0 {
		if err := r.Flush(context.Background()); err != nil {
			r.c.Log.Warn("registrations not kept", "err", err)
		}
	}
	slices.SortFunc(ping, func(a, b Target) int { return strings.Compare(a.User+a.Key, b.User+b.Key) })
	return ping, more
}

// plan sets the next ping. A telephone without a router between needs none over UDP.
func (r *Registrar) plan(p *phone, now time.Time) {
	p.ping = time.Time{}
	if p.NAT || p.Transport != "udp" {
		p.ping = now.Add(pingMin + time.Duration(r.c.Random(pingSpread))*time.Millisecond)
	}
}

// Ponged takes the answer to a ping, or that there was none. A telephone that has never answered one may not know how.
func (r *Registrar) Ponged(t Target, alive bool) {
	r.mu.Lock()
	p := r.find(key{t.User, t.Key})
	if p == nil {
		r.mu.Unlock()
		return
	}
	was := p.State
	switch {
	case alive:
		p.State, p.ponged = cti.RegLive, true
	case p.ponged || t.Transport != "udp":
		p.State = cti.RegSilent
	}
	now := p.Registration
	r.mu.Unlock()
	if was != now.State {
		r.c.Log.Info("telephone", "user", now.User, "state", now.State, "address", now.Source)
	}
}

// Lost is told of a stream that has ended: whoever was reached by it alone is silent until it comes back.
func (r *Registrar) Lost(far netip.AddrPort) {
	s := far.String()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.flows, s)
	for _, all := range r.phones {
		for _, p := range all {
			if p.Source == s && p.Transport != "udp" && p.NAT {
				p.State = cti.RegSilent
			}
		}
	}
}
