package doctor_test

import (
	"crypto/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip"
	"ringback/internal/doctor"
	"ringback/internal/id"
	"ringback/internal/ladder"
	"ringback/internal/simcarrier"
	"ringback/internal/wire"
)

type row struct {
	name  string
	want  string        // the finding that names the defect, "" = none at all
	talk  time.Duration // until the person hangs up; 0 = she does not
	press string        // what the person keys; "" = 390
	trunk func(*cti.Trunk)
}

func rows() []row {
	login := func(t *cti.Trunk) { t.Username, t.Password = "ann", "secret" }
	registers := func(t *cti.Trunk) { login(t); t.Register = true }
	return []row{
		{name: ""},
		{name: "pcma_only", want: "alaw"},
		{name: "ptime30", want: "packet_time"},
		{name: "event_pt_96", want: "key_events"},
		{name: "no_events", want: "no_key_events"},
		{name: "info_keys", want: "info_keys"},
		{name: "asymmetric_rtp", want: "asymmetric_rtp"},
		{name: "comfort_noise", want: "comfort_noise"},
		{name: "private_sdp", want: "private_sdp"},
		{name: "late_media_6s", want: "late_sound"},
		{name: "silent_mute", want: "sound_stops"},
		{name: "mute_in", want: "no_sound_in"},
		{name: "deaf", want: "no_key", press: "-"},
		{name: "many_180", want: "many_180"},
		{name: "early_media_183", want: "early_media"},
		{name: "new_tag_183_200", want: "forked"},
		{name: "announcement_183", want: "announcement"},
		{name: "sit_183", want: "announcement"},
		{name: "forwarded_181", want: "forwarded"},
		{name: "needs_prack", want: "prack"},
		{name: "silence", want: "no_response"},
		{name: "only_100", want: "only_100"},
		{name: "slow_6s", want: "slow"},
		{name: "no_1xx", want: "no_ringing"},
		{name: "late_200", want: "crossed_cancel"},
		{name: "false_answer", want: "false_answer"},
		{name: "fax", want: "fax"},
		{name: "sit", want: "dead_number"},
		{name: "beep_machine", want: "machine"},
		{name: "robot_screener", want: "no_key", press: "-"},
		{name: "two_200", want: "forked"},
		{name: "no_to_tag", want: "no_to_tag"},
		{name: "se90_refresher_uas", want: "session_timer"},
		{name: "update_only", want: "session_timer"},
		{name: "timer_cut", want: "session_timer"},
		{name: "reinvite_at_ack", want: "carrier_reinvite"},
		{name: "t38_reinvite", want: "t38"},
		{name: "no_hold", want: "no_hold"},
		{name: "hold_491", want: "hold_491"},
		{name: "hold_hangs_up", want: "hold_hangs_up"},
		{name: "cidr_shift", want: "shut_out", talk: 10 * time.Second},
		{name: "lost_ack", want: "lost_ack"},
		{name: "lost_bye", want: "lost_bye"},
		{name: "bye_ignored", want: "bye_ignored"},
		{name: "freeze", want: "sound_stops"},
		{name: "no_plus", want: "number_format"},
		{name: "cps1", want: "calls_per_second"},
		{name: "register_403", want: "not_registered", trunk: registers},
		{name: "register_sha256", trunk: registers},
		{name: "wrong_caller_id", want: "caller_id", press: "399"},
		{name: "unavailable_503", want: "busy_network"},
		{name: "moved_302", want: "redirected"},
		{name: "decline_603", want: "declined"},
		{name: "blocked_607", want: "unwanted"},
		{name: "blocked_608", want: "blocked"},
		{name: "challenge_401", want: "credentials"},
		{name: "challenge_407", want: "digest", trunk: login},
		{name: "challenge_stale", want: "digest", trunk: login},
		{name: "challenge_sha256", want: "digest", trunk: login},
		{name: "needs_register", want: "registration"},
		{name: "timer_422", want: "timer_422"},
	}
}

// The doctor names the defect that is planted in a line, and finds nothing on an ordinary one.
func TestZoo(t *testing.T) {
	unseen := map[string]string{
		"rtcp": "no defect", "rtcp_mux": "no defect",
	}
	for _, r := range rows() {
		unseen[r.name] = "a row"
	}
	for _, name := range simcarrier.Personalities() {
		if unseen[name] == "" && !strings.HasPrefix(name, "register_") {
			t.Errorf("%s has no row", name)
		}
	}
	for _, r := range rows() {
		t.Run(r.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { r.run(t) }) })
	}
}

const number = "+12025550100"

func (r row) run(t *testing.T) {
	net := wire.NewSimulated(1)
	c, err := simcarrier.New(simcarrier.Config{Net: net, Listen: "10.0.0.2:5060", Seed: 1, Username: "ann", Password: "secret", Personality: r.network()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	person := simcarrier.Person{Does: "answers", After: time.Second, Talk: 10 * time.Minute, Press: "390", PressAfter: 8 * time.Second, Personality: r.name}
	if r.talk > 0 {
		person.Talk = r.talk
	}
	if r.press != "" {
		person.Press = strings.Trim(r.press, "-")
	}
	if r.name == "silent_mute" || r.name == "freeze" {
		person.PressAfter = time.Second
	}
	if err := c.SetPerson(number, person); err != nil {
		t.Fatal(err)
	}
	trace, err := ladder.Open(ladder.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer trace.Close()
	var d *doctor.Doctor
	sw, err := ctisip.New(ctisip.Config{Net: net, SIP: []string{"udp://10.0.0.1:5060"}, RTPBind: netip.MustParseAddr("10.0.0.1"), RTPMin: 20000, RTPMax: 20999,
		Sink: func(e cti.Event) { d.OnSwitch(e) }, Ladder: trace})
	if err != nil {
		t.Fatal(err)
	}
	defer sw.Close()
	d = doctor.New(doctor.Deps{Switch: sw, Trace: trace, Mint: id.NewMint(time.Now, rand.Reader), Random: func(int) int { return 1 }, Now: time.Now})
	tr := cti.Trunk{ID: "trk_a", Slug: "a", Address: "sip:10.0.0.2:5060", Prefixes: []string{""}, Headers: true, NumberFormat: cti.PlusE164, CallerID: cti.InFrom}
	if r.trunk != nil {
		r.trunk(&tr)
	}
	if err := sw.Trunks(t.Context(), []cti.Trunk{tr}); err != nil {
		t.Fatal(err)
	}
	if _, err := sw.Reconcile(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	f, err := d.Call(t.Context(), doctor.Patient{Trunk: tr, To: "tel:" + number, From: "+12025550190", Region: "US"}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range doctor.Diagnose(f) {
		got = append(got, x.Key)
	}
	if r.want == "" && len(got) > 0 || r.want != "" && !slices.Contains(got, r.want) {
		t.Errorf("found %v, want %q; events %v", got, r.want, kinds(f))
		for _, e := range f.Trace {
			first, _, _ := strings.Cut(e.Text, "\r\n")
			t.Log(e.At.Format("05.000"), e.Out, e.Kind, first)
		}
	}
	if slices.Contains(f.Burst, 200) {
		t.Error("a call of the burst was answered")
	}
}

// network is what is peculiar about the carrier and not about one line of it.
func (r row) network() string {
	if strings.HasPrefix(r.name, "register_") {
		return r.name
	}
	return ""
}

func kinds(f doctor.Facts) (out []cti.EventKind) {
	for _, e := range f.Events {
		out = append(out, e.Kind)
	}
	return out
}
