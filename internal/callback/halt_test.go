package callback_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
)

func (w *world) halts(on bool) {
	w.Helper()
	h, err := w.c.Halt(w.ctx, on, "a bill of 9000")
	if err != nil || h.On != on || w.c.Halted() != on || on && (h.Reason != "a bill of 9000" || h.Since.IsZero()) {
		w.Fatalf("halt %v: %+v, %v", on, h, err)
	}
}

func (w *world) calls() int { return len(w.phones.Calls()) }

// While all calls are stopped who talks goes on, and nothing else is rung: not who waits, not whose time has come, not the visitor
// whose agent lifts the receiver just now, not after a restart, not by those who call for other reasons.
func TestAllCallsAreStopped(t *testing.T) {
	play(t, only("ann", "bob"), people{"ann": one(ctisim.Answers(s(1), 0)), "bob": one(ctisim.Answers(s(10), 0)),
		"vera": one(ctisim.Answers(s(1), 10*minute)), "walt": one(ctisim.Answers(s(1), s(30))), "xena": one(ctisim.Answers(s(1), s(30)))}, func(w *world) {
		talks := w.ask("vera")
		w.reaches(talks, callback.Connected)
		rings := w.ask("walt") // bob's telephone rings
		w.rings("bob")
		later := w.ask("xena", at(schedule.After(2*time.Minute)))
		before := w.calls()
		w.halts(true)
		if _, err := w.c.Request(w.ctx, wish("shop")); !fault.Is(err, fault.SwitchDown) || !strings.Contains(err.Error(), "ringback kill off") {
			t.Errorf("a new wish of staff: %v", err)
		}
		if _, err := w.c.Request(w.ctx, wish("shop", func(r *callback.Request) { r.By, r.SkipLimits, r.Consent = nil, false, true })); !fault.Is(err, fault.SwitchDown) || strings.Contains(err.Error(), "ringback") {
			t.Errorf("a new wish of a visitor: %v", err)
		}
		if err := w.c.Switch().Originate(w.ctx, cti.Order{Callback: w.mint.Callback(), Attempt: 1, Leg: w.mint.Leg(), Party: cti.Subscriber, Fence: 1, To: telephones["shop"],
			Ring: s(30), Deadline: w.now().Add(s(10))}); !fault.Is(err, fault.SwitchDown) {
			t.Errorf("a test call: %v", err)
		}
		if c := w.reaches(rings, callback.Ended); c.Outcome != callback.Refused || c.Reason != callback.ReasonHalted {
			t.Errorf("whose agent lifted the receiver ended %s, %s", c.Outcome, c.Reason)
		}
		pass(5 * minute)
		if c := w.stored(later); c.State != callback.Queued {
			t.Errorf("whose time has come: %s", c.State)
		}
		if c := w.stored(talks); c.State != callback.Connected {
			t.Errorf("who talks: %s", c.State)
		}
		w.kill()
		w.back(s(1))
		pass(minute)
		if n := w.calls(); n != before || !w.c.Halted() {
			t.Errorf("%d telephones were rung meanwhile", n-before)
		}
		w.halts(false)
		w.reaches(later, callback.Connected)
		w.reaches(later, callback.Ended)
		pass(minute)
	})
}

// A database that does not write: the calls of this process are stopped all the same.
func TestCallsAreStoppedWithoutADisk(t *testing.T) {
	play(t, only("ann"), nil, func(w *world) {
		w.border.die()
		if _, err := w.c.Halt(w.ctx, true, ""); err == nil || !w.c.Halted() {
			t.Errorf("stopped %v, %v", w.c.Halted(), err)
		}
	})
}

// When Halt returns, nothing is on its way to the switch.
func TestHaltWaitsForWhatIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowSwitch{free: make(chan struct{})}
		g := callback.NewGate(slow)
		go func() { _ = g.Originate(t.Context(), cti.Order{Leg: id.Leg("leg_1")}) }()
		synctest.Wait()
		shut := false
		go func() { g.Shut(true); shut = true }()
		synctest.Wait()
		if shut {
			t.Error("shut while an order was on its way")
		}
		if err := g.Originate(t.Context(), cti.Order{Leg: id.Leg("leg_2")}); !fault.Is(err, fault.SwitchDown) {
			t.Errorf("the next: %v", err)
		}
		close(slow.free)
		synctest.Wait()
		if !shut || slow.took != 1 {
			t.Errorf("shut %v, %d taken", shut, slow.took)
		}
	})
}

type slowSwitch struct {
	cti.Switch
	free chan struct{}
	took int
}

func (s *slowSwitch) Originate(_ context.Context, _ cti.Order) error { s.took++; <-s.free; return nil }
