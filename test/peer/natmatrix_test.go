package peer_test

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti/ctitest"
	"ringback/internal/simcarrier"
)

// desks are three desk telephones that register, one over each transport, and the number that each is joined with.
var desks = []struct {
	user, transport, number string
	port                    int
	hz                      float64
}{
	{"ann", "udp", "+12125550100", 5160, 1800},
	{"bea", "tcp", "+12135550100", 5170, 1900},
	{"cal", "tls", "+12145550100", 5180, 2000},
}

// TestNATMatrix: {no router, 1:1 translation for us, the telephones behind a router that masquerades, both} x {UDP, TCP,
// TLS with SRTP}. Telephones register; each is joined with somebody outside, tones go both ways, and whoever hangs up, the
// BYE arrives.
func TestNATMatrix(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	for _, c := range []struct {
		name         string
		ours, theirs bool
	}{{"none", false, false}, {"ours", true, false}, {"theirs", false, true}, {"both", true, true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMatrix(t, c.name, c.ours, c.theirs, "")
			for _, who := range []string{"telephone", "we"} {
				m.join(t)
				for i := range desks {
					m.hangUp(t, i, who)
				}
			}
		})
	}
}

// TestNATBindingLost: the telephones' router forgets every connection in mid call. Sound is back within 30 s over every
// transport, and over UDP a BYE arrives.
func TestNATBindingLost(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	m := newMatrix(t, "lost", false, true, "")
	m.join(t)
	before := make([]float64, len(desks))
	for i, d := range desks {
		before[i] = toneOf(m.entry(t, i), int(d.hz))
	}
	since := m.forget(t)
	for i, d := range desks {
		var e simcarrier.Entry
		if wait(t, time.Until(since.Add(30*time.Second)), func() (*simcarrier.Entry, bool) {
			e = m.entry(t, i)
			return &e, toneOf(e, int(d.hz)) >= before[i]+2
		}) == nil {
			t.Errorf("%s: no sound 30 s after the router forgot the call: %s", d.transport, asJSON(e))
			continue
		}
		t.Logf("%s: 2 s were heard again %v after the router forgot the call", d.transport, time.Since(since).Round(time.Second))
	}
	m.hangUp(t, 0, "we")
}

// TestNATIdle: nothing is up, and the telephones' router forgets every connection: how soon does each ring again? Over UDP
// the next REGISTER makes a new binding, within 30 s. A stream is gone for good. We know it at once; the telephone learns it
// when a REGISTER of its own, 27 s later, has been without an answer for 32 s, or by RFC 5626 when empty lines are not
// answered; baresip then waits 30 to 60 s more before it comes again. With two flows it rings over the other one.
func TestNATIdle(t *testing.T) {
	if os.Getenv("RINGBACK_TEST_LONG") == "" {
		t.Skip("long: whether telephones ring again is asked with RINGBACK_TEST_LONG=1")
	}
	needBaresip(t)
	t.Parallel()
	for name, outbound := range map[string]string{"plain": "", "outbound": "alone", "two flows": "and udp"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMatrix(t, "i"+name[:1], false, true, outbound)
			since := m.forget(t)
			left := map[int]bool{0: true, 1: true, 2: true}
			each := time.NewTicker(time.Second)
			defer each.Stop()
			for len(left) > 0 && time.Since(since) < 130*time.Second {
				<-each.C
				for i := range left {
					took := time.Since(since)
					if !m.rings(t, i) {
						continue
					}
					delete(left, i)
					t.Logf("%s: it rings %v after the router forgot it", desks[i].transport, took.Round(time.Second))
					most := map[string]time.Duration{"": 125 * time.Second, "alone": 95 * time.Second, "and udp": 30 * time.Second}[outbound]
					if i == 0 {
						most = 30 * time.Second
					}
					if took > most {
						t.Errorf("%s: that is more than %v", desks[i].transport, most)
					}
				}
			}
			for i := range left {
				t.Errorf("%s: it does not ring any more", desks[i].transport)
			}
		})
	}
}

// forget makes the telephones' router forget every connection, at that instant.
func (m *matrix) forget(t *testing.T) time.Time {
	t.Helper()
	do(t, m.net.far, "ip link set wan down && ip link set wan up && ip route add default via 203.0.113.201")
	return time.Now()
}

