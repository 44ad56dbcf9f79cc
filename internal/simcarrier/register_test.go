package simcarrier

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/wire"
)

// registerStories let a telephone of another network register at a carrier of each personality.
func registerStories() map[string]func(t *testing.T, c *Carrier, u *uac) {
	return map[string]func(t *testing.T, c *Carrier, u *uac){
		"register_sha256": registers(func(u *uac, p *Phone, t *testing.T) {
			if s := p.Status(); !s.Registered || s.Challenges != 1 {
				t.Errorf("status %+v", s)
			}
		}),
		"register_both": registers(func(u *uac, p *Phone, t *testing.T) {
			if s := p.Status(); !s.Registered {
				t.Errorf("status %+v", s)
			}
		}),
		"register_407": registers(func(u *uac, p *Phone, t *testing.T) {
			if s := p.Status(); !s.Registered {
				t.Errorf("status %+v", s)
			}
		}),
		"register_423": registers(func(u *uac, p *Phone, t *testing.T) {
			if s := p.Status(); !s.Registered || time.Until(s.Until) < 9*time.Minute {
				t.Errorf("status %+v", s)
			}
		}),
		"register_60s": registers(func(u *uac, p *Phone, t *testing.T) {
			u.listen(10 * time.Minute)
			if s := p.Status(); !s.Registered || s.Accepted < 15 || time.Until(s.Until) > time.Minute {
				t.Errorf("status %+v", s)
			}
		}),
		"register_403": registers(func(u *uac, p *Phone, t *testing.T) {
			if s := p.Status(); s.Registered || s.Code != 403 {
				t.Errorf("status %+v", s)
			}
		}),
		"register_503": registers(func(u *uac, p *Phone, t *testing.T) {
			if s := p.Status(); s.Registered || s.Code != 503 {
				t.Errorf("status %+v", s)
			}
		}),
		"needs_register": registers(func(u *uac, p *Phone, t *testing.T) {
			u.invite()
			u.finalACK(u.expect("403"))
			p.c.do(func() { p.cfg.Transport = "" })
			callID, err := p.Call(Dial{To: "+12025550100", Person: Person{Does: "answers", Talk: 3 * time.Second}})
			if err != nil {
				t.Fatal(err)
			}
			u.listen(10 * time.Second)
			if e := row1(t, p.c, callID); e.Final != 200 || e.ByeBy != "us" || len(e.TonesHeard) == 0 {
				t.Errorf("the registered caller: %+v", e)
			}
		}),
		"cidr_shift": func(t *testing.T, c *Carrier, u *uac) {
			if err := c.SetPerson("0100", Person{Does: "answers", Talk: time.Second}); err != nil {
				t.Fatal(err)
			}
			u.invite()
			u.answered()
			if m := u.expect("BYE"); !strings.HasPrefix(m.get("via"), "SIP/2.0/UDP 10.0.0.101:5060") {
				t.Errorf("BYE with %q", m.get("via"))
			}
			u.listen(time.Second)
			if e := row1(t, c, "x"); e.Resent != 0 {
				t.Errorf("its answer did not come back: %+v", e)
			}
		},
	}
}

