package server

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip"
	"ringback/internal/cti/ctisip/locate"
	"ringback/internal/id"
	"ringback/internal/simcarrier"
	"ringback/internal/wire"

	"net/netip"
)

// numbers are a visitor's and an agent's for each country that recipes are tried with.
var numbers = map[string][2]string{"US": {"+12025550100", "+12025550150"}, "DE": {"+49301234500100", "+49301234500150"}, "GB": {"+442079460100", "+442079460150"}, "FR": {"+33199000100", "+33199000150"}}

// Each recipe loads as the seed that it prints, says where it comes from, and carries a full call, heard both ways, over
// the simulated carrier that behaves as its carrier does.
func TestRecipes(t *testing.T) {
	all, err := Recipes()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 12 {
		t.Errorf("only %d recipes", len(all))
	}
	for _, r := range all {
		t.Run(r.ID, func(t *testing.T) {
			if r.Name == "" || r.Kind != "carrier" && r.Kind != "pbx" || len(r.Sources) == 0 || len(r.Unverified) == 0 {
				t.Errorf("%+v lacks something", r)
			}
			for _, s := range r.Sources {
				if !strings.HasPrefix(s, "http") {
					t.Errorf("%q is no public page", s)
				}
			}
			tr := r.trunk(t)
			synctest.Test(t, func(t *testing.T) { recipeCall(t, r, tr) })
		})
	}
}

// trunk reads what the recipe prints, as somebody who pastes it does.
func (r Recipe) trunk(t *testing.T) cti.Trunk {
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, l := range strings.Split(b.String(), "\n") {
		if _, file, ok := strings.Cut(l, "password_file: "); ok && !strings.HasPrefix(l, "#") {
			if err := os.WriteFile(filepath.Join(dir, strings.TrimSpace(file)), []byte("secret\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	seed, err := parseSeed(filepath.Join(dir, "seed.yaml"), b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(seed.Setup.Trunks) != 1 || seed.Setup.Trunks[0].Slug != r.ID {
		t.Fatalf("%d trunks", len(seed.Setup.Trunks))
	}
	tr := seed.Setup.Trunks[0]
	tr.ID = id.Trunk("trk_" + tr.Slug)
	q, err := locate.Ask(cti.Endpoint(tr.Address), tr.Family)
	if err != nil {
		t.Fatal(err)
	}
	tr.Domain = cmp.Or(tr.Domain, q.Host) // as on the real wire, whatever address it has here
	tr.Address = "sip:10.0.0.2:5060"
	return tr
}

func recipeCall(t *testing.T, r Recipe, tr cti.Trunk) {
	net := wire.NewSimulated(1)
	carrier, err := simcarrier.New(simcarrier.Config{Net: net, Listen: "10.0.0.2:5060", Seed: 1, Personality: r.ImitatedBy, Username: tr.Username, Password: tr.Password})
	if err != nil {
		t.Fatal(err)
	}
	defer carrier.Close()
	told := make(chan cti.Event, 1000)
	sw, err := ctisip.New(ctisip.Config{Net: net, SIP: []string{"udp://10.0.0.1:5060"}, RTPBind: netip.MustParseAddr("10.0.0.1"), RTPMin: 20000, RTPMax: 20999,
		Sink: func(e cti.Event) { told <- e }})
	if err != nil {
		t.Fatal(err)
	}
	defer sw.Close()
	ctx := context.Background()
	if _, err := sw.Reconcile(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if err := sw.Trunks(ctx, []cti.Trunk{tr}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(16 * time.Second) // it is asked after 15
	if l, _ := sw.Lines(ctx); l[0].Condition != cti.LineUp {
		t.Fatalf("before any call: %+v", l[0])
	}
	await := func(leg id.Leg, k cti.EventKind) {
		for {
			select {
			case e := <-told:
				if e.Leg == leg && e.Kind == cti.LegEnded {
					t.Fatalf("leg %s ended: %s by %s %d", leg, e.Cause, e.By, e.SIPCode)
				}
				if e.Leg == leg && e.Kind == k {
					return
				}
			case <-time.After(time.Minute):
				t.Fatalf("leg %s never told %s", leg, k)
			}
		}
	}
	who := numbers[r.Country]
	person := simcarrier.Person{Does: "answers", After: time.Second, Talk: time.Minute}
	for i, n := range []string{who[1], who[0]} {
		if err := carrier.SetPerson(n[len(n)-4:], person); err != nil {
			t.Fatal(err)
		}
		o := cti.Order{Callback: "cb_1", Attempt: 1, Leg: id.Leg([]string{"leg_a", "leg_v"}[i]), Party: []cti.Party{cti.Agent, cti.Visitor}[i], To: cti.Endpoint("tel:" + n),
			From: who[0][:len(who[0])-4] + "0190", Ring: 30 * time.Second, Confirm: cti.ConfirmNone, Region: r.Country, Hear: cti.Program{Then: cti.SoundRingback}}
		if err := sw.Originate(ctx, o); err != nil {
			t.Fatal(err)
		}
		await(o.Leg, cti.LegConfirmed)
	}
	if err := sw.Join(ctx, cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v"}); err != nil {
		t.Fatal(err)
	}
	await("leg_v", cti.LegJoined)
	time.Sleep(4 * time.Second)
	var up []simcarrier.Entry
	for _, e := range carrier.Ledger() {
		if e.Final == 200 {
			up = append(up, e)
		}
		if tr.Headers == (e.Leg == "") {
			t.Errorf("headers: %v, and the carrier was told of leg %q", tr.Headers, e.Leg)
		}
	}
	if len(up) != 2 {
		t.Fatalf("%d calls were answered: %+v", len(up), carrier.Ledger())
	}
	for i, e := range up {
		other := up[1-i]
		hears := func(hz int) float64 {
			k := slices.IndexFunc(e.TonesHeard, func(h simcarrier.Heard) bool { return h.Hz == hz })
			if k < 0 {
				return 0
			}
			return e.TonesHeard[k].Seconds
		}
		if hears(other.ToneHz) < 2 || hears(e.ToneHz) > 0.2 {
			t.Errorf("%s hears %v, the other says %d Hz", e.To, e.TonesHeard, other.ToneHz)
		}
	}
}
