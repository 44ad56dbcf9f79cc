package words

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.words
var files embed.FS

// Builtin are the tags of the languages that are built in, in the order in which they are offered.
var Builtin = []string{"en", "de", "fr", "es", "ar"}

// built is read once: nobody changes a language.
var built = mustRead()

func mustRead() *Book {
	b := &Book{}
	for _, tag := range Builtin {
		text, err := files.ReadFile(tag + ".words")
		if err != nil {
			panic(err) // it is not in the binary
		}
		l, err := Parse(tag, tag+".words", string(text))
		if err != nil {
			panic(err) // the tests would have said so
		}
		b.all = append(b.all, l)
	}
	return b
}

// Book is all languages, English first.
type Book struct{ all []*Language }

// Built is the book of the languages that are built in.
func Built() *Book { return built }

// English is what the code says.
func English() *Language { return built.all[0] }

// Load returns the built-in languages with the files of a folder: pt.words is one more, de.words changes single sentences of
// German. A folder that is not there has none. Errors name file and line.
func Load(dir string) (*Book, error) {
	b := &Book{all: slices.Clone(built.all)}
	names, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("words: %w", err)
	}
	for _, n := range names {
		tag, ok := strings.CutSuffix(n.Name(), ".words")
		if !ok || n.IsDir() {
			continue
		}
		path := filepath.Join(dir, n.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("words: %w", err)
		}
		if err := b.add(tag, path, string(text)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *Book) add(tag, path, text string) error {
	i := slices.IndexFunc(b.all, func(l *Language) bool { return l.Tag == tag })
	base := English()
	if i >= 0 {
		base = b.all[i]
	}
	l, err := parse(tag, path, text, base)
	if err != nil {
		return err
	}
	if i >= 0 {
		b.all[i] = l
	} else {
		b.all = append(b.all, l)
	}
	return nil
}

// All lists the languages in the order in which they are offered.
func (b *Book) All() []*Language { return b.all }

// Find is the language of a tag: pt-BR is pt-br, else pt; nil = there is none.
func (b *Book) Find(tag string) *Language {
	tag = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
	for tag != "" {
		for _, l := range b.all {
			if l.Tag == tag {
				return l
			}
		}
		tag = tag[:max(0, strings.LastIndexByte(tag, '-'))]
	}
	return nil
}

// Choose is the language of the first tag that there is one for, else English.
func (b *Book) Choose(tags ...string) *Language {
	for _, t := range tags {
		if l := b.Find(t); l != nil {
			return l
		}
	}
	return b.all[0]
}

// Missing lists the English sentences that a language does not have, in order.
func (b *Book) Missing(l *Language) []Key {
	var out []Key
	for k := range built.all[1].said { // any of those that are complete
		if !l.Knows(k) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// Accepted is the tag of an Accept-Language header (RFC 9110 section 12.5.4) that its sender likes most of those there is a
// language for; "" = none.
func (b *Book) Accepted(header string) string {
	best, weight := "", 0.0
	for i, part := range strings.Split(header, ",") {
		if i == mostAccepted {
			break
		}
		tag, rest, _ := strings.Cut(part, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(rest), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(v, 64); err != nil {
				continue
			}
		}
		if q > weight && b.Find(tag) != nil {
			best, weight = strings.TrimSpace(tag), q
		}
	}
	return best
}

// mostAccepted is how many languages of a header are looked at.
const mostAccepted = 20
