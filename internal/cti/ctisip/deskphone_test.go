package ctisip

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/internal/cti"
)

// deskphone registers, by hand.
type deskphone struct {
	*far
	user, password string
	contact        string
	callID         string
	cseq           int
	nc             int
	challenge      string // the newest WWW-Authenticate of its algorithm
	algorithm      string
	headers        []string // of its REGISTERs
}

func (b *bench) deskphone(addr, user, password string, on func(f *far, m *msg)) *deskphone {
	return &deskphone{far: b.far(addr, on), user: user, password: password, contact: "<sip:" + user + "@" + addr + ">",
		callID: "reg-" + addr, algorithm: "SHA-256"}
}

func param(h, name string) string {
	m := regexp.MustCompile(name + `="?([^",]+)"?`).FindStringSubmatch(h)
	if m == nil {
		return ""
	}
	return m[1]
}

// ask sends one REGISTER and returns its answer, nil = none came in 5 s.
func (p *deskphone) ask(more ...string) *msg {
	p.cseq++
	lines := []string{"REGISTER sip:10.0.0.1 SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKreg%s%d;rport", p.conn.LocalAddr(), strings.NewReplacer(".", "", ":", "").Replace(p.conn.LocalAddr().String()), p.cseq),
		"Max-Forwards: 70", "From: <sip:" + p.user + "@10.0.0.1>;tag=1", "To: <sip:" + p.user + "@10.0.0.1>",
		"Call-ID: " + p.callID, fmt.Sprintf("CSeq: %d REGISTER", p.cseq), "User-Agent: desk 1"}
	if p.contact != "" {
		lines = append(lines, "Contact: "+p.contact)
	}
	lines = append(append(lines, p.headers...), more...)
	p.send(udp(ours), lines, "")
	late := time.After(5 * time.Second)
	for {
		for _, m := range p.count("SIP/2.0") {
			if m.header("CSeq") == fmt.Sprintf("%d REGISTER", p.cseq) && m.header("Call-ID") == p.callID {
				return m
			}
		}
		select {
		case <-p.news:
		case <-late:
			return nil
		}
	}
}

func (p *deskphone) learn(m *msg) {
	for _, h := range m.all("WWW-Authenticate") {
		if param(h, "algorithm") == p.algorithm {
			p.challenge, p.nc = h, 0
		}
	}
}

// credentials answers the newest challenge.
func (p *deskphone) credentials() string {
	p.nc++
	return p.proof(fmt.Sprintf("%08x", p.nc))
}

func (p *deskphone) proof(nc string) string {
	h := func(s string) string {
		if p.algorithm == "MD5" {
			k := md5.Sum([]byte(s))
			return hex.EncodeToString(k[:])
		}
		k := sha256.Sum256([]byte(s))
		return hex.EncodeToString(k[:])
	}
	realm, nonce := param(p.challenge, "realm"), param(p.challenge, "nonce")
	response := h(strings.Join([]string{h(p.user + ":" + realm + ":" + p.password), nonce, nc, "abc", "auth", h("REGISTER:sip:10.0.0.1")}, ":"))
	return fmt.Sprintf(`Authorization: Digest username="%s", realm="%s", nonce="%s", uri="sip:10.0.0.1", response="%s", algorithm=%s, qop=auth, nc=%s, cnonce="abc"`,
		p.user, realm, nonce, response, p.algorithm, nc)
}

// register registers as a telephone does: it answers the challenge that it gets.
func (p *deskphone) register(more ...string) *msg {
	p.t.Helper()
	if p.challenge == "" {
		m := p.ask(more...)
		if m == nil || !strings.HasPrefix(m.start, "SIP/2.0 401") {
			p.t.Fatalf("no challenge: %+v", m)
		}
		p.learn(m)
	}
	m := p.ask(append(more, p.credentials())...)
	if m != nil && strings.HasPrefix(m.start, "SIP/2.0 401") {
		p.learn(m)
		m = p.ask(append(more, p.credentials())...)
	}
	return m
}

// is200 checks that a REGISTER was taken and with how many contacts.
func is200(t *testing.T, m *msg, contacts int) {
	t.Helper()
	if m == nil || !strings.HasPrefix(m.start, "SIP/2.0 200") || len(m.all("Contact")) != contacts {
		t.Fatalf("got %+v, want 200 with %d contacts", m, contacts)
	}
}

func (b *bench) devices(users ...string) {
	b.t.Helper()
	var all []cti.Device
	for _, u := range users {
		all = append(all, cti.Device{User: u, Secret: cti.NewSecret(u, u+"-secret")})
	}
	if err := b.sw.Devices(context.Background(), all); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) registered() []cti.Registration {
	all, _ := b.sw.Registered(context.Background())
	return all
}

// shelf keeps registrations, in memory.
type shelf struct {
	mu     sync.Mutex
	all    map[string]cti.Registration
	writes int
	fails  bool
}

func (s *shelf) Registrations(context.Context) (out []cti.Registration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.all {
		out = append(out, r)
	}
	return out, nil
}

func (s *shelf) KeepRegistrations(_ context.Context, put, gone []cti.Registration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails {
		return context.DeadlineExceeded
	}
	if s.all == nil {
		s.all = map[string]cti.Registration{}
	}
	s.writes++
	for _, r := range gone {
		delete(s.all, r.User+r.Key())
	}
	for _, r := range put {
		s.all[r.User+r.Key()] = r
	}
	return nil
}
