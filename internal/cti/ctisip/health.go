package ctisip

import (
	"fmt"
	"net/netip"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/locate"
	"ringback/internal/id"
)

// health is what is known of where a trunk is and how it is. It is shared by a trunk's keeper and its calls, under the
// switch's lock.
type health struct {
	targets  []*target // in the order in which they are tried
	lost     string    // why its name has no address
	accounts []account
	is       cti.LineCondition
	reason   string
	since    time.Time
}

// target is one address of a trunk.
type target struct {
	locate.Target
	answered bool      // it has answered something, once
	pinged   bool      // it answers questions
	misses   int       // questions in a row without an answer
	down     bool      // it has stopped to answer
	doubt    time.Time // it never answers questions and was silent to a call: not used until then
	why      string
}

// account is how a registration is.
type account struct {
	user       string
	registered bool
	until      time.Time
	why        string // why not; "" = nothing was answered yet
}

// Limits of what is thought of a target.
const (
	enoughMisses = 2                // after so many it is down
	doubtful     = 30 * time.Second // how long a call's silence counts against one that answers no questions
	longestRest  = 5 * time.Minute
)

// found replaces the targets; what is known of those that stay is kept.
func (h *health) found(all []locate.Target) {
	old := map[locate.Target]*target{}
	for _, t := range h.targets {
		old[t.Target] = t
	}
	h.targets, h.lost = nil, ""
	for _, t := range all {
		if k := old[t]; k != nil {
			h.targets = append(h.targets, k)
			continue
		}
		h.targets = append(h.targets, &target{Target: t})
	}
}

func (t *target) bad(now time.Time) bool { return t.down || now.Before(t.doubt) }

// usable are the targets in the order in which they are tried: those that do not answer last.
func (h *health) usable(now time.Time) []*target {
	out := make([]*target, 0, len(h.targets))
	for _, bad := range []bool{false, true} {
		for _, t := range h.targets {
			if t.bad(now) == bad {
				out = append(out, t)
			}
		}
	}
	return out
}

// at finds the target of an address.
func (h *health) at(a netip.AddrPort) *target {
	for _, t := range h.targets {
		if t.Addr == a {
			return t
		}
	}
	return nil
}

// judge says how a trunk is now. The switch's lock is held.
func (l *line) judge(now time.Time) (cti.LineCondition, string) {
	h := l.health
	if now.Before(l.rests) {
		return cti.LineResting, "it asked to be left alone (503 with Retry-After)"
	}
	if len(h.targets) == 0 {
		return cti.LineDown, h.lost
	}
	heard, why := false, ""
	bad := 0
	for _, t := range h.targets {
		heard = heard || t.answered && !t.bad(now)
		if t.bad(now) {
			bad++
			why = t.why
		}
	}
	if bad == len(h.targets) {
		return cti.LineDown, why
	}
	if l.Register {
		if c, why := h.registration(); c != cti.LineUp {
			return c, why
		}
	}
	if heard {
		return cti.LineUp, why
	}
	return cti.LineUnknown, "it has not answered yet"
}

// registration says how the registrations are: one that holds is enough.
func (h *health) registration() (cti.LineCondition, string) {
	why, open := "", false
	for _, a := range h.accounts {
		switch {
		case a.registered:
			return cti.LineUp, ""
		case a.why != "":
			why = fmt.Sprintf("account %s is not registered: %s", a.user, a.why)
		default:
			open = true
		}
	}
	if why != "" && !open {
		return cti.LineDown, why
	}
	return cti.LineRegistering, "the answer to our registration is awaited"
}

// weigh judges the trunk again and logs what changed. The switch's lock is held.
func (sw *Switch) weigh(l *line) {
	now := time.Now()
	is, why := l.judge(now)
	h := l.health
	if is == h.is {
		h.reason = why
		return
	}
	was := h.is
	h.is, h.reason, h.since = is, why, now
	log := sw.c.Log.Info
	if is == cti.LineDown {
		log = sw.c.Log.Warn
	}
	if was != "" || is == cti.LineDown {
		log("trunk", "trunk", l.Slug, "state", is, "was", was, "reason", why)
	}
}

// heardOf is a sign of life of a target.
func (sw *Switch) heardOf(trunk *line, at netip.AddrPort) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	l := sw.lines.current(trunk)
	if t := l.health.at(at); t != nil && (!t.answered || t.misses > 0 || t.down || !t.doubt.IsZero()) {
		t.answered, t.misses, t.down, t.doubt, t.why = true, 0, false, time.Time{}, ""
		sw.weigh(l)
	}
}

// missed is a question, or a call (whole), that was not answered in 4 s.
func (sw *Switch) missed(trunk *line, at netip.AddrPort, whole bool, why string) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	l := sw.lines.current(trunk)
	t := l.health.at(at)
	if t == nil {
		return
	}
	if t.misses++; whole {
		t.misses = max(t.misses, enoughMisses)
	}
	switch {
	case t.misses < enoughMisses:
		return
	case t.answered && l.Ping > 0:
		t.down = true
	case whole:
		t.doubt = time.Now().Add(doubtful)
		time.AfterFunc(doubtful, func() { sw.reweigh(l.ID) })
	default:
		return // it may be one that never answers questions
	}
	t.why = why
	sw.weigh(l)
}

// reweigh judges a trunk again when a time has passed.
func (sw *Switch) reweigh(k id.Trunk) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	if l := sw.lines[k]; l != nil {
		sw.weigh(l)
	}
}

// rest lets a trunk rest that asked for it.
func (sw *Switch) rest(trunk *line, d time.Duration) {
	d = min(d, longestRest)
	sw.mu.Lock()
	defer sw.mu.Unlock()
	l := sw.lines.current(trunk)
	l.rests = time.Now().Add(d)
	sw.weigh(l)
	time.AfterFunc(d, func() { sw.reweigh(l.ID) })
}
