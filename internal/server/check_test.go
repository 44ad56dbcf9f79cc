package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ringback/internal/agent"
	"ringback/internal/audio"
	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// Who would wait in vain is told before anybody waits.
func TestCheckPeople(t *testing.T) {
	dir := &directory.Directory{
		Subscribers: map[id.Subscriber]*subscriber.Subscriber{
			"sub_1": {ID: "sub_1", Slug: "nobody"},
			"sub_2": {ID: "sub_2", Slug: "mute"},
			"sub_3": {ID: "sub_3", Slug: "mobile"},
			"sub_4": {ID: "sub_4", Slug: "own", Destination: "tel:+12025550150", Routing: subscriber.Routing{Escalate: subscriber.Escalation{To: "ghost"}}},
		},
		Buttons: map[id.Button]*subscriber.Button{
			"btn_1": {ID: "btn_1", Slug: "turned", Subscriber: "sub_3", Order: subscriber.VisitorFirst},
			"btn_2": {ID: "btn_2", Slug: "plain", Subscriber: "sub_3", Order: subscriber.AgentFirst, Skills: map[string]int{"gas": 2}},
		},
		Agents: map[id.Agent]*agent.Agent{
			"agt_1": {ID: "agt_1", Slug: "ann"},
			"agt_3": {ID: "agt_3", Slug: "sue", Devices: []agent.Device{{To: "sip:sue"}}},
			"agt_4": {ID: "agt_4", Slug: "tom", Devices: []agent.Device{{To: "sip:tom"}}, SIP: cti.NewSecret("tom", "x")},
			"agt_2": {ID: "agt_2", Slug: "joe", Devices: []agent.Device{{To: "tel:+12025550140"}}},
		},
		Representations: map[id.Representation]*agent.Representation{
			"rep_1": {ID: "rep_1", Agent: "agt_1", Subscriber: "sub_2"},
			"rep_2": {ID: "rep_2", Agent: "agt_2", Subscriber: "sub_3"},
		},
	}
	dir.Index()
	var got []string
	for _, f := range checkPeople(dir) {
		if !f.OK {
			t.Errorf("%s is a failure; a start does not need it", f.What)
		}
		got = append(got, f.What+": "+f.Say)
	}
	want := []string{"agent sue: sip:sue means telephones that register as sue, and none can", "business mute: none of the 1 who represent it has a telephone", "business nobody: nobody represents it and it has no destination",
		"business own: escalate.to names ghost", "button plain: it asks for gas 2, and nobody", "button turned: visitor_first"}
	if len(got) != len(want) {
		t.Fatalf("%d findings, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i, w := range want {
		if !strings.HasPrefix(got[i], w) {
			t.Errorf("%q, want %q", got[i], w)
		}
	}
}

// A trunk for emergency calls that is not there is a failure.
func TestCheckEmergency(t *testing.T) {
	dir := &directory.Directory{Trunks: map[id.Trunk]*cti.Trunk{"trk_1": {ID: "trk_1", Slug: "pstn"}}}
	dir.Index()
	c := config.Default()
	if got := checkEmergency(c, dir); len(got) != 0 {
		t.Errorf("without dialling out %+v", got)
	}
	c.Phones.DialOut, c.Phones.Location = "emergency", "1 Main Street"
	for trunk, ok := range map[string]bool{"pstn": true, "gone": false} {
		c.Phones.EmergencyTrunk = trunk
		if got := checkEmergency(c, dir); len(got) != 1 || got[0].OK != ok {
			t.Errorf("%s: %+v", trunk, got)
		}
	}
}

// A recording that is gone is told before a visitor is called without it.
func TestCheckPrompts(t *testing.T) {
	good, bad := filepath.Join(t.TempDir(), "good.wav"), filepath.Join(t.TempDir(), "bad.wav")
	for path, b := range map[string][]byte{good: audio.WAV(make([]int16, 4000), 1), bad: []byte("no")} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dir := &directory.Directory{Subscribers: map[id.Subscriber]*subscriber.Subscriber{
		"sub_1": {Slug: "acme", Prompts: subscriber.Prompts{SpokenName: good, Wait: "/no/such.wav", Closed: bad}}}}
	got := checkPrompts(dir)
	if len(got) != 2 || got[0].OK || got[1].OK || !strings.Contains(got[0].Say, "acme: /no/such.wav") || !strings.Contains(got[1].Say, bad) {
		t.Errorf("found %+v", got)
	}
}
