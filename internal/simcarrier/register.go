package simcarrier

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// binding is a user who is registered here.
type binding struct {
	uri   string // their Contact
	way   hop
	until time.Time
}

// Registration is a binding as it is told.
type Registration struct {
	User    string    `json:"user"`
	Contact string    `json:"contact"`
	From    string    `json:"from"`
	Until   time.Time `json:"until"`
}

// Registrations returns who is registered here, by user.
func (c *Carrier) Registrations() []Registration {
	out := []Registration{}
	c.do(func() {
		for user, b := range c.bindings {
			if time.Now().Before(b.until) {
				out = append(out, Registration{user, b.uri, b.way.addr.String(), stamp(b.until)})
			}
		}
	})
	slices.SortFunc(out, func(a, b Registration) int { return strings.Compare(a.User, b.User) })
	return out
}

// registration is how a line takes REGISTER: part of its manner.
type registration struct {
	algorithms []string      // that are offered; nil = MD5
	proxy      bool          // asks with 407
	least      time.Duration // shorter is answered 423
	most       time.Duration // is granted; 0 = an hour
	code       int           // refuses everything with it; 0 = does not
	retry      string        // Retry-After of that
	forget     bool          // grants, and has forgotten it
}

// registers answers a REGISTER (RFC 3261 section 10.3): always with a challenge first.
func (c *Carrier) registers(m *message, src hop) {
	w, _ := mannerOf(c.manner)
	r := w.registration
	switch {
	case w.silent:
		return
	case r.code != 0:
		var extra []string
		if r.retry != "" {
			extra = append(extra, "Retry-After: "+r.retry)
		}
		c.answerBare(m, src, r.code, "Not Now", extra...)
		return
	}
	user, ok := c.registrant(m, r)
	if !ok {
		c.challenge(m, src, r)
		return
	}
	contact := m.get("contact")
	asked := expiresOf(m, contact)
	switch {
	case asked > 0 && asked < r.least:
		c.answerBare(m, src, 423, "Interval Too Brief", fmt.Sprintf("Min-Expires: %d", int(r.least.Seconds())))
		return
	case contact == "":
		c.answerBare(m, src, 200, "OK")
		return
	case asked == 0 || contact == "*":
		delete(c.bindings, user)
		c.answerBare(m, src, 200, "OK")
		return
	}
	if r.most == 0 {
		r.most = time.Hour
	}
	granted := min(asked, r.most)
	if !r.forget {
		c.bindings[user] = binding{addrURI(contact), src, time.Now().Add(granted)}
	}
	c.answerBare(m, src, 200, "OK", fmt.Sprintf("Contact: <%s>;expires=%d", addrURI(contact), int(granted.Seconds())))
}

// expiresOf is what a REGISTER asks for: of its Contact, of the message, or an hour.
func expiresOf(m *message, contact string) time.Duration {
	for _, v := range []string{param(contact, "expires"), m.get("expires")} {
		if n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 31); err == nil {
			return time.Duration(n) * time.Second
		}
	}
	return time.Hour
}

// registrant is the user whose credentials are right.
func (c *Carrier) registrant(m *message, r registration) (user string, ok bool) {
	v := m.get("authorization")
	if r.proxy {
		v = m.get("proxy-authorization")
	}
	_, rest, _ := strings.Cut(v, " ")
	p := digestParams(rest)
	password, known := c.cfg.Accounts[p["username"]]
	if p["username"] == c.cfg.Username {
		password, known = c.cfg.Password, true
	}
	algorithm := p["algorithm"]
	if algorithm == "" {
		algorithm = "MD5"
	}
	if !known || p["realm"] != realm || !slices.Contains(c.nonces, p["nonce"]) || !slices.Contains(r.offered(), strings.ToUpper(algorithm)) {
		return "", false
	}
	return p["username"], strings.EqualFold(p["response"], response(p, m.method, p["username"], password))
}

