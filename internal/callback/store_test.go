package callback_test

import (
	"time"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/store/storemem"
)

// newStore is what stories are kept in.
func newStore(w *world) interface {
	callback.Store
	directory.Book
} {
	return storemem.New(w.mint, time.Now)
}
