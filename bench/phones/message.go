package phones

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// message is a SIP message as text. This is no SIP stack: it reads what a switch under test sends to a telephone, and
// nothing that is hard to read.
type message string

// method is the first word; "SIP/2.0" of an answer.
func (m message) method() string {
	w, _, _ := strings.Cut(string(m), " ")
	return w
}

// uri is the second word of a request.
func (m message) uri() string {
	_, rest, _ := strings.Cut(string(m), " ")
	w, _, _ := strings.Cut(rest, " ")
	return w
}

// headers returns all values of a header, in order. Names are compared without regard to case.
func (m message) headers(name string) []string {
	var out []string
	head, _, _ := strings.Cut(string(m), "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(k, name) {
			out = append(out, strings.TrimSpace(v))
		}
	}
	return out
}

// header returns the first value of a header, "" when there is none.
func (m message) header(name string) string {
	if all := m.headers(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// media is where the SDP of a message wants its speech; not valid = it has none.
func (m message) media() netip.AddrPort {
	_, body, _ := strings.Cut(string(m), "\r\n\r\n")
	var host netip.Addr
	var port uint64
	for line := range strings.SplitSeq(body, "\n") {
		line = strings.TrimSpace(line)
		if a, ok := strings.CutPrefix(line, "c=IN IP4 "); ok {
			host, _ = netip.ParseAddr(strings.TrimSpace(a))
		}
		if f := strings.Fields(line); len(f) > 1 && f[0] == "m=audio" {
			port, _ = strconv.ParseUint(f[1], 10, 16)
		}
	}
	if !host.IsValid() || port == 0 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(host, uint16(port))
}

// addrOf takes the URI out of a Contact or From header.
func addrOf(h string) string {
	if _, rest, ok := strings.Cut(h, "<"); ok {
		u, _, _ := strings.Cut(rest, ">")
		return u
	}
	u, _, _ := strings.Cut(h, ";")
	return u
}

// callOf is the number behind the first letter of a URI's user part: sip:c123@host is 123; -1 = none.
func callOf(uri string) int {
	user, _, ok := strings.Cut(strings.TrimPrefix(uri, "sip:"), "@")
	if !ok || len(user) < 2 {
		return -1
	}
	n, err := strconv.Atoi(user[1:])
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// reply builds an answer to a request. extra are whole header lines.
func reply(req message, code int, reason, tag, extra, body string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", code, reason)
	for _, v := range req.headers("Via") {
		fmt.Fprintf(&b, "Via: %s\r\n", v)
	}
	if code > 100 && code < 300 {
		for _, v := range req.headers("Record-Route") {
			fmt.Fprintf(&b, "Record-Route: %s\r\n", v)
		}
	}
	to := req.header("To")
	if tag != "" && !strings.Contains(to, "tag=") {
		to += ";tag=" + tag
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n%s", req.header("From"), to, req.header("Call-ID"), req.header("CSeq"), extra)
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.Bytes()
}
