// Package money is amounts: whole micro-units of one currency, so that nothing is lost in adding a tenth of a cent a
// minute.
package money

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Amount is a sum of money. The zero value is none: no amount was said, which is not the same as 0.00 USD.
type Amount struct {
	Micro    int64  // millionths of the currency's unit
	Currency string // ISO 4217, such as USD
}

const unit = 1_000_000 // micro-units

var (
	decimal  = regexp.MustCompile(`^(-?)([0-9]{1,13})(?:\.([0-9]{1,6}))?$`)
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
)

// Parse reads "20.00 USD": a decimal number of at most six places, a space, a currency.
func Parse(s string) (Amount, error) {
	number, cur, ok := strings.Cut(s, " ")
	if !ok {
		return Amount{}, fmt.Errorf("%q is no amount; write 20.00 USD", s)
	}
	return parse(number, cur)
}

func parse(number, cur string) (Amount, error) {
	m := decimal.FindStringSubmatch(number)
	if m == nil {
		return Amount{}, fmt.Errorf("%q is no amount: digits, and at most six after the point", number)
	}
	if !currency.MatchString(cur) {
		return Amount{}, fmt.Errorf("%q is no currency: three capitals, such as USD", cur)
	}
	whole, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil || whole > math.MaxInt64/unit-1 {
		return Amount{}, fmt.Errorf("%s is too large an amount", number)
	}
	part, _ := strconv.ParseInt((m[3] + "000000")[:6], 10, 64) // six digits
	micro := whole*unit + part
	if m[1] == "-" {
		micro = -micro
	}
	return Amount{micro, cur}, nil
}

// IsNone says whether no amount was said.
func (a Amount) IsNone() bool { return a == Amount{} }

// String writes "20.00 USD", with more places where they are needed; "" is none.
func (a Amount) String() string {
	if a.IsNone() {
		return ""
	}
	return a.decimal() + " " + a.Currency
}

func (a Amount) decimal() string {
	sign, u := "", uint64(a.Micro)
	if a.Micro < 0 {
		sign, u = "-", -u
	}
	part := strings.TrimRight(fmt.Sprintf("%06d", u%unit), "0")
	return fmt.Sprintf("%s%d.%s", sign, u/unit, part+strings.Repeat("0", max(0, 2-len(part))))
}

// Add returns the sum. None and an amount is the amount; two currencies, or more than fits, are an error.
func (a Amount) Add(b Amount) (Amount, error) {
	switch {
	case a.IsNone():
		return b, nil
	case b.IsNone():
		return a, nil
	case a.Currency != b.Currency:
		return Amount{}, fmt.Errorf("cannot add %s and %s", a, b)
	}
	sum := a.Micro + b.Micro
	if (sum > a.Micro) != (b.Micro > 0) {
		return Amount{}, fmt.Errorf("the sum of %s and %s is too large", a, b)
	}
	return Amount{sum, a.Currency}, nil
}

type amountJSON struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// MarshalJSON writes {"amount":"20.00","currency":"USD"}; none is null.
func (a Amount) MarshalJSON() ([]byte, error) {
	if a.IsNone() {
		return []byte("null"), nil
	}
	return json.Marshal(amountJSON{a.decimal(), a.Currency})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Amount) UnmarshalJSON(b []byte) error {
	var j *amountJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	if j == nil {
		*a = Amount{}
		return nil
	}
	parsed, err := parse(j.Amount, j.Currency)
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// MarshalText writes String, for config and seed files.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what Parse reads; "" is none.
func (a *Amount) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*a = Amount{}
		return nil
	}
	parsed, err := Parse(string(b))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
