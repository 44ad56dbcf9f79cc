package ladder

import "bytes"

// Clean returns a message without what must not be kept: digits of telephone numbers but the last three, display names,
// credentials, keys of SRTP, and keys that were pressed. Bodies keep their length, so Content-Length still holds.
func Clean(msg []byte) []byte {
	out := make([]byte, 0, len(msg))
	keys, what := false, headerPlain
	for first := true; len(msg) > 0; first = false {
		line := msg
		if i := bytes.IndexByte(msg, '\n'); i >= 0 {
			line = msg[:i+1]
		}
		msg = msg[len(line):]
		text := trimmed(line)
		if len(text) == 0 {
			return body(append(out, line...), msg, keys)
		}
		switch {
		case first:
			what = headerAddress
		case text[0] != ' ' && text[0] != '\t': // else it goes on
			what = headerKind(text)
		}
		switch what {
		case headerAddress:
			out = address(out, text, first)
		case headerSecret:
			if text[0] != ' ' && text[0] != '\t' {
				out = append(out, text[:bytes.IndexByte(text, ':')+1]...)
			}
			out = append(out, " (removed)"...)
		case headerType:
			keys = keys || bytes.Contains(bytes.ToLower(text), []byte("dtmf"))
			out = append(out, text...)
		default:
			out = append(out, text...)
		}
		out = append(out, line[len(text):]...)
	}
	return out
}

// trimmed is a line without its end.
func trimmed(line []byte) []byte {
	n := len(line)
	for n > 0 && (line[n-1] == '\n' || line[n-1] == '\r') {
		n--
	}
	return line[:n]
}

type headerClass int

const (
	headerPlain headerClass = iota
	headerAddress
	headerSecret
	headerType
)

// headerKind says how a header is cleaned, by its name. What is not known but holds an address is an address.
func headerKind(line []byte) headerClass {
	name, value, _ := bytes.Cut(line, []byte(":"))
	var room [40]byte
	lower := room[:0]
	name = bytes.TrimSpace(name)
	for _, c := range name[:min(len(name), len(room))] {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower = append(lower, c)
	}
	switch string(lower) {
	case "via", "v", "call-id", "i", "cseq", "max-forwards", "content-length", "l", "allow", "supported", "k", "user-agent", "server":
		return headerPlain
	case "authorization", "proxy-authorization", "authentication-info", "proxy-authentication-info", "identity":
		return headerSecret
	case "content-type", "c":
		return headerType
	case "from", "f", "to", "t", "contact", "m", "subject", "s":
		return headerAddress
	}
	if bytes.Contains(value, []byte("sip:")) || bytes.Contains(value, []byte("sips:")) || bytes.Contains(value, []byte("tel:")) {
		return headerAddress
	}
	return headerPlain
}

// address masks a line with addresses: what is quoted, an unquoted name before "<", and numbers in the user's part.
func address(out, line []byte, start bool) []byte {
	if !start {
		i := bytes.IndexByte(line, ':') + 1
		out = append(out, line[:i]...)
		if line = line[i:]; bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte("sip")) || bytes.IndexByte(line, '<') < 0 {
			return numbers(out, line)
		}
		lead := len(line) - len(bytes.TrimLeft(line, " \t"))
		out = append(out, line[:lead]...)
		line = line[lead:]
		if end := nameEnd(line); end > 0 {
			out = append(out, `"(name)" `...)
			line = line[end:]
		}
	}
	return numbers(out, line)
}

// nameEnd is where the display name ends: at the "<" that is not within quotes.
func nameEnd(line []byte) int {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && quoted:
			i++
		case line[i] == '"':
			quoted = !quoted
		case line[i] == '<' && !quoted:
			return i
		}
	}
	return 0
}

// numbers masks telephone numbers: digits that are a user's part, and other runs of seven or more, but for what stands
// behind the angle brackets: tags are no numbers.
func numbers(out, line []byte) []byte {
	begin := len(out)
	out = append(out, line...)
	b := out[begin:]
	if end := bytes.LastIndexByte(b, '>'); end >= 0 {
		b = b[:end+1]
	} else if end := bytes.Index(b, []byte(";tag=")); end >= 0 {
		b = b[:end]
	}
	for i := 0; i < len(b); i++ {
		if !digit(b[i]) {
			continue
		}
		n := i + 1
		for n < len(b) && (digit(b[n]) || b[n] == '-' && n+1 < len(b) && digit(b[n+1])) {
			n++
		}
		if n-i >= 7 || n-i >= 4 && userPart(b, i, n) {
			for k := i; k < n-3; k++ {
				b[k] = 'x'
			}
		}
		i = n
	}
	return out
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// userPart says whether b[i:n] is all of who is called, but for a "+".
func userPart(b []byte, i, n int) bool {
	before := bytes.TrimSuffix(b[:i], []byte("+"))
	tel := bytes.HasSuffix(before, []byte("tel:"))
	return tel || n < len(b) && b[n] == '@' && (bytes.HasSuffix(before, []byte("sip:")) || bytes.HasSuffix(before, []byte("sips:")))
}

// body cleans what follows the headers, each line keeping its length.
func body(out, b []byte, keys bool) []byte {
	begin := len(out)
	out = append(out, b...)
	for b = out[begin:]; len(b) > 0; {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line = b[:i+1]
		}
		b = b[len(line):]
		line = trimmed(line)
		switch {
		case keys:
			if i := bytes.IndexByte(line, '='); i >= 0 {
				if bytes.EqualFold(bytes.TrimSpace(line[:i]), []byte("duration")) {
					continue
				}
				line = line[i+1:]
			}
			cross(line)
		case bytes.HasPrefix(line, []byte("a=crypto:")):
			if i := bytes.Index(line, []byte("inline:")); i >= 0 {
				cross(line[i+len("inline:"):])
			}
		case bytes.HasPrefix(line, []byte("a=ice-pwd:")):
			cross(line[len("a=ice-pwd:"):])
		case bytes.HasPrefix(line, []byte("k=")):
			cross(line[len("k="):])
		}
	}
	return out
}

func cross(b []byte) {
	for i := range b {
		if b[i] > ' ' {
			b[i] = 'x'
		}
	}
}
