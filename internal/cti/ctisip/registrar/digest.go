package registrar

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/digest"
)

// credentials are an Authorization header (RFC 7616 section 3.4).
type credentials struct {
	username, realm, nonce, uri, response, algorithm, qop, cnonce, nc string
}

// parseCredentials reads a Digest Authorization; false when it is another scheme or lacks what we ask for.
func parseCredentials(v string) (c credentials, ok bool) {
	params, ok := digest.Params(v)
	if !ok || len(v) > 2048 {
		return c, false
	}
	fields := map[string]*string{"username": &c.username, "realm": &c.realm, "nonce": &c.nonce, "uri": &c.uri, "response": &c.response,
		"algorithm": &c.algorithm, "qop": &c.qop, "cnonce": &c.cnonce, "nc": &c.nc}
	seen := map[string]bool{}
	for name, val := range params {
		if seen[name] {
			return c, false
		}
		seen[name] = true
		if f := fields[name]; f != nil {
			*f = val
		}
	}
	c.algorithm = strings.ToUpper(c.algorithm)
	return c, c.username != "" && c.nonce != "" && c.uri != "" && c.response != ""
}

// proves says whether the credentials answer for the secret. It takes as long when they do not.
func (c *credentials) proves(s cti.Secret, method string) bool {
	var sum func() hash.Hash
	a1 := s.MD5
	switch c.algorithm {
	case "", "MD5":
		sum = md5.New
	case "SHA-256":
		sum, a1 = sha256.New, s.SHA256
	default:
		return false
	}
	h := func(s string) string {
		k := sum()
		k.Write([]byte(s))
		return hex.EncodeToString(k.Sum(nil))
	}
	want := h(strings.Join([]string{a1, c.nonce, c.nc, c.cnonce, "auth", h(method + ":" + c.uri)}, ":"))
	return a1 != "" && c.qop == "auth" && c.realm == cti.Realm && subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(c.response))) == 1
}

// uses returns the use count, 0 = none that is well formed.
func (c *credentials) uses() uint32 {
	n, err := strconv.ParseUint(c.nc, 16, 32)
	if err != nil || len(c.nc) != 8 || c.cnonce == "" {
		return 0
	}
	return uint32(n)
}
