package fault

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"ringback/bench/service"
)

// world is a service and a telephone network as processes of their own.
type world struct {
	svc     *service.Service
	carrier *service.Carrier
	api     *service.API
}

// binary is the program under test; a test without one is not run.
func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("RINGBACK_TEST_BINARY")
	if path == "" {
		path = filepath.Join("..", "..", "bin", "ringback")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("NOT RUN: %s is not built (make build)", path)
	}
	return path
}

// begin starts a world. o.Binary and o.Dir are filled in.
func begin(ctx context.Context, t *testing.T, o service.Options) *world {
	t.Helper()
	o.Binary = binary(t)
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	log, err := os.Create(filepath.Join(o.Dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	o.Log = log
	w := &world{}
	if w.carrier, err = service.StartCarrier(ctx, o.Binary, 1, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.carrier.Close() })
	if w.svc, err = service.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.svc.Kill()
		showLog(t, filepath.Join(o.Dir, "log"))
	})
	if _, err := w.svc.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.svc.Apply(ctx, service.Seed(w.carrier.SIP)); err != nil {
		t.Fatal(err)
	}
	// The agents' telephones: they pick up soon and hang up after a talk that a visitor has joined.
	if err := w.carrier.SetPerson(ctx, agentDigits, `{"does":"answers","after":"200ms","talk":"4s"}`); err != nil {
		t.Fatal(err)
	}
	w.api = w.svc.API()
	return w
}

// agentDigits end the names of the agents' telephones.
const agentDigits = "0190"

// showLog tells what the programs complained of when the test has failed.
func showLog(t *testing.T, path string) {
	if !t.Failed() {
		return
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return
	}
	t.Logf("what the programs said last:\n%s", b[max(0, len(b)-8000):])
}

// setting is a number from the environment, for `SEED=7 make fault`.
func setting(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return usual
}

// until asks every tick until ok or the context ends, and says which.
func until(ctx context.Context, tick time.Duration, ok func() bool) bool {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		if ok() {
			return true
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return false
		}
	}
}
