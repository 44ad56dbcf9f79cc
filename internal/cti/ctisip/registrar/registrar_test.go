package registrar

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
)

// book keeps registrations in memory and counts commits.
type book struct {
	mu      sync.Mutex
	all     map[string]cti.Registration
	commits int
	err     error
}

func (b *book) Registrations(context.Context) (out []cti.Registration, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.all {
		out = append(out, r)
	}
	return out, nil
}

func (b *book) KeepRegistrations(_ context.Context, put, gone []cti.Registration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	if b.all == nil {
		b.all = map[string]cti.Registration{}
	}
	b.commits++
	for _, r := range gone {
		delete(b.all, r.User+" "+r.Key())
	}
	for _, r := range put {
		b.all[r.User+" "+r.Key()] = r
	}
	return nil
}

func (b *book) has() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.all)
}

// desk is a registrar where ann and bob may register.
type desk struct {
	*testing.T
	*Registrar
	book   *book
	refuse map[string]int
	cseq   uint32
}

func newDesk(t *testing.T, b *book) *desk {
	d := &desk{T: t, book: b, refuse: map[string]int{}}
	n := 0
	d.Registrar = New(Config{Key: []byte("a key of this process"), Random: func(most int) int { n = (n*7 + 3) % most; return n }, Keep: b,
		Count: func(what string) { d.refuse[what]++ }})
	if err := d.Devices(context.Background(), []cti.Device{{User: "ann", Secret: cti.NewSecret("ann", "pw")}, {User: "bob", Secret: cti.NewSecret("bob", "pw2")}}); err != nil {
		t.Fatal(err)
	}
	return d
}

const home = "192.168.1.20:5060"

func (d *desk) request(from, user string, contacts ...string) Request {
	d.cseq++
	return Request{From: netip.MustParseAddrPort(from), Transport: "udp", Host: "10.0.0.1", User: user, CallID: "call " + from, CSeq: d.cseq, Contacts: contacts, UserAgent: "phone"}
}

// proof answers a challenge by hand.
func proof(user, password, nonce, nc, algorithm string) string {
	h := func(s string) string {
		if algorithm == "MD5" {
			k := md5.Sum([]byte(s))
			return hex.EncodeToString(k[:])
		}
		k := sha256.Sum256([]byte(s))
		return hex.EncodeToString(k[:])
	}
	r := h(strings.Join([]string{h(user + ":ringback:" + password), nonce, nc, "c", "auth", h("REGISTER:sip:10.0.0.1")}, ":"))
	return fmt.Sprintf(`Digest username="%s", realm="ringback", nonce="%s", uri="sip:10.0.0.1", response="%s", algorithm=%s, qop=auth, nc=%s, cnonce="c"`, user, nonce, r, algorithm, nc)
}

func nonceOf(a Answer) string {
	for _, h := range a.Headers {
		if _, v, ok := strings.Cut(h.Value, `nonce="`); ok {
			v, _, _ = strings.Cut(v, `"`)
			return v
		}
	}
	return ""
}

// try sends a request with the right or a wrong password for a fresh challenge.
func (d *desk) try(q Request, password string) Answer {
	d.Helper()
	q.Authorization = []string{proof(q.User, password, nonceOf(d.Challenge(q, false)), "00000001", "SHA-256")}
	return d.Register(context.Background(), q)
}

// is checks an answer's code and how many contacts it lists.
func (d *desk) is(what string, a Answer, code, contacts int) {
	d.Helper()
	n := 0
	for _, h := range a.Headers {
		if h.Name == "Contact" {
			n++
		}
	}
	if a.Code != code || n != contacts {
		d.Errorf("%s: %+v, want %d with %d contacts", what, a, code, contacts)
	}
}

func at(t *testing.T, run func(d *desk)) {
	synctest.Test(t, func(t *testing.T) { run(newDesk(t, &book{})) })
}

