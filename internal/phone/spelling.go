package phone

import (
	"strings"
	"unicode"
)

// maxTyped is the longest input in bytes that is looked at; a number with all its decoration is far shorter.
const maxTyped = 200

// digits reduces what was typed to an optional "+" and ASCII digits. It reports false when anything else is in it that
// is not mere decoration: a letter, an extension, a pause, a character that means something in a SIP URI.
func digits(raw string) (string, bool) {
	if len(raw) > maxTyped {
		return "", false
	}
	raw = strings.Trim(raw, " \t")
	if len(raw) >= 4 && strings.EqualFold(raw[:4], "tel:") {
		raw = raw[4:]
	}
	var b strings.Builder
	for _, r := range raw {
		switch d, ok := digit(r); {
		case ok:
			b.WriteByte(d)
		case r == '+' || r == '＋':
			if b.Len() > 0 {
				return "", false
			}
			b.WriteByte('+')
		case !decoration(r):
			return "", false
		}
	}
	s := b.String()
	return s, strings.TrimPrefix(s, "+") != ""
}

// digit returns the ASCII digit of a decimal digit in any script. Unicode keeps these in runs of ten, 0 first.
func digit(r rune) (byte, bool) {
	if r < unicode.MaxASCII {
		return byte(r), '0' <= r && r <= '9'
	}
	for _, run := range unicode.Nd.R16 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return '0' + byte((r-rune(run.Lo))%10), true
		}
	}
	for _, run := range unicode.Nd.R32 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return '0' + byte((r-rune(run.Lo))%10), true
		}
	}
	return 0, false
}

// decoration is what people put between digits, and what comes along unseen when a number is copied from a contact
// card: direction marks, joiners, a byte order mark. A line break is none: it would be two inputs.
func decoration(r rune) bool {
	switch r {
	case ' ', '\t', '-', '.', '(', ')', '/', '[', ']', '·', '‐', '‑', '‒', '–', '—', '−', '－', '（', '）', '．', '／':
		return true
	case '\u200b', '\u200c', '\u200d', '\u200e', '\u200f', '\u2060', '\ufeff':
		return true
	}
	return unicode.Is(unicode.Zs, r) || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}
