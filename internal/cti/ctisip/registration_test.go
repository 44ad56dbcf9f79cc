package ctisip

import (
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/internal/cti"
)

// clerk is a carrier's registrar, written by hand. What it does can be changed while it works.
type clerk struct {
	mu        sync.Mutex
	algorithm string // "" = nobody is asked who she is
	proxy     bool   // 407 instead of 401
	password  string
	grant     int // seconds; 0 = what is asked for
	least     int // 423 below it
	stale     int // so many right answers come too late
	code      int // refuses with it
	extra     []string
	mute      bool
	seen      int // the port that we are seen at; 0 = our own
	deaf      bool

	nonce  int
	bound  map[string]time.Time // by user
	counts map[string]int       // nonce -> nc
	asked  int                  // registrations, without challenges
}

func newClerk() *clerk {
	return &clerk{algorithm: "MD5", password: "secret", bound: map[string]time.Time{}, counts: map[string]int{}}
}

func (c *clerk) change(f func(*clerk)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

func (c *clerk) has(user string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Before(c.bound[user])
}

func (c *clerk) on(f *far, m *msg) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mute {
		return
	}
	if c.seen != 0 { // what a router between does to the Via
		for i, l := range m.lines {
			if strings.HasPrefix(l, "Via:") {
				m.lines[i] = strings.Replace(l, ";rport", ";received=203.0.113.9;rport="+strconv.Itoa(c.seen), 1)
			}
		}
	}
	switch m.method {
	case "OPTIONS":
		if !c.deaf {
			f.reply(m, 200, "")
		}
	case "REGISTER":
		c.register(f, m)
	}
}

func (c *clerk) register(f *far, m *msg) {
	if c.code != 0 {
		f.reply(m, c.code, "", c.extra...)
		return
	}
	if c.algorithm != "" && !c.knows(m) {
		stale := ""
		if c.stale > 0 && c.credentials(m) != "" {
			c.stale--
			stale = ", stale=true"
		}
		c.nonce++
		code, name := 401, "WWW-Authenticate"
		if c.proxy {
			code, name = 407, "Proxy-Authenticate"
		}
		f.reply(m, code, "", fmt.Sprintf(`%s: Digest realm="carrier", nonce="n%d", qop="auth", algorithm=%s%s`, name, c.nonce, c.algorithm, stale))
		return
	}
	c.asked++
	user := between1(m.header("To"), "sip:", "@")
	expires, _ := strconv.Atoi(m.header("Expires"))
	if expires == 0 {
		delete(c.bound, user)
		f.reply(m, 200, "")
		return
	}
	if expires < c.least {
		f.reply(m, 423, "", "Min-Expires: "+strconv.Itoa(c.least))
		return
	}
	if c.grant > 0 {
		expires = c.grant
	}
	c.bound[user] = time.Now().Add(time.Duration(expires) * time.Second)
	contacts := m.all("Contact")
	f.reply(m, 200, "", "Contact: <sip:other@192.0.2.1>;expires=5, <"+between1(contacts[len(contacts)-1], "<", ">")+">;expires="+strconv.Itoa(expires))
}

func (c *clerk) credentials(m *msg) string {
	if c.proxy {
		return m.header("Proxy-Authorization")
	}
	return m.header("Authorization")
}

// knows checks the digest of a request; each count of a nonce is taken once.
func (c *clerk) knows(m *msg) bool {
	v := c.credentials(m)
	get := func(k string) string {
		if s := between1(v, k+`="`, `"`); s != "" {
			return s
		}
		return strings.TrimSpace(between1(v+",", k+"=", ","))
	}
	sum := map[string]func() hash.Hash{"MD5": md5.New, "SHA-256": sha256.New}[c.algorithm]
	h := func(s ...string) string {
		k := sum()
		k.Write([]byte(strings.Join(s, ":")))
		return fmt.Sprintf("%x", k.Sum(nil))
	}
	want := h(h(get("username"), "carrier", c.password), get("nonce"), get("nc"), get("cnonce"), "auth", h("REGISTER", get("uri")))
	n, _ := strconv.ParseInt(get("nc"), 16, 32)
	if v == "" || get("response") != want || !c.gave(get("nonce")) || int(n) <= c.counts[get("nonce")] || c.stale > 0 {
		return false
	}
	c.counts[get("nonce")] = int(n)
	return true
}

