// Package phone is telephone numbers: what people type becomes E.164 or a sentence that says what to do.
//
// A Number masks itself in logs. Whether a number may be called is not decided here: Region and Class are the facts
// that a subscriber's number policy asks for. The tables are those of libphonenumber; they know who a range was given
// to, not what a call to it costs.
package phone

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"ringback/internal/fault"
)

// Number is a telephone number in E.164 with "+", such as +12025550100. Parse is the way to make one of what somebody
// typed; Number(s) is for what Parse made before and a database kept. Only E164 and a plain conversion show its digits.
type Number string

// maxDigits of an E.164 number (ITU-T E.164 section 6.2.1). The library's tables go further for a few ranges; a trunk
// would cut those.
const maxDigits = 15

// Parse reads a number as people write it: with spaces, dots, brackets, dashes and slashes, in any script's digits,
// after "tel:", with + or with the prefix that region dials abroad with (00, 011). region is an ISO code; with "" the
// number must begin with +. It takes a number and nothing more: no letters, extension, post-dial digits or URI
// parameters. What it returns is valid, is the only spelling of that number, and is not an emergency number.
//
// The error is a *fault.Fault of field "number", number_invalid or number_emergency, and never holds what was typed.
func Parse(raw, region string) (Number, error) {
	region = strings.ToUpper(region)
	dialled, ok := digits(raw)
	if !ok {
		return "", invalid(region)
	}
	p, ok := lookUp(dialled, region)
	if !ok {
		if soundsAlarm(dialled, region, p) {
			return "", emergency()
		}
		return "", invalid(region)
	}
	n := Number(phonenumbers.Format(p, phonenumbers.E164))
	// Where telephones have four digits, four digits are read as one; 9999 stays Oman's police.
	short := strings.TrimPrefix(dialled, "+")
	if n.Class() == Emergency || len(short) <= 4 && emergencyAnywhere(short) {
		return "", emergency()
	}
	return n, nil
}

// soundsAlarm says whether what is no valid number was meant as an emergency number of that region, or as one that is
// known everywhere: as it stands, behind a country code, or behind up to two digits that reach an outside line (0112,
// 9-911, 1 911). It only chooses the sentence: neither is ever called. 123 from the United States is half a number, though
// it is the police elsewhere.
func soundsAlarm(dialled, region string, p *phonenumbers.PhoneNumber) bool {
	if p != nil {
		national, there := phonenumbers.GetNationalSignificantNumber(p), phonenumbers.GetRegionCodeForCountryCode(int(p.GetCountryCode()))
		if emergencyKnown(national) || emergencyIn(national, there) {
			return true
		}
	}
	d := strings.TrimPrefix(dialled, "+")
	for i := 0; i <= 2 && (i == 0 || len(d)-i >= 3); i++ {
		if emergencyKnown(d[i:]) || emergencyIn(d[i:], region) {
			return true
		}
	}
	return false
}

// lookUp finds the number in the tables, first as region dials it, then, for a visitor who is abroad, with 00 for +.
// It returns the last reading also when that is not valid.
func lookUp(dialled, region string) (*phonenumbers.PhoneNumber, bool) {
	p, err := phonenumbers.Parse(dialled, region)
	if err == nil && valid(p) {
		return p, true
	}
	if abroad, ok := strings.CutPrefix(dialled, "00"); ok {
		if q, err := phonenumbers.Parse("+"+abroad, region); err == nil {
			return q, valid(q)
		}
	}
	if err != nil {
		return nil, false
	}
	return p, false
}

// valid also asks whether the E.164 spelling is read back as the same number: a spelling that is not its own would let
// one telephone pass for two at the limits.
func valid(p *phonenumbers.PhoneNumber) bool {
	if !phonenumbers.IsValidNumber(p) || emergencyExchange(p) {
		return false
	}
	s := phonenumbers.Format(p, phonenumbers.E164)
	if len(s) > 1+maxDigits || len(s) < 5 {
		return false
	}
	again, err := phonenumbers.Parse(s, "")
	return err == nil && phonenumbers.IsValidNumber(again) && phonenumbers.Format(again, phonenumbers.E164) == s
}

// emergencyExchange: in the North American plan no exchange is 911, which the tables let pass: a switch that takes the area
// code for granted would hear an emergency. The other N11 codes (ATIS-0300051) end at the carrier, as numbers in no use do.
func emergencyExchange(p *phonenumbers.PhoneNumber) bool {
	return p.GetCountryCode() == 1 && strings.HasPrefix(phonenumbers.GetNationalSignificantNumber(p)[3:], "911")
}

// invalid tells how a number of region is written.
func invalid(region string) *fault.Fault {
	if ex := phonenumbers.GetExampleNumber(region); ex != nil {
		return fault.At("number", fault.NumberInvalid,
			"That is not a telephone number we can call. Write the digits only, like %s, or with + and the country code, like %s.",
			phonenumbers.Format(ex, phonenumbers.NATIONAL), phonenumbers.Format(ex, phonenumbers.INTERNATIONAL))
	}
	return fault.At("number", fault.NumberInvalid,
		"That is not a telephone number we can call. Write it with + and the country code, like +1 202-555-0100.")
}

func emergency() *fault.Fault {
	return fault.At("number", fault.NumberEmergency,
		"That is an emergency number. We never call it: if you need help, dial it yourself. Give the number of your own telephone here.")
}

// E164 returns the digits with "+": what is stored, compared and dialled.
func (n Number) E164() string { return string(n) }

// Valid says whether n is a number that Parse would have returned.
func (n Number) Valid() bool {
	p, err := phonenumbers.Parse(string(n), "")
	return err == nil && valid(p) && phonenumbers.Format(p, phonenumbers.E164) == string(n)
}

// sanMarinoByItaly begins numbers of San Marino as Italy dials them: they are answered, and charged, over there.
const sanMarinoByItaly = "+390549"

// Region returns the ISO code of the country, "001" of a number that belongs to none (satellite, international
// freephone), "" of what is no number. A country code tells less: +1 is 25 countries.
func (n Number) Region() string {
	p, err := phonenumbers.Parse(string(n), "")
	if err != nil {
		return ""
	}
	if strings.HasPrefix(string(n), sanMarinoByItaly) {
		return "SM"
	}
	return phonenumbers.GetRegionCodeForNumber(p)
}
