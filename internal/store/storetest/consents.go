package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/subscriber"
	"ringback/internal/words"
)

// ledger: each wish, each step and each opt-out leaves its record; the chain proves itself, also after a restart.
func ledger(t *testing.T, h *House) {
	for i := range 5 {
		h.Made(numbered(i))
	}
	c := h.Made("+12025550188")
	h.withdraw(c.ID, consent.Record{Subscriber: h.Acme, Act: consent.Withdrawn, Route: consent.ByStatusPage, At: h.Clock.Now()})
	never := consent.Record{Act: consent.OptedOut, Route: consent.ByStopPage, At: h.Clock.Now(), Person: consent.Person{Number: "+12025550188", NumberHash: c.NumberHash}}
	if err := h.OptOut(t.Context(), h.never(c.NumberHash), never, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		h.verified(t, 8, 0)
		all := h.records(t, consent.Filter{NumberHash: c.NumberHash})
		if len(all) != 2 || all[0].Act != consent.Given || all[1].Act != consent.OptedOut || all[0].Shown != consent.Shown(words.English(), "Acme", consent.ByPhone) {
			t.Fatalf("of the number: %+v", all)
		}
		who, err := all[0].Who()
		if err != nil || who.Number != "+12025550188" || who.UserAgent != "test" || all[0].Callback != c.ID || all[0].Subscriber != h.Acme {
			t.Errorf("the record is of %+v, %v", all[0], err)
		}
		if acme := h.records(t, consent.Filter{Subscriber: h.Acme}); len(acme) != 7 {
			t.Errorf("%d records of acme, want 7", len(acme))
		}
		h.Store = h.Again()
	}
}

// neverBlocks: an opt-out blocks once, whatever was there, and for ever.
func neverBlocks(t *testing.T, h *House) {
	b := h.never("hash of somebody")
	b.Until = h.Clock.Now().Add(1)
	b.OwnWish = false
	r := consent.Record{Act: consent.OptedOut, Route: consent.ByStaff, At: h.Clock.Now()}
	if err := h.OptOut(t.Context(), b, r, nil); err != nil {
		t.Fatal(err)
	}
	again := h.never("hash of somebody")
	if err := h.OptOut(t.Context(), again, r, nil); err != nil {
		t.Fatal(err)
	}
	d, err := h.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := d.BlocksOf(b.NumberHash)
	if len(got) != 1 || got[0].ID != b.ID || !got[0].Until.IsZero() || !got[0].OwnWish {
		t.Errorf("blocked by %+v, want one for ever under the first id", got)
	}
	h.verified(t, 2, 0)
	limits := []callback.Velocity{{Key: "stops:h", N: 1, Per: time.Hour, Code: fault.LimitVisitor, Say: "Wait."}}
	for i, more := range []string{"hash of a second", "hash of a third"} {
		r.ID = h.Mint.Consent()
		if err := h.OptOut(t.Context(), h.never(more), r, limits); i == 0 && err != nil || i == 1 && !fault.Is(err, fault.LimitVisitor) {
			t.Errorf("%s: %v", more, err)
		}
	}
	r.ID, r.Act = h.Mint.Consent(), consent.Lifted
	for range 2 { // gone already: nothing is written
		if err := h.Lift(t.Context(), b.ID, r); err != nil {
			t.Fatal(err)
		}
	}
	if d, err = h.Directory(t.Context()); err != nil || len(d.BlocksOf(b.NumberHash)) != 0 || len(d.BlocksOf("hash of a second")) != 1 || len(d.BlocksOf("hash of a third")) != 0 {
		t.Errorf("after it was lifted: %+v, %v", d.Blocks, err)
	}
	h.verified(t, 4, 0)
}

// withdraw steps a callback with a record.
func (h *House) withdraw(cb id.Callback, r consent.Record) {
	h.T.Helper()
	_, err := h.Step(context.Background(), cb, func(*callback.Callback) (callback.Change, error) {
		return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}, Consents: []consent.Record{r}}, nil
	})
	if err != nil {
		h.T.Fatal(err)
	}
}

func (h *House) never(hash string) subscriber.Block {
	return subscriber.Block{ID: h.Mint.Block(), NumberHash: hash, Masked: "+12•••••0188", Reason: "never again", OwnWish: true, CreatedAt: h.Clock.Now()}
}

func (h *House) verified(t *testing.T, records, erased int) {
	t.Helper()
	r, err := h.VerifyConsents(t.Context())
	if err != nil || r.Bad != nil || r.Records != records || r.Erased != erased {
		t.Fatalf("verified: %+v (bad: %v), %v; want %d records, %d erased", r, r.Bad, err, records, erased)
	}
}

func (h *House) records(t *testing.T, f consent.Filter) (all []consent.Kept) {
	t.Helper()
	err := h.Consents(t.Context(), f, func(k consent.Kept) error {
		all = append(all, k)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(all, func(a, b consent.Kept) int { return a.At.Compare(b.At) }) {
		t.Error("records are not in order")
	}
	return all
}
