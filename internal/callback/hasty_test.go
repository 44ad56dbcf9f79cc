package callback_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
)

// hasty is a store in which whoever asked has gone away by the time their write is on disk.
type hasty struct {
	*border
	leave context.CancelFunc
}

func (h *hasty) Create(ctx context.Context, n callback.New) error {
	h.leave()
	if err := h.border.Create(ctx, n); err != nil {
		return err
	}
	return ctx.Err()
}

func (h *hasty) MoveAgent(ctx context.Context, m callback.Move) error {
	h.leave()
	if err := h.border.MoveAgent(ctx, m); err != nil {
		return err
	}
	return ctx.Err()
}

// A browser that hangs up while its wish is on its way to disk changes nothing for the wish, nor a desk for presence:
// what is on disk is known in memory.
func TestWhoAskedHasGone(t *testing.T) {
	play(t, only("ann"), talkers, func(w *world) {
		w.c.Stop()
		ctx, leave := context.WithCancel(w.ctx)
		store := &hasty{w.border, leave}
		c := callback.NewConductor(store, w.border, &frailSwitch{w.border, w}, callback.Settings{
			Mint: w.mint, Key: []byte("0123456789abcdef0123456789abcdef"), Now: w.now, Publisher: w, Meter: w, Log: slog.New(slog.DiscardHandler)})
		w.mu.Lock()
		w.c = c
		w.mu.Unlock()
		if err := c.Start(w.ctx); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		m, err := c.Request(ctx, wish("vera"))
		if err != nil {
			t.Fatalf("request: %v", err)
		}
		w.reaches(m.Callback.ID, callback.RingingVisitor)
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("vera's telephone rang after %v", d)
		}
		w.reaches(m.Callback.ID, callback.Ended)
		ctx, store.leave = context.WithCancel(w.ctx)
		if _, err := c.SetPresence(ctx, w.agents["ann"], agent.Paused, "lunch"); err != nil {
			t.Fatal(err)
		}
		if on, in := w.presence("ann"), c.Agents()[w.agents["ann"]].Presence; on != agent.Paused || in != on {
			t.Errorf("ann is %s on disk and %s in memory", on, in)
		}
	})
}
