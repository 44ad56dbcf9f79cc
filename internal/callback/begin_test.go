package callback_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
)

// slowBook takes its time to tell what is set up.
type slowBook struct {
	directory.Book
	takes time.Duration
}

func (b slowBook) Directory(ctx context.Context) (*directory.Directory, error) {
	pass(b.takes)
	return b.Book.Directory(ctx)
}

// slow is a service that is told what happens, and has not begun.
func (w *world) slow(takes time.Duration) *callback.Conductor {
	c := callback.NewConductor(w.border, slowBook{w.border, takes}, &frailSwitch{w.border, w}, callback.Settings{
		Mint: w.mint, Key: []byte("0123456789abcdef0123456789abcdef"), Now: w.now, Publisher: w, Meter: w, Log: slog.New(slog.DiscardHandler), Policy: w.policy})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.c = c
	return c
}

// What the switch tells before the service starts is taken in when it knows what is set up, and nothing is lost of it.
func TestFactsWaitForTheStart(t *testing.T) {
	play(t, nil, people{"ann": one(ctisim.Answers(s(4), 0)), "vera": vera}, func(w *world) {
		cb := w.ask("vera")
		pass(s(3))
		w.c.Stop()
		c := w.slow(s(1))
		pass(s(2)) // ann answers, and nobody has started yet
		w.onSwitch(cti.Event{Kind: cti.LegArrived, At: w.now(), Leg: "leg_stray"})
		if err := c.Start(w.ctx); err != nil {
			t.Fatal(err)
		}
		if done := w.reaches(cb, callback.Ended); done.Outcome != callback.Completed || done.TalkTime != minute {
			t.Errorf("%s after %v", done.Outcome, done.TalkTime)
		}
		w.invariants()
	})
}

// A switch that has outlived the service tells what happens while the directory is being read: a call that comes in then is
// taken, too.
func TestToldBeforeTheDirectoryIsRead(t *testing.T) {
	play(t, only("ann", "bob"), people{"ann": one(ctisim.Answers(s(1), 0)), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(1), s(20)))}, func(w *world) {
		cb := w.ask("vera")
		w.reaches(cb, callback.Connected)
		pass(s(15))
		w.border.die()
		w.c.Stop()
		pass(s(2))
		w.border.revive()
		c := w.slow(s(4))
		started := make(chan error, 1)
		go func() { started <- c.Start(w.ctx) }()
		pass(s(1))
		w.sw.Arrive("trk_1", telephones["walt"].Number(), acmeNumber, ctisim.Person{Talk: s(30)})
		if err := <-started; err != nil {
			t.Fatal(err)
		}
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Completed {
			t.Errorf("who talked ended %s", c.Outcome)
		}
		pass(s(10))
		for _, c := range w.phones.Calls() {
			if c.To == telephones["walt"] && !c.AnsweredAt.IsZero() {
				w.wishes = append(w.wishes, c.Callback)
				w.reaches(c.Callback, callback.Ended)
				return
			}
		}
		t.Error("walt was not answered")
	})
}
