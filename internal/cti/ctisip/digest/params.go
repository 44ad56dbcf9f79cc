// Package digest reads the parameters of digest authentication (RFC 7616 section 3): challenges and credentials have the same
// form, and both sides of it are spoken here, ours as a carrier's customer and ours as a registrar.
package digest

import (
	"iter"
	"strings"
)

// Params yields the parameters of a Digest header, names in small letters, values without quotes. ok is false when v is
// another scheme.
func Params(v string) (params iter.Seq2[string, string], ok bool) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(v), " ")
	return func(yield func(name, value string) bool) {
		for rest := rest; rest != ""; {
			var name, value string
			name, rest, _ = strings.Cut(rest, "=")
			value, rest = cut(strings.TrimLeft(rest, " \t"))
			if !yield(strings.ToLower(strings.Trim(name, " ,\t")), value) {
				return
			}
		}
	}, strings.EqualFold(scheme, "Digest")
}

// cut cuts a token or a quoted string from the front of s.
func cut(s string) (val, rest string) {
	if !strings.HasPrefix(s, `"`) {
		val, rest, _ = strings.Cut(s, ",")
		return strings.TrimSpace(val), rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}
