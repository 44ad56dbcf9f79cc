package words

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every language that is built in has every sentence, and says it in its own words.
func TestEveryLanguageIsComplete(t *testing.T) {
	t.Parallel()
	all := map[Key]bool{}
	for _, l := range Built().All()[1:] {
		for k := range l.said {
			all[k] = true
		}
	}
	if len(all) < 200 {
		t.Fatalf("%d sentences", len(all))
	}
	for _, l := range Built().All()[1:] {
		for _, k := range slices.Sorted(maps.Keys(all)) {
			switch said := l.said[k][other]; {
			case said == "":
				t.Errorf("%s does not have %q", l.Tag, k)
			case said == string(k) && !(l.Tag == "fr" && strings.HasSuffix(said, " minutes")):
				t.Errorf("%s says %q in English", l.Tag, k)
			case l.RTL && !strings.ContainsFunc(said, func(r rune) bool { return r >= 0x600 && r <= 0x6ff }):
				t.Errorf("%s says %q without its own letters: %q", l.Tag, k, said)
			}
		}
	}
}

func TestASentenceIsFilledIn(t *testing.T) {
	t.Parallel()
	book := Built()
	for _, c := range []struct{ tag, want string }{
		{"en", "We are calling Acme, then you."}, {"de", "Wir rufen erst Acme an, dann Sie."}, {"ar", "نتصل بـ \u2068Acme\u2069، ثم بك."},
	} {
		if got := book.Find(c.tag).Say("We are calling %s, then you.", "Acme"); got != c.want {
			t.Errorf("%s: %q", c.tag, got)
		}
	}
	if got := book.Find("de").Say("%s Next try: %s.", Key("We rang and nobody answered. We will try again."), "09:00"); got !=
		"Wir haben angerufen und niemand hat abgenommen. Wir versuchen es noch einmal. Nächster Versuch: 09:00." {
		t.Errorf("a sentence in a sentence: %q", got)
	}
	if got := book.Find("de").Say("Nobody has translated 100 % of this"); got != "Nobody has translated 100 % of this" {
		t.Errorf("what is not there is English: %q", got)
	}
}

func TestChoosing(t *testing.T) {
	t.Parallel()
	book := Built()
	for _, c := range []struct {
		header string
		want   string
	}{
		{"de-AT,de;q=0.9,en;q=0.8", "de-AT"}, {"it-IT, fr;q=0.5, en;q=0.4", "fr"}, {"*", ""}, {"", ""}, {"en;q=0, es;q=0.1", "es"},
		{"en;q=x, ar", "ar"}, {"xx-YY", ""}, {strings.Repeat("xx,", 50) + "de", ""},
	} {
		if got := book.Accepted(c.header); got != c.want {
			t.Errorf("Accept-Language: %s chooses %q, not %q", c.header, got, c.want)
		}
	}
	for _, c := range []struct {
		want []string
		tag  string
	}{{[]string{"DE_at"}, "de"}, {[]string{"", "pt-BR", "es-419"}, "es"}, {nil, "en"}, {[]string{"x"}, "en"}} {
		if got := book.Choose(c.want...); got.Tag != c.tag {
			t.Errorf("of %v %s is chosen, not %s", c.want, got.Tag, c.tag)
		}
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 12, 1, 14, 0, 0, 0, time.UTC)
	for tag, want := range map[string][4]string{
		"en": {"Tue, Dec 1", "Tue, Dec 1, 09:00", "Tue, Dec 1 at 09:00 (New York time)", "09:00 (New York time)"},
		"de": {"Di., 1. Dezember", "Di., 1. Dezember, 09:00", "Di., 1. Dezember um 09:00 Uhr (Zeit in New York)", "09:00 Uhr (Zeit in New York)"},
		"fr": {"mar. 1 décembre", "mar. 1 décembre, 09:00", "mar. 1 décembre à 09:00 (heure de New York)", "09:00 (heure de New York)"},
		"es": {"martes 1 de diciembre", "martes 1 de diciembre, 09:00", "martes 1 de diciembre a las 09:00 (hora de New York)", "09:00 (hora de New York)"},
		"ar": {"الثلاثاء 1 ديسمبر", "الثلاثاء 1 ديسمبر، 09:00", "الثلاثاء 1 ديسمبر الساعة 09:00 (بتوقيت \u2068New York\u2069)", "09:00 (بتوقيت \u2068New York\u2069)"},
	} {
		l := Built().Find(tag)
		if got := [4]string{l.Day(at, york), l.Short(at, york), l.Moment(at, york), l.Clock(at, york)}; got != want {
			t.Errorf("%s: %q", tag, got)
		}
	}
}

func TestPlurals(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]map[form][]int{
		"none":     {other: {0, 1, 2, 5}},
		"one":      {one: {1}, other: {0, 2, 11, 21}},
		"zero-one": {one: {0, 1}, other: {2, 10}},
		"slavic":   {one: {1, 21, 101}, few: {2, 3, 4, 22, 104}, many: {0, 5, 11, 12, 14, 19, 111, 113}},
		"polish":   {one: {1}, few: {2, 4, 22}, many: {0, 5, 12, 21, 112}},
		"czech":    {one: {1}, few: {2, 4}, other: {0, 5, 22}},
		"arabic":   {zero: {0}, one: {1}, two: {2}, few: {3, 10, 103}, many: {11, 26, 99, 111}, other: {100, 102, 200, 202}},
	} {
		for f, all := range want {
			for _, n := range all {
				if got := plurals[name](n); got != f {
					t.Errorf("%s: %d is %s, not %s", name, n, got, f)
				}
			}
		}
	}
}

