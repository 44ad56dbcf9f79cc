// Package locate finds where a SIP server is: RFC 3263 with SRV, A and AAAA, without NAPTR.
package locate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"ringback/internal/cti"
)

// Resolver is what is asked; a net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, addrs []*net.SRV, err error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Target is one place where a server listens.
type Target struct {
	Addr      netip.AddrPort
	Transport string // udp, tcp, tls
}

// Question is a name with what was said beside it.
type Question struct {
	Host      string // a name, or an address
	Port      int    // 0 = not said
	Transport string // "" = not said
	Family    cti.Family
}

// Ask makes the question of a sip: endpoint.
func Ask(e cti.Endpoint, f cti.Family) (Question, error) {
	_, host, port, transport, err := e.SIPURI()
	return Question{Host: host, Port: port, Transport: transport, Family: f}, err
}

// Patience bounds one look-up: a resolver that never answers blocks nothing for longer.
const Patience = 2 * time.Second

// most targets of one name.
const most = 8

// Literal answers a question that needs no resolver: its host is an address.
func (q Question) Literal() (Target, bool) {
	a, err := netip.ParseAddr(q.Host)
	if err != nil {
		return Target{}, false
	}
	transport := cmp.Or(q.Transport, "udp")
	return Target{netip.AddrPortFrom(a.Unmap(), uint16(cmp.Or(q.Port, cti.DefaultPort(transport)))), transport}, true
}

// Answer returns the targets in the order in which they are to be tried. random(n) is 0 <= r < n: it spreads the load
// among servers of equal priority (RFC 2782).
func (q Question) Answer(ctx context.Context, r Resolver, random func(int) int) ([]Target, error) {
	if t, ok := q.Literal(); ok {
		return []Target{t}, nil
	}
	ctx, done := context.WithTimeout(ctx, Patience)
	defer done()
	out, err := q.services(ctx, r, random)
	if len(out) == 0 && err == nil {
		transport := cmp.Or(q.Transport, "udp")
		out, err = q.addresses(ctx, r, q.Host, cmp.Or(q.Port, cti.DefaultPort(transport)), transport)
	}
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", q.Host, err)
	}
	return out[:min(len(out), most)], nil
}

// services asks for SRV records: only of a name without a port, and not of one that has no dot, which is a machine. A
// name server that cannot answer for them is no reason to give up: many know addresses only.
func (q Question) services(ctx context.Context, r Resolver, random func(int) int) ([]Target, error) {
	if q.Port != 0 || !strings.Contains(strings.TrimSuffix(q.Host, "."), ".") {
		return nil, nil
	}
	transports := []string{q.Transport}
	if q.Transport == "" {
		transports = []string{"udp", "tcp"}
	}
	for _, transport := range transports {
		service, proto := "sip", transport
		if transport == "tls" {
			service, proto = "sips", "tcp"
		}
		_, records, err := r.LookupSRV(ctx, service, proto, q.Host)
		if err != nil || len(records) == 0 {
			continue
		}
		if len(records) == 1 && strings.TrimSuffix(records[0].Target, ".") == "" {
			return nil, errors.New("its owner says that there is no such service (SRV \".\")")
		}
		var out []Target
		for _, s := range order(records, random) {
			more, err := q.addresses(ctx, r, strings.TrimSuffix(s.Target, "."), int(s.Port), transport)
			if err == nil {
				out = append(out, more...)
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, nil
}

func (q Question) addresses(ctx context.Context, r Resolver, host string, port int, transport string) ([]Target, error) {
	all, err := r.LookupNetIP(ctx, map[cti.Family]string{cti.Family4: "ip4", cti.Family6: "ip6"}[q.Family]+fallback(q.Family), host)
	if err != nil {
		return nil, err
	}
	var out []Target
	for _, a := range all {
		if a = a.Unmap(); q.Family == cti.Family4 && !a.Is4() || q.Family == cti.Family6 && !a.Is6() {
			continue
		}
		out = append(out, Target{netip.AddrPortFrom(a, uint16(port)), transport})
	}
	if len(out) == 0 {
		return nil, &net.DNSError{Err: "no address of that family", Name: host, IsNotFound: true}
	}
	slices.SortStableFunc(out, func(a, b Target) int { return cmp.Compare(a.Addr.Addr().BitLen(), b.Addr.Addr().BitLen()) })
	return out, nil
}

// fallback is the network of both families.
func fallback(f cti.Family) string {
	if f == cti.Family4 || f == cti.Family6 {
		return ""
	}
	return "ip"
}

// order sorts by priority and, among equals, draws by weight (RFC 2782: a heavy server is likely to come first, one of
// weight 0 hardly ever).
func order(records []*net.SRV, random func(int) int) []*net.SRV {
	rest := slices.Clone(records)
	slices.SortStableFunc(rest, func(a, b *net.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Port, b.Port))
	})
	var out []*net.SRV
	for len(rest) > 0 {
		n, sum := 0, 0
		for n < len(rest) && rest[n].Priority == rest[0].Priority {
			sum += int(rest[n].Weight)
			n++
		}
		draw, at, run := random(sum+1), 0, 0
		for at = range n {
			if run += int(rest[at].Weight); run >= draw {
				break
			}
		}
		out = append(out, rest[at])
		rest = slices.Delete(rest, at, at+1)
	}
	return out
}