// matrix is a service with a carrier and three registered telephones.
type matrix struct {
	net     *internet
	s       *service
	carrier string
	phones  []*softphone
	calls   []string // by desk: the newest callback
}

// newMatrix starts it all. Telephones on streams keep them alive by themselves (RFC 5626) when outbound says so, alone or with a
// second flow over UDP.
func newMatrix(t *testing.T, tag string, ours, theirs bool, outbound string) *matrix {
	t.Helper()
	n := newPlaces(t, tag+"-")
	service, phone := "203.0.113.10", "203.0.113.203"
	if ours {
		service = "10.77.1.2"
		cable(t, n.service, "eth0", "10.77.1.2/24", n.near, "lan", "10.77.1.1/24")
		cable(t, n.near, "wan", "203.0.113.10/25", n.outside, "near", "203.0.113.1/25")
		do(t, n.service, "ip route add default via 10.77.1.1")
		do(t, n.near, "ip route add default via 203.0.113.1 && echo 1 > /proc/sys/net/ipv4/ip_forward")
		do(t, n.near, "iptables -t nat -A PREROUTING -i wan -d 203.0.113.10 -j DNAT --to-destination 10.77.1.2")
		do(t, n.near, "iptables -t nat -A POSTROUTING -o wan -s 10.77.1.2 -j SNAT --to-source 203.0.113.10")
	} else {
		cable(t, n.service, "eth0", "203.0.113.10/25", n.outside, "near", "203.0.113.1/25")
		do(t, n.service, "ip route add default via 203.0.113.1")
	}
	if theirs {
		phone = "10.88.1.2"
		cable(t, n.phone, "eth0", "10.88.1.2/24", n.far, "lan", "10.88.1.1/24")
		cable(t, n.far, "wan", "203.0.113.203/25", n.outside, "far", "203.0.113.201/25")
		do(t, n.phone, "ip route add default via 10.88.1.1")
		do(t, n.far, "ip route add default via 203.0.113.201 && echo 1 > /proc/sys/net/ipv4/ip_forward")
		do(t, n.far, "iptables -t nat -A POSTROUTING -o wan -p udp -j MASQUERADE --to-ports 50000-51000 --random")
		do(t, n.far, "iptables -t nat -A POSTROUTING -o wan -p tcp -j MASQUERADE --random")
		do(t, n.far, "iptables -A FORWARD -i wan -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP")
	} else {
		cable(t, n.phone, "eth0", "203.0.113.203/25", n.outside, "far", "203.0.113.201/25")
		do(t, n.phone, "ip route add default via 203.0.113.201")
	}
	do(t, n.outside, "echo 1 > /proc/sys/net/ipv4/ip_forward")
	m := &matrix{net: n, calls: make([]string, len(desks))}
	m.carrier = start(t, t.TempDir(), "carrier", n.outside.command(program(t, "carrier", "--listen", "udp://203.0.113.1:5070", "--http", "203.0.113.1:5071")))["http"]
	a := ctitest.NewAuthority(t)
	cert, key := a.Issue(time.Hour, "203.0.113.10")
	files := map[string]string{"cert.pem": string(cert), "key.pem": string(key)}
	public, agents := "", ""
	if ours {
		public = "public: {ip4: 203.0.113.10}\n"
	}
	for _, d := range desks {
		files[d.user+".pw"] = passwordOf(d.user)
		agents += fmt.Sprintf("  - {id: %[1]s, devices: [\"sip:%[1]s\"], password_file: %[1]s.pw}\n", d.user)
	}
	m.s = serve(t, config{http: service + ":8080", rtp: service + ":20000-20999", at: n.service, files: maps.Clone(files),
		sip:   strings.Join([]string{"udp://" + service + ":5060", "tcp://" + service + ":5060", "tls://" + service + ":5061"}, `", "`),
		doors: "anywhere", more: "url: http://" + service + ":8080\nsip_tls: {cert: cert.pem, key: key.pem}\n" + public},
		seed(`{id: net, address: "sip:203.0.113.1:5070"}`)+"\nagents:\n"+agents)
	for _, d := range desks {
		extra := ""
		if outbound != "" && d.transport != "udp" {
			extra = fmt.Sprintf(";sipnat=outbound;outbound=\"sip:203.0.113.10;transport=%s\"", d.transport)
			if outbound == "and udp" {
				extra += ";outbound2=\"sip:203.0.113.10;transport=udp\""
			}
		}
		account, by := fmt.Sprintf("<sip:%s@203.0.113.10;transport=%s>;auth_user=%[1]s;auth_pass=%[3]s;regint=60", d.user, d.transport, passwordOf(d.user))+extra, (*ctitest.Authority)(nil)
		if d.transport == "tls" {
			account, by = account+";mediaenc=srtp", a
		}
		m.phones = append(m.phones, securePhone(t, d.user, fmt.Sprintf("%s:%d", phone, d.port), d.hz, n.phone, account, by))
	}
	for _, p := range m.phones {
		if wait(t, soon, func() (*softphone, bool) { return p, p.said("200 OK") && p.said("binding") }) == nil {
			t.Fatalf("%s has not registered:\n%s", p.user, p.log())
		}
	}
	return m
}

