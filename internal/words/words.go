// Package words is what visitors read, in their language. In the code a sentence stands in English, and that is its key:
//
//	l.Say("You are number %d in line. Stay on this page.", n)
//
// A file for each language, de.words, gives the same sentence in it. A sentence that a file lacks is said in English; a test
// finds those of the languages that are built in.
package words

import (
	"fmt"
	"reflect"
	"strings"
)

// Key is a sentence in English, with the verbs of package fmt where something is filled in.
type Key string

// Language is one that visitors read.
type Language struct {
	Tag    string // such as de (RFC 5646), in lower case
	Name   string // as its speakers call it
	RTL    bool   // written from right to left
	said   map[Key]entry
	rule   string // of plurals, and what it is
	plural func(n int) form
	dates  dates
}

// entry is one sentence. Only a sentence that counts has forms beside other.
type entry map[form]string

// Dir is the direction in which it is written, as HTML names it.
func (l *Language) Dir() string {
	if l.RTL {
		return "rtl"
	}
	return "ltr"
}

// Say is a sentence in this language, filled in. An argument that is itself a Key is said in the language, too.
func (l *Language) Say(k Key, args ...any) string {
	text, ok := l.said[k][other]
	if !ok {
		text = string(k)
	}
	return l.fill(text, args)
}

// Count is a sentence that counts: its form is the one for n, which is also its first argument.
func (l *Language) Count(n int, k Key, args ...any) string {
	forms := l.said[k]
	text, ok := forms[l.plural(n)]
	if !ok {
		text, ok = forms[other]
	}
	if !ok {
		text = string(k)
	}
	if len(verbs(text)) <= len(args) { // one and two are words in many languages: this form does not write the number
		return l.fill(text, args)
	}
	return l.fill(text, append([]any{n}, args...))
}

// Knows says whether the language has the sentence.
func (l *Language) Knows(k Key) bool { return len(l.said[k]) > 0 }

func (l *Language) fill(text string, args []any) string {
	if len(args) == 0 {
		return text
	}
	in := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case Key:
			in[i] = l.Say(a)
		default:
			if in[i] = a; reflect.ValueOf(a).Kind() == reflect.String { // also an id
				in[i] = l.apart(reflect.ValueOf(a).String())
			}
		}
	}
	return fmt.Sprintf(text, in...)
}

// Characters that keep what stands between them from disturbing the order of what stands around it (UAX 9, FSI and PDI).
const (
	isolate = "\u2068"
	release = "\u2069"
)

// apart keeps a name or a number in Latin letters whole within a sentence from right to left.
func (l *Language) apart(s string) string {
	if !l.RTL || s == "" || strings.HasPrefix(s, isolate) {
		return s
	}
	return isolate + s + release
}