func TestDigest(t *testing.T) {
	at(t, func(d *desk) {
		q := d.request(home, "ann", "<sip:ann@192.168.1.20>")
		a := d.Register(context.Background(), q)
		d.is("no credentials", a, 401, 0)
		if v := a.Headers[0].Value + a.Headers[1].Value; !strings.Contains(v, "algorithm=SHA-256") || !strings.Contains(v, "algorithm=MD5") || strings.Contains(v, "stale") {
			t.Errorf("challenge %s", v)
		}
		nonce := nonceOf(a)
		with := func(what, auth string, code int, stale bool) {
			t.Helper()
			q := d.request(home, "ann", "<sip:ann@192.168.1.20>")
			q.Authorization = []string{auth}
			a := d.Register(context.Background(), q)
			if a.Code != code || code == 401 && strings.Contains(a.Headers[0].Value, "stale=true") != stale {
				t.Errorf("%s: %+v, want %d stale %v", what, a, code, stale)
			}
		}
		with("SHA-256", proof("ann", "pw", nonce, "00000001", "SHA-256"), 200, false)
		with("the same again", proof("ann", "pw", nonce, "00000001", "SHA-256"), 401, true)
		with("MD5, counted on", proof("ann", "pw", nonce, "00000002", "MD5"), 200, false)
		with("a count that is lower", proof("ann", "pw", nonce, "00000001", "MD5"), 401, true)
		with("another realm", strings.Replace(proof("ann", "pw", nonce, "00000003", "MD5"), "ringback", "asterisk", 1), 401, false)
		with("no qop", strings.Replace(proof("ann", "pw", nonce, "00000003", "MD5"), "qop=auth", "x=y", 1), 403, false)
		with("a count that is none", proof("ann", "pw", nonce, "xyz", "MD5"), 403, false)
		with("another algorithm", strings.Replace(proof("ann", "pw", nonce, "00000004", "MD5"), "=MD5", "=SHA-512-256", 1), 403, false)
		with("bob's password for ann", proof("bob", "pw2", nonce, "00000004", "MD5"), 403, false)
		with("a nonce of somebody", proof("ann", "pw", strings.Repeat("A", len(nonce)), "00000001", "MD5"), 401, true)
		time.Sleep(5 * time.Minute)
		with("an old nonce", proof("ann", "pw", nonce, "00000009", "MD5"), 401, true)
		other := d.request("192.168.1.99:5060", "ann")
		other.Authorization = []string{proof("ann", "pw", nonceOf(d.Challenge(q, false)), "00000001", "MD5")}
		d.is("a nonce given to another address", d.Register(context.Background(), other), 401, 0)
		if d.refuse["replay"] != 2 {
			t.Errorf("counted %v", d.refuse)
		}
	})
}

// Known and unknown names cannot be told apart.
func TestNamesAreNotTold(t *testing.T) {
	at(t, func(d *desk) {
		for i := range 8 {
			known := d.try(d.request(home, "ann", "<sip:ann@192.168.1.20>"), "wrong")
			unknown := d.try(d.request("192.168.1.21:5060", "zoe", "<sip:zoe@192.168.1.20>"), "wrong")
			if fmt.Sprint(known) != fmt.Sprint(unknown) {
				t.Errorf("try %d: known %+v, unknown %+v", i, known, unknown)
			}
		}
		a, z := d.Register(context.Background(), d.request("192.168.1.30:1", "bob")), d.Register(context.Background(), d.request("192.168.1.31:1", "zed"))
		mask := func(a Answer) string { return strings.ReplaceAll(fmt.Sprint(a), nonceOf(a), "N") }
		if mask(a) != mask(z) || len(nonceOf(a)) != len(nonceOf(z)) {
			t.Errorf("challenges differ: %+v %+v", a, z)
		}
	})
}

func TestBan(t *testing.T) {
	at(t, func(d *desk) {
		for range 5 {
			d.is("wrong password", d.try(d.request(home, "ann"), "wrong"), 403, 0)
		}
		d.is("banned, with the right one", d.try(d.request(home, "ann"), "pw"), 0, 0)
		d.is("another name there", d.try(d.request(home, "bob"), "pw2"), 200, 0)
		d.is("the same name elsewhere", d.try(d.request("192.168.1.77:5060", "ann"), "pw"), 200, 0)
		time.Sleep(9 * time.Minute)
		d.is("still banned", d.try(d.request(home, "ann"), "pw"), 0, 0)
		time.Sleep(time.Minute + time.Second)
		d.is("after ten minutes", d.try(d.request(home, "ann"), "pw"), 200, 0)
		for i := range 20 {
			d.try(d.request("192.168.9.9:5060", fmt.Sprint("user", i)), "x")
		}
		if d.Stranger(netip.MustParseAddr("192.168.9.9")) {
			t.Error("who tries 20 names is still heard")
		}
		d.is("that address with a right one", d.try(d.request("192.168.9.9:5060", "ann"), "pw"), 0, 0)
	})
}

