package simcarrier

import (
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
		k.refuseNow(code, reason, fmt.Sprintf(`%s: Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"%s`, ask, realm, k.nonce, algorithm, stale))
		return false
	}
}

func (k *call) authentic(v, algorithm string) bool {
	scheme, rest, _ := strings.Cut(v, " ")
	p := digestParams(rest)
	if !strings.EqualFold(scheme, "Digest") || p["username"] != k.c.cfg.Username || p["nonce"] != k.nonce || p["realm"] != realm {
		return false
	}
	if a := p["algorithm"]; a != "" && !strings.EqualFold(a, algorithm) {
		return false
	}
	if p["algorithm"] == "" {
		p["algorithm"] = algorithm
	}
	return strings.EqualFold(p["response"], response(p, "INVITE", k.c.cfg.Username, k.c.cfg.Password))
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
