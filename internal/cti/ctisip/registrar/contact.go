package registrar

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// contact is one entry of a Contact header.
type contact struct {
	uri      string // sip:…, without what is none of a Request-URI's business
	star     bool
	expires  int // seconds; -1 = not said
	instance string
	regID    int // of RFC 5626, 0 = none
}

var errContact = errors.New("a Contact that cannot be read")

// parseContacts reads the values of all Contact headers of a request, each of which may be a list.
func parseContacts(values []string) (out []contact, err error) {
	for _, v := range values {
		if len(v) > 4096 {
			return nil, errContact
		}
		for _, one := range split(v, ',') {
			c, err := parseContact(strings.TrimSpace(one))
			if err != nil {
				return nil, err
			}
			if out = append(out, c); len(out) > 32 {
				return nil, errContact
			}
		}
	}
	return out, nil
}

func parseContact(s string) (c contact, err error) {
	c.expires = -1
	if s == "*" {
		c.star = true
		return c, nil
	}
	params := ""
	if open := indexOutside(s, '<'); open >= 0 {
		end := strings.IndexByte(s[open:], '>')
		if end < 0 {
			return c, errContact
		}
		c.uri, params = s[open+1:open+end], s[open+end+1:]
	} else { // without brackets what follows ; is the header's
		c.uri, params, _ = strings.Cut(s, ";")
		params = ";" + params
	}
	if c.uri, err = cleanURI(strings.TrimSpace(c.uri)); err != nil {
		return c, err
	}
	for _, p := range split(params, ';') {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		v = strings.Trim(strings.TrimSpace(v), `"`)
		switch strings.ToLower(strings.TrimSpace(k)) {
		case "expires":
			c.expires = seconds(v)
		case "+sip.instance":
			if len(v) <= 128 && !strings.ContainsAny(v, "\"\r\n\x00") {
				c.instance = v
			}
		case "reg-id":
			c.regID = max(0, seconds(v))
		}
	}
	if c.instance != "" && c.regID > 1 { // a flow of its own (RFC 5626 section 6)
		c.instance += flowMark + strconv.Itoa(c.regID)
	}
	return c, nil
}

// seconds reads a delta-seconds; one that is malformed or too large counts as not said (RFC 3261 section 10.2.1.1), one
// above an hour is cut later.
func seconds(v string) int {
	n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 32)
	if err != nil {
		return -1
	}
	return int(min(n, 1<<30))
}

// cleanURI takes a sip: address that a request can go to: user, host, port and transport, and no character that could end
// a header.
func cleanURI(s string) (string, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips") || len(rest) > 255 {
		return "", errContact
	}
	rest, _, _ = strings.Cut(rest, "?")
	rest, params, _ := strings.Cut(rest, ";")
	user := ""
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, rest = rest[:at], rest[at+1:]
		user, _, _ = strings.Cut(user, ":") // a password has no place here
		if user == "" || strings.Trim(user, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()&=+$,/%") != "" {
			return "", errContact
		}
		user += "@"
	}
	if !hostport(rest) {
		return "", errContact
	}
	out := strings.ToLower(scheme) + ":" + user + strings.ToLower(rest)
	for p := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(k, "transport") {
			switch v = strings.ToLower(v); v {
			case "udp", "tcp", "tls":
				out += ";transport=" + v
			}
		}
	}
	return out, nil
}

func hostport(s string) bool {
	host := s
	if h, p, err := net.SplitHostPort(s); err == nil {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return false
		}
		host = h
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Zone() == ""
	}
	return host != "" && strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-.") == ""
}

// contactAddr is the address and port of a Contact; false when it is a name.
func contactAddr(uri string) (netip.AddrPort, bool) {
	_, rest, _ := strings.Cut(uri, ":")
	rest, _, _ = strings.Cut(rest, ";")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	host, port := strings.TrimSuffix(strings.TrimPrefix(rest, "["), "]"), uint64(5060)
	if h, p, err := net.SplitHostPort(rest); err == nil {
		host = h
		port, _ = strconv.ParseUint(p, 10, 16)
	}
	a, err := netip.ParseAddr(host)
	return netip.AddrPortFrom(a.Unmap(), uint16(port)), err == nil
}

// split cuts s at sep where it stands outside of quotes and angle brackets; empty parts are left out.
func split(s string, sep byte) (out []string) {
	start, quoted, angle := 0, false, false
	for i := 0; i <= len(s); i++ {
		switch {
		case i == len(s) || s[i] == sep && !quoted && !angle:
			if part := strings.TrimSpace(s[start:i]); part != "" {
				out = append(out, part)
			}
			start = i + 1
		case quoted && s[i] == '\\':
			i++
			if i == len(s) {
				i--
			}
		case s[i] == '"':
			quoted = !quoted
		case quoted:
		case s[i] == '<':
			angle = true
		case s[i] == '>':
			angle = false
		}
	}
	return out
}

// indexOutside finds c outside of quotes, -1 = it is not there.
func indexOutside(s string, c byte) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == c && !quoted:
			return i
		}
	}
	return -1
}
