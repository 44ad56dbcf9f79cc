package ctisip

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/simcarrier"
	"ringback/internal/wire"
)

// zooRow is what a callback over a line of one personality comes to. The visitor is on that line, and so is an agent on
// the telephone network where the row says both.
type zooRow struct {
	name  string
	both  bool
	trunk func(*cti.Trunk)
	ends  string        // how the visitor's leg ends before any talk, agent first; "" = they talk
	asked string        // the same, visitor first, where it differs; "talks" = they talk
	late  time.Duration // the visitor's voice comes so much later
	says  float64       // seconds that the visitor is heard at least; 0 = 1.2
	dumb  bool          // the visitor is never heard
	deaf  bool          // the visitor hears nothing
	held  bool          // the carrier holds a leg for a second, perhaps just when they are joined
	fades bool          // the visitor's line goes still some time after the answer
	still bool          // the visitor's line is still for longer than 2 s, as people are
	stays time.Duration // the talk, 0 = 2 s
	check func(t *testing.T, agent, visitor simcarrier.Entry)
}

// zooRows has a row for each personality of an INVITE.
func zooRows() []zooRow {
	login := func(tr *cti.Trunk) { tr.Username, tr.Password = "ann", "secret" }
	return []zooRow{
		{name: "", both: true},
		{name: "pcma_only", both: true},
		{name: "ptime30", both: true},
		{name: "event_pt_96", both: true},
		{name: "no_events", both: true},
		{name: "info_keys", both: true},
		{name: "asymmetric_rtp", both: true},
		{name: "private_sdp", both: true, trunk: func(tr *cti.Trunk) { tr.NAT = cti.NATAuto }},
		{name: "late_media_6s", late: 6 * time.Second, still: true, stays: 10 * time.Second},
		{name: "comfort_noise", says: 1, stays: 3 * time.Second, late: 1200 * time.Millisecond},
		{name: "silent_mute", says: 2, stays: 5 * time.Second, still: true, fades: true},
		{name: "rtcp", both: true, stays: 13 * time.Second, check: reported},
		{name: "rtcp_mux", both: true, stays: 13 * time.Second, check: reported},
		{name: "mute_in", dumb: true, still: true, asked: "not_confirmed by us 0"},
		{name: "deaf", deaf: true},

		{name: "many_180", both: true},
		{name: "early_media_183", both: true},
		{name: "new_tag_183_200", both: true},
		{name: "announcement_183", ends: "unallocated_number by network 404", check: announced},
		{name: "sit_183", ends: "unallocated_number by network 404"},
		{name: "forwarded_181", dumb: true, still: true, asked: "machine by us 0"},
		{name: "slow_6s"},
		{name: "no_1xx", both: true},
		{name: "late_200", ends: "no_answer by us 200"},
		{name: "only_100", ends: "no_answer by us 0"},
		{name: "silence", ends: "network_out_of_order by network 408"},

		{name: "needs_prack", both: true, check: acknowledged},
		{name: "needs_prack+early_media_183", both: true, check: acknowledged},
		{name: "fax", ends: "machine by network 0"},
		{name: "sit", ends: "unallocated_number by network 0"},
		{name: "false_answer", late: 4 * time.Second, stays: 10 * time.Second},
		{name: "beep_machine", dumb: true, still: true, asked: "machine by us 0"},
		{name: "robot_screener", late: 6 * time.Second, stays: 12 * time.Second, still: true},
		{name: "two_200", both: true},
		{name: "no_to_tag", ends: "network_out_of_order by us 200"},

		{name: "se90_refresher_uas", both: true},
		{name: "update_only", both: true},
		{name: "timer_cut", both: true},
		{name: "reinvite_at_ack", both: true, held: true, stays: 3 * time.Second},
		{name: "t38_reinvite", both: true, stays: 5 * time.Second, check: faxRefused},
		{name: "no_hold"},
		{name: "hold_491"},
		{name: "hold_hangs_up"},
		{name: "lost_ack", both: true},
		{name: "lost_bye", both: true},
		{name: "bye_ignored"},
		{name: "cidr_shift", both: true, trunk: func(tr *cti.Trunk) { tr.AcceptFrom = []string{"10.0.0.0/24"} }},

		{name: "no_plus", both: true, trunk: func(tr *cti.Trunk) { tr.NumberFormat = cti.PlainE164 }},
		{name: "no_plus", ends: "invalid_number by network 484"},
		{name: "cps1", both: true, trunk: func(tr *cti.Trunk) { tr.CallsPerSecond = 1 }},
		{name: "wrong_caller_id"},
		{name: "unavailable_503", ends: "congestion by network 503"},
		{name: "moved_302", ends: "network_out_of_order by network 302"},
		{name: "decline_603", ends: "call_rejected by visitor 603"},
		{name: "blocked_607", ends: "call_rejected by visitor 607"},
		{name: "blocked_608", ends: "call_rejected by network 608"},
		{name: "challenge_401", both: true, trunk: login},
		{name: "challenge_stale", both: true, trunk: login},
		{name: "challenge_407", both: true, trunk: login},
		{name: "challenge_sha256", both: true, trunk: login},
		{name: "timer_422", both: true},
		{name: "needs_register", both: true, trunk: func(tr *cti.Trunk) { login(tr); tr.Register = true }},
		{name: "needs_register", ends: "network_out_of_order by network 403"},

		{name: "pcma_only+ptime30+asymmetric_rtp+new_tag_183_200+reinvite_at_ack", both: true, held: true, stays: 3 * time.Second},
		{name: "no_plus+challenge_407+event_pt_96+late_media_6s+lost_ack", late: 6 * time.Second, still: true, stays: 10 * time.Second,
			trunk: func(tr *cti.Trunk) { login(tr); tr.NumberFormat = cti.PlainE164 }},
	}
}

