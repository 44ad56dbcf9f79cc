package phone

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"ringback/internal/cti"
)

// Format writes n as a trunk wants it: tech (the trunk's technical prefix), then the number in form f, digits and at
// most one "+", nothing else. The national form carries the national prefix where the country writes one (030… in
// Germany, none in the USA) for numbers of country; others are dialled abroad as people there do: 00, or 011 from +1.
// country is an ISO code; "" = every number is of the trunk's country. A number that belongs to none has no national form.
func (n Number) Format(f cti.NumberFormat, tech, country string) string {
	plain := strings.TrimPrefix(string(n), "+")
	switch f {
	case cti.PlainE164:
		return tech + plain
	case cti.ZeroZero:
		return tech + "00" + plain
	case cti.NationalNF:
		return tech + n.national(country)
	}
	return tech + "+" + plain
}

func (n Number) national(country string) string {
	home := phonenumbers.GetCountryCodeForRegion(country)
	p, err := phonenumbers.Parse(string(n), "")
	if err == nil && phonenumbers.GetRegionCodeForNumber(p) != nowhere && (country == "" || int(p.GetCountryCode()) == home) {
		return phonenumbers.NormalizeDigitsOnly(phonenumbers.Format(p, phonenumbers.NATIONAL))
	}
	abroad := "00"
	if home == 1 {
		abroad = "011"
	}
	return abroad + strings.TrimPrefix(string(n), "+")
}

// nowhere is the region of numbers that belong to no country.
const nowhere = "001"

// Pretty returns the number as people write it abroad: +1 202-555-0100.
func Pretty(n Number) string {
	p, err := phonenumbers.Parse(string(n), "")
	if err != nil {
		return string(n)
	}
	return phonenumbers.Format(p, phonenumbers.INTERNATIONAL)
}

// hidden is how many digits a mask hides at least.
const hidden = 5

// Mask is what a visitor is shown of the own number: +12•••••0100. The first two digits and the last four stay, fewer
// of a short number, so that five are always hidden.
func (n Number) Mask() string {
	d := strings.TrimPrefix(string(n), "+")
	head := min(2, len(d))
	tail := max(0, min(4, len(d)-head-hidden))
	return "+" + d[:head] + strings.Repeat("•", len(d)-head-tail) + d[len(d)-tail:]
}

// String is what logs and error texts get: the last three digits, •••100. %v, %s, %q and %#v all come here.
func (n Number) String() string {
	if len(n) < 3+hidden {
		return "•••"
	}
	return "•••" + string(n[len(n)-3:])
}

// GoString masks %#v.
func (n Number) GoString() string { return fmt.Sprintf("phone.Number(%q)", n.String()) }

// LogValue masks the number in every slog handler.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }
