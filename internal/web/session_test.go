package web_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"ringback/internal/agent"
	"ringback/internal/id"
	"ringback/internal/login"
)

// sessions in memory.
type sessions struct {
	mu  sync.Mutex
	all map[string]login.Session
}

func (s *sessions) PutSession(_ context.Context, one login.Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[one.TokenHash] = one
	return nil
}

func (s *sessions) Session(_ context.Context, hash string) (*login.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one, ok := s.all[hash]; ok {
		return &one, nil
	}
	return nil, nil
}

func (s *sessions) SeeSession(_ context.Context, hash string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.all[hash]
	one.SeenAt = at
	s.all[hash] = one
	return nil
}

func (s *sessions) EndSession(_ context.Context, hash string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, hash)
	return nil
}

// cheap are the parameters of tests: the machine has other work.
var cheap = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

const annsPassword = "correct horse"

// password gives an agent one.
func (h *house) password(a id.Agent, plain string) {
	hash, err := argon2id.CreateHash(plain, cheap)
	if err != nil {
		h.t.Fatal(err)
	}
	h.agent(a, func(ag *agent.Agent) { ag.PasswordHash = hash })
}

// agent changes what is set up of an agent.
func (h *house) agent(a id.Agent, change func(*agent.Agent)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := *h.dir
	d.Agents = map[id.Agent]*agent.Agent{}
	for k, v := range h.dir.Agents {
		d.Agents[k] = v
	}
	ag := agent.Agent{}
	if old := d.Agents[a]; old != nil {
		ag = *old
	}
	change(&ag)
	d.Agents[a] = &ag
	d.Index()
	h.dir = &d
}

// session signs an agent in without a door: tests of other things need not hash.
func (h *house) session(a id.Agent) (cookie string) {
	h.mu.Lock()
	hash := h.dir.Agents[a].PasswordHash
	h.mu.Unlock()
	if hash == "" {
		h.password(a, annsPassword)
	}
	token, _, err := h.gate.SignIn(context.Background(), string(a), annsPassword, "192.0.2.99")
	if err != nil {
		h.t.Fatal(err)
	}
	return "Cookie: ringback_session=" + token
}

func (h *house) signIn(name, password string, headers ...string) answer {
	return h.do("POST", "/api/v1/session", `{"login":"`+name+`","password":"`+password+`"}`, headers...)
}

// An agent signs in, is known, and signs out.
func TestSignIn(t *testing.T) {
	h := newHouse(t)
	h.password(ann, annsPassword)
	a := h.signIn("ann", annsPassword).want(t, 201)
	if m := a.json(t); m["role"] != "agent" || m["agent"].(map[string]any)["slug"] != "ann" {
		t.Errorf("signed in as %s", a.body)
	}
	set := a.Header.Get("Set-Cookie")
	for _, part := range []string{"ringback_session=ss_", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(set, part) {
			t.Errorf("cookie %q has no %s", set, part)
		}
	}
	if strings.Contains(set, "Secure") {
		t.Error("the cookie is Secure on http: the browser would drop it")
	}
	cookie := "Cookie: " + strings.Split(set, ";")[0]
	me := h.do("GET", "/api/v1/me", "", cookie).want(t, 200).json(t)
	reps := me["represents"].([]any)
	if me["slug"] != "ann" || me["role"] != "agent" || len(reps) != 1 || reps[0].(map[string]any)["display_name"] != "Ann at Acme" {
		t.Errorf("me: %v", me)
	}
	if n := len(me["supervises"].([]any)); n != 0 {
		t.Errorf("an agent supervises %d businesses", n)
	}
	isProblem(t, h.do("GET", "/api/v1/subscribers", "", cookie), 403, "forbidden") // a desk is no console
	h.do("DELETE", "/api/v1/session", "", cookie).want(t, 204)
	if n := h.signedOut(ann); n != 1 {
		t.Errorf("her desk was closed %d times", n)
	}
	isProblem(t, h.do("GET", "/api/v1/me", "", cookie), 401, "no_session")
	isProblem(t, h.do("GET", "/api/v1/me", ""), 401, "no_key")
}

func TestMeOfKeys(t *testing.T) {
	h := newHouse(t)
	me := h.do("GET", "/api/v1/me", "", key(acmeKey)).want(t, 200).json(t)
	if me["id"] != string(subKey) || me["role"] != "subscriber" || me["agent"] != nil {
		t.Errorf("me: %v", me)
	}
	isProblem(t, h.do("DELETE", "/api/v1/session", "", key(acmeKey)), 404, "not_found")
}

func TestSupervisor(t *testing.T) {
	h := newHouse(t)
	h.agent(ann, func(a *agent.Agent) { a.Supervisor = true })
	me := h.do("GET", "/api/v1/me", "", h.session(ann)).want(t, 200).json(t)
	if me["role"] != "supervisor" || len(me["supervises"].([]any)) != 1 {
		t.Errorf("me: %v", me)
	}
}

