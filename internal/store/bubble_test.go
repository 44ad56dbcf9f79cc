package store

import (
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/store/storetest"
)

// Simulated days run on a file too: time stands still while the store works, and Close leaves no goroutine behind.
func TestInSimulatedTime(t *testing.T) {
	url := sqliteURL(t)
	synctest.Test(t, func(t *testing.T) {
		h := &storetest.House{T: t, Clock: &storetest.Clock{}}
		h.Clock.Pass(time.Since(time.Time{}))
		h.Mint = mint(time.Now)
		db := openAt(t, url, h.Mint, time.Now)
		h.Store = db
		began := time.Now()
		for i := range 3 {
			n := h.Wish("+12025550100")
			n.Callback.NumberHash = string(rune('a' + i))
			if err := h.Create(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour) // simulated
			if _, err := h.Step(t.Context(), n.Callback.ID, func(c *callback.Callback) (callback.Change, error) {
				return callback.Change{Lines: lineOf(h)}, nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 3*time.Hour {
			t.Errorf("the store took %s of simulated time", took-3*time.Hour)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}
