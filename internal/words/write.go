package words

import (
	"fmt"
	"strings"
)

// File is a language as a file says it, in the order of those that are built in. What it lacks stands there as a comment: in
// English, with room below. A tag that there is no language for begins one.
func (b *Book) File(tag string) (string, error) {
	if !tagShape.MatchString(tag) {
		return "", fmt.Errorf("%q is no language: de or pt-br is", tag)
	}
	l := &Language{Tag: tag, Name: tag, rule: "one", dates: English().dates}
	for _, known := range b.all {
		if known.Tag == tag {
			l = known
		}
	}
	var out strings.Builder
	l.head(&out)
	for line := range strings.Lines(ordered()) {
		switch line = strings.TrimRight(line, "\n"); {
		case line == "" || line[0] == '\t' || line[0] == '@':
		case line[0] == '#':
			fmt.Fprintf(&out, "\n%s\n", line)
		default:
			l.write1(&out, Key(line))
		}
	}
	return out.String(), nil
}

// ordered is the text of a language that is complete, below what it says of itself.
func ordered() string {
	text, _ := files.ReadFile("de.words") // it is in the binary, or the package does not begin
	_, sentences, _ := strings.Cut(string(text), "\n\n")
	return sentences
}

func (l *Language) head(out *strings.Builder) {
	d := l.dates
	fmt.Fprintf(out, "@name %s\n@direction %s\n@plural %s\n@days %s\n@months %s\n@day %s\n@short %s\n@moment %s\n@clock %s\n", l.Name, l.Dir(), l.rule,
		strings.Join(d.days, " "), strings.Join(d.months, " "), d.day, d.short, d.moment, d.clock)
}

func (l *Language) write1(out *strings.Builder, k Key) {
	forms := l.said[k]
	if len(forms) == 0 {
		fmt.Fprintf(out, "\n# %s\n#\t\n", k)
		return
	}
	fmt.Fprintf(out, "\n%s\n", k)
	for _, f := range []form{zero, one, two, few, many, other} {
		switch text, ok := forms[f]; {
		case ok && len(forms) == 1:
			fmt.Fprintf(out, "\t%s\n", text)
		case ok:
			fmt.Fprintf(out, "\t[%s] %s\n", f, text)
		}
	}
}
