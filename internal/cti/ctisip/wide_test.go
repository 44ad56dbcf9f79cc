package ctisip

import (
	"context"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
)

// G.722 is offered where it is listed, to a telephone also when who waits speaks it; a trunk without it is not asked.
func TestWidebandIsOfferedWhereItIsListed(t *testing.T) {
	for _, c := range []struct {
		name   string
		to     cti.Endpoint
		listed []cti.Codec // of the trunk
		offer  string
	}{
		{"telephone", "sip:vera@10.0.0.8:5060", nil, "9 0 8 101"},
		{"trunk with it", "tel:+12025550100", []cti.Codec{cti.PCMA, cti.G722}, "9 8 101"},
		{"trunk without", "tel:+12025550100", nil, "0 8 101"},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(b *bench) {
				ann, vis := b.far("10.0.0.9:5060", nil), b.far("10.0.0.8:5060", nil)
				carrier := b.far(trunkAddr, nil)
				answer := func(pts string) func(f *far, m *msg) {
					return once(func(f *far, m *msg) {
						f.reply(m, 200, strings.Replace(f.sdp(), "RTP/AVP 0 8 101", "RTP/AVP "+pts, 1))
					}, byes)
				}
				ann.becomes(answer("9 101"))
				for _, f := range []*far{vis, carrier} {
					f.becomes(answer(strings.Fields(c.offer)[0] + " 101"))
				}
				tr := trunk("a", trunkAddr)
				tr.Codecs = c.listed
				b.trunks(tr)
				a := order("a")
				a.Party, a.To, a.Codecs = cti.Agent, "sip:ann@10.0.0.9:5060", []cti.Codec{cti.G722, cti.PCMU}
				b.call(a)
				b.await("a", cti.LegConfirmed)
				o := order("v")
				o.To = c.to
				b.call(o)
				b.await("v", cti.LegConfirmed)
				at := vis
				if c.to.Kind() == cti.Tel {
					at = carrier
				}
				if body := at.wait("INVITE", 1).body; !strings.Contains(body, "RTP/AVP "+c.offer+"\r\n") {
					t.Errorf("offered\n%s", body)
				}
				if body := ann.wait("INVITE", 1).body; !strings.Contains(body, "RTP/AVP 9 0 101\r\n") || !strings.Contains(body, "a=rtpmap:9 G722/8000\r\n") {
					t.Errorf("offered to the agent\n%s", body)
				}
				if err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v"}); err != nil {
					t.Fatal(err)
				}
				b.pass(time.Second)
				b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
				b.await("v", cti.LegEnded)
				b.await("a", cti.LegEnded)
			})
		})
	}
}