// announced: the agent hears the network's refusal.
func announced(t *testing.T, agent, visitor simcarrier.Entry) {
	i := slices.IndexFunc(agent.TonesHeard, func(h simcarrier.Heard) bool { return h.Hz == visitor.ToneHz })
	if agent.CallID != "" && (i < 0 || agent.TonesHeard[i].Seconds < 2.5) {
		t.Errorf("the agent did not hear the announcement: %v", agent.TonesHeard)
	}
}

// reported: the switch reports to the line what it hears from it.
func reported(t *testing.T, _, visitor simcarrier.Entry) {
	if r := visitor.RTCP; r == nil || r.Heard == 0 || r.Senders == 0 || r.Strange != 0 || r.CNAME == "" || r.Lost != 0 || r.RTTMs == nil || *r.RTTMs > 5 {
		t.Errorf("reports: %+v", r)
	}
}

// acknowledged: the line's reliable answers had their PRACK.
func acknowledged(t *testing.T, _, visitor simcarrier.Entry) {
	if visitor.Pracks == 0 || visitor.Resent != 0 {
		t.Errorf("%d PRACKs, %d messages sent again", visitor.Pracks, visitor.Resent)
	}
}

func faxRefused(t *testing.T, _, visitor simcarrier.Entry) {
	if r := visitor.Reinvites; len(r) != 1 || r[0].Code != 488 {
		t.Errorf("the fax was answered with %+v", r)
	}
}

// Over a carrier of each personality both people of a callback hear each other, soon and without a hole, on one stream
// each, never themselves, and never a long silence; or it ends in the one way that fits.
func TestZoo(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range zooRows() {
		for name := range strings.SplitSeq(row.name, "+") {
			seen[name] = true
		}
		for _, visitorFirst := range []bool{false, true} {
			for _, phone := range []bool{false, true} {
				z := &zooCall{zooRow: row, visitorFirst: visitorFirst, phone: phone}
				t.Run(z.title(), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, z.run)
				})
			}
		}
	}
	elsewhere := []string{"freeze"}
	for _, name := range simcarrier.Personalities() {
		if !seen[name] && !slices.Contains(elsewhere, name) && !strings.HasPrefix(name, "register_") {
			t.Errorf("%s has no row", name)
		}
	}
}

// zooCall is one callback of the matrix.
type zooCall struct {
	zooRow
	visitorFirst bool
	phone        bool // the agent's telephone registers with us; else it is on the network
	fine         bool // every packet is sent: gaps and delays are judged; else steady sound is thinned

	*bench
	c *simcarrier.Carrier
}

