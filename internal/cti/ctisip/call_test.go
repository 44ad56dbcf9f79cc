package ctisip

import (
	"context"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/wire"
)

// Agent and visitor are called, joined, and one hangs up.
func TestCallback(t *testing.T) {
	simulate(t, func(b *bench) {
		ann := b.far("10.0.0.9:5060", picksUp(100*time.Millisecond, time.Second))
		vis := b.far(trunkAddr, picksUp(3*time.Second, 5*time.Second))
		a := order("a")
		a.Party, a.To = cti.Agent, "sip:ann@10.0.0.9:5060"
		b.call(a)
		b.await("a", cti.LegConfirmed)
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		if err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v"}); err != nil {
			t.Fatal(err)
		}
		b.await("a", cti.LegJoined)
		b.await("v", cti.LegJoined)
		b.pass(time.Minute)
		inv := vis.wait("INVITE", 1)
		vis.request(inv, "BYE", 1, "")
		left := time.Now()
		bye := ann.wait("BYE", 1)
		between(t, "BYE to the agent", bye.at.Sub(left), 0, time.Second)
		b.await("a", cti.LegEnded)
		for leg, want := range map[string]string{
			"a": "sent, ringing, answered, confirmed, joined, ended normal_clearing by us 0",
			"v": "sent, ringing, answered, confirmed, joined, ended normal_clearing by visitor 0",
		} {
			if got := b.story(leg); got != want {
				t.Errorf("leg %s: %s", leg, got)
			}
		}
	})
}

// The same over the loopback of this machine.
func TestLoopback(t *testing.T) {
	b := newBench(t, wire.Real{})
	b.start("udp://127.0.0.1:0", "tcp://127.0.0.1:0")
	defer b.stop()
	ann := b.far("127.0.0.1:0", picksUp(0, 0))
	vis := b.far("127.0.0.1:0", picksUp(0, 0))
	b.trunks(trunk("a", vis.conn.LocalAddr().String()))
	a := order("a")
	a.Party, a.To = cti.Agent, cti.Endpoint("sip:ann@"+ann.conn.LocalAddr().String())
	b.call(a)
	b.await("a", cti.LegConfirmed)
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	if err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v"}); err != nil {
		t.Fatal(err)
	}
	b.await("v", cti.LegJoined)
	ann.request(ann.wait("INVITE", 1), "BYE", 1, "")
	vis.wait("BYE", 1)
	b.await("v", cti.LegEnded)
	if got := b.story("v"); !strings.HasSuffix(got, "joined, ended normal_clearing by us 0") {
		t.Errorf("visitor: %s", got)
	}
}
