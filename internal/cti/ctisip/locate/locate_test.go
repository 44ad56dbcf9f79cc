package locate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"ringback/internal/cti"
)

// zone is a name server in a map: "_sip._udp.example.net" to "priority weight port target", names to addresses.
type zone struct {
	srv  map[string][]string
	ip   map[string][]string
	sick bool // answers nothing about services
}

func (z zone) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if z.sick {
		return "", nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	var out []*net.SRV
	for _, l := range z.srv["_"+service+"._"+proto+"."+name] {
		s := &net.SRV{}
		fmt.Sscan(l, &s.Priority, &s.Weight, &s.Port, &s.Target)
		out = append(out, s)
	}
	if out == nil {
		return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return name, out, nil
}

func (z zone) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	var out []netip.Addr
	for _, s := range z.ip[host] {
		if a := netip.MustParseAddr(s); network == "ip" || (network == "ip4") == a.Is4() {
			out = append(out, a)
		}
	}
	if out == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return out, nil
}

func TestAnswer(t *testing.T) {
	z := zone{
		srv: map[string][]string{
			"_sip._udp.both.example":  {"20 0 5060 backup.example.", "10 5 5080 main.example."},
			"_sip._tcp.both.example":  {"1 0 5090 main.example."},
			"_sips._tcp.both.example": {"1 0 5061 main.example."},
			"_sip._tcp.tcp.example":   {"1 0 5062 main.example."},
			"_sip._udp.none.example":  {"0 0 0 ."},
			"_sip._udp.lost.example":  {"1 0 5060 gone.example."},
		},
		ip: map[string][]string{"main.example": {"2001:db8::1", "192.0.2.1"}, "backup.example": {"192.0.2.2"}, "plain.example": {"192.0.2.3"},
			"both.example": {"192.0.2.9"}, "lost.example": {"192.0.2.4"}, "machine": {"192.0.2.5"}},
	}
	for _, c := range []struct {
		at     cti.Endpoint
		family cti.Family
		want   string // "!" = an error that holds this
	}{
		{"sip:192.0.2.7", "", "udp 192.0.2.7:5060"},
		{"sip:192.0.2.7:5070;transport=tcp", "", "tcp 192.0.2.7:5070"},
		{"sip:[2001:db8::7];transport=tls", "", "tls [2001:db8::7]:5061"},
		{"sip:both.example", "", "udp 192.0.2.1:5080, udp [2001:db8::1]:5080, udp 192.0.2.2:5060"},
		{"sip:both.example", cti.Family4, "udp 192.0.2.1:5080, udp 192.0.2.2:5060"},
		{"sip:both.example", cti.Family6, "udp [2001:db8::1]:5080"},
		{"sip:both.example;transport=tcp", cti.Family4, "tcp 192.0.2.1:5090"},
		{"sip:both.example;transport=tls", cti.Family4, "tls 192.0.2.1:5061"},
		{"sip:both.example:5070", "", "udp 192.0.2.9:5070"}, // a port: no services
		{"sip:tcp.example", cti.Family4, "tcp 192.0.2.1:5062"},
		{"sip:plain.example", "", "udp 192.0.2.3:5060"},
		{"sip:plain.example;transport=tls", "", "tls 192.0.2.3:5061"},
		{"sip:lost.example", "", "udp 192.0.2.4:5060"}, // a service on a machine that is gone
		{"sip:machine", "", "udp 192.0.2.5:5060"},
		{"sip:none.example", "", "!no such service"},
		{"sip:nowhere.example", "", "!no such host"},
		{"sip:plain.example", cti.Family6, "!look up plain.example"},
	} {
		q, err := Ask(c.at, c.family)
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.Answer(context.Background(), z, func(int) int { return 0 })
		var parts []string
		for _, g := range got {
			parts = append(parts, g.Transport+" "+g.Addr.String())
		}
		s := strings.Join(parts, ", ")
		if want, bad := strings.CutPrefix(c.want, "!"); bad != (err != nil) || bad && !strings.Contains(err.Error(), want) || !bad && s != want {
			t.Errorf("%s %s: %s (%v), want %s", c.at, c.family, s, err, c.want)
		}
	}
	z.sick = true
	q, _ := Ask("sip:plain.example", "")
	if got, err := q.Answer(context.Background(), z, func(int) int { return 0 }); err != nil || len(got) != 1 {
		t.Errorf("a server that knows no services: %v, %v", got, err)
	}
	var dns *net.DNSError
	q, _ = Ask("sip:nowhere.example", "")
	if _, err := q.Answer(context.Background(), z, func(int) int { return 0 }); !errors.As(err, &dns) {
		t.Errorf("%v does not say what the name server said", err)
	}
}

// Servers of equal priority share by weight; priority always decides first.
func TestOrder(t *testing.T) {
	records := []*net.SRV{{Target: "a", Priority: 1, Weight: 75}, {Target: "b", Priority: 1, Weight: 25}, {Target: "c", Priority: 0, Weight: 0}, {Target: "d", Priority: 1}}
	first := map[string]int{}
	n := 0
	for range 1000 {
		got := order(records, func(k int) int { n = (n*1103515245 + 12345) & 0x7fffffff; return (n >> 8) % k })
		if got[0].Target != "c" || len(got) != 4 {
			t.Fatalf("priority: %s first of %d", got[0].Target, len(got))
		}
		first[got[1].Target]++
	}
	if a, b, d := first["a"], first["b"], first["d"]; a < 650 || a > 850 || b < 150 || b > 350 || d > 40 {
		t.Errorf("a %d, b %d, d %d of 1000, want about 750, 250 and few", a, b, d)
	}
}