func (m *matrix) entry(t *testing.T, i int) simcarrier.Entry {
	t.Helper()
	return entryOf(t, m.net.outside.client(), m.carrier, m.calls[i])
}

// join joins each desk with somebody outside and lets them hear each other.
func (m *matrix) join(t *testing.T) {
	t.Helper()
	for i, d := range desks {
		m.calls[i] = m.s.request(t, map[string]any{"button": "once", "number": d.number, "destination": "sip:" + d.user})
	}
	for i, d := range desks {
		m.s.connected(t, m.calls[i], soon)
		var e simcarrier.Entry
		if wait(t, 10*time.Second, func() (*simcarrier.Entry, bool) {
			e = m.entry(t, i)
			return &e, toneOf(e, int(d.hz)) >= 2
		}) == nil {
			t.Errorf("%s: the visitor heard the telephone for %.1f s", d.transport, toneOf(e, int(d.hz)))
		}
	}
}

// hangUp lets one side of a desk's call hang up, and wants the end to be known everywhere.
func (m *matrix) hangUp(t *testing.T, i int, who string) {
	t.Helper()
	d, p, cb := desks[i], m.phones[i], m.calls[i]
	what := d.transport + ", " + who + " hang up"
	if who == "we" {
		m.s.cancel(t, cb)
	} else {
		p.do("hangup")
	}
	r := m.s.await(t, cb, 40*time.Second, what, func(r *record) bool {
		return r.State == "ended" && r.last("visitor").EndedAt != nil && r.last("agent").EndedAt != nil
	})
	if r.Outcome != "completed" {
		t.Errorf("%s: outcome %s", what, r.Outcome)
	}
	var e simcarrier.Entry
	if wait(t, 5*time.Second, func() (*simcarrier.Entry, bool) { e = m.entry(t, i); return &e, !e.ByeAt.IsZero() }) == nil {
		t.Errorf("%s: no BYE at the carrier", what)
	}
	if wait(t, 5*time.Second, func() (*softphone, bool) { return p, p.calls() == 0 }) == nil {
		t.Errorf("%s: the telephone is still in its call", what)
	}
	if clear, own := p.hears(float64(e.ToneHz)); clear < 1500*time.Millisecond || own > 0 {
		t.Errorf("%s: the telephone heard the visitor's %d Hz for %v, itself for %v", what, e.ToneHz, clear, own)
	}
}

// rings says whether a desk rings when it is called; the call is taken back.
func (m *matrix) rings(t *testing.T, i int) bool {
	t.Helper()
	d := desks[i]
	cb := m.s.request(t, map[string]any{"button": "once", "number": d.number, "destination": "sip:" + d.user})
	r := m.s.await(t, cb, soon, "rung or not", func(r *record) bool {
		l := r.last("agent")
		return l.AnsweredAt != nil || l.EndedAt != nil || r.State == "ended" || l.SentAt != nil && time.Since(*l.SentAt) > 3*time.Second
	})
	answered := r.last("agent").AnsweredAt != nil
	m.s.ask(t, "POST", "/api/v1/callbacks/"+cb+"/cancel", map[string]any{})
	m.s.await(t, cb, 2*soon, "ended", func(r *record) bool { return r.State == "ended" })
	return answered
}