// A telephone that is registered is not shut out by somebody who guesses behind the same router.
func TestBanSparesTheRegistered(t *testing.T) {
	at(t, func(d *desk) {
		d.is("registers", d.try(d.request(home, "ann", "<sip:ann@192.168.1.20>"), "pw"), 200, 1)
		for range 6 {
			d.try(d.request("192.168.1.20:9999", "ann"), "wrong")
		}
		d.is("the guesser", d.try(d.request("192.168.1.20:9999", "ann"), "pw"), 0, 0)
		d.is("the telephone", d.try(d.request(home, "ann", "<sip:ann@192.168.1.20>"), "pw"), 200, 1)
	})
}

// Who gives up at SHA-256 is offered MD5 alone when he asks again; who repeats a packet is not meant.
func TestOnlyMD5(t *testing.T) {
	at(t, func(d *desk) {
		offers := func(q Request) (out string) {
			for _, h := range d.Register(context.Background(), q).Headers {
				_, v, _ := strings.Cut(h.Value, "algorithm=")
				out += v + " "
			}
			return out
		}
		q := d.request(home, "ann")
		for i, want := range []string{"SHA-256 MD5 ", "SHA-256 MD5 ", "MD5 ", "MD5 "} {
			if i > 1 {
				q.CSeq++
			}
			if got := offers(q); got != want {
				t.Errorf("time %d: offered %s", i, got)
			}
		}
		q = d.request("192.168.1.66:5060", "ann")
		q.UserAgent = "baresip v1.0.0 (x86_64/linux)"
		if got := offers(q); got != "MD5 " {
			t.Errorf("one that is known for it: offered %s", got)
		}
	})
}

func TestStrangersAreSlowedDown(t *testing.T) {
	at(t, func(d *desk) {
		let := 0
		for range 100 {
			if d.Stranger(netip.MustParseAddr("192.168.3.3")) {
				let++
			}
		}
		if let != 20 {
			t.Errorf("%d of 100 at once, want 20", let)
		}
		time.Sleep(time.Second)
		if !d.Stranger(netip.MustParseAddr("192.168.3.3")) {
			t.Error("not one after a second")
		}
	})
}

