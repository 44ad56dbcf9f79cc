package ctisip

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/id"
)

// line is a trunk with what is known of it: where it is, how many calls it carries, until when it rests.
type line struct {
	cti.Trunk
	dest      netip.AddrPort
	transport string
	identity  *dialog.Identity // over TLS
	calls     int
	rests     time.Time
	tokens    float64
	filled    time.Time
}

// lines are all trunks. Its methods are called under the switch's lock.
type lines map[id.Trunk]*line

// resolvePatience bounds a look-up: a resolver that never answers blocks nothing for longer.
const resolvePatience = 2 * time.Second

// resolve returns the address of a sip: endpoint.
func resolve(ctx context.Context, e cti.Endpoint) (dest netip.AddrPort, transport string, err error) {
	_, host, port, transport, err := e.SIPURI()
	if err != nil {
		return dest, "", err
	}
	if transport == "" {
		transport = "udp"
	}
	if port == 0 {
		port = cti.DefaultPort(transport)
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		ctx, done := context.WithTimeout(ctx, resolvePatience)
		defer done()
		all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return dest, "", fmt.Errorf("resolve %s: %w", host, err)
		}
		slices.SortStableFunc(all, func(a, b netip.Addr) int { return cmp.Compare(a.Unmap().BitLen(), b.Unmap().BitLen()) })
		a = all[0]
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port)), transport, nil
}

// Trunks replaces the trunks. A trunk whose name does not resolve keeps the address it had. Calls that are up stay.
func (sw *Switch) Trunks(ctx context.Context, all []cti.Trunk) error {
	fresh := lines{}
	sources, nets := map[netip.Addr]bool{}, []netip.Prefix{}
	for _, t := range all {
		l := &line{Trunk: t}
		var err error
		if l.dest, l.transport, err = resolve(ctx, cti.Endpoint(t.Address)); err != nil {
			sw.c.Log.WarnContext(ctx, "trunk has no address", "trunk", t.ID, "error", err)
		}
		for _, s := range t.AcceptFrom {
			p, err := prefix(s)
			if err != nil {
				return fmt.Errorf("trunk %s: accept_from: %w", t.Slug, err)
			}
			nets = append(nets, p)
		}
		if l.identity, err = identityOf(t); err != nil {
			return fmt.Errorf("trunk %s: %w", t.Slug, err)
		}
		fresh[t.ID] = l
	}
	sw.mu.Lock()
	for k, l := range fresh {
		if old := sw.lines[k]; old != nil {
			l.calls, l.rests, l.tokens, l.filled = old.calls, old.rests, old.tokens, old.filled
			if !l.dest.IsValid() && old.Address == l.Address {
				l.dest, l.transport = old.dest, old.transport
			}
		}
		if l.dest.IsValid() {
			sources[l.dest.Addr()] = true
		}
	}
	sw.lines = fresh
	sw.mu.Unlock()
	sw.doors.set(sources, nets)
	return nil
}

func prefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

// carriers returns the trunks for a number, best first: the longest prefix, then the lowest priority, then the name.
// Those that rest or have no room are left out.
func (ls lines) carriers(number string, now time.Time) []*line {
	longest := map[*line]int{}
	var out []*line
	for _, l := range ls {
		n := l.carries(number)
		if n < 0 || !l.dest.IsValid() || now.Before(l.rests) || l.MaxCalls > 0 && l.calls >= l.MaxCalls {
			continue
		}
		longest[l] = n
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b *line) int {
		return cmp.Or(cmp.Compare(longest[b], longest[a]), cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.ID, b.ID))
	})
	return out
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
