package phone

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"ringback/internal/cti"
	"ringback/internal/fault"
)

func TestSpellings(t *testing.T) {
	for _, c := range []struct{ typed, from, want string }{
		{"2025550100", "US", "+12025550100"},
		{"202.555.0100", "us", "+12025550100"},
		{"1-202-555-0100", "US", "+12025550100"},
		{"  +1 (202) 555‑0100 ", "DE", "+12025550100"},
		{"tel:+1-202-555-0100", "", "+12025550100"},
		{"TEL: 202 555 0100", "US", "+12025550100"},
		{"011 49 30 1234567", "US", "+49301234567"},
		{"00 49 30 1234567", "DE", "+49301234567"},
		{"00 49 30 1234567", "US", "+49301234567"}, // a visitor who is not at home
		{"0011 1 202 555 0100", "AU", "+12025550100"},
		{"030/1234567", "DE", "+49301234567"},
		{"+49 (0)30 1234567", "US", "+49301234567"},
		{"+44 (0)20 7946 0018", "", "+442079460018"},
		{"8 (495) 123-45-67", "RU", "+74951234567"},
		{"06 1234 5678", "IT", "+390612345678"},
		{"+39 06 1234 5678", "US", "+390612345678"},
		{"٢٠٢ ٥٥٥ ٠١٠٠", "US", "+12025550100"},
		{"＋１ ２０２ ５５５ ０１００", "", "+12025550100"},
		{"२०२५५५०१००", "US", "+12025550100"},
		{"\u202a+1 202\u00a0555\u20110100\u202c", "", "+12025550100"},
		{"\ufeff2025550100", "US", "+12025550100"},
		{"4000", "NU", "+6834000"},
	} {
		n, err := Parse(c.typed, c.from)
		if err != nil || n.E164() != c.want {
			t.Errorf("%q from %s: %s, %v; want %s", c.typed, c.from, n.E164(), err, c.want)
		}
	}
}

// Nothing but a number gets through: what follows one would become digits at the trunk or a header of its own.
func TestRefused(t *testing.T) {
	for _, typed := range []string{
		"", " ", "+", "++12025550100", "12+025550100", "call me", "1-800-FLOWERS", "2025550100x12", "2025550100 ext. 12",
		"2025550100#12", "2025550100,,12", "2025550100;ext=12", "2025550100w9", "2025550100p9", "*31#2025550100", "2025550100*9",
		"tel:2025550100;phone-context=+44", "tel:tel:2025550100", "sip:2025550100", "2025550100@example.com", "%32025550100",
		"2025550100\r\nX: y", "2025550100\n", "\n2025550100\n1", "2025550100\x00", "202555010", "20255501000", "+88213 123456", "+999 123456789",
		"411", "611", "1 411 555 0100", "²025550100", "2025550100" + strings.Repeat(" ", 300), "+8621123456789012", "\xff2025550100",
	} {
		n, err := Parse(typed, "US")
		if !fault.Is(err, fault.NumberInvalid) || n != "" {
			t.Errorf("%q: %s, %v", typed, n.E164(), err)
		}
	}
}

func TestEmergency(t *testing.T) {
	for _, typed := range []string{
		"911", "112", "999", "110", "000", "1-1-2", "9 1 1", "(911)", "+911", "+112", "tel:112", "９１１", "٩١١", "+1 911", "1 911", "9-911",
		"+49 112", "0112", "00112", "0049 112", "+44 999", "119", "+33 17", "0033 18",
	} {
		for _, from := range []string{"US", "DE", "AU", "ZZ", ""} {
			if n, err := Parse(typed, from); !fault.Is(err, fault.NumberEmergency) || n != "" {
				t.Errorf("%q from %q: %s, %v", typed, from, n.E164(), err)
			}
		}
	}
}

// Half a number is none, and no alarm, where it means nothing.
func TestHalfANumberIsNoAlarm(t *testing.T) {
	for _, typed := range []string{"123", "555", "+1 555", "101", "17"} {
		if n, err := Parse(typed, "US"); !fault.Is(err, fault.NumberInvalid) || n != "" {
			t.Errorf("%q: %s, %v", typed, n.E164(), err)
		}
	}
	for typed, home := range map[string]string{"123": "CO", "17": "FR", "111": "NZ", "90000": "SE"} {
		if n, err := Parse(typed, home); !fault.Is(err, fault.NumberEmergency) || n != "" {
			t.Errorf("%q in %s: %s, %v", typed, home, n.E164(), err)
		}
	}
}

// Every emergency number of two and three digits in the tables is refused, wherever it is typed, and as one at home.
func TestEmergencyOfEveryRegion(t *testing.T) {
	regions := slices.Sorted(keys(phonenumbers.GetSupportedRegions()))
	found := 0
	step, atLeast := 1, 100
	if raceDetector {
		step, atLeast = 9, 10
	}
	for n := 0; n < 1100; n += step {
		typed := fmt.Sprintf("%03d", n)
		if n >= 1000 {
			typed = fmt.Sprintf("%02d", n-1000)
		}
		i := slices.IndexFunc(regions, func(r string) bool { return phonenumbers.IsEmergencyNumber(typed, r) })
		if i < 0 {
			continue
		}
		found++
		for _, from := range []string{regions[i], "US", "NU", "SH"} {
			_, err := Parse(typed, from)
			if !fault.Is(err, fault.NumberEmergency) && (from == regions[i] || !fault.Is(err, fault.NumberInvalid)) {
				t.Errorf("%s of %s typed in %s: %v", typed, regions[i], from, err)
			}
		}
	}
	if found < atLeast {
		t.Errorf("only %d emergency numbers in the tables", found)
	}
}