func (z *zooCall) title() string {
	s := z.name + " agent first"
	if z.visitorFirst {
		s = z.name + " visitor first"
	}
	if z.phone {
		return s + " phone"
	}
	return s
}

const (
	agentNumber = "+12025550150"
	phoneAddr   = "10.0.0.9:5060"
)

func (z *zooCall) run(t *testing.T) {
	z.bench = newBench(t, wire.NewSimulated(1))
	z.simulated()
	if z.visitorFirst == z.phone || strings.Contains(z.name, "ptime30") { // thinned packets cannot be cut anew
		z.fine = true
	} else {
		z.pace = 200 * time.Millisecond
	}
	var err error
	z.c, err = simcarrier.New(simcarrier.Config{Net: z.net, Listen: trunkAddr, Seed: 1, Pace: z.pace, Username: "ann", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer z.c.Close()
	z.start("udp://" + ours)
	defer z.stop()
	tr := trunk("zoo", trunkAddr)
	if z.trunk != nil {
		z.trunk(&tr)
	}
	z.trunks(tr)
	if tr.Register {
		z.pass(time.Second)
	}
	z.people()
	z.calls()
}

// people puts everybody beside their telephones.
func (z *zooCall) people() {
	p := simcarrier.Person{Does: "answers", After: 300 * time.Millisecond, Talk: 10 * time.Minute, Press: "1", PressAfter: 800 * time.Millisecond}
	agent, visitor := p, p
	visitor.Personality = z.name
	if z.both {
		agent.Personality = z.name
	}
	if !z.visitorFirst {
		visitor.Press = ""
	}
	if err := z.c.SetPerson("0100", visitor); err != nil {
		z.t.Fatal(err)
	}
	if err := z.c.SetPerson(agentNumber, agent); err != nil {
		z.t.Fatal(err)
	}
	if z.phone {
		if err := z.sw.Devices(context.Background(), []cti.Device{{User: "ann", Secret: cti.NewSecret("ann", "secret")}}); err != nil {
			z.t.Fatal(err)
		}
		ann, err := z.c.Phone(simcarrier.PhoneConfig{User: "ann", Password: "secret", Registrar: ours, Listen: phoneAddr,
			Person: simcarrier.Person{Does: "answers", After: 300 * time.Millisecond, Talk: 10 * time.Minute}})
		if err != nil {
			z.t.Fatal(err)
		}
		z.pass(time.Second)
		if s := ann.Status(); !s.Registered {
			z.t.Fatalf("ann's telephone: %+v", s)
		}
	}
}

// orders are those of a conductor: an agent on the telephone network confirms by key, a visitor who is called first by
// key or voice.
func (z *zooCall) orders() (agent, visitor cti.Order) {
	agent, visitor = order("a"), order("v")
	agent.Party, agent.To, agent.Confirm = cti.Agent, "tel:"+agentNumber, cti.ConfirmKey
	agent.Hear = cti.Program{First: cti.Prompt{Sound: cti.SoundSoft}, Then: cti.SoundRingback}
	if z.phone {
		agent.To, agent.Confirm = "sip:ann", cti.ConfirmNone
	}
	if z.visitorFirst {
		visitor.Confirm = cti.ConfirmKeyOrVoice
		visitor.Hear = cti.Program{First: cti.Prompt{Sound: cti.SoundAsk}, Then: cti.SoundRingback}
	}
	return agent, visitor
}

// calls makes the callback and judges it.
func (z *zooCall) calls() {
	t := z.t
	agent, visitor := z.orders()
	ends := z.ends
	first, second := agent, visitor
	if z.visitorFirst {
		first, second = visitor, agent
		if z.asked != "" {
			ends = strings.TrimSuffix(z.asked, "talks")
		}
	}
	for _, o := range []cti.Order{first, second} {
		z.call(o)
		if o.Leg == visitor.Leg && ends != "" {
			z.refused(ends)
			return
		}
		z.await(string(o.Leg[len("leg_"):]), cti.LegConfirmed)
	}
	if err := z.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: first.Leg, B: second.Leg}); err != nil {
		t.Fatal(err)
	}
	joined := time.Now()
	stays := z.stays
	if stays == 0 {
		stays = 2 * time.Second
	}
	z.pass(stays)
	z.sw.HangUp(context.Background(), agent.Leg, cti.HangUp{})
	z.await("a", cti.LegEnded)
	z.await("v", cti.LegEnded)
	z.pass(time.Second)
	a, v := z.rows()
	z.heard(a, v, joined)
	z.heard(v, a, joined)
	if z.check != nil {
		z.check(t, a, v)
	}
}

