//go:build fault

package fault

import (
	"errors"
	"testing"
	"time"

	"ringback/bench/service"
)

// Fifty kills, at least forty with ten or more callbacks in flight.
func TestFiftyKills(t *testing.T) {
	n := setting("KILLS", 50)
	kills{seed: uint64(setting("SEED", 1)), times: n, gap: 150 * time.Millisecond, most: 5 * time.Second, busy: n * 4 / 5, settle: 180 * time.Second,
		o: service.Options{Database: "sqlite"}}.run(t)
}

// The same on PostgreSQL, which lives on while the service dies.
func TestKillsPostgres(t *testing.T) {
	p, err := service.StartPostgres(t.Context(), "../..", true)
	if errors.Is(err, service.ErrNoPostgres) {
		t.Skip("NOT RUN: PostgreSQL is not installed (scripts/deps)")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	kills{seed: uint64(setting("SEED", 1)) + 1000, times: 15, gap: 150 * time.Millisecond, most: 5 * time.Second, busy: 12, settle: 180 * time.Second,
		o: service.Options{Database: p.URL}}.run(t)
}
