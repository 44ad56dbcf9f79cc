package cti

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Endpoint is where a telephone is: tel:+12025550100, sip:ann@127.0.0.1:5080, web:….
type Endpoint string

// Kind is how a leg travels.
type Kind string

const (
	Tel Kind = "tel"
	SIP Kind = "sip"
	Web Kind = "web"
)

// Kind returns the part before the colon.
func (e Endpoint) Kind() Kind {
	k, _, _ := strings.Cut(string(e), ":")
	return Kind(k)
}

// Number returns the E.164 number of a tel: endpoint, "" of others.
func (e Endpoint) Number() string {
	n, ok := strings.CutPrefix(string(e), "tel:")
	if !ok {
		return ""
	}
	return n
}

// SIPURI splits a sip: endpoint into user, host (a name or an address without brackets) and port (0 = not said).
// transport is "udp", "tcp" or "tls", "" = not said.
func (e Endpoint) SIPURI() (user, host string, port int, transport string, err error) {
	rest, ok := strings.CutPrefix(string(e), "sip:")
	if !ok {
		return "", "", 0, "", fmt.Errorf("%s is no sip: address", e)
	}
	rest, params, _ := strings.Cut(rest, ";")
	for p := range strings.SplitSeq(params, ";") {
		switch k, v, _ := strings.Cut(p, "="); {
		case p == "":
		case k == "transport" && (v == "udp" || v == "tcp" || v == "tls"):
			transport = v
		default:
			return "", "", 0, "", fmt.Errorf("%s: parameter %q is not understood", e, p)
		}
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, rest = rest[:at], rest[at+1:]
		if user == "" || strings.Trim(user, userChars) != "" {
			return "", "", 0, "", fmt.Errorf("%s: the part before @ may hold letters, digits and -_.+", e)
		}
	}
	host = rest
	if h, p, err := net.SplitHostPort(rest); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return "", "", 0, "", fmt.Errorf("%s: %q is no port", e, p)
		}
		host, port = h, int(n)
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(host); err != nil && !hostname(host) {
		return "", "", 0, "", fmt.Errorf("%s: %q is no host", e, host)
	}
	return user, host, port, transport, nil
}

// Telephone is the one spelling of all endpoints that ring the same telephone: without transport, with the port, the
// host in small letters.
func (e Endpoint) Telephone() Endpoint {
	user, host, port, transport, err := e.SIPURI()
	if err != nil {
		return e
	}
	if port == 0 {
		port = DefaultPort(transport)
	}
	if user != "" {
		user += "@"
	}
	return Endpoint("sip:" + user + net.JoinHostPort(strings.ToLower(host), strconv.Itoa(port)))
}

// DefaultPort is the port of SIP over a transport when none is said.
func DefaultPort(transport string) int {
	if transport == "tls" {
		return 5061
	}
	return 5060
}

const userChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+"

func hostname(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for l := range strings.SplitSeq(s, ".") {
		if l == "" || len(l) > 63 || l[0] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return false
		}
	}
	return true
}

// ParseEndpoint checks an endpoint that somebody has written: tel: with an E.164 number, sip: with a host. Browsers are not
// among them: who is rung there is not for callers to choose. It takes no other parameter than
// transport=udp|tcp|tls, and no character that could end a header.
func ParseEndpoint(s string) (Endpoint, error) {
	e := Endpoint(s)
	switch e.Kind() {
	case Tel:
		n := e.Number()
		if len(n) < 4 || len(n) > 16 || n[0] != '+' || strings.Trim(n[1:], "0123456789") != "" {
			return "", fmt.Errorf("%q is no E.164 number: tel:+ and up to 15 digits", s)
		}
		return e, nil
	case SIP:
		_, _, _, _, err := e.SIPURI()
		if err != nil {
			return "", err
		}
		return e, nil
	}
	return "", fmt.Errorf("want tel:+ and a number, or sip: and an address, got %q", s)
}
