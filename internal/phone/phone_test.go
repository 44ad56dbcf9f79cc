package phone

import (
	"testing"
)

func TestFacts(t *testing.T) {
	for _, c := range []struct {
		typed, from  string
		want, region string
		class        Class
		zone         string
	}{
		{"+1 202 555 0100", "", "+12025550100", "US", FixedOrMobile, "America/New_York"},
		{"(202) 555-0199", "US", "+12025550199", "US", FixedOrMobile, "America/New_York"},
		{"+1 876 555 0123", "US", "+18765550123", "JM", Mobile, "America/Jamaica"},
		{"+1 900 555 0106", "US", "+19005550106", "US", Premium, ""},
		{"+1 900 555 0123", "US", "+19005550123", "US", Premium, ""},
		{"+44 843 0123456", "US", "+448430123456", "GB", Premium, "Europe/Guernsey"},
		{"+44 70 1234 5678", "", "+447012345678", "GB", Personal, "Europe/Guernsey"},
		{"+44 7624 123456", "GB", "+447624123456", "IM", Mobile, "Europe/Guernsey"},
		{"+870 301234567", "GB", "+870301234567", "001", Mobile, ""},
		{"+979 123456789", "GB", "+979123456789", "001", Premium, ""},
		{"+371 29 123 456", "GB", "+37129123456", "LV", Mobile, "Europe/Bucharest"},
	} {
		n, err := Parse(c.typed, c.from)
		if err != nil {
			t.Errorf("%s: %v", c.typed, err)
			continue
		}
		if n.E164() != c.want || n.Region() != c.region || n.Class() != c.class || Zone(n) != c.zone {
			t.Errorf("%s: %s %s %s %q", c.typed, n.E164(), n.Region(), n.Class(), Zone(n))
		}
	}
}