func (c *clerk) gave(nonce string) bool {
	n, err := strconv.Atoi(strings.TrimPrefix(nonce, "n"))
	return err == nil && n > 0 && n <= c.nonce
}

func between1(s, from, to string) string {
	_, s, ok := strings.Cut(s, from)
	s, _, ok2 := strings.Cut(s, to)
	if !ok || !ok2 {
		return ""
	}
	return s
}

func registers(addr string) cti.Trunk {
	t := pinged("a", addr)
	t.Register, t.Username, t.Password = true, "acct", "secret"
	return t
}

// withClerk runs a bench with a registrar behind the trunk's address.
func withClerk(t *testing.T, f func(b *bench, c *clerk, far *far)) {
	t.Helper()
	simulatedWith(t, func(*Config) {}, func(b *bench) {
		c := newClerk()
		f(b, c, b.far(trunkAddr, c.on))
	})
}

// Every way in which a registrar asks; the binding is refreshed before it runs out, with the nonce that is known.
func TestRegister(t *testing.T) {
	for name, change := range map[string]func(*clerk){
		"md5":         func(*clerk) {},
		"sha-256":     func(c *clerk) { c.algorithm = "SHA-256" },
		"407":         func(c *clerk) { c.proxy = true },
		"nobody asks": func(c *clerk) { c.algorithm = "" },
		"short":       func(c *clerk) { c.grant = 60 },
		"very short":  func(c *clerk) { c.grant = 10 },
		"423":         func(c *clerk) { c.least = 1800 },
		"stale":       func(c *clerk) { c.stale = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			withClerk(t, func(b *bench, c *clerk, f *far) {
				change(c)
				b.trunks(registers(trunkAddr))
				b.becomes("a", "up", time.Second)
				if m := f.wait("REGISTER", 1); m.start != "REGISTER sip:10.0.0.2:5060 SIP/2.0" || !strings.HasPrefix(m.header("To"), "<sip:acct@10.0.0.2>") || !strings.Contains(m.header("Contact"), "sip:acct@10.0.0.1:5060") {
					t.Errorf("%s, To %s, Contact %s", m.start, m.header("To"), m.header("Contact"))
				}
				for range 720 {
					b.pass(5 * time.Second)
					if !c.has("acct") {
						t.Fatal("the binding ran out")
					}
				}
				c.mu.Lock()
				asked, nonces := c.asked, c.nonce
				c.mu.Unlock()
				if nonces > 2 || asked < 2 {
					t.Errorf("%d registrations in an hour with %d nonces", asked, nonces)
				}
				b.sw.Close()
				if c.has("acct") {
					t.Error("the carrier was not told that we leave")
				}
			})
		})
	}
}

// What is refused is not asked for again and again, and the trunk says why; an answer after all is taken.
func TestRegisterRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change, mend func(*clerk)
		want         string
		most         int // REGISTERs in the first ten minutes
	}{
		"password":  {func(c *clerk) { c.password = "other" }, func(c *clerk) { c.password = "secret" }, "down: account acct is not registered: the carrier does not take our username and password", 14},
		"forbidden": {func(c *clerk) { c.code = 403 }, func(c *clerk) { c.code = 0 }, "down: account acct is not registered: 403", 8},
		"algorithm": {func(c *clerk) {
			c.algorithm = "SHA-256"
			c.code, c.extra = 401, []string{`WWW-Authenticate: Digest realm="x", nonce="y", algorithm=SHA-3`}
		}, func(c *clerk) { c.code = 0 }, "down: account acct is not registered: the carrier does not take", 8},
		"busy": {func(c *clerk) { c.code, c.extra = 503, []string{"Retry-After: 120"} }, func(c *clerk) { c.code = 0 }, "down: account acct is not registered: 503", 8},
		"loop": {func(c *clerk) { c.stale = 1000 }, func(c *clerk) { c.stale = 0 }, "down: account acct is not registered: the carrier does not take", 24},
	} {
		t.Run(name, func(t *testing.T) {
			withClerk(t, func(b *bench, k *clerk, f *far) {
				k.change(c.change)
				b.trunks(registers(trunkAddr))
				b.becomes("a", c.want, time.Second)
				b.pass(10 * time.Minute)
				if n := len(f.count("REGISTER")); n > c.most {
					t.Errorf("%d REGISTERs in ten minutes", n)
				}
				k.change(c.mend)
				b.becomes("a", "up", 31*time.Minute)
			})
		})
	}
}

