package registrar

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
)

// A telephone that keeps its stream alive by itself is told how often, and that we do so; over UDP, or without naming itself,
// it is not.
func TestOutbound(t *testing.T) {
	at(t, func(d *desk) {
		for _, c := range []struct{ transport, contact, supported, require, want string }{
			{"tcp", `;reg-id=1;+sip.instance="<urn:uuid:1>"`, "path, Outbound", "", "Require outbound Flow-Timer 15 "},
			{"tls", `;+sip.instance="<urn:uuid:1>";reg-id=2`, "", "outbound", "Require outbound Flow-Timer 15 "},
			{"tcp", `;reg-id=1;+sip.instance="<urn:uuid:1>"`, "path", "", ""},
			{"tcp", `;reg-id=0;+sip.instance="<urn:uuid:1>"`, "outbound", "", ""},
			{"tcp", `;reg-id=1`, "outbound", "", ""},
			{"udp", `;reg-id=1;+sip.instance="<urn:uuid:1>"`, "outbound", "", ""},
		} {
			q := d.request("198.51.100.7:50000", "ann", "<sip:ann@192.168.1.20:5070>"+c.contact)
			q.Transport, q.Supported, q.Require = c.transport, c.supported, c.require
			a, got := d.try(q, "pw"), ""
			for _, h := range a.Headers {
				if h.Name != "Contact" {
					got += h.Name + " " + h.Value + " "
				}
			}
			if a.Code != 200 || got != c.want || (a.Flow == FlowTimer+flowGrace) != (c.want != "") {
				t.Errorf("%+v: %d %q, flow %v", c, a.Code, got, a.Flow)
			}
		}
	})
}

// A telephone with two flows is rung over the one that it has registered over last, and over the other when that is lost.
func TestTwoFlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, &book{})
		register := func(from, transport string, id int) {
			t.Helper()
			time.Sleep(time.Second)
			q := d.request(from, "ann", fmt.Sprintf(`<sip:ann@192.168.1.20:5070>;reg-id=%d;+sip.instance="<urn:uuid:1>"`, id))
			q.Transport, q.Supported = transport, "outbound"
			if a := d.try(q, "pw"); a.Code != 200 {
				t.Fatalf("%+v", a)
			}
		}
		rings := func(what, want string) {
			t.Helper()
			got, _, why := d.Targets("ann")
			if len(got) != 1 || got[0].Dest.String() != want {
				t.Errorf("%s: rings at %+v %s, want %s", what, got, why, want)
			}
		}
		const udp, tcp = "198.51.100.7:40000", "198.51.100.7:50000"
		register(udp, "udp", 2)
		rings("one flow", udp)
		register(tcp, "tcp", 1)
		rings("the newer", tcp)
		register(udp, "udp", 2)
		rings("the newer", udp)
		register(tcp, "tcp", 1)
		d.Lost(netip.MustParseAddrPort(tcp))
		rings("its stream is lost", udp)
		got, _, _ := d.Targets("ann")
		d.Busy("ann", got[0].Key)
		if got, cause, _ := d.Targets("ann"); len(got) != 0 || cause != cti.UserBusy {
			t.Errorf("busy: %+v %s", got, cause)
		}
		q := d.request(udp, "ann")
		q.Transport = "udp"
		a := d.try(q, "pw")
		d.is("both are listed", a, 200, 2)
		if v := fmt.Sprint(a.Headers); !strings.Contains(v, `+sip.instance="<urn:uuid:1>";reg-id=2`) || !strings.Contains(v, `+sip.instance="<urn:uuid:1>"}`) {
			t.Errorf("listed as %s", v)
		}
	})
}
