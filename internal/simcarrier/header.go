package simcarrier

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// via is the topmost Via: where the answer goes.
type via struct {
	text   string // as it came, without other Vias of the same line
	host   string
	port   uint16 // 5060 when it is not said
	branch string
	rport  bool // asks for the port we saw (RFC 3581)
}

func parseVia(s string) (via, error) {
	s, _, _ = strings.Cut(s, ",")
	v := via{text: strings.TrimSpace(s), port: 5060}
	proto, rest, ok := strings.Cut(v.text, " ")
	if !ok || !strings.HasPrefix(strings.ToUpper(proto), "SIP/2.0/") {
		return v, errNeeded
	}
	sentBy, params, _ := strings.Cut(rest, ";")
	v.host = strings.TrimSpace(sentBy)
	if h, p, err := net.SplitHostPort(v.host); err == nil {
		n, err := strconv.ParseUint(strings.TrimSpace(p), 10, 16)
		if err != nil {
			return v, errNeeded
		}
		v.host, v.port = h, uint16(n)
	}
	if len(proto) == len("SIP/2.0/") || v.host == "" {
		return v, errNeeded
	}
	for p := range strings.SplitSeq(params, ";") {
		switch k, val, _ := strings.Cut(strings.TrimSpace(p), "="); strings.ToLower(k) {
		case "branch":
			v.branch = val
		case "rport":
			v.rport = true
		}
	}
	return v, nil
}

// answered returns the Via as a response carries it to src: received and, when asked for, rport filled in.
func (v via) answered(src netip.AddrPort) string {
	var b strings.Builder
	head, params, _ := strings.Cut(v.text, ";")
	b.WriteString(strings.TrimSpace(head))
	for p := range strings.SplitSeq(params, ";") {
		k, _, _ := strings.Cut(strings.TrimSpace(p), "=")
		if k = strings.ToLower(k); k == "" || k == "rport" || k == "received" {
			continue
		}
		b.WriteString(";" + strings.TrimSpace(p))
	}
	if v.rport {
		b.WriteString(";rport=" + strconv.Itoa(int(src.Port())))
	}
	if v.rport || v.host != src.Addr().String() {
		b.WriteString(";received=" + src.Addr().String())
	}
	return b.String()
}

// replyTo is where the answer to a request from src goes: its address, and the port it wrote unless it asked for rport.
func (v via) replyTo(src hop) hop {
	if !v.rport && src.conn == nil {
		src.addr = netip.AddrPortFrom(src.addr.Addr(), v.port)
	}
	return src
}

// addrURI returns the URI of a name-addr or addr-spec: what stands in <>, or what stands before the first ";".
func addrURI(s string) string {
	if i := strings.IndexByte(s, '<'); i >= 0 {
		uri, _, _ := strings.Cut(s[i+1:], ">")
		return uri
	}
	uri, _, _ := strings.Cut(s, ";")
	return strings.TrimSpace(uri)
}

// param returns a header parameter: one after the "<uri>", "" when there is none.
func param(s, name string) string {
	if i := strings.LastIndexByte(s, '>'); i >= 0 {
		s = s[i+1:]
	}
	_, s, _ = strings.Cut(s, ";")
	for p := range strings.SplitSeq(s, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// uriUser returns the part before "@" of a sip: or tel: URI, without parameters.
func uriUser(uri string) string {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok {
		return ""
	}
	user, _, at := strings.Cut(rest, "@")
	if !at && !strings.EqualFold(scheme, "tel") {
		return ""
	}
	user, _, _ = strings.Cut(user, ";")
	user, _, _ = strings.Cut(user, ":")
	return user
}

// uriAddr returns the address of a URI whose host is a literal; ok is false for names.
func uriAddr(uri string) (ap netip.AddrPort, ok bool) {
	_, rest, ok := strings.Cut(uri, ":")
	if !ok {
		return ap, false
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	rest, _, _ = strings.Cut(rest, ";")
	rest, _, _ = strings.Cut(rest, "?")
	if ap, err := netip.ParseAddrPort(rest); err == nil {
		return ap, true
	}
	a, err := netip.ParseAddr(strings.Trim(rest, "[]"))
	return netip.AddrPortFrom(a, 5060), err == nil
}

// number writes the user part of a Request-URI as E.164 where it can: + and digits; else as it is.
func number(user string) string {
	digits := strings.TrimPrefix(user, "+")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return user
	}
	switch {
	case user != digits:
		return user
	case strings.HasPrefix(digits, "00") && len(digits) > 8:
		return "+" + digits[2:]
	case digits[0] == '0':
		return user
	case len(digits) == 10:
		return "+1" + digits // the canonical people live in North America
	case len(digits) > 7:
		return "+" + digits
	}
	return user
}
