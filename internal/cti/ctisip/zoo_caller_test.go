package ctisip

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/simcarrier"
	"ringback/internal/wire"
)

// callerRows are lines from which somebody calls us.
func callerRows() []zooRow {
	return []zooRow{
		{name: ""},
		{name: "pcma_only"},
		{name: "ptime30"},
		{name: "event_pt_96"},
		{name: "no_events"},
		{name: "info_keys"},
		{name: "asymmetric_rtp"},
		{name: "private_sdp", trunk: func(tr *cti.Trunk) { tr.NAT = cti.NATAuto }},
		{name: "comfort_noise", says: 1, stays: 3 * time.Second, late: 1200 * time.Millisecond},
		{name: "rtcp", stays: 13 * time.Second, check: reported},
		{name: "lost_bye"},
		{name: "pcma_only+ptime30+asymmetric_rtp"},
	}
}

// From a carrier of each personality somebody calls us, and hears an agent, as she hears the caller.
func TestZooCallers(t *testing.T) {
	for _, row := range callerRows() {
		for _, phone := range []bool{false, true} {
			z := &zooCall{zooRow: row, phone: phone, fine: true}
			t.Run(z.title(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, z.callsUs)
			})
		}
	}
}

func (z *zooCall) callsUs(t *testing.T) {
	z.bench = newBench(t, wire.NewSimulated(1))
	z.simulated()
	var err error
	if z.c, err = simcarrier.New(simcarrier.Config{Net: z.net, Listen: trunkAddr, Seed: 1}); err != nil {
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
	z.people()
	callID, err := z.c.Call(simcarrier.Dial{From: "+12025550100", To: "+12025550190", Target: ours,
		Person: simcarrier.Person{Does: "answers", Talk: 10 * time.Minute, Personality: z.name}})
	if err != nil {
		t.Fatal(err)
	}
	z.arrival(callID)
	agent, visitor := z.orders()
	visitor.Answers = callID
	z.call(visitor)
	z.await("v", cti.LegConfirmed)
	z.call(agent)
	z.await("a", cti.LegConfirmed)
	if err := z.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: visitor.Leg, B: agent.Leg}); err != nil {
		t.Fatal(err)
	}
	z.pass(max(z.stays, 2*time.Second))
	z.sw.HangUp(context.Background(), agent.Leg, cti.HangUp{})
	z.await("a", cti.LegEnded)
	z.await("v", cti.LegEnded)
	z.pass(time.Second)
	a, _ := z.rows()
	for _, v := range z.c.Ledger() {
		if v.CallID != callID {
			continue
		}
		z.hearsTone(a, v)
		z.hearsTone(v, a)
		if z.check != nil {
			z.check(t, a, v)
		}
		if v.ByeAt.IsZero() {
			t.Error("the caller was not told that it is over")
		}
		return
	}
	t.Error("the call is not in the ledger")
}

// hearsTone wants one to have heard the other for a second, itself never, and silence never for long. The ledger cannot tell
// of a call that is placed there with whom it is.
func (z *zooCall) hearsTone(e, o simcarrier.Entry) {
	heard, own := 0.0, 0.0
	for _, h := range e.TonesHeard {
		switch h.Hz {
		case o.ToneHz:
			heard += h.Seconds
		case e.ToneHz:
			own += h.Seconds
		}
	}
	if heard < max(1, z.says) || own > 0.1 || e.SilenceMax > 2 || len(e.SSRCs) != 1 || e.SeqGaps != 0 {
		z.t.Errorf("%s: heard the other %.1f s and itself %.1f s, %.1f s of silence, %d streams, %d packets missing", e.To, heard, own, e.SilenceMax, len(e.SSRCs), e.SeqGaps)
	}
}
