package storemem_test

import (
	"errors"
	"testing"
	"time"

	"ringback/internal/id"
	"ringback/internal/store/storemem"
	"ringback/internal/store/storetest"
)

func open(t *testing.T, mint *id.Mint, now func() time.Time) (storetest.Store, func() storetest.Store) {
	s := storemem.New(mint, now)
	return s, func() storetest.Store { return s.Reopen() }
}

func TestStore(t *testing.T) { storetest.Run(t, open) }

func TestCrash(t *testing.T) {
	h := storetest.NewHouse(t, open)
	s := h.Store.(*storemem.Store)
	boom := errors.New("boom")

	s.Fail = func(op string) error {
		if op == "create" {
			return boom
		}
		return nil
	}
	n := h.Wish("+12025550100")
	if err := h.Create(t.Context(), n); !errors.Is(err, boom) {
		t.Errorf("error is %v", err)
	}
	if all, _ := s.All(); len(all) != 0 {
		t.Error("what failed was written")
	}
	s.Fail = func(op string) error {
		if op == "create done" { // on disk, and the process is gone before it could say so
			s.Crash()
			return storemem.ErrCrashed
		}
		return nil
	}
	if err := h.Create(t.Context(), n); !errors.Is(err, storemem.ErrCrashed) {
		t.Errorf("error is %v", err)
	}
	if _, err := h.Agents(t.Context()); !errors.Is(err, storemem.ErrCrashed) {
		t.Errorf("after a crash: %v", err)
	}
	all, journal := s.Reopen().All()
	if len(all) != 1 || len(journal[n.Callback.ID]) != 1 {
		t.Errorf("after a restart: %d callbacks, journal %v", len(all), journal)
	}
}