func TestCounting(t *testing.T) {
	t.Parallel()
	l, err := parse("de", "de.words", "About %d minutes, %s\n\t[one] Etwa eine Minute, %s\n\t[other] %[2]s: etwa %[1]d Minuten\n", English())
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{1: "Etwa eine Minute, Ann", 4: "Ann: etwa 4 Minuten"} {
		if got := l.Count(n, "About %d minutes, %s", "Ann"); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := English().Count(3, "%d of %s", "them"); got != "3 of them" {
		t.Errorf("unknown: %q", got)
	}
}

// A folder adds languages and changes sentences; what is wrong in it is said with its place.
func TestFilesOfTheOperator(t *testing.T) {
	t.Parallel()
	if b, err := Load(filepath.Join(t.TempDir(), "none")); err != nil || len(b.All()) != len(Builtin) {
		t.Fatalf("without a folder: %v", err)
	}
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("pt-br.words", "@name Português\nClose\n\tFechar\n")
	put("de.words", "Close\n\tZumachen\n")
	put("notes.txt", "nothing of ours")
	b, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	pt, de := b.Choose("pt-BR"), b.Choose("de")
	if pt.Name != "Português" || pt.Say("Close") != "Fechar" || pt.Say("Back") != "Back" || len(b.Missing(pt)) < 200 {
		t.Errorf("pt-br: %+v", pt.Name)
	}
	if de.Say("Close") != "Zumachen" || de.Say("Back") != "Zurück" || len(b.Missing(de)) != 0 || Built().Find("de").Say("Close") != "Schließen" {
		t.Error("de.words does not change the one sentence only")
	}
	for text, want := range map[string]string{
		"Close\nBack\n\tx\n":           `"Close" has nothing below it`,
		"\tx\n":                        "this belongs to no sentence",
		"Let %s call you\n\tRuf an\n":  "the % signs",
		"Let %s call you\n\t%d\n":      "the % signs",
		"Close\n\t[some] x\n":          "[some] is no form",
		"Close\n\t[one] x\n":           "has no form [other]",
		"Close\n\tx\n\ty\n":            "has this form already",
		"@nmae x\n":                    "@nmae is not known",
		"@plural x\n":                  "@plural is one of",
		"@direction up\n":              "@direction is",
		"@days a b\n":                  "7 names are needed",
		"@moment {date}\n":             "the pattern needs",
		"@name\n":                      "@name says nothing",
		"# x\n\nClose\n\tx\n@days a\n": "it.words:5: 7 names",
	} {
		put("it.words", text)
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "it.words:") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	put("it.words", "")
	put("Italian.words", "")
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "is no language") {
		t.Errorf("Italian.words: %v", err)
	}
}

// What is written as a file is read as the same language; a new one holds each sentence as a comment.
func TestALanguageIsWrittenAsAFile(t *testing.T) {
	t.Parallel()
	for _, l := range Built().All()[1:] {
		text, err := Built().File(l.Tag)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(l.Tag, l.Tag+".words", text)
		if err != nil || !maps.EqualFunc(again.said, l.said, func(a, b entry) bool { return maps.Equal(a, b) }) || again.RTL != l.RTL || again.rule != l.rule ||
			again.Name != l.Name || again.dates.moment != l.dates.moment || !slices.Equal(again.dates.days, l.dates.days) {
			t.Errorf("%s is another one when it is read again (%v)", l.Tag, err)
		}
	}
	text, err := Built().File("it")
	l, wrong := Parse("it", "it.words", text)
	if err != nil || wrong != nil || len(l.said) != 0 || strings.Count(text, "\n# ") < 200 {
		t.Errorf("a new language: %v %v %.200s", err, wrong, text)
	}
	if _, err := Built().File("../it"); err == nil {
		t.Error("any name is a language")
	}
}

func FuzzParse(f *testing.F) {
	for _, tag := range Builtin {
		text, err := files.ReadFile(tag + ".words")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("@days\n[one] x\n\t[one]\n%d %[2]q\n\t[other] %[9]d %%\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Parse("xx", "xx.words", text)
		if err != nil {
			return
		}
		for k := range l.said {
			for _, n := range []int{0, 1, 2, 7, 12, 100} {
				_ = l.Count(n, k, "x", 1)
			}
			_ = l.Say(k)
		}
		_ = l.Moment(time.Unix(0, 0), time.UTC)
	})
}

func FuzzAccepted(f *testing.F) {
	f.Add("de-AT,de;q=0.9,*;q=0.1")
	f.Add(";q=,,;;q=NaN")
	f.Fuzz(func(t *testing.T, header string) {
		if tag := Built().Accepted(header); tag != "" && Built().Find(tag) == nil {
			t.Errorf("%q chooses %q, which there is not", header, tag)
		}
	})
}