func keys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// Digits that are an emergency number in one country may be a telephone in another: from five digits on that is who is
// meant, below it nobody takes the risk. With the country code in front there is no doubt.
func TestEmergencyElsewhere(t *testing.T) {
	for _, c := range []struct{ typed, from, want string }{
		{"723141", "JE", "+441534723141"}, // Niger's gendarmes
		{"90000", "FI", "+35890000"},      // Sweden
		{"+352 9999", "US", "+3529999"},   // Oman's police
		{"9999", "LU", ""},
		{"2611", "LU", ""}, // India
	} {
		n, err := Parse(c.typed, c.from)
		if n.E164() != c.want || fault.Is(err, fault.NumberEmergency) != (c.want == "") {
			t.Errorf("%s in %s: %s, %v", c.typed, c.from, n.E164(), err)
		}
	}
}

// The sentence shows how that region writes a number, and what was typed is in neither sentence nor log.
func TestSentence(t *testing.T) {
	_, err := Parse("2025559999999", "GB")
	for _, want := range []string{"0121 234 5678", "+44 121 234 5678"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: lacks %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "2025559999999") {
		t.Error("the error tells what was typed")
	}
	f, ok := err.(*fault.Fault)
	if !ok || len(f.Fields) != 1 || f.Fields[0].Field != "number" {
		t.Errorf("%#v", err)
	}
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{3,14}$`)

// check holds an accepted number to everything that is promised of one.
func check(t *testing.T, typed, from string, n Number) {
	t.Helper()
	if !e164.MatchString(string(n)) {
		t.Fatalf("%q from %s: %s is no E.164", typed, from, string(n))
	}
	if again, err := Parse(string(n), from); err != nil || again != n {
		t.Errorf("%s from %s is read again as %s, %v", string(n), from, string(again), err)
	}
	if !n.Valid() || n.Region() == "" || n.Class() == Unknown || n.Class() == Emergency {
		t.Errorf("%s: valid %t region %q class %s", string(n), n.Valid(), n.Region(), n.Class())
	}
	national := n.Format(cti.NationalNF, "", "")
	if national == "" || strings.Trim(national, "0123456789") != "" || phonenumbers.IsEmergencyNumber(national, n.Region()) {
		t.Errorf("%s: national %q", string(n), national)
	}
	if strings.Count(n.Mask(), "•") < 2 || strings.Contains(n.Mask(), string(n[3:])) {
		t.Errorf("%s: mask %s", string(n), n.Mask())
	}
}

// 100,000 inputs over all regions: each is refused with a fault or becomes a number that check accepts. In parallel
// parts, as visitors come.
func TestGenerated(t *testing.T) {
	const parts = 4
	inputs := 100_000
	if raceDetector {
		inputs = 2_000 // there to find races; the tables' expressions run 30 times slower under it
	}
	for part := range parts {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			generated(t, rand.New(rand.NewPCG(1, uint64(part))), inputs/parts)
		})
	}
}

func generated(t *testing.T, rnd *rand.Rand, n int) {
	regions := slices.Sorted(keys(phonenumbers.GetSupportedRegions()))
	accepted, byClass := 0, map[Class]int{}
	for i := range n {
		from := regions[i%len(regions)]
		typed := generate(rnd, from)
		n, err := Parse(typed, from)
		if err != nil {
			if !fault.Is(err, fault.NumberInvalid) && !fault.Is(err, fault.NumberEmergency) {
				t.Fatalf("%q from %s: %v", typed, from, err)
			}
			continue
		}
		accepted++
		byClass[n.Class()]++
		check(t, typed, from, n)
	}
	t.Logf("%d accepted: %v", accepted, byClass)
	if accepted < n/5 || accepted > n*9/10 || len(byClass) < 9 {
		t.Errorf("the generator is poor: %d accepted, %v", accepted, byClass)
	}
}

// generate writes a number of from, mostly right, as a person, a joker or a fraudster would.
func generate(rnd *rand.Rand, from string) string {
	p := phonenumbers.GetExampleNumberForType(from, phonenumbers.PhoneNumberType(rnd.IntN(11)))
	forms := []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL, phonenumbers.RFC3966}
	s := fmt.Sprint(rnd.Uint64N(1e15))
	if p != nil && rnd.IntN(8) > 0 {
		s = phonenumbers.Format(p, forms[rnd.IntN(len(forms))])
	}
	b := []byte(s)
	for range rnd.IntN(4) {
		i := rnd.IntN(len(b))
		if b[i] >= '0' && b[i] <= '9' {
			b[i] = byte('0' + rnd.IntN(10))
		}
	}
	s = string(b)
	switch rnd.IntN(12) {
	case 0:
		s = []string{"00", "011", "0", "1", "+", "tel:", "9,", "*67"}[rnd.IntN(8)] + s
	case 1:
		s += []string{"#1", ";ext=2", "\r\nEvil: 1", "@host", "%0d", "112", " ", "p1", ",2"}[rnd.IntN(9)]
	case 2:
		s = s[:rnd.IntN(len(s)+1)]
	}
	return s
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"+1 202 555 0100", "911", "tel:+12025550100;ext=1", "00 49 30 1234567", "٢٠٢٥٥٥٠١٠٠", "\u202a+44 7911 123456\u202c", "4000", "+0"} {
		f.Add(s, "US")
		f.Add(s, "DE")
		f.Add(s, "NU")
	}
	f.Fuzz(func(t *testing.T, typed, from string) {
		n, err := Parse(typed, from)
		if err == nil {
			check(t, typed, from, n)
		} else if n != "" {
			t.Errorf("%q: both %s and %v", typed, string(n), err)
		}
		Number(typed).Class() // what a database kept need not be a number
		_, _, _ = Number(typed).Mask(), Pretty(Number(typed)), Zone(Number(typed))
	})
}
