package sdp

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"ringback/internal/cti/ctisip/srtp"
)

// Crypto is one a=crypto line: a suite and the key that its writer encrypts with (RFC 4568 section 9).
type Crypto struct {
	Tag   int
	Suite srtp.Suite
	Key   srtp.Key
}

// maxCrypto bounds the lines that are kept.
const maxCrypto = 16

// crypto reads a line. What we could not keep to is passed over, as the RFC wants: an unknown suite, several keys, a key
// with an identifier (MKI), and parameters that change how packets are protected.
func crypto(v string) (Crypto, bool) {
	f := strings.Fields(v)
	if len(f) < 3 {
		return Crypto{}, false
	}
	tag, err := strconv.ParseUint(f[0], 10, 30)
	c := Crypto{Tag: int(tag), Suite: srtp.Suite(f[1])}
	if err != nil || c.Suite.KeyLen() == 0 {
		return Crypto{}, false
	}
	for _, p := range f[3:] {
		if !strings.HasPrefix(p, "WSH=") { // a hint for the replay window
			return Crypto{}, false
		}
	}
	inline, ok := strings.CutPrefix(f[2], "inline:")
	parts := strings.Split(inline, "|")
	for _, p := range parts[1:] {
		if strings.Contains(p, ":") { // an identifier and its length; else a lifetime
			return Crypto{}, false
		}
	}
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if !ok || err != nil || len(key) != c.Suite.KeyLen() {
		return Crypto{}, false
	}
	c.Key = key
	return c, true
}

// String is the line without its name. The key is in it: it belongs on TLS, not in a log.
func (c Crypto) String() string {
	return fmt.Sprintf("%d %s inline:%s", c.Tag, c.Suite, base64.StdEncoding.EncodeToString(c.Key))
}

// Secure says whether the stream must be encrypted: its line says RTP/SAVP.
func (m *Media) Secure() bool { return strings.HasPrefix(m.Proto, "RTP/SAVP") }
