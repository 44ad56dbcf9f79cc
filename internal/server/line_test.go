package server

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/subscriber"
)

// What is wrong with a trunk is told with what to do about it.
func TestLineFindings(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	targets := []cti.LineTarget{{Addr: "192.0.2.1:5060", Transport: "udp"}}
	for _, c := range []struct {
		l        cti.LineState
		ok       bool
		say, fix string
	}{
		{cti.LineState{Slug: "a", Condition: cti.LineUp, Since: since}, true, "up, since 2026-01-02 03:04:05Z", ""},
		{cti.LineState{Slug: "a", Condition: cti.LineUp, ShutOut: []netip.Addr{netip.MustParseAddr("192.0.2.7")}}, false, "not let in: [192.0.2.7]", "accept_from"},
		{cti.LineState{Slug: "a", Condition: cti.LineResting, Reason: "it asked"}, true, "resting: it asked", ""},
		{cti.LineState{Slug: "a", Condition: cti.LineDown, Reason: "192.0.2.1:5060 does not answer OPTIONS over udp", Targets: targets}, false, "down: 192.0.2.1:5060 does not answer", "firewall"},
		{cti.LineState{Slug: "a", Condition: cti.LineDown, Reason: "look up x: no such host"}, false, "no such host", "DNS"},
		{cti.LineState{Slug: "a", Condition: cti.LineDown, Reason: "account u is not registered: the carrier does not take our username and password", Targets: targets}, false, "account u", "password_file"},
		{cti.LineState{Slug: "a", Condition: cti.LineUp, Accounts: []cti.LineAccount{{Username: "u", Registered: true}, {Username: "v", Reason: "403 Forbidden"}}}, true, "up; account v is not registered: 403 Forbidden", ""},
		{cti.LineState{Slug: "a", Condition: cti.LineUp, Figures: cti.LineFigures{Recent: 100, RecentAnswered: 20}}, true, "only 20 of the last 100 calls were answered", ""},
	} {
		f := lineFinding(c.l)
		if f.OK != c.ok || !strings.Contains(f.Say, c.say) || (c.fix == "") != (f.Fix == "") || !strings.Contains(f.Fix, c.fix) {
			t.Errorf("%+v, want %v, %q, %q", f, c.ok, c.say, c.fix)
		}
	}
}

// A scrape tells the state and the figures of each trunk.
func TestLineMetrics(t *testing.T) {
	m := newMeter()
	m.registry.MustRegister(lines{func(context.Context) ([]cti.LineState, error) {
		return []cti.LineState{
			{Slug: "a", Condition: cti.LineUp, Calls: 2, Accounts: []cti.LineAccount{{Registered: true}, {}}, Figures: cti.LineFigures{Sent: 50, Answered: 40, Short: 5, Recent: 50, RecentAnswered: 40, RecentShort: 5}},
			{Slug: "b", Condition: cti.LineDown},
		}, nil
	}})
	got, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range got {
		for _, x := range f.GetMetric() {
			if strings.HasPrefix(f.GetName(), "ringback_trunk_") {
				values[strings.TrimPrefix(f.GetName(), "ringback_trunk_")+" "+x.GetLabel()[0].GetValue()] = x.GetGauge().GetValue() + x.GetCounter().GetValue()
			}
		}
	}
	for k, want := range map[string]float64{"up a": 1, "up b": 0, "registered a": 1, "accounts a": 2, "calls a": 2, "calls_total a": 50, "answered_total a": 40, "short_total a": 5, "answer_rate a": 0.8, "short_share a": 0.1} {
		if v, ok := values[k]; !ok || v != want {
			t.Errorf("%s is %v (%v), want %v", k, v, ok, want)
		}
	}
	if _, ok := values["answer_rate b"]; ok {
		t.Error("a rate of no calls")
	}
}

// A trunk that cannot work is found before anything starts.
func TestCheckTrunk(t *testing.T) {
	c := config.Default()
	for i := range c.Listen.SIP {
		c.Listen.SIP[i].Host = "10.0.0.5"
	}
	for address, want := range map[string]string{
		"sip:198.51.100.7":          "no audio would come back",
		"sip:10.0.0.9":              "calls_per_second is not set",
		"sip:[::1]":                 "nothing in listen.sip speaks udp to ::1",
		"sip:127.0.0.1:5070":        "sip:127.0.0.1:5070 is at udp 127.0.0.1:5070",
		"sip:[::1];transport=tcp":   "is at tcp [::1]:5060",
		"sip:10.0.0.9;transport=ws": "not understood",
	} {
		f := checkTrunk(context.Background(), c, &cti.Trunk{Slug: "a", Address: address, Local: cti.LocalPublic})
		if !strings.Contains(f.Say, want) || !f.OK && !strings.Contains(address, "ws") && f.Fix == "" {
			t.Errorf("%s: %+v, want %q", address, f, want)
		}
	}
	if !outsideOf(netip.MustParseAddr("198.51.100.7")) || outsideOf(netip.MustParseAddr("fe80::1")) {
		t.Error("outside")
	}
}

// A caller ID that a carrier does not vouch for is told; a trunk of which nothing is known says nothing.
func TestCheckCallerIDs(t *testing.T) {
	dir := &directory.Directory{
		Trunks: map[id.Trunk]*cti.Trunk{"trk_1": {Slug: "a", ListedNumbers: []string{"+12025550190"}}, "trk_2": {Slug: "b"}},
		Subscribers: map[id.Subscriber]*subscriber.Subscriber{"sub_1": {Slug: "acme", CallerID: "+12025550190"}, "sub_2": {Slug: "zoo", CallerID: "+12025550191"},
			"sub_3": {Slug: "mute"}},
	}
	got := checkCallerIDs(dir)
	if len(got) != 1 || got[0].What != "trunk a" || !got[0].OK || !strings.HasPrefix(got[0].Say, "+1 202-555-0191, the caller ID of zoo,") {
		t.Errorf("%+v", got)
	}
}

// A caller ID of several businesses is nobody's when it is dialled; one of them may say that it is hers.
func TestCheckNumbers(t *testing.T) {
	dir := &directory.Directory{Subscribers: map[id.Subscriber]*subscriber.Subscriber{"sub_1": {Slug: "acme", CallerID: "+12025550190"},
		"sub_2": {Slug: "zoo", CallerID: "+12025550190"}, "sub_3": {Slug: "one", CallerID: "+12025550191"}}}
	dir.Index()
	if got := checkNumbers(dir); len(got) != 1 || !strings.Contains(got[0].Say, "acme and zoo") {
		t.Errorf("found %+v", got)
	}
	dir.Subscribers["sub_2"].Numbers = []phone.Number{"+12025550190"}
	dir.Index()
	if got := checkNumbers(dir); len(got) != 0 || dir.Called("+12025550190").Slug != "zoo" || dir.Called("+12025550191").Slug != "one" {
		t.Errorf("found %+v", got)
	}
}
