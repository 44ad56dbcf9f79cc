package callback

import (
	"testing"

	"ringback/internal/cti"
)

func TestAllowedSIPHosts(t *testing.T) {
	p := Policy{AllowSIP: []string{"pbx.example.com", "192.0.2.7", "*.voip.example"}}
	for e, want := range map[cti.Endpoint]bool{
		"sip:joe@pbx.example.com":             true,
		"sip:joe@PBX.example.com:5070":        true,
		"sip:joe@192.0.2.7;transport=tcp":     true,
		"sip:joe@a.voip.example":              true,
		"sip:joe@voip.example":                false,
		"sip:joe@evilvoip.example":            false,
		"sip:joe@pbx.example.com.evil.test":   false,
		"sip:joe@192.0.2.70":                  false,
		"sip:pbx.example.com@evil.test":       false,
		"sip:joe@evil.test;x=pbx.example.com": false,
	} {
		if got := p.allowsSIP(e); got != want {
			t.Errorf("%s allowed: %v, want %v", e, got, want)
		}
	}
	wish := &Callback{Actor: ByVisitor}
	leg := &Leg{Party: cti.Visitor, Endpoint: "sip:joe@evil.test"}
	if p.maySend(wish, leg) {
		t.Error("a visitor's telephone that is not allowed any more would ring")
	}
	if wish.Actor = ByStaff; !p.maySend(wish, leg) {
		t.Error("what staff ordered was refused")
	}
}
