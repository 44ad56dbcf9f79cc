package phone

import "testing"

func TestIsRegion(t *testing.T) {
	for s, want := range map[string]bool{"US": true, "DE": true, "us": false, "XX": false, "001": false, "": false, "USA": false} {
		if IsRegion(s) != want {
			t.Errorf("%q is a country: %v, want %v", s, !want, want)
		}
	}
}
