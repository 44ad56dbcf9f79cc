package cti

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"ringback/internal/money"
)

// Rate is what a minute to numbers with a prefix costs over a trunk.
type Rate struct {
	Prefix    string // of E.164 numbers with "+"; "" = all others
	PerMinute money.Amount
	Step      time.Duration // a call is charged in whole steps; 0 = DefaultStep
}

// DefaultStep is how calls are charged where the rate does not say: by the minute.
const DefaultStep = time.Minute

// RateOf is the rate of a number by its longest prefix; false when the table has none for it.
func (t *Trunk) RateOf(number string) (r Rate, ok bool) {
	for _, one := range t.Rates {
		if strings.HasPrefix(number, one.Prefix) && (!ok || len(one.Prefix) > len(r.Prefix)) {
			r, ok = one, true
		}
	}
	return r, ok
}

// Carries says whether a trunk takes calls to a number.
func (t *Trunk) Carries(number string) bool {
	for _, p := range t.Prefixes {
		if strings.HasPrefix(number, p) {
			return true
		}
	}
	return len(t.Prefixes) == 0
}

// Cost is what a call of that length costs, in micro-units of the rate's currency.
func (r Rate) Cost(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	step := cmp.Or(r.Step, DefaultStep)
	steps := int64((d + step - 1) / step)
	seconds := steps * int64(step/time.Second)
	return (r.PerMinute.Micro*seconds + 59) / 60
}

// CheckRates says what is wrong with a table of rates: which row, and why.
func CheckRates(rates []Rate) (row int, err error) {
	seen := map[string]bool{}
	for i, r := range rates {
		digits, plus := strings.CutPrefix(r.Prefix, "+")
		switch {
		case r.Prefix != "" && (!plus || digits == "" || strings.Trim(digits, "0123456789") != ""):
			return i, fmt.Errorf("%q is no prefix: write \"\" for all numbers, or + and digits, such as +1", r.Prefix)
		case seen[r.Prefix]:
			return i, fmt.Errorf("a second rate for %q", r.Prefix)
		case r.PerMinute.IsNone() || r.PerMinute.Micro < 0 || r.PerMinute.Micro > maxRate:
			return i, fmt.Errorf("per_minute is an amount from 0 to 1000, such as 0.012 USD")
		case r.PerMinute.Currency != rates[0].PerMinute.Currency:
			return i, fmt.Errorf("all rates of a trunk are in one currency, and the first is in %s", rates[0].PerMinute.Currency)
		case r.Step != 0 && (r.Step < time.Second || r.Step > time.Hour || r.Step%time.Second != 0):
			return i, fmt.Errorf("step is whole seconds from 1s to 1h")
		}
		seen[r.Prefix] = true
	}
	return 0, nil
}

const maxRate = 1_000_000_000 // micro-units a minute
