package dialog

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/emiago/sipgo/sip"

	"ringback/internal/cti/ctisip/digest"
)

// challenge is a WWW-Authenticate or Proxy-Authenticate header (RFC 7616, RFC 8760).
type challenge struct {
	realm, nonce, opaque, algorithm string
	said                            string // the algorithm as it was written
	auth                            bool   // qop holds auth
	qop                             bool   // qop was said
	stale                           bool
}

// Challenge is one way in which a far end asks who we are.
type Challenge struct {
	challenge
	proxy bool // 407
}

// challengesOf reads the challenges of an answer, in the order of the far end's preference (RFC 8760 section 2.4).
func challengesOf(r *sip.Response) []Challenge {
	var out []Challenge
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate"} {
		for _, h := range r.GetHeaders(name) {
			if c, ok := parseChallenge(h.Value()); ok {
				out = append(out, Challenge{c, name[0] == 'P'})
			}
		}
	}
	return out
}

// Login is an account with the challenge that it has answered: the same nonce serves for later requests, counted
// (RFC 7616 section 3.4.5).
type Login struct {
	User, Pass string

	known Challenge
	ready bool
	uses  uint32
}

// Take takes a challenge that can be answered; false: give up. answers is how often this request was answered already:
// once is enough, and once more when only the nonce was too old.
func (l *Login) Take(a Reply, answers int) bool {
	if l.User == "" || answers > 1 {
		return false
	}
	for _, c := range a.Challenges {
		if c.proxy != (a.Code == 407) || answers == 1 && !c.stale || !c.ours() {
			continue
		}
		l.known, l.ready, l.uses = c, true, 0
		return true
	}
	l.ready = false
	return false
}

// Header answers the challenge for another request; "" when none was taken.
func (l *Login) Header(method, uri, cnonce string) (value string, proxy bool) {
	if !l.ready {
		return "", false
	}
	l.uses++
	v, ok := l.known.answer(l.User, l.Pass, method, uri, cnonce, l.uses)
	if !ok {
		return "", false
	}
	return v, l.known.proxy
}

// credentials answers a challenge to a request of a call; false: give up. answers is how often it was answered already.
func (c *Call) credentials(r *sip.Response, method sip.RequestMethod, uri string, answers int) (sip.Header, bool) {
	l := Login{User: c.inv.User, Pass: c.inv.Pass}
	if !l.Take(Reply{Code: r.StatusCode, Challenges: challengesOf(r)}, answers) {
		return nil, false
	}
	v, proxy := l.Header(string(method), uri, fmt.Sprintf("%08x", c.s.c.Random(1<<31-1)))
	if proxy {
		return sip.NewHeader("Proxy-Authorization", v), v != ""
	}
	return sip.NewHeader("Authorization", v), v != ""
}

// parseChallenge reads the parameters of a Digest challenge; false when it is another scheme or lacks a nonce.
func parseChallenge(v string) (challenge, bool) {
	var c challenge
	params, ok := digest.Params(v)
	if !ok {
		return c, false
	}
	for key, val := range params {
		switch key {
		case "realm":
			c.realm = val
		case "nonce":
			c.nonce = val
		case "opaque":
			c.opaque = val
		case "algorithm":
			c.algorithm, c.said = strings.ToUpper(val), val
		case "stale":
			c.stale = strings.EqualFold(val, "true")
		case "qop":
			c.qop = true
			for q := range strings.SplitSeq(val, ",") {
				c.auth = c.auth || strings.EqualFold(strings.TrimSpace(q), "auth")
			}
		}
	}
	return c, c.nonce != ""
}

// ours says whether we can answer: the algorithm and quality of protection are ours, and nothing in it ends a quote.
func (c challenge) ours() bool {
	_, _, ok := c.digest()
	return ok && (!c.qop || c.auth) && !strings.ContainsAny(c.realm+c.nonce+c.opaque, "\"\\\r\n")
}

// digest is the challenge's algorithm, and whether its key is bound to the nonces.
func (c challenge) digest() (sum func() hash.Hash, session, ok bool) {
	name, session := strings.CutSuffix(c.algorithm, "-SESS")
	switch name {
	case "", "MD5":
		return md5.New, session, true
	case "SHA-256":
		return sha256.New, session, true
	case "SHA-512-256":
		return sha512.New512_256, session, true
	}
	return nil, false, false
}

// answer returns the value of the header that answers the challenge for the uses-th time; false when it is not ours.
func (c challenge) answer(user, pass, method, uri, cnonce string, uses uint32) (string, bool) {
	sum, session, _ := c.digest()
	if !c.ours() {
		return "", false
	}
	h := func(s ...string) string {
		k := sum()
		k.Write([]byte(strings.Join(s, ":")))
		return hex.EncodeToString(k.Sum(nil))
	}
	a1, a2 := h(user, c.realm, pass), h(method, uri)
	if session {
		a1 = h(a1, c.nonce, cnonce)
	}
	out := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s"`, user, c.realm, c.nonce, uri)
	nc := fmt.Sprintf("%08x", uses)
	switch {
	case c.qop:
		out += fmt.Sprintf(`, response="%s", qop=auth, nc=%s, cnonce="%s"`, h(a1, c.nonce, nc, cnonce, "auth", a2), nc, cnonce)
	case session:
		out += fmt.Sprintf(`, response="%s", cnonce="%s"`, h(a1, c.nonce, a2), cnonce)
	default:
		out += fmt.Sprintf(`, response="%s"`, h(a1, c.nonce, a2))
	}
	if c.algorithm != "" {
		out += ", algorithm=" + c.said
	}
	if c.opaque != "" {
		out += fmt.Sprintf(`, opaque="%s"`, c.opaque)
	}
	return out, true
}
