package ctisip

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/id"
)

// line is a trunk with what is known of it: where it is and how it is, how many calls it carries, until when it rests.
type line struct {
	cti.Trunk
	identity *dialog.Identity // over TLS
	calls    int
	rests    time.Time
	tokens   float64
	filled   time.Time
	health   *health
	figures  *figures
}

// lines are all trunks. Its methods are called under the switch's lock.
type lines map[id.Trunk]*line

// Trunks replaces the trunks. A trunk whose name does not resolve keeps the addresses it had. Calls that are up stay, and
// so do registrations of which nothing was changed.
func (sw *Switch) Trunks(ctx context.Context, all []cti.Trunk) error {
	fresh := lines{}
	for _, t := range all {
		l := &line{Trunk: t, health: &health{}, figures: &figures{}}
		for _, s := range t.AcceptFrom {
			if _, err := prefix(s); err != nil {
				return fmt.Errorf("trunk %s: accept_from: %w", t.Slug, err)
			}
		}
		var err error
		if l.identity, err = identityOf(t); err != nil {
			return fmt.Errorf("trunk %s: %w", t.Slug, err)
		}
		fresh[t.ID] = l
	}
	sw.keeping.Lock()
	defer sw.keeping.Unlock()
	sw.lookUp(ctx, fresh)
	sw.mu.Lock()
	for k, l := range fresh {
		if old := sw.lines[k]; old != nil {
			l.calls, l.rests, l.tokens, l.filled, l.figures = old.calls, old.rests, old.tokens, old.filled, old.figures
			if len(l.health.targets) == 0 && old.Address == l.Address {
				l.health = old.health // found now or before
			}
		}
	}
	sw.lines = fresh
	sw.letIn()
	sw.mu.Unlock()
	sw.keep(fresh)
	return nil
}

// samePlace says whether what was found for one trunk holds for the other.
func samePlace(a, b cti.Trunk) bool { return a.Address == b.Address && a.Family == b.Family }

// letIn opens the doors to where the trunks are. The switch's lock is held.
func (sw *Switch) letIn() {
	sources, nets := map[netip.Addr]bool{}, []netip.Prefix{}
	for _, l := range sw.lines {
		for _, t := range l.health.targets {
			sources[t.Addr.Addr()] = true
		}
		for _, s := range l.AcceptFrom {
			if p, err := prefix(s); err == nil {
				nets = append(nets, p)
			}
		}
	}
	sw.doors.set(sources, nets)
}

func prefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

// carriers returns the trunks for a number, best first: those that are not down, then the longest prefix, the lowest
// priority, a draw by weight, and the name. Those that rest, have no room or no address are left out, and all but via.
func (ls lines) carriers(number string, via id.Trunk, now time.Time, random func(int) int) []*line {
	ranks := map[*line]rank{}
	var out []*line
	for _, l := range ls {
		n := l.carries(number)
		if n < 0 || via != "" && l.ID != via || len(l.health.targets) == 0 || now.Before(l.rests) || l.MaxCalls > 0 && l.calls >= l.MaxCalls {
			continue
		}
		ranks[l] = rank{down: l.health.is == cti.LineDown, prefix: n, priority: l.Priority}
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b *line) int {
		return cmp.Or(ranks[a].compare(ranks[b]), cmp.Compare(a.ID, b.ID))
	})
	for i := range out {
		n := i
		for n < len(out) && ranks[out[n]] == ranks[out[i]] {
			n++
		}
		draw(out[i:n], random)
	}
	return out
}

// rank is what decides between trunks before their weight.
type rank struct {
	down             bool
	prefix, priority int
}

func (a rank) compare(b rank) int {
	down := func(r rank) int {
		if r.down {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(down(a), down(b)), cmp.Compare(b.prefix, a.prefix), cmp.Compare(a.priority, b.priority))
}

// down says which trunks are not among the first because they are down; "" when the first would have been it anyway.
func (ls lines) down(all []*line) string {
	var out []string
	for _, l := range all[1:] {
		if l.health.is == cti.LineDown && all[0].health.is != cti.LineDown {
			out = append(out, fmt.Sprintf("trunk %s is down (%s)", l.Slug, l.health.reason))
		}
	}
	return strings.Join(out, "; ")
}

// draw brings one of the trunks to the front, each as often as its weight is of the sum. Without weights all stay.
func draw(all []*line, random func(int) int) {
	sum := 0
	for _, l := range all {
		sum += l.Weight
	}
	if len(all) < 2 || sum == 0 {
		return
	}
	n := random(sum)
	for i, l := range all {
		if n -= l.Weight; n < 0 {
			copy(all[1:i+1], all[:i])
			all[0] = l
			return
		}
	}
}

// account is who we are towards the trunk; the zero Account when it knows us by our address.
func (l *line) account() cti.Account {
	if all := l.Logins(); len(all) > 0 {
		return all[0]
	}
	return cti.Account{}
}

// current is the trunk as it is configured now; one that was taken away stays what it was.
func (ls lines) current(l *line) *line {
	if now := ls[l.ID]; now != nil {
		return now
	}
	return l
}

// carries returns the length of the longest prefix that fits, -1 = none.
func (l *line) carries(number string) int {
	best := -1
	for _, p := range l.Prefixes {
		if strings.HasPrefix(number, p) || p != "" && strings.HasPrefix(number, "+"+p) {
			best = max(best, len(strings.TrimPrefix(p, "+")))
		}
	}
	if len(l.Prefixes) == 0 {
		return 0
	}
	return best
}

// turn takes a place in the trunk's token bucket and returns how long to wait for it. The bucket holds a second's worth,
// at least one call.
func (l *line) turn(now time.Time) time.Duration {
	if l.CallsPerSecond <= 0 {
		return 0
	}
	full := max(1, l.CallsPerSecond)
	if l.filled.IsZero() {
		l.tokens = full
	} else {
		l.tokens = min(full, l.tokens+now.Sub(l.filled).Seconds()*l.CallsPerSecond)
	}
	l.filled = now
	l.tokens--
	if l.tokens >= 0 {
		return 0
	}
	return time.Duration(-l.tokens / l.CallsPerSecond * float64(time.Second))
}