// Nothing tells a wrong password from a name that nobody has, and guessing takes ever longer.
func TestGuessing(t *testing.T) {
	h := newHouse(t)
	h.password(ann, annsPassword)
	wrong := h.signIn("ann", "wrong")
	nobody := h.signIn("nobody", "wrong")
	isProblem(t, wrong, 401, "bad_login")
	if strip(wrong.body) != strip(nobody.body) || wrong.Header.Get("Set-Cookie") != "" {
		t.Errorf("they differ:\n%s%s", wrong.body, nobody.body)
	}
	for range 4 {
		isProblem(t, h.signIn("ann", "wrong"), 401, "bad_login")
	}
	for _, password := range []string{"wrong", annsPassword} {
		a := h.signIn("ann", password)
		if isProblem(t, a, 429, "limit_login"); a.Header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
		}
	}
	h.remote = "198.51.100.20:5000" // she herself, from elsewhere
	h.signIn("ann", annsPassword).want(t, 201)
	h.remote = ""
	h.pass(2 * time.Second)
	isProblem(t, h.signIn("ann", "wrong"), 401, "bad_login")
	a := h.signIn("ann", annsPassword)
	if isProblem(t, a, 429, "limit_login"); a.Header.Get("Retry-After") != "2" {
		t.Errorf("the pause does not grow: %q", a.Header.Get("Retry-After"))
	}
	h.pass(3 * time.Second)
	h.signIn("ann", annsPassword).want(t, 201)
	isProblem(t, h.signIn("ann", "wrong"), 401, "bad_login") // it counts anew
	if s := h.log.String(); strings.Contains(s, annsPassword) {
		t.Error("the log tells the password")
	}
}

// strip takes out what differs with every request.
func strip(body string) string {
	before, rest, _ := strings.Cut(body, `"request_id":"`)
	_, after, _ := strings.Cut(rest, `"`)
	return before + after
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// What ends a session besides signing out.
func TestSessionsEnd(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*house)
		dead bool
	}{
		{"used within 12 h", func(h *house) { h.pass(11 * time.Hour) }, false},
		{"unused for 12 h", func(h *house) { h.pass(12*time.Hour + time.Second) }, true},
		{"another password", func(h *house) { h.password(ann, "another") }, true},
		{"the same password again", func(h *house) { h.agent(ann, func(*agent.Agent) {}) }, false},
		{"no password", func(h *house) { h.agent(ann, func(a *agent.Agent) { a.PasswordHash = "" }) }, true},
		{"the agent is gone", func(h *house) { h.mu.Lock(); delete(h.dir.Agents, ann); h.dir.Index(); h.mu.Unlock() }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			cookie := h.session(ann)
			h.do("GET", "/api/v1/me", "", cookie).want(t, 200)
			c.end(h)
			if a := h.do("GET", "/api/v1/me", "", cookie); c.dead {
				isProblem(t, a, 401, "no_session")
			} else {
				a.want(t, 200)
			}
		})
	}
	h := newHouse(t)
	cookie := h.session(ann)
	for range 15 { // used all week long
		h.pass(11 * time.Hour)
		h.do("GET", "/api/v1/me", "", cookie).want(t, 200)
	}
	h.pass(4 * time.Hour)
	isProblem(t, h.do("GET", "/api/v1/me", "", cookie), 401, "no_session")
	isProblem(t, h.do("GET", "/api/v1/me", "", "Cookie: ringback_session=ss_forged"), 401, "no_session")
}

// A page of another site that an agent visits does nothing in her name.
func TestCookiesFromOtherSites(t *testing.T) {
	h := newHouse(t)
	cookie := h.session(ann)
	for _, from := range []string{"Origin: http://evil.test", "Sec-Fetch-Site: cross-site"} {
		isProblem(t, h.do("DELETE", "/api/v1/session", "", cookie, from), 403, "origin_not_allowed")
		isProblem(t, h.signIn("ann", annsPassword, from), 403, "origin_not_allowed")
	}
	h.do("GET", "/api/v1/me", "", cookie).want(t, 200)
	h.do("DELETE", "/api/v1/session", "", cookie, "Origin: "+base, "Sec-Fetch-Site: same-origin").want(t, 204)
}

// A password is kept under no idempotency key, not even as the hash of a body.
func TestSignInIsNotKept(t *testing.T) {
	h := newHouse(t)
	h.password(ann, annsPassword)
	h.signIn("ann", annsPassword, "Idempotency-Key: k").want(t, 201)
	h.signIn("ann", "wrong", "Idempotency-Key: k").want(t, 401)
	if len(h.kept) > 0 {
		t.Errorf("kept: %v", h.kept)
	}
}

