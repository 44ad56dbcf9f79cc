package callback_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/id"
)

// moody is a switch that does not take every command.
type moody struct {
	cti.Switch
	mu    sync.Mutex
	fails map[string]int // command -> how often it fails yet
	err   error
	delay time.Duration // before it takes an order
}

func (m *moody) fail(what string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails[what] == 0 {
		return nil
	}
	m.fails[what]--
	return m.err
}

func (m *moody) Originate(ctx context.Context, o cti.Order) error {
	if m.delay > 0 {
		pass(m.delay)
	}
	if err := m.fail("originate"); err != nil {
		return err
	}
	return m.Switch.Originate(ctx, o)
}

func (m *moody) Join(ctx context.Context, j cti.Join) error {
	if err := m.fail("join"); err != nil {
		return err
	}
	return m.Switch.Join(ctx, j)
}

func (m *moody) HangUp(ctx context.Context, l id.Leg, h cti.HangUp) error {
	if err := m.fail("hangup"); err != nil {
		return err
	}
	return m.Switch.HangUp(ctx, l, h)
}

func (m *moody) Fence(ctx context.Context, cb id.Callback, fence int64, cancelled bool) error {
	if err := m.fail("fence"); err != nil {
		return err
	}
	return m.Switch.Fence(ctx, cb, fence, cancelled)
}

// through starts the service again behind m.
func (w *world) through(m *moody) {
	w.Helper()
	w.c.Stop()
	m.Switch = &frailSwitch{w.border, w}
	c := callback.NewConductor(w.border, w.border, m, callback.Settings{
		Mint: w.mint, Key: []byte("0123456789abcdef0123456789abcdef"), Now: w.now, Publisher: w, Meter: w, Log: slog.New(slog.DiscardHandler)})
	w.mu.Lock()
	w.c = c
	w.mu.Unlock()
	if err := c.Start(w.ctx); err != nil {
		w.Fatal(err)
	}
}

// A join that the switch does not take is asked for again: two people wait in silence for it.
func TestJoinIsAskedAgain(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		w.through(&moody{fails: map[string]int{"join": 1}, err: cti.ErrDown})
		cb := w.ask("vera")
		w.reaches(cb, callback.Connected)
		start := time.Now()
		w.until(cb, "a bridge", func(c *callback.Callback) bool { return !c.JoinedAt.IsZero() || c.State == callback.Ended })
		if d := time.Since(start); d > callback.ActGrace+time.Second {
			t.Errorf("joined after %v", d)
		}
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Completed || c.TalkTime == 0 {
			t.Errorf("ended %s after %v of talk", c.Outcome, c.TalkTime)
		}
		w.invariants()
	})
}

// A hang-up that the switch does not take is repeated, or a telephone stays up that nobody looks after any more.
func TestHangUpIsRepeated(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		w.through(&moody{fails: map[string]int{"hangup": 5, "fence": 3}, err: cti.ErrDown})
		cb := w.ask("vera")
		w.reaches(cb, callback.RingingVisitor)
		pass(time.Second)
		if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); err != nil {
			t.Fatal(err)
		}
		w.reaches(cb, callback.Ended)
		w.invariants()
	})
}

// A switch that takes no order for half a minute costs no try, and rings nobody twice.
func TestSwitchRefusesForHalfAMinute(t *testing.T) {
	play(t, only("ann"), talkers, func(w *world) {
		m := &moody{fails: map[string]int{"originate": 30}, err: cti.ErrDown}
		w.through(m)
		cb := w.ask("vera")
		c := w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Completed || len(c.Attempts) != 1 || len(c.Attempts[0].Legs) != 2 {
			t.Errorf("ended %s after %d attempts", c.Outcome, len(c.Attempts))
		}
		if d := c.Attempts[0].Legs[0].SentAt.Sub(c.CreatedAt); d > 33*time.Second {
			t.Errorf("first INVITE after %v", d)
		}
		w.invariants()
	})
}

// Whatever was never taken by the switch is ended in the row when the callback is: nothing will tell of its end.
func TestNeverSentIsEnded(t *testing.T) {
	for name, m := range map[string]*moody{
		"not taken":        {fails: map[string]int{"originate": 1000}, err: cti.ErrDown},
		"still on its way": {delay: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, nil, talkers, func(w *world) {
				w.through(m)
				cb := w.ask("vera")
				pass(2 * time.Second)
				if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); err != nil {
					t.Fatal(err)
				}
				w.invariants()
				if n := len(w.phones.Calls()); n > 0 {
					t.Errorf("%d telephones rang", n)
				}
			})
		})
	}
}
