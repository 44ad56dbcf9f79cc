package callback_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
)

// slowBook takes its time to tell what is set up.
type slowBook struct{ directory.Book }

func (b slowBook) Directory(ctx context.Context) (*directory.Directory, error) {
	time.Sleep(time.Second)
	return b.Book.Directory(ctx)
}

// What the switch tells while the service starts is taken in when it knows what is set up, and nothing is lost of it.
func TestFactsWaitForTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.stop()
		w.phones.Person(telephones["ann"], ctisim.Answers(s(4), 0))
		w.phones.Person(telephones["vera"], vera...)
		cb := w.ask("vera")
		pass(s(3))
		w.c.Stop()
		c := callback.NewConductor(w.border, slowBook{w.border}, &frailSwitch{w.border, w}, callback.Settings{Mint: w.mint, Key: []byte("0123456789abcdef0123456789abcdef"),
			Now: w.now, Publisher: w, Meter: w, Log: slog.New(slog.DiscardHandler), Policy: w.policy})
		w.mu.Lock()
		w.c = c
		w.mu.Unlock()
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
