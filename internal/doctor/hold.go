package doctor

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/cti"
)

// Times of a hold.
const (
	holdAnswer = 35 * time.Second // until what is asked is refused for good, or not answered
	holdStay   = 2 * time.Second
)

// hold puts the far end on hold for a moment, and calls it back. That it hangs up over it is a fact, too.
func (v *visit) hold(ctx context.Context) {
	v.say("you are put on hold for a moment: stay")
	if v.puts(ctx, true, cti.LegHeld) {
		v.await(ctx, holdStay, func(cti.Event) bool { return false })
		if !v.ended {
			v.puts(ctx, false, cti.LegResumed)
		}
	}
}

// puts says whether the far end agreed.
func (v *visit) puts(ctx context.Context, on bool, told cti.EventKind) bool {
	if err := v.d.Switch.Hold(ctx, v.order.Leg, on); err != nil {
		return false // it has just ended, which is told
	}
	e, ok := v.await(ctx, holdAnswer, func(e cti.Event) bool { return e.Kind == told || e.Kind == cti.LegHoldRefused })
	return ok && e.Kind == told
}

// noHold: it is not agreed to, whatever the reason but that it hangs up.
func noHold(f *Facts) string {
	e, refused := f.event(cti.LegHoldRefused)
	switch {
	case !refused || e.SIPCode == 491:
		return ""
	case e.SIPCode == 408:
		return "it does not answer when it is put on hold"
	case f.has(cti.LegHeld):
		return fmt.Sprintf("it refuses to come back from hold (%d)", e.SIPCode)
	}
	return fmt.Sprintf("it refuses to be put on hold (%d)", e.SIPCode)
}

func holdLater(f *Facts) string {
	if e, refused := f.event(cti.LegHoldRefused); refused && e.SIPCode == 491 {
		return "it cannot be put on hold: it says again and again that another change is under way (491)"
	}
	return when(len(f.changes(491)) > 0, "it takes a hold at the second try only (491)")
}

// holdEnds: she may have hung up herself in that moment; then the next test shows nothing of it.
func holdEnds(f *Facts) string {
	held, ok := f.event(cti.LegHeld)
	end, over := f.event(cti.LegEnded)
	if !ok || !over || f.has(cti.LegResumed) || f.has(cti.LegHoldRefused) || end.By == cti.ByUs {
		return ""
	}
	return fmt.Sprintf("it hangs up %.1f s after it was put on hold", end.At.Sub(held.At).Seconds())
}