func TestContacts(t *testing.T) {
	at(t, func(d *desk) {
		reg := func(what string, code, contacts int, expires string, cs ...string) Answer {
			t.Helper()
			q := d.request(home, "ann", cs...)
			q.Expires = expires
			a := d.try(q, "pw")
			d.is(what, a, code, contacts)
			return a
		}
		reg("none is asked for", 200, 0, "")
		a := reg("an hour by itself", 200, 1, "", "<sip:ann@192.168.1.20>")
		if a.Headers[0].Value != "<sip:ann@192.168.1.20>;expires=3600" {
			t.Errorf("granted %s", a.Headers[0].Value)
		}
		reg("too brief", 423, 0, "59", "<sip:ann@192.168.1.20>")
		reg("too brief of its own", 423, 0, "3600", "<sip:ann@192.168.1.20>;expires=10")
		if a := reg("a day", 200, 1, "86400", "<sip:ann@192.168.1.20>"); !strings.HasSuffix(a.Headers[0].Value, "expires=3600") {
			t.Errorf("granted %s", a.Headers[0].Value)
		}
		a = reg("behind a router", 200, 2, "3600", `"Ann, at home" <sip:ann@10.9.9.9:5060;transport=udp;ob>;q=0.5;expires=300`)
		if a.Headers[1].Value != "<sip:ann@10.9.9.9:5060;transport=udp>;expires=30" {
			t.Errorf("granted %s", a.Headers[1].Value)
		}
		reg("two in one line", 200, 4, "60", "<sip:a@192.168.1.20:1>, sip:b@192.168.1.20:2;expires=70")
		reg("one leaves", 200, 3, "60", "<sip:a@192.168.1.20:1>;expires=0")
		reg("star with others", 400, 0, "0", "*, <sip:a@192.168.1.20:1>")
		reg("star that stays", 400, 0, "60", "*")
		reg("unreadable", 400, 0, "60", "<sip:ann@192.168.1.20>", "<mailto:x>")
		time.Sleep(71 * time.Second)
		d.Tick()
		reg("who did not come again is gone", 200, 2, "")
		reg("all leave", 200, 0, "0", "*")
		if n := d.book.has(); n != 0 {
			t.Errorf("%d still on disk", n)
		}
		for i := range 10 {
			reg("one of ten", 200, i+1, "60", fmt.Sprintf("<sip:ann@192.168.1.20:%d>", 6000+i))
		}
		reg("the eleventh", 403, 0, "60", "<sip:ann@192.168.1.20:7000>")
		q := d.request(home, "ann", "<sip:ann@192.168.1.20:6000>")
		q.CSeq = 1
		d.is("an old request", d.try(q, "pw"), 500, 0)
		q = d.request(home, "ann", "<sip:ann@192.168.1.20:6000>")
		q.Require = "outbound, gruu"
		d.is("what we do not know", d.try(q, "pw"), 420, 0)
	})
}

// Refreshes share a commit; what is new waits for its own.
func TestOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		d := newDesk(t, b)
		d.is("registers", d.try(d.request(home, "ann", "<sip:ann@192.168.1.20>"), "pw"), 200, 1)
		if b.commits != 1 || b.has() != 1 {
			t.Fatalf("%d commits, %d kept", b.commits, b.has())
		}
		for range 60 {
			time.Sleep(time.Second)
			d.is("refreshes", d.try(d.request(home, "ann", "<sip:ann@192.168.1.20>"), "pw"), 200, 1)
			d.Tick()
		}
		if b.commits > 6 {
			t.Errorf("%d commits for 60 refreshes in a minute", b.commits)
		}
		again := newDesk(t, b)
		if got, _, _ := again.Targets("ann"); len(got) != 1 || got[0].Dest.String() != home || got[0].Flow {
			t.Errorf("after a restart %+v", got)
		}
		b.err = context.DeadlineExceeded
		d.is("a disk that fails", d.try(d.request(home, "bob", "<sip:bob@192.168.1.20>"), "pw2"), 500, 0)
		b.err = nil
		d.is("again", d.try(d.request(home, "bob", "<sip:bob@192.168.1.20>"), "pw2"), 200, 1)
		if b.has() != 2 {
			t.Errorf("%d kept", b.has())
		}
		d.Devices(context.Background(), []cti.Device{{User: "ann", Secret: cti.NewSecret("ann", "other")}})
		if got := d.All(); len(got) != 0 || b.has() != 0 {
			t.Errorf("a new password leaves %+v, %d on disk", got, b.has())
		}
	})
}

