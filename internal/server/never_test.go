package server

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/internal/config"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/subscriber"
)

// A database that was restored from before an opt-out learns of it; one that was lifted since stays away.
func TestNeverOutlivesRestore(t *testing.T) {
	c := config.Default()
	c.Data = t.TempDir()
	open := func() *App {
		t.Helper()
		a, err := OpenData(t.Context(), c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		a.never = &neverList{path: filepath.Join(c.Data, "never"), log: a.log}
		if err := a.never.bring(t.Context(), a.Store, a.Mint); err != nil {
			t.Fatal(err)
		}
		return a
	}
	snapshot := func(a *App) {
		t.Helper()
		d, err := a.Store.Directory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a.never.keep(d)
	}
	a := open()
	const hash = "0123"
	b := subscriber.Block{ID: a.Mint.Block(), NumberHash: hash, Masked: "+12•••••0100", OwnWish: true, CreatedAt: time.Now().UTC()}
	if err := a.Store.OptOut(t.Context(), b, consent.Record{Act: consent.OptedOut, At: time.Now()}, nil); err != nil {
		t.Fatal(err)
	}
	snapshot(a)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"ringback.db", "ringback.db-wal", "ringback.db-shm"} {
		if err := os.Remove(filepath.Join(c.Data, f)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	a = open()
	d, err := a.Store.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := d.BlocksOf(hash)
	if len(got) != 1 || !got[0].OwnWish {
		t.Fatalf("after the restore: %+v", got)
	}
	if r, err := a.Store.VerifyConsents(t.Context()); err != nil || r.Bad != nil || r.Records != 1 {
		t.Errorf("ledger: %+v, %v", r, err)
	}
	if err := a.Store.Lift(t.Context(), got[0].ID, consent.Record{Act: consent.Lifted, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	snapshot(a)
	if text, err := os.ReadFile(a.never.path); err != nil || strings.Contains(string(text), hash) {
		t.Errorf("the list still says %q, %v", text, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// A telephone is named in one way, however it is written.
func TestTelephone(t *testing.T) {
	for raw, want := range map[string]cti.Endpoint{"": "", "+1 (202) 555-0100": "tel:+12025550100", "tel:+12025550100": "tel:+12025550100", "sip:joe@example.com": "sip:joe@example.com"} {
		if got, err := telephone(raw); err != nil || got != want {
			t.Errorf("%q is %q, %v", raw, got, err)
		}
	}
	if _, err := telephone("555 0100"); err == nil {
		t.Error("a number without its country is taken")
	}
}