func (z *zooCall) rows() (agent, visitor simcarrier.Entry) {
	for _, e := range z.c.Calls("cb_1") {
		switch e.Leg {
		case "leg_a":
			agent = e
		case "leg_v":
			visitor = e
		}
	}
	return agent, visitor
}

func (z *zooCall) refused(ends string) {
	z.await("v", cti.LegEnded)
	got := z.story("v")
	if !strings.HasSuffix(got, "ended "+ends) {
		z.t.Errorf("told %s, want it to end %s", got, ends)
	}
	z.sw.HangUp(context.Background(), "leg_a", cti.HangUp{})
	z.pass(time.Second)
	a, v := z.rows()
	if a.CallID != "" && a.SilenceMax > 2 {
		z.t.Errorf("the agent waited %.1f s in silence", a.SilenceMax)
	}
	if z.check != nil {
		z.check(z.t, a, v)
	}
}

// heard judges what the person of e heard of the one of o.
func (z *zooCall) heard(e, o simcarrier.Entry, joined time.Time) {
	t := z.t
	visitor := e.Leg == "leg_v"
	want := z.says
	switch {
	case z.held:
		want = 1
	case z.fades && !visitor && z.visitorFirst:
		return // it may be still before the agent has come
	case want == 0 || visitor:
		want = 1.2
	}
	if !z.fine {
		want /= 2
	}
	silent := !visitor && z.dumb || visitor && z.deaf
	switch {
	case silent && e.OtherHeard > 0.1:
		t.Errorf("%s: heard the other %.1f s over a line that is cut", e.To, e.OtherHeard)
	case !silent && e.OtherHeard < want:
		t.Errorf("%s: heard the other %.1f s", e.To, e.OtherHeard)
	}
	if e.OwnEcho > 0.1 || !z.held && e.OwnEcho != 0 || !(visitor && z.deaf) && len(e.SSRCs) != 1 || e.SeqGaps != 0 {
		t.Errorf("%s: heard itself %.1f s, %d streams, %d packets missing", e.To, e.OwnEcho, len(e.SSRCs), e.SeqGaps)
	}
	if e.SilenceMax > 2 && !(visitor && z.deaf) && !(!visitor && z.still) {
		t.Errorf("%s: %.1f s of silence", e.To, e.SilenceMax)
	}
	if e.Refused || e.ByeAt.IsZero() {
		t.Errorf("%s: refresh refused %v, BYE at %v", e.To, e.Refused, e.ByeAt)
	}
	if silent || z.held || e.VoiceMs == nil || !z.fine {
		return
	}
	later := e.AnsweredAt
	if o.AnsweredAt.After(later) {
		later = o.AnsweredAt
	}
	after := later.Add(time.Duration(*e.VoiceMs * float64(time.Millisecond))).Sub(joined)
	late := z.late
	if visitor {
		late = 0
	}
	if visitor && z.visitorFirst && !z.phone { // who presses a key is not heard meanwhile
		late = 100 * time.Millisecond
	}
	if after > late+250*time.Millisecond || e.GapMs != nil && *e.GapMs > 40 && late < time.Second || e.DelayMs != nil && *e.DelayMs > 30 || e.MarkerMs != nil && *e.MarkerMs < 195 && late < time.Second {
		t.Errorf("%s: first heard %v after the join, gap %v ms, delay %v ms, marker of %v ms", e.To, after, ms(e.GapMs), ms(e.DelayMs), ms(e.MarkerMs))
	}
}

func ms(f *float64) float64 {
	if f == nil {
		return -1
	}
	return *f
}
