package money

import (
	"encoding/json"
	"math"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text  string
		micro int64
		want  string // as String writes it
	}{
		{"20.00 USD", 20_000_000, "20.00 USD"},
		{"20 USD", 20_000_000, "20.00 USD"},
		{"0.0079 EUR", 7_900, "0.0079 EUR"},
		{"0.000001 EUR", 1, "0.000001 EUR"},
		{"-0.50 GBP", -500_000, "-0.50 GBP"},
		{"0 USD", 0, "0.00 USD"},
		{"9000000000000.5 USD", 9_000_000_000_000_500_000, "9000000000000.50 USD"},
	} {
		a, err := Parse(c.text)
		if err != nil || a.Micro != c.micro || a.String() != c.want || a.IsNone() {
			t.Errorf("%s: %+v, %v", c.text, a, err)
		}
	}
	for _, text := range []string{"", "20", "USD", "20.00USD", "20.00 usd", "20.00 DOLLAR", "20,00 USD", "1e3 USD", ".5 USD", "5. USD",
		"0.0000001 USD", "9999999999999 USD", "20.00  USD", "20.00 USD ", "+1 USD", "NaN USD"} {
		if a, err := Parse(text); err == nil {
			t.Errorf("%q: %v", text, a)
		}
	}
}

func TestAdd(t *testing.T) {
	usd := func(m int64) Amount { return Amount{m, "USD"} }
	for _, c := range []struct {
		a, b, want Amount
		fails      bool
	}{
		{a: usd(1), b: usd(2), want: usd(3)},
		{a: usd(1), b: usd(-2), want: usd(-1)},
		{a: usd(0), b: usd(0), want: usd(0)},
		{a: Amount{}, b: usd(2), want: usd(2)},
		{a: usd(2), b: Amount{}, want: usd(2)},
		{a: usd(1), b: Amount{1, "EUR"}, fails: true},
		{a: usd(math.MaxInt64), b: usd(1), fails: true},
		{a: usd(math.MinInt64), b: usd(-1), fails: true},
	} {
		got, err := c.a.Add(c.b)
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%v + %v: %v, %v", c.a, c.b, got, err)
		}
	}
}

func TestJSON(t *testing.T) {
	type row struct {
		Spend Amount `json:"spend"`
	}
	b, err := json.Marshal([]row{{Amount{20_000_000, "USD"}}, {}})
	if want := `[{"spend":{"amount":"20.00","currency":"USD"}},{"spend":null}]`; err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
	var back []row
	if err := json.Unmarshal(b, &back); err != nil || back[0].Spend != (Amount{20_000_000, "USD"}) || !back[1].Spend.IsNone() {
		t.Errorf("%+v, %v", back, err)
	}
	for _, bad := range []string{`{"amount":20,"currency":"USD"}`, `{"amount":"20"}`, `"20.00 USD"`, `{}`} {
		if err := json.Unmarshal([]byte(bad), &Amount{}); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"20.00 USD", "-0.000001 EUR", "9223372036853.999999 JPY", "1 X"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		var text, object Amount
		if err := text.UnmarshalText([]byte(a.String())); err != nil || text != a {
			t.Errorf("%s: %s is read as %s, %v", s, a, text, err)
		}
		b, err := json.Marshal(a)
		if err == nil {
			err = json.Unmarshal(b, &object)
		}
		if err != nil || object != a {
			t.Errorf("%s: %s is read as %s, %v", s, b, object, err)
		}
	})
}