func (r registration) offered() []string {
	if r.algorithms == nil {
		return []string{"MD5"}
	}
	return r.algorithms
}

func (c *Carrier) challenge(m *message, src hop, r registration) {
	nonce := c.sources.tag()
	if c.nonces = append(c.nonces, nonce); len(c.nonces) > 100 {
		c.nonces = c.nonces[1:]
	}
	code, name, reason := 401, "WWW-Authenticate", "Unauthorized"
	if r.proxy {
		code, name, reason = 407, "Proxy-Authenticate", "Proxy Authentication Required"
	}
	stale := ""
	if m.get("authorization") != "" && !slices.Contains(c.nonces[:len(c.nonces)-1], nonceOf(m)) {
		stale = ", stale=true"
	}
	var extra []string
	for _, a := range r.offered() {
		extra = append(extra, fmt.Sprintf(`%s: Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"%s`, name, realm, nonce, a, stale))
	}
	c.answerBare(m, src, code, reason, extra...)
}

func nonceOf(m *message) string {
	_, rest, _ := strings.Cut(m.get("authorization"), " ")
	return digestParams(rest)["nonce"]
}

// onlyRegistered lets in calls from addresses that are registered.
func onlyRegistered(k *call) bool {
	for _, b := range k.c.bindings {
		if b.way.addr == k.from.addr && time.Now().Before(b.until) {
			return true
		}
	}
	k.refuseNow(403, "Forbidden")
	return false
}

const realm = "simcarrier"

// hashed is a digest's hash by the name of its algorithm.
func hashed(algorithm, s string) string {
	if strings.EqualFold(algorithm, "SHA-256") {
		h := sha256.Sum256([]byte(s))
		return hex.EncodeToString(h[:])
	}
	h := md5.Sum([]byte(s))
	return hex.EncodeToString(h[:])
}

// response is the digest over p (RFC 7616 section 3.4.1).
func response(p map[string]string, method, user, password string) string {
	hash := func(s string) string { return hashed(p["algorithm"], s) }
	a1 := hash(user + ":" + p["realm"] + ":" + password)
	a2 := hash(method + ":" + p["uri"])
	if p["qop"] == "" {
		return hash(a1 + ":" + p["nonce"] + ":" + a2)
	}
	return hash(strings.Join([]string{a1, p["nonce"], p["nc"], p["cnonce"], "auth", a2}, ":"))
}

// authorize answers the challenge of a 401 or 407 with a header line; SHA-256 where it is offered. "" = none that we know.
func authorize(m *message, method, uri, user, password string) string {
	ask, answer := "www-authenticate", "Authorization"
	if m.status == 407 {
		ask, answer = "proxy-authenticate", "Proxy-Authorization"
	}
	var best map[string]string
	for _, h := range m.heads {
		scheme, rest, _ := strings.Cut(h.value, " ")
		if h.name != ask || !strings.EqualFold(scheme, "Digest") {
			continue
		}
		p := digestParams(rest)
		if p["algorithm"] == "" {
			p["algorithm"] = "MD5"
		}
		switch sha := strings.EqualFold(p["algorithm"], "SHA-256"); {
		case sha, strings.EqualFold(p["algorithm"], "MD5") && best == nil:
			best = p
		}
	}
	if best == nil {
		return ""
	}
	best["uri"], best["nc"], best["cnonce"] = uri, "00000001", "c0ffee"+best["nonce"][:min(8, len(best["nonce"]))]
	line := fmt.Sprintf(`%s: Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=%s, response="%s"`,
		answer, user, best["realm"], best["nonce"], uri, best["algorithm"], response(best, method, user, password))
	if best["qop"] != "" {
		line += fmt.Sprintf(`, qop=auth, nc=%s, cnonce="%s"`, best["nc"], best["cnonce"])
	}
	if best["opaque"] != "" {
		line += fmt.Sprintf(`, opaque="%s"`, best["opaque"])
	}
	return line
}
