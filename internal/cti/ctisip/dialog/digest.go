package dialog

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// challenge is a WWW-Authenticate or Proxy-Authenticate header (RFC 7616, RFC 8760).
type challenge struct {
	realm, nonce, opaque, algorithm string
	auth                            bool // qop holds auth
	qop                             bool // qop was said
	stale                           bool
}

// credentials answers a challenge once, and once more when only the nonce was stale. false: give up.
func (c *Call) credentials(r *sip.Response, method sip.RequestMethod, uri string) (sip.Header, bool) {
	if c.inv.User == "" {
		return nil, false
	}
	name, answer := "WWW-Authenticate", "Authorization"
	if r.StatusCode == 407 {
		name, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	for _, h := range r.GetHeaders(name) {
		ch, ok := parseChallenge(h.Value())
		if !ok || method == sip.INVITE && (c.tried > 1 || c.tried == 1 && !ch.stale) {
			continue
		}
		v, ok := ch.answer(c.inv.User, c.inv.Pass, string(method), uri, fmt.Sprintf("%08x", c.s.c.Random(1<<31-1)))
		if !ok {
			continue
		}
		if method == sip.INVITE {
			c.tried++
		}
		return sip.NewHeader(answer, v), true
	}
	return nil, false
}

// parseChallenge reads the parameters of a Digest challenge; false when it is another scheme or lacks a nonce.
func parseChallenge(v string) (challenge, bool) {
	var c challenge
	scheme, rest, _ := strings.Cut(strings.TrimSpace(v), " ")
	if !strings.EqualFold(scheme, "Digest") {
		return c, false
	}
	for rest != "" {
		var key, val string
		key, rest, _ = strings.Cut(rest, "=")
		key = strings.ToLower(strings.Trim(key, " ,\t"))
		val, rest = value(strings.TrimLeft(rest, " \t"))
		switch key {
		case "realm":
			c.realm = val
		case "nonce":
			c.nonce = val
		case "opaque":
			c.opaque = val
		case "algorithm":
			c.algorithm = strings.ToUpper(val)
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

// value cuts a token or a quoted string from the front of s.
func value(s string) (val, rest string) {
	if !strings.HasPrefix(s, `"`) {
		val, rest, _ = strings.Cut(s, ",")
		return strings.TrimSpace(val), rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}

// answer returns the value of the header that answers the challenge; false when its algorithm or qop is not ours.
func (c challenge) answer(user, pass, method, uri, cnonce string) (string, bool) {
	var sum func() hash.Hash
	switch c.algorithm {
	case "", "MD5":
		sum = md5.New
	case "SHA-256":
		sum = sha256.New
	default:
		return "", false
	}
	if c.qop && !c.auth || strings.ContainsAny(c.realm+c.nonce+c.opaque, "\"\\\r\n") {
		return "", false
	}
	h := func(s string) string {
		k := sum()
		k.Write([]byte(s))
		return hex.EncodeToString(k.Sum(nil))
	}
	a1, a2 := h(user+":"+c.realm+":"+pass), h(method+":"+uri)
	out := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s"`, user, c.realm, c.nonce, uri)
	if c.qop {
		out += fmt.Sprintf(`, response="%s", qop=auth, nc=00000001, cnonce="%s"`, h(strings.Join([]string{a1, c.nonce, "00000001", cnonce, "auth", a2}, ":")), cnonce)
	} else {
		out += fmt.Sprintf(`, response="%s"`, h(a1+":"+c.nonce+":"+a2))
	}
	if c.algorithm != "" {
		out += ", algorithm=" + c.algorithm
	}
	if c.opaque != "" {
		out += fmt.Sprintf(`, opaque="%s"`, c.opaque)
	}
	return out, true
}