func TestTargets(t *testing.T) {
	at(t, func(d *desk) {
		is := func(what string, n int, cause cti.Cause, say string) []Target {
			t.Helper()
			got, c, why := d.Targets("ann")
			if len(got) != n || c != cause || !strings.Contains(why, say) {
				t.Errorf("%s: %+v %s %q", what, got, c, why)
			}
			return got
		}
		is("nobody", 0, cti.UnallocatedNumber, "no telephone of ann is registered")
		nat := d.request("198.51.100.7:40000", "ann", "<sip:ann@192.168.1.20:5060>")
		d.is("behind a router", d.try(nat, "pw"), 200, 1)
		got := is("behind a router", 1, "", "")
		if got[0].Dest.String() != "198.51.100.7:40000" || !got[0].Flow {
			t.Errorf("rung at %+v", got[0])
		}
		d.Busy("ann", got[0].Key)
		is("busy", 0, cti.UserBusy, "busy")
		time.Sleep(time.Minute)
		is("rested", 1, "", "")
		d.Ponged(got[0], false)
		is("never answered a ping", 1, "", "")
		d.Ponged(got[0], true)
		d.Ponged(got[0], false)
		is("answers no more", 0, cti.NoAnswer, "does not answer")
		d.Ponged(got[0], true)
		is("is back", 1, "", "")
		tcp := d.request("198.51.100.7:50000", "ann", "<sip:ann@192.168.1.20:5070;transport=tcp>")
		tcp.Transport = "tcp"
		d.is("over a stream", d.try(tcp, "pw"), 200, 2)
		if got = is("over a stream", 2, "", ""); !got[1].Flow || got[1].Transport != "tcp" {
			t.Errorf("rung at %+v", got[1])
		}
		d.Lost(tcp.From)
		is("its stream is gone", 1, "", "")
		if r := d.All(); r[1].State != cti.RegSilent {
			t.Errorf("shown as %+v", r[1])
		}
		if d.Owner(nat.From) != "ann" || d.Owner(netip.MustParseAddrPort("198.51.100.7:1")) != "" {
			t.Error("wrong owner")
		}
	})
}

func TestPings(t *testing.T) {
	at(t, func(d *desk) {
		d.try(d.request("198.51.100.7:40000", "ann", "<sip:ann@192.168.1.20>;expires=300"), "pw")
		d.try(d.request(home, "bob", "<sip:bob@192.168.1.20>"), "pw2")
		var when []time.Duration
		start := time.Now()
		for range 100 {
			time.Sleep(time.Second)
			ping, more := d.Tick()
			if !more {
				t.Fatal("the clock stops")
			}
			for _, p := range ping {
				if p.User != "ann" {
					t.Errorf("%s has no router between and is pinged", p.User)
				}
				when = append(when, time.Since(start))
			}
		}
		if len(when) != 4 {
			t.Errorf("pinged at %v", when)
		}
		for i, w := range when {
			if i > 0 {
				w -= when[i-1]
			}
			if w < 20*time.Second || w > 26*time.Second {
				t.Errorf("pinged at %v", when)
			}
		}
		time.Sleep(time.Hour)
		d.Tick()
		if _, more := d.Tick(); more && len(d.dirty) == 0 {
			t.Error("the clock goes on for nobody")
		}
	})
}

func TestJudge(t *testing.T) {
	f := Front{Who: Private, Domains: map[string]bool{"sip.example.com": true, "10.0.0.1": true, "2001:db8::1": true}}
	for in, want := range map[string][2]bool{
		"REGISTER sip:sip.example.com SIP/2.0\r\n":                  {true, true},
		"\r\n\r\nREGISTER sip:SIP.example.com:5060 SIP/2.0\r\nVia:": {true, true},
		"REGISTER sips:10.0.0.1;transport=tls SIP/2.0\r\n":          {true, true},
		"REGISTER sip:[2001:db8::1]:5060 SIP/2.0\r\n":               {true, true},
		"REGISTER sip:ann@sip.example.com SIP/2.0\r\n":              {false, true},
		"REGISTER sip:10.0.0.2 SIP/2.0\r\n":                         {false, true},
		"REGISTER sip:sip.example.com SIP/1.0\r\n":                  {false, true},
		"INVITE sip:sip.example.com SIP/2.0\r\n":                    {false, true},
		"OPTIONS":                                                   {false, true},
		"REG":                                                       {false, false},
		"REGISTER sip:sip.exam":                                     {false, false},
		"REGISTER sip:" + strings.Repeat("a", 250) + " SIP/2.0\r\n": {false, true},
	} {
		if ok, enough := f.Judge([]byte(in)); ok != want[0] || enough != want[1] {
			t.Errorf("%q: %v %v", in, ok, enough)
		}
	}
	for a, want := range map[string]bool{"192.168.1.1": true, "127.0.0.1": true, "fd00::1": true, "::1": true, "fe80::1": true, "203.0.113.9": false, "2001:db8::1": false, "::ffff:10.0.0.1": true} {
		if f.From(netip.MustParseAddr(a)) != want {
			t.Errorf("from %s: %v", a, !want)
		}
	}
}
