package callback_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
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

// lateBook takes its time to be read.
type lateBook struct{ *border }

func (l lateBook) Directory(ctx context.Context) (*directory.Directory, error) {
	pass(s(4))
	return l.border.Directory(ctx)
}

// A switch that has outlived the service tells what happens while the directory is being read: nothing of it is lost, and a
// call that comes in then is taken.
func TestToldBeforeTheDirectoryIsRead(t *testing.T) {
	play(t, only("ann", "bob"), people{"ann": one(ctisim.Answers(s(1), 0)), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(1), s(20)))}, func(w *world) {
		cb := w.ask("vera")
		w.reaches(cb, callback.Connected)
		pass(s(15))
		w.border.die()
		w.c.Stop()
		pass(s(2))
		w.border.revive()
		c := callback.NewConductor(w.border, lateBook{w.border}, &frailSwitch{w.border, w}, callback.Settings{
			Mint: w.mint, Key: []byte("0123456789abcdef0123456789abcdef"), Now: w.now, Publisher: w, Meter: w, Log: slog.New(slog.DiscardHandler), Policy: w.policy})
		w.mu.Lock()
		w.c = c
		w.mu.Unlock()
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
