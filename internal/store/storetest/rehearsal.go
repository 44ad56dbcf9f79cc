package storetest

import (
	"errors"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
)

// rehearsal: all checks are made, and of what would be written nothing is there afterwards.
func rehearsal(t *testing.T, h *House) {
	limit := []callback.Velocity{{Key: "number:x", N: 1, Per: time.Hour, Code: fault.LimitNumber, Say: "Wait."}}
	n := h.Wish(numbered(1))
	n.Velocity, n.Rehearsal = limit, true
	for range 2 {
		if err := h.Create(t.Context(), n); !errors.Is(err, callback.ErrRehearsed) {
			t.Fatalf("rehearsed: %v", err)
		}
	}
	if _, err := h.Callback(t.Context(), "", n.Callback.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("it is there: %v", err)
	}
	if lines, err := h.Journal(t.Context(), n.Callback.ID); err != nil || len(lines) != 0 {
		t.Errorf("its journal: %v, %v", lines, err)
	}
	n.Rehearsal = false
	if err := h.Create(t.Context(), n); err != nil {
		t.Fatalf("after it: %v", err)
	}
	again := h.Wish(numbered(1))
	again.Rehearsal = true
	if err := h.Create(t.Context(), again); !fault.Is(err, fault.NumberBusy) {
		t.Errorf("a number that is called is rehearsed as %v", err)
	}
	other := h.Wish(numbered(2))
	other.Velocity, other.Rehearsal = limit, true
	if err := h.Create(t.Context(), other); !fault.Is(err, fault.LimitNumber) {
		t.Errorf("over the limit is rehearsed as %v", err)
	}
}
