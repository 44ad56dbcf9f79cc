package simcarrier

import (
	"errors"
	"strconv"
	"strings"
)

// message is a SIP request or response, read by hand: this network shares no SIP code with the switch it tests.
type message struct {
	method string // of a request; "" = a response
	uri    string // Request-URI
	status int    // of a response
	reason string
	heads  []head
	body   string

	// What every message must have, read once.
	callID         string
	cseq           uint32
	cseqMethod     string
	fromTag, toTag string
	via            via // the topmost
}

// head is one header line; name is in lower case and never compact.
type head struct{ name, value string }

var compact = map[string]string{"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
	"c": "content-type", "e": "content-encoding", "k": "supported", "s": "subject", "x": "session-expires"}

var (
	errShort  = errors.New("no empty line after the headers")
	errStart  = errors.New("bad start line")
	errHeader = errors.New("bad header line")
	errNeeded = errors.New("a header that every message needs is missing or wrong")
	errLength = errors.New("shorter than its Content-Length")
)

// parse reads one datagram (RFC 3261 section 7). Folded lines are joined; a body longer than Content-Length is cut.
func parse(text string) (*message, error) {
	text = strings.TrimLeft(text, "\r\n")
	headText, body, ok := strings.Cut(text, "\r\n\r\n")
	if !ok {
		return nil, errShort
	}
	start, rest, _ := strings.Cut(headText, "\r\n")
	m := &message{body: body}
	if err := m.startLine(start); err != nil {
		return nil, err
	}
	if err := m.headers(rest); err != nil {
		return nil, err
	}
	if v := m.get("content-length"); v != "" {
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil {
			return nil, errNeeded
		}
		if int(n) > len(body) {
			return nil, errLength
		}
		m.body = body[:n]
	}
	return m, m.needed()
}

func (m *message) startLine(s string) error {
	if after, ok := strings.CutPrefix(s, "SIP/2.0 "); ok {
		code, reason, _ := strings.Cut(after, " ")
		n, err := strconv.Atoi(code)
		if err != nil || n < 100 || n > 699 {
			return errStart
		}
		m.status, m.reason = n, reason
		return nil
	}
	method, rest, ok := strings.Cut(s, " ")
	uri, version, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || version != "SIP/2.0" || !isToken(method) || uri == "" {
		return errStart
	}
	m.method, m.uri = method, uri
	return nil
}

func (m *message) headers(s string) error {
	m.heads = make([]head, 0, 16)
	for s != "" {
		var line string
		line, s, _ = strings.Cut(s, "\r\n")
		if line[:min(1, len(line))] == " " || line[:min(1, len(line))] == "\t" {
			if len(m.heads) == 0 {
				return errHeader
			}
			m.heads[len(m.heads)-1].value += " " + strings.TrimSpace(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || !isToken(name) || len(m.heads) > 200 {
			return errHeader
		}
		if long := compact[name]; long != "" {
			name = long
		}
		m.heads = append(m.heads, head{name, strings.TrimSpace(value)})
	}
	return nil
}

func (m *message) needed() (err error) {
	m.callID = m.get("call-id")
	n, method, ok := strings.Cut(m.get("cseq"), " ")
	seq, err := strconv.ParseUint(n, 10, 31)
	if m.callID == "" || !ok || err != nil || m.get("from") == "" || m.get("to") == "" {
		return errNeeded
	}
	m.cseq, m.cseqMethod = uint32(seq), strings.TrimSpace(method)
	if m.method != "" && m.method != m.cseqMethod {
		return errNeeded
	}
	m.fromTag, m.toTag = param(m.get("from"), "tag"), param(m.get("to"), "tag")
	m.via, err = parseVia(m.get("via"))
	return err
}

// get returns the first header of that (lower-case) name, "" when there is none.
func (m *message) get(name string) string {
	for _, h := range m.heads {
		if h.name == name {
			return h.value
		}
	}
	return ""
}

// all returns the values of every header of that name; a list in one line counts as several.
func (m *message) all(name string) (out []string) {
	for _, h := range m.heads {
		if h.name == name {
			for v := range strings.SplitSeq(h.value, ",") {
				out = append(out, strings.TrimSpace(v))
			}
		}
	}
	return out
}

func isToken(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-.!%*_+`'~", c) >= 0 {
			continue
		}
		return false
	}
	return true
}
