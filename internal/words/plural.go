package words

// form is how a sentence is said for a number: one of the six of the Unicode plural rules.
type form string

const (
	zero  form = "zero"
	one   form = "one"
	two   form = "two"
	few   form = "few"
	many  form = "many"
	other form = "other"
)

// plurals are the rules for whole numbers from 0 up, by the name that a file gives after @plural. The Unicode CLDR says
// which language has which.
var plurals = map[string]func(n int) form{
	"none":     func(int) form { return other },        // ja, ko, th, tr, vi, zh
	"one":      oneOther,                               // en, de, es, it, nl, sv
	"zero-one": func(n int) form { return to(n <= 1) }, // fr, pt
	"slavic":   slavic,                                 // ru, uk, sr, hr
	"polish":   polish,
	"czech":    czech, // cs, sk
	"arabic":   arabic,
}

func oneOther(n int) form { return to(n == 1) }

func to(single bool) form {
	if single {
		return one
	}
	return other
}

func slavic(n int) form {
	if n%10 == 1 && n%100 != 11 {
		return one
	}
	return someOrMany(n)
}

func polish(n int) form {
	if n == 1 {
		return one
	}
	return someOrMany(n)
}

func someOrMany(n int) form {
	if d := n % 10; d >= 2 && d <= 4 && (n%100 < 12 || n%100 > 14) {
		return few
	}
	return many
}

func czech(n int) form {
	switch {
	case n == 1:
		return one
	case n >= 2 && n <= 4:
		return few
	}
	return other
}

func arabic(n int) form {
	switch h := n % 100; {
	case n == 0:
		return zero
	case n == 1:
		return one
	case n == 2:
		return two
	case h >= 3 && h <= 10:
		return few
	case h >= 11:
		return many
	}
	return other
}
