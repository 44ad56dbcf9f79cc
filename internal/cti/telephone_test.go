package cti

import "testing"

// The same telephone is the same in all its spellings; another user, host or port is another one.
func TestTelephone(t *testing.T) {
	one := Endpoint("sip:ann@pbx.example").Telephone()
	for _, e := range []Endpoint{"sip:ann@pbx.example;transport=tcp", "sip:ann@PBX.example:5060", "sip:ann@pbx.example:5060;transport=udp"} {
		if got := e.Telephone(); got != one {
			t.Errorf("%s is %s, want %s", e, got, one)
		}
	}
	seen := map[Endpoint]bool{one: true}
	for _, e := range []Endpoint{"sip:Ann@pbx.example", "sip:ann@pbx.example:5061", "sip:pbx.example", "sip:ann@[2001:db8::1]", "tel:+12025550100", "tel:+12025550101"} {
		if got := e.Telephone(); seen[got] {
			t.Errorf("%s is taken for another one: %s", e, got)
		} else {
			seen[got] = true
		}
	}
	if got := Endpoint("tel:+12025550100").Telephone(); got != "tel:+12025550100" {
		t.Errorf("a number became %s", got)
	}
}
