package simcarrier

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// challengeWith lets an INVITE pass with right credentials (RFC 7616, RFC 8760), asks for them once and refuses wrong
// ones with 403.
func challengeWith(code int, algorithm string) func(*call) bool {
	ask, answer, reason := "WWW-Authenticate", "authorization", "Unauthorized"
	if code == 407 {
		ask, answer, reason = "Proxy-Authenticate", "proxy-authorization", "Proxy Authentication Required"
	}
	return func(k *call) bool {
		v, stale := k.invite.get(answer), ""
		switch right := v != "" && k.nonce != "" && k.authentic(v, algorithm); {
		case right && k.manner.stale:
			k.manner.stale, stale = false, ", stale=true"
		case right:
			return true
		case v != "":
			k.refuseNow(403, "Forbidden")
			return false
		}
		k.nonce = k.c.sources.tag()
		k.refuseNow(code, reason, fmt.Sprintf(`%s: Digest realm="simcarrier", nonce="%s", algorithm=%s, qop="auth"%s`, ask, k.nonce, algorithm, stale))
		return false
	}
}

func (k *call) authentic(v, algorithm string) bool {
	scheme, rest, _ := strings.Cut(v, " ")
	p := digestParams(rest)
	if !strings.EqualFold(scheme, "Digest") || p["username"] != k.c.cfg.Username || p["nonce"] != k.nonce || p["realm"] != "simcarrier" {
		return false
	}
	if a := p["algorithm"]; a != "" && !strings.EqualFold(a, algorithm) {
		return false
	}
	hash := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
	if algorithm == "SHA-256" {
		hash = func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
	}
	a1 := hash(k.c.cfg.Username + ":simcarrier:" + k.c.cfg.Password)
	a2 := hash("INVITE:" + p["uri"])
	want := hash(a1 + ":" + k.nonce + ":" + a2)
	if p["qop"] == "auth" {
		want = hash(strings.Join([]string{a1, k.nonce, p["nc"], p["cnonce"], "auth", a2}, ":"))
	}
	return strings.EqualFold(p["response"], want)
}

// digestParams reads name=value and name="value" pairs; a comma inside quotes belongs to the value.
func digestParams(s string) map[string]string {
	p := map[string]string{}
	for s != "" {
		var name, value string
		name, s, _ = strings.Cut(s, "=")
		if after, ok := strings.CutPrefix(s, `"`); ok {
			value, s, _ = strings.Cut(after, `"`)
			_, s, _ = strings.Cut(s, ",")
		} else {
			value, s, _ = strings.Cut(s, ",")
		}
		p[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return p
}
