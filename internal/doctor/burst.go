package doctor

import (
	"context"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// A burst finds out whether the line takes calls at the same instant. Each is cancelled as soon as it has left.
const (
	burstCalls = 2
	burstTime  = 10 * time.Second // for all to be over; the switch ends what is left
)

// burst makes the calls. On a line on which all else is well, and that tells that it rings, they are over before anybody
// could answer: they cost nothing.
func (v *visit) burst(ctx context.Context) {
	v.say("two calls follow that end at once: do not answer")
	v.short = map[id.Leg]bool{}
	for range burstCalls {
		o := v.order
		o.Leg, o.Deadline = v.d.Mint.Leg(), v.d.Now().Add(burstTime)
		if err := v.d.Switch.Originate(ctx, o); err == nil {
			v.short[o.Leg] = true
		}
	}
	limit := time.NewTimer(burstTime)
	defer limit.Stop()
	for len(v.short) > 0 {
		select {
		case e := <-v.events:
			v.burstEvent(e)
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (v *visit) burstEvent(e cti.Event) {
	switch {
	case !v.short[e.Leg]:
	case e.Kind == cti.LegEnded:
		delete(v.short, e.Leg)
		v.facts.Burst = append(v.facts.Burst, e.SIPCode)
	case e.Kind == cti.LegSent:
		ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		if err := v.d.Switch.HangUp(ctx, e.Leg, cti.HangUp{Cause: cti.CauseCancelled}); err != nil {
			v.say("a call could not be cancelled: " + err.Error())
		}
	}
}