// A carrier that was away has us back as soon as it answers a question; so has a router that forgot the way.
func TestRegisterAgain(t *testing.T) {
	withClerk(t, func(b *bench, c *clerk, f *far) {
		c.change(func(c *clerk) { c.mute = true })
		b.trunks(registers(trunkAddr))
		b.becomes("a", "down", time.Minute)
		b.pass(10 * time.Minute)
		c.change(func(c *clerk) { c.mute = false })
		between(t, "registered", b.becomes("a", "up", time.Minute), 0, 20*time.Second)

		c.change(func(c *clerk) { c.seen = 40001 })
		b.pass(time.Minute)
		n := len(f.count("REGISTER"))
		b.pass(time.Minute)
		if got := len(f.count("REGISTER")); got != n {
			t.Errorf("%d REGISTERs in a minute in which nothing changed", got-n)
		}
		c.change(func(c *clerk) { c.seen, c.bound = 40002, map[string]time.Time{} })
		begin := time.Now()
		for !c.has("acct") {
			b.pass(100 * time.Millisecond)
			if time.Since(begin) > time.Minute {
				t.Fatal("the router's new path was not told to the carrier")
			}
		}
		between(t, "path told", time.Since(begin), 0, 16*time.Second)
	})
}

// Behind a router, where the carrier answers no questions, the registration itself keeps the way back open.
func TestRegisterKeepsTheWayOpen(t *testing.T) {
	withClerk(t, func(b *bench, c *clerk, f *far) {
		c.change(func(c *clerk) { c.seen, c.deaf = 40001, true })
		b.trunks(registers(trunkAddr))
		b.becomes("a", "up", time.Second)
		b.pass(time.Minute)
		n := len(f.count("REGISTER"))
		b.pass(time.Minute)
		if got := len(f.count("REGISTER")) - n; got < 3 || got > 6 {
			t.Errorf("%d REGISTERs in a minute", got)
		}
	})
}

// Several accounts; one that is changed is changed alone, one that is taken away is told to the carrier.
func TestRegisterAccounts(t *testing.T) {
	withClerk(t, func(b *bench, c *clerk, f *far) {
		tr := registers(trunkAddr)
		tr.Accounts = []cti.Account{{Username: "two", Password: "secret"}, {Username: "three", Password: "wrong"}}
		b.trunks(tr)
		b.becomes("a", "up", time.Second)
		b.pass(time.Second)
		if !c.has("acct") || !c.has("two") || c.has("three") {
			t.Fatalf("bound: %v", c.bound)
		}
		all, _ := b.sw.Lines(t.Context())
		if got := fmt.Sprint(all[0].Accounts[0].Registered, all[0].Accounts[1].Registered, all[0].Accounts[2].Registered); got != "true true false" || all[0].Accounts[2].Reason == "" {
			t.Errorf("%+v", all[0].Accounts)
		}
		n := len(f.count("REGISTER"))
		tr.Accounts = []cti.Account{{Username: "three", Password: "secret"}}
		tr.MaxCalls = 7
		b.trunks(tr)
		b.pass(time.Second)
		if !c.has("acct") || c.has("two") || !c.has("three") {
			t.Errorf("after the change: %v", c.bound)
		}
		for _, m := range f.count("REGISTER")[n:] {
			if strings.Contains(m.header("To"), "acct") {
				t.Error("an account that was not changed was registered again")
			}
		}
		tr.Register = false
		b.trunks(tr)
		b.pass(time.Second)
		if c.has("acct") || c.has("three") {
			t.Error("still registered")
		}
		if got := b.line("a"); got != "up" {
			t.Error(got)
		}
	})
}