// auth.passwords: false lets nobody in by a password.
func TestNoPasswords(t *testing.T) {
	h := newHouse(t)
	h.password(ann, annsPassword)
	h.gate.NoPasswords = true
	isProblem(t, h.signIn("ann", annsPassword), 403, "forbidden")
	isProblem(t, h.signIn("nobody", annsPassword), 403, "forbidden")
}

// With a passkey: registered by who has signed in, and used without a name.
func TestSignInWithPasskey(t *testing.T) {
	h := newHouse(t)
	cookie := h.session(ann)
	m := h.do("POST", "/api/v1/passkeys/register", `{}`, cookie).want(t, 200).json(t)
	if m["ceremony"] != "c1" || m["options"].(map[string]any)["publicKey"] == nil {
		t.Errorf("options: %v", m)
	}
	p := h.do("POST", "/api/v1/passkeys", `{"ceremony":"c1","name":"laptop","credential":{"id":"x"}}`, cookie).want(t, 201)
	if p.Header.Get("Location") != "/api/v1/passkeys/"+annsPasskey || h.orders[0] != "passkey c1 laptop  "+string(ann) {
		t.Errorf("%s, told %v", p.Header.Get("Location"), h.orders)
	}
	if l := h.do("GET", "/api/v1/passkeys", "", cookie).want(t, 200).json(t)["data"].([]any); len(l) != 1 {
		t.Errorf("listed: %v", l)
	}
	if l := h.do("GET", "/api/v1/passkeys", "", key(acmeKey)).want(t, 200).json(t)["data"].([]any); len(l) != 0 {
		t.Errorf("a key lists %v", l)
	}
	h.do("DELETE", "/api/v1/passkeys/"+annsPasskey, "", cookie).want(t, 204)
	begun := h.do("POST", "/api/v1/session/passkey", `{}`).want(t, 200).json(t)
	a := h.do("POST", "/api/v1/session", `{"ceremony":"`+begun["ceremony"].(string)+`","credential":{"id":"good"}}`).want(t, 201)
	if set := a.Header.Get("Set-Cookie"); !strings.HasPrefix(set, "ringback_session=ss_by-passkey;") {
		t.Errorf("cookie %q", set)
	}
	isProblem(t, h.do("POST", "/api/v1/session", `{"ceremony":"c2","credential":{"id":"bad"}}`), 401, "bad_login")
	isProblem(t, h.do("POST", "/api/v1/session/passkey", `{}`, "Origin: http://evil.test"), 403, "origin_not_allowed")
}

// Another password: the sessions of the old one end, hers here goes on, and only the new one opens the door.
func TestChangePassword(t *testing.T) {
	h := newHouse(t)
	here, elsewhere := h.session(ann), h.session(ann)
	change := func(old, chosen, cookie string) answer {
		return h.do("POST", "/api/v1/me/password", `{"old":"`+old+`","new":"`+chosen+`"}`, cookie)
	}
	isProblem(t, change("wrong", "battery staple", here), 401, "bad_login")
	isProblem(t, change(annsPassword, "short", here), 400, "wrong_type")
	isProblem(t, change(annsPassword, annsPassword, here), 400, "wrong_type")
	isProblem(t, change(annsPassword, strings.Repeat("long", 300), here), 400, "wrong_type")
	isProblem(t, change(annsPassword, "battery staple", key(operatorKey)), 404, "not_found")
	h.do("GET", "/api/v1/me", "", elsewhere).want(t, 200)

	set := change(annsPassword, "battery staple", here).want(t, 204).Header.Get("Set-Cookie")
	if !strings.HasPrefix(set, "ringback_session=ss_") {
		t.Fatalf("cookie %q", set)
	}
	h.do("GET", "/api/v1/me", "", "Cookie: "+strings.Split(set, ";")[0]).want(t, 200)
	for _, old := range []string{here, elsewhere} {
		isProblem(t, h.do("GET", "/api/v1/me", "", old), 401, "no_session")
	}
	isProblem(t, h.signIn("ann", annsPassword), 401, "bad_login")
	h.signIn("ann", "battery staple").want(t, 201)
	if len(h.kept) > 0 {
		t.Errorf("kept: %v", h.kept)
	}
	h.gate.NoPasswords = true
	isProblem(t, change("battery staple", "another one", "Cookie: "+strings.Split(set, ";")[0]), 403, "forbidden")
}

// Who tries passwords with a session that was left open is slowed down as at the door.
func TestGuessingWithASession(t *testing.T) {
	h := newHouse(t)
	cookie := h.session(ann)
	for n := range 20 {
		a := h.do("POST", "/api/v1/me/password", `{"old":"guess","new":"battery staple"}`, cookie)
		if a.StatusCode == 429 {
			if a.Header.Get("Retry-After") == "" || n < 3 {
				t.Errorf("try %d: Retry-After %q", n, a.Header.Get("Retry-After"))
			}
			return
		}
		isProblem(t, a, 401, "bad_login")
	}
	t.Error("twenty guesses are not slowed down")
}
