package dialog

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestChallenge(t *testing.T) {
	c, ok := parseChallenge(`Digest realm="a \"b\", c", nonce=abc , qop="auth-int, auth", stale=TRUE, algorithm=sha-256, opaque=""`)
	if !ok || c.realm != `a "b", c` || c.nonce != "abc" || !c.auth || !c.stale || c.algorithm != "SHA-256" {
		t.Errorf("read %+v, %v", c, ok)
	}
	for _, v := range []string{"", "Basic realm=x", "Digest", `Digest realm="x"`} {
		if _, ok := parseChallenge(v); ok {
			t.Errorf("%q was taken", v)
		}
	}
	// RFC 2617 section 3.5, and RFC 7616 section 3.9.1.
	c = challenge{realm: "testrealm@host.com", nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque: "5ccc069c403ebaf9f0171e9517f40e41", qop: true, auth: true}
	if a, ok := c.answer("Mufasa", "Circle Of Life", "GET", "/dir/index.html", "0a4f113b", 1); !ok || !strings.Contains(a, `response="6629fae49393a05397450978507c4ef1"`) {
		t.Errorf("answered %s", a)
	}
	c = challenge{realm: "http-auth@example.org", nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", algorithm: "SHA-256", qop: true, auth: true}
	if a, ok := c.answer("Mufasa", "Circle of Life", "GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 1); !ok || !strings.Contains(a, `response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"`) {
		t.Errorf("answered %s", a)
	}
	if _, ok := (challenge{nonce: "x", algorithm: "SHA-3"}).answer("u", "p", "INVITE", "sip:x", "c", 1); ok {
		t.Error("an algorithm that we lack was answered")
	}
	if _, ok := (challenge{nonce: "x\r\nEvil: 1"}).answer("u", "p", "INVITE", "sip:x", "c", 1); ok {
		t.Error("a nonce ended the header")
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Digest realm="a", nonce="b", qop="auth", algorithm=MD5`)
	f.Add(`digest nonce="\`)
	f.Add("Digest =,=,==\"")
	f.Fuzz(func(t *testing.T, v string) {
		c, ok := parseChallenge(v)
		if !ok {
			return
		}
		if a, ok := c.answer("u", "p", "INVITE", "sip:x@y", "1", 1); ok && strings.ContainsAny(a, "\r\n") {
			t.Errorf("%q became %q", v, a)
		}
	})
}

// The same nonce serves again, counted; a stale one is answered once more, a wrong password is not.
func TestLogin(t *testing.T) {
	first := Reply{Code: 401, Challenges: []Challenge{{challenge: challenge{realm: "r", nonce: "n1", algorithm: "MD5-OTHER"}},
		{challenge: challenge{realm: "r", nonce: "n1", algorithm: "SHA-256", said: "sha-256", qop: true, auth: true}}}}
	l := Login{User: "u", Pass: "p"}
	if v, _ := l.Header("REGISTER", "sip:x", "c"); v != "" {
		t.Errorf("%q before any challenge", v)
	}
	if !l.Take(first, 0) {
		t.Fatal("the second challenge is ours")
	}
	for n, want := range []string{"nc=00000001", "nc=00000002"} {
		if v, proxy := l.Header("REGISTER", "sip:x", "c"); !strings.Contains(v, want) || proxy || !strings.Contains(v, "algorithm=sha-256") {
			t.Errorf("use %d: %s", n+1, v)
		}
	}
	if l.Take(first, 1) {
		t.Error("a wrong password was given twice")
	}
	old := first
	old.Challenges = []Challenge{{challenge: challenge{realm: "r", nonce: "n2", stale: true}}}
	if !l.Take(old, 1) || l.Take(old, 2) {
		t.Error("stale is answered once")
	}
	if l.Take(Reply{Code: 407, Challenges: first.Challenges}, 0) {
		t.Error("a challenge of the wrong header was taken")
	}
	c := challenge{realm: "r", nonce: "n", algorithm: "MD5-SESS", said: "MD5-sess", qop: true, auth: true}
	if v, ok := c.answer("u", "p", "INVITE", "sip:x", "c", 1); !ok || !strings.Contains(v, `response="`+sess+`"`) {
		t.Errorf("session key: %s", v)
	}
}

// sess is MD5(MD5(MD5("u:r:p"):n:c):n:00000001:c:auth:MD5(INVITE:sip:x)).
const sess = "d0a24a48ca1ba67ae812ee449b617633"

func TestContacts(t *testing.T) {
	for v, want := range map[string]string{
		`<sip:a@192.0.2.1:5060>;expires=300`:                              "a 192.0.2.1 5060 5m0s",
		`"b, \"c\" <" <sip:a@[2001:db8::1];transport=tcp>;q=1;Expires=60`: "a 2001:db8::1 0 1m0s",
		`sip:a@h.example;expires=10, <sip:b@h.example>`:                   "a h.example 0 10s|b h.example 0 -1ns",
		`<sip:a@h>;expires="x", <sip:c@h>;expires=99999999999`:            "a h 0 -1ns|c h 0 2777h46m39s",
		`*`: "", `<sip:a@h`: "", ``: "", `,,`: "",
	} {
		var got []string
		for _, b := range bounds(v) {
			got = append(got, fmt.Sprintf("%s %s %d %v", b.User, b.Host, b.Port, b.Expires))
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%s: %s, want %s", v, s, want)
		}
	}
}

func FuzzContacts(f *testing.F) {
	f.Add(`<sip:a@192.0.2.1:5060>;expires=300, "x\"" <sip:b@[::1]>`)
	f.Add(`"`)
	f.Add(`<,>;expires=-1`)
	f.Add("a,b;expires=\"1\"")
	f.Fuzz(func(t *testing.T, v string) {
		for _, b := range bounds(v) {
			if b.Host == "" || b.Expires < -1 {
				t.Errorf("%q: %+v", v, b)
			}
		}
	})
}

func FuzzRef(f *testing.F) {
	c := &Call{inv: Invitation{From: sip.Uri{Scheme: "sip", Host: "a"}, To: sip.Uri{Scheme: "sip", Host: "b"}, Transport: "udp"}}
	c.target, c.next = sip.Uri{Scheme: "sip", User: "x", Host: "c"}, netip.MustParseAddrPort("10.0.0.1:5060")
	c.routes = []sip.Uri{{Scheme: "sip", Host: "r"}}
	f.Add(c.Ref())
	f.Add([]byte(`{"next":"x"}`))
	f.Add([]byte(`{`))
	s := &Stack{}
	f.Fuzz(func(t *testing.T, b []byte) {
		s.shut = true // nothing is sent
		RefAddr(b)
		s.EndByRef(b, nil, Login{}, func(uint32) string { return "z" }, func() {})
	})
}

// A folded header is refused, in one segment and over two; the body and ordinary segments are not.
func TestFolds(t *testing.T) {
	from := func(port int) sip.TransportReadProps {
		return sip.TransportReadProps{Transport: "TCP", LocalAddr: &net.TCPAddr{Port: 1}, RemoteAddr: &net.TCPAddr{Port: port}}
	}
	f := &folds{ended: map[string]bool{}}
	for i, c := range []struct {
		segments []string
		refused  bool
	}{
		{[]string{"INVITE sip:a SIP/2.0\r\nSubject: a\r\n b\r\n"}, true},
		{[]string{"INVITE sip:a SIP/2.0\r\nSubject: a\r\n", " Evil: b\r\n"}, true},
		{[]string{"INVITE sip:a SIP/2.0\r\nSubject: a", " b\r\n\r\n"}, false},
		{[]string{"INVITE sip:a SIP/2.0\r\n\r\n", "INVITE sip:b SIP/2.0\r\n\r\n"}, false},
	} {
		var err error
		for _, s := range c.segments {
			if _, e := f.check(from(i+2), []byte(s)); e != nil {
				err = e
			}
		}
		if (err != nil) != c.refused {
			t.Errorf("%q: %v", c.segments, err)
		}
	}
}

func TestSeconds(t *testing.T) {
	for v, want := range map[string]float64{"90": 90, "90;refresher=uas": 90, "60 (busy)": 60, "": 0, "x": 0, "-1": 0, "99999999999999999999": 1e6} {
		if got := seconds(v).Seconds(); got != want && (want != 1e6 || got < 1e6 || got > 1e8) {
			t.Errorf("%q is %v", v, got)
		}
	}
}

// Where requests of a dialog go: the Contact, unless it cannot be reached as it stands.
func TestHop(t *testing.T) {
	i := Invitation{Dest: netip.MustParseAddrPort("198.51.100.1:5060")}
	d := dialog{remote: netip.MustParseAddrPort("198.51.100.2:5062")}
	for uri, want := range map[string]string{
		"sip:a@203.0.113.9":           "203.0.113.9:5060",
		"sip:a@203.0.113.9:5099":      "203.0.113.9:5099",
		"sip:a@192.168.1.5:5060":      "198.51.100.2:5062", // behind a router
		"sip:a@phone.example":         "198.51.100.2:5062",
		"sip:a@0.0.0.0":               "198.51.100.2:5062",
		"sip:a@[2001:db8::1]":         "198.51.100.2:5062", // another family than the call's
		"sip:a@203.0.113.9;transport": "203.0.113.9:5060",
	} {
		var u sip.Uri
		if err := sip.ParseUri(uri, &u); err != nil {
			t.Fatal(err)
		}
		if got := d.hop(u, i); got.String() != want {
			t.Errorf("%s goes to %s, want %s", uri, got, want)
		}
	}
}
