package ctisip

import (
	"context"
	"testing"
	"time"

	"ringback/internal/cti"
)

// How a leg sounds is known while it is up and told with its end; a leg that nobody answered has no sound.
func TestQualityIsTold(t *testing.T) {
	overCarrier(t, "", func(b *bench) {
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		b.pass(10 * time.Second)
		facts, err := b.sw.Legs(context.Background(), "cb_1")
		if err != nil || len(facts) != 1 || facts[0].Quality.PacketsIn < 450 || facts[0].Quality.MOS < 4.2 {
			t.Errorf("after 10 s: %+v, %v", facts, err)
		}
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		q := b.await("v", cti.LegEnded).Quality
		if q.MOS < 4.2 || q.MOS > 4.5 || q.Loss != 0 || q.PacketsIn < 450 || q.PacketsOut < 450 || q.MOSOut != 0 {
			t.Errorf("told with the end: %+v", q)
		}
		if facts, _ = b.sw.Legs(context.Background(), "cb_1"); facts[0].Quality != q {
			t.Errorf("afterwards: %+v", facts[0].Quality)
		}
	})
	overCarrier(t, "", func(b *bench) {
		o := order("v")
		o.To = "tel:+12025550101" // busy
		b.call(o)
		if e := b.await("v", cti.LegEnded); e.Quality != (cti.Quality{}) {
			t.Errorf("a leg that was busy sounded like %+v", e.Quality)
		}
	})
}

// A telephone system hears the keys of PostDial, each once; the leg is confirmed when they are through.
func TestPostDial(t *testing.T) {
	for _, personality := range []string{"", "event_pt_96", "ptime30"} {
		t.Run(personality, func(t *testing.T) {
			overCarrierOf(t, personality, func(b *bench, keys func() string) {
				o := order("v")
				o.Party, o.PostDial = cti.Agent, "w1290#"
				b.call(o)
				answered := b.await("v", cti.LegAnswered).At
				between(t, "confirmed", b.await("v", cti.LegConfirmed).At.Sub(answered), 1400*time.Millisecond, 1700*time.Millisecond)
				b.pass(time.Second)
				b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
				b.await("v", cti.LegEnded)
				b.pass(time.Second)
				if got := keys(); got != "1290#" {
					t.Errorf("heard %q", got)
				}
			})
		})
	}
}
