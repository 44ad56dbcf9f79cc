package cti

import (
	"testing"
	"time"

	"ringback/internal/money"
)

func usd(micro int64) money.Amount { return money.Amount{Micro: micro, Currency: "USD"} }

func TestLongestPrefixSetsThePrice(t *testing.T) {
	trunk := Trunk{Rates: []Rate{{Prefix: "+1", PerMinute: usd(10_000)}, {Prefix: "+1876", PerMinute: usd(300_000)}, {Prefix: "+44", PerMinute: usd(20_000), Step: time.Second}}}
	for number, want := range map[string]string{"+12025550100": "+1", "+18765550100": "+1876", "+442079460000": "+44", "+4930123456": ""} {
		if r, ok := trunk.RateOf(number); r.Prefix != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", number, r.Prefix, ok)
		}
	}
	trunk.Rates = append(trunk.Rates, Rate{PerMinute: usd(1)})
	if r, ok := trunk.RateOf("+4930123456"); !ok || r.PerMinute != usd(1) {
		t.Errorf("the rate of all others: %v, %v", r, ok)
	}
}

func TestCostIsInWholeSteps(t *testing.T) {
	for _, row := range []struct {
		perMinute int64
		step, d   time.Duration
		want      int64
	}{
		{10_000, 0, 0, 0}, {10_000, 0, time.Millisecond, 10_000}, {10_000, 0, time.Minute, 10_000}, {10_000, 0, 61 * time.Second, 20_000},
		{10_000, time.Second, time.Second, 167}, {10_000, time.Second, 59*time.Second + 1, 10_000}, {6_000_000, 6 * time.Second, 7 * time.Second, 1_200_000},
		{10_000, 0, time.Hour, 600_000}, {1_000_000_000, time.Hour, 24 * time.Hour, 1_440_000_000_000},
	} {
		if got := (Rate{PerMinute: usd(row.perMinute), Step: row.step}).Cost(row.d); got != row.want {
			t.Errorf("%+v: %d", row, got)
		}
	}
}

func TestRatesThatAreNone(t *testing.T) {
	for name, rates := range map[string][]Rate{
		"no prefix":      {{Prefix: "1", PerMinute: usd(1)}},
		"letters":        {{Prefix: "+1a", PerMinute: usd(1)}},
		"twice":          {{Prefix: "+1", PerMinute: usd(1)}, {Prefix: "+1", PerMinute: usd(2)}},
		"no amount":      {{Prefix: "+1"}},
		"below zero":     {{PerMinute: usd(-1)}},
		"dear":           {{PerMinute: usd(maxRate + 1)}},
		"two currencies": {{PerMinute: usd(1)}, {Prefix: "+1", PerMinute: money.Amount{Micro: 1, Currency: "EUR"}}},
		"half a second":  {{PerMinute: usd(1), Step: 500 * time.Millisecond}},
	} {
		if _, err := CheckRates(rates); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := CheckRates([]Rate{{PerMinute: usd(0)}, {Prefix: "+1", PerMinute: usd(5), Step: 6 * time.Second}}); err != nil {
		t.Error(err)
	}
}
