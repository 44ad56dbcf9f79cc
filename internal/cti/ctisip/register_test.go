package ctisip

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
)

func annOrder() cti.Order {
	o := order("a")
	o.Party, o.To = cti.Agent, "sip:ann"
	return o
}

// Two telephones of ann ring; the first to answer has the leg, the other one is told that the call was taken.
func TestRegisteredRingAll(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		one := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", picksUp(100*time.Millisecond, 3*time.Second))
		two := b.deskphone("10.0.1.2:5060", "ann", "ann-secret", picksUp(100*time.Millisecond, 10*time.Second))
		two.algorithm = "MD5"
		is200(t, one.register(), 1)
		is200(t, two.register(), 2)
		b.call(annOrder())
		b.await("a", cti.LegConfirmed)
		c := two.wait("CANCEL", 1)
		if got := c.header("Reason"); got != `SIP;cause=200;text="Call completed elsewhere"` {
			t.Errorf("CANCEL with Reason %q", got)
		}
		if n := len(one.count("INVITE")) + len(two.count("INVITE")); n != 2 {
			t.Errorf("%d INVITEs", n)
		}
		if a, b := one.wait("INVITE", 1).header("Call-ID"), two.wait("INVITE", 1).header("Call-ID"); a == b {
			t.Errorf("both have Call-ID %s", a)
		}
		if to := one.wait("INVITE", 1).start; !strings.HasPrefix(to, "INVITE sip:ann@10.0.1.1:5060 ") {
			t.Errorf("first line %s", to)
		}
		b.pass(time.Minute)
		if got := b.story("a"); got != "sent, ringing, answered, confirmed" {
			t.Errorf("told %s", got)
		}
	})
}

func TestNobodyRegistered(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		b.call(annOrder())
		e := b.await("a", cti.LegEnded)
		if e.Cause != cti.UnallocatedNumber || e.By != cti.ByUs || e.Note != "no telephone of ann is registered" {
			t.Errorf("told %+v", e)
		}
	})
}