// registers plugs a telephone of another network in, registers it at c and looks at it a second later.
func registers(check func(u *uac, p *Phone, t *testing.T)) func(t *testing.T, c *Carrier, u *uac) {
	return func(t *testing.T, c *Carrier, u *uac) {
		other, err := New(Config{Net: c.cfg.Net, Listen: "10.0.0.50:5060"})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		p, err := other.Phone(PhoneConfig{User: "ann", Password: "secret", Registrar: "10.0.0.1:5060", Listen: "10.0.0.51:5060", Expires: 5 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		u.listen(time.Second)
		check(u, p, t)
	}
}

// A telephone registers, is rung, talks, and takes its registration back. A wrong password is asked for again and again,
// never more than twice in a row.
func TestPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := wire.NewSimulated(1)
		server, err := New(Config{Net: n, Listen: "10.0.0.1:5060", Accounts: map[string]string{"bob": "b0b"}})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		desk, err := New(Config{Net: n, Listen: "10.0.0.2:5060", Seed: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer desk.Close()
		if _, err := server.Call(Dial{From: "+12025550100", To: "bob", Person: Person{Does: "answers"}}); err == nil {
			t.Error("rang nobody")
		}
		bob, err := desk.Phone(PhoneConfig{User: "bob", Password: "b0b", Registrar: "10.0.0.1:5060", Listen: "10.0.0.3:5060",
			Person: Person{Does: "answers", After: time.Second, Talk: time.Minute, Then: "2s press 5, 4s hold, 6s unhold, 8s zero, 10s unhold, 12s move, 20s yes, 30s bye"}})
		if err != nil {
			t.Fatal(err)
		}
		eve, err := desk.Phone(PhoneConfig{User: "eve", Password: "guess", Registrar: "10.0.0.1:5060", Listen: "10.0.0.4:5060"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if s := bob.Status(); !s.Registered || s.Accepted < 4 || s.Code != 200 {
			t.Errorf("bob: %+v", s)
		}
		if s := eve.Status(); s.Registered || s.Code != 401 || s.Challenges < 10 || s.Challenges > 25 {
			t.Errorf("eve: %+v", s)
		}
		if r := server.Registrations(); len(r) != 1 || r[0].User != "bob" || r[0].From != "10.0.0.3:5060" {
			t.Errorf("registrations %+v", r)
		}
		id, err := server.Call(Dial{From: "+12025550100", Name: "Joe", To: "bob", Person: Person{Does: "answers", Talk: time.Minute}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		caller, callee := row1(t, server, id), row1(t, desk, id)
		if caller.Final != 200 || !caller.Outgoing || caller.KeysHeard != "5" || caller.ByeBy != "them" || !caller.Held || caller.ProvisionalAt.IsZero() {
			t.Errorf("caller %+v", caller)
		}
		if callee.CallerName != "Joe" || callee.CallerShown != "+12025550100" || callee.ByeBy != "us" || len(callee.Reinvites) != 5 {
			t.Errorf("callee %+v", callee)
		}
		for _, r := range callee.Reinvites {
			if r.Code != 200 {
				t.Errorf("re-INVITE %+v", r)
			}
		}
		for _, e := range []Entry{caller, callee} {
			if len(e.TonesHeard) == 0 || e.TonesHeard[len(e.TonesHeard)-1].Seconds < 15 {
				t.Errorf("%s heard %v", e.To, e.TonesHeard)
			}
		}
		bob.Close()
		time.Sleep(3 * time.Second)
		if r := server.Registrations(); len(r) != 0 {
			t.Errorf("still registered: %+v", r)
		}
	})
}

// A caller who gives up cancels; a call that is answered meanwhile is hung up.
func TestGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{})
		defer c.Close()
		other, err := New(Config{Net: n, Listen: "10.0.0.50:5060", Peer: "10.0.0.1:5060"})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		var ids [2]string
		for i, to := range []string{"+12025550102", "+12025550101"} {
			if ids[i], err = other.Call(Dial{From: "+12025550155", To: to, Person: Person{Does: "answers"}, GiveUp: 10 * time.Second}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if e, there := row1(t, other, ids[0]), row1(t, c, ids[0]); e.Final != 487 || there.CancelAt.Sub(there.InviteAt) != 10*time.Second || there.Resent != 0 {
			t.Errorf("gave up: %+v, %+v", e, there)
		}
		if e := row1(t, other, ids[1]); e.Final != 486 {
			t.Errorf("busy: %+v", e)
		}
	})
}

// Over a stream: a telephone registers, keeps alive, is rung over its connection and opens a new one when that is lost.
func TestStreams(t *testing.T) {
	server, err := New(Config{Listen: "127.0.0.1:0", Username: "ann", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	desk, err := New(Config{Listen: "127.0.0.1:0", Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer desk.Close()
	p, err := desk.Phone(PhoneConfig{User: "ann", Password: "secret", Registrar: server.Addr(), Transport: "tcp", KeepAlive: 50 * time.Millisecond,
		Person: Person{Does: "answers", Talk: 300 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "registered and a pong", func() bool { s := p.Status(); return s.Registered && s.Pongs > 1 })
	long := make([]string, 40) // a request of more than 1300 bytes
	for i := range long {
		long[i] = fmt.Sprintf("X-Filler-%d: %s", i, strings.Repeat("x", 60))
	}
	id, err := server.Call(Dial{From: "+12025550100", To: "ann", Person: Person{Does: "answers"}, Headers: long})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the call is over", func() bool {
		for _, e := range server.Ledger() {
			if e.CallID == id && e.ByeBy == "them" && e.Transport == "TCP" {
				return true
			}
		}
		return false
	})
	before := p.Status().Accepted
	desk.do(func() { _ = p.way.conn.conn.Close() })
	until(t, "registered again", func() bool { return p.Status().Accepted > before })
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-late:
			t.Fatalf("never: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Over TLS a telephone registers and is rung on its connection.
func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	card := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, card, card, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if card, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	roots.AddCert(card)
	server, err := New(Config{Listen: "127.0.0.1:0", Username: "ann", Password: "secret", ListenTLS: "127.0.0.1:0",
		TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	desk, err := New(Config{Listen: "127.0.0.1:0", TLS: &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer desk.Close()
	p, err := desk.Phone(PhoneConfig{User: "ann", Password: "secret", Registrar: server.AddrTLS(), Transport: "tls",
		Person: Person{Does: "answers", Talk: 200 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "registered", func() bool { return p.Status().Registered })
	id, err := server.Call(Dial{From: "+12025550100", To: "ann", Person: Person{Does: "answers"}})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the call is over", func() bool {
		for _, e := range server.Ledger() {
			if e.CallID == id && e.ByeBy == "them" && e.Transport == "TLS" {
				return true
			}
		}
		return false
	})
}
