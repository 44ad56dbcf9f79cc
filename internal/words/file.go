package words

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Parse reads a language of its own from the text of a file; name is said in errors.
//
//	# a comment
//	@name Deutsch
//
//	The sentence in English
//		The sentence in the language
//
//	A sentence that counts to %d
//		[one] its form for 1
//		[other] its form for others
//
// A sentence stands at the beginning of a line, what it is in the language below it, further in.
func Parse(tag, name, text string) (*Language, error) { return parse(tag, name, text, nil) }

var tagShape = regexp.MustCompile(`^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}$`)

// parse reads a file. What it does not say is as in base, where that is the same language; of another one only how dates are
// written.
func parse(tag, name, text string, base *Language) (*Language, error) {
	if !tagShape.MatchString(tag) {
		return nil, fmt.Errorf("%s: the name of the file is no language: de.words or pt-br.words is", name)
	}
	r := reader{name: name, lang: &Language{Tag: tag, Name: tag, said: map[Key]entry{}, rule: "one", plural: oneOther}}
	switch {
	case base != nil && base.Tag == tag:
		l := *base
		l.said = maps.Clone(base.said)
		r.lang = &l
	case base != nil:
		r.lang.dates = base.dates
	}
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		r.line = i + 1
		if err := r.take(strings.TrimRight(line, " \t\r")); err != nil {
			return nil, err
		}
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return r.lang, r.whole()
}

type reader struct {
	name string
	line int
	lang *Language
	key  Key
	now  entry
}

func (r *reader) wrong(format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, append([]any{r.name, r.line}, args...)...)
}

func (r *reader) take(line string) error {
	switch {
	case line == "" || line[0] == '#':
		return nil
	case line[0] == ' ' || line[0] == '\t':
		return r.translation(strings.TrimSpace(line))
	case line[0] == '@':
		if err := r.end(); err != nil {
			return err
		}
		word, value, _ := strings.Cut(line, " ")
		return r.header(word, strings.TrimSpace(value))
	}
	if err := r.end(); err != nil {
		return err
	}
	r.key, r.now = Key(line), entry{}
	return nil
}

// end closes the sentence that was begun.
func (r *reader) end() error {
	if r.key == "" {
		return nil
	}
	if len(r.now) == 0 {
		return r.wrong("%q has nothing below it: write what it is in the language, further in", r.key)
	}
	if _, ok := r.now[other]; !ok {
		return r.wrong("%q has no form [other]", r.key)
	}
	r.lang.said[r.key] = r.now
	r.key, r.now = "", nil
	return nil
}

var formShape = regexp.MustCompile(`^\[([a-z]+)\] *(.*)$`)

func (r *reader) translation(text string) error {
	if r.key == "" {
		return r.wrong("this belongs to no sentence: the English one stands above it, at the beginning of the line")
	}
	f := other
	if m := formShape.FindStringSubmatch(text); m != nil {
		f, text = form(m[1]), m[2]
		if !slices.Contains([]form{zero, one, two, few, many, other}, f) {
			return r.wrong("[%s] is no form: zero, one, two, few, many or other", f)
		}
	}
	if r.now[f] != "" {
		return r.wrong("%q has this form already", r.key)
	}
	if text == "" || !fits(string(r.key), text) {
		return r.wrong("the %% signs are not those of %q: %s", r.key, strings.Join(verbs(string(r.key)), " "))
	}
	r.now[f] = text
	return nil
}

var verb = regexp.MustCompile(`%(?:\[\d+\])?[#+\-. 0-9]*[a-zA-Z%]`)

// verbs are what is filled into a sentence, sorted and without the numbers of arguments. A quoted text may be put into the
// language's own quotes.
func verbs(text string) []string {
	all := verb.FindAllString(text, -1)
	for i, v := range all {
		all[i] = "%" + strings.Replace(strings.TrimPrefix(v[strings.IndexByte(v, ']')+1:], "%"), "q", "s", 1)
	}
	slices.Sort(all)
	return all
}

// fits says whether a translation fills in what the sentence does: each once. A form for one or two need not say the number.
func fits(key, text string) bool {
	want, have := verbs(key), verbs(text)
	if slices.Equal(want, have) {
		return true
	}
	for _, h := range have {
		i := slices.Index(want, h)
		if i < 0 {
			return false
		}
		want = slices.Delete(want, i, i+1)
	}
	return len(want) == 1 && want[0] == "%d"
}

func (r *reader) header(word, value string) error {
	l, d := r.lang, &r.lang.dates
	switch word {
	case "@name":
		l.Name = value
	case "@direction":
		if value != "ltr" && value != "rtl" {
			return r.wrong("@direction is ltr or rtl")
		}
		l.RTL = value == "rtl"
	case "@plural":
		if l.rule, l.plural = value, plurals[value]; l.plural == nil {
			return r.wrong("@plural is one of %s", strings.Join(slices.Sorted(maps.Keys(plurals)), ", "))
		}
	case "@days":
		return r.names(&d.days, value, 7)
	case "@months":
		return r.names(&d.months, value, 12)
	case "@day":
		return r.pattern(&d.day, value, "{weekday}", "{day}", "{month}")
	case "@short":
		return r.pattern(&d.short, value, "{date}", "{time}")
	case "@moment":
		return r.pattern(&d.moment, value, "{date}", "{time}", "{place}")
	case "@clock":
		return r.pattern(&d.clock, value, "{time}", "{place}")
	default:
		return r.wrong("%s is not known: @name, @direction, @plural, @days, @months, @day, @short, @moment and @clock are", word)
	}
	if value == "" {
		return r.wrong("%s says nothing", word)
	}
	return nil
}

func (r *reader) names(to *[]string, value string, n int) error {
	if *to = strings.Fields(value); len(*to) != n {
		return r.wrong("%d names are needed, with a space between them; these are %d", n, len(*to))
	}
	return nil
}

func (r *reader) pattern(to *string, value string, parts ...string) error {
	for _, p := range parts {
		if strings.Count(value, p) != 1 {
			return r.wrong("the pattern needs %s once", strings.Join(parts, ", "))
		}
	}
	*to = value
	return nil
}

// whole says what a language cannot be without.
func (r *reader) whole() error {
	if d := r.lang.dates; len(d.days) == 0 || len(d.months) == 0 || d.day == "" || d.short == "" || d.moment == "" || d.clock == "" {
		return fmt.Errorf("%s: @days, @months, @day, @short, @moment and @clock are needed", r.name)
	}
	return nil
}
