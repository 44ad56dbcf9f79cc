//go:build fault

package fault

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"ringback/bench/service"
	"ringback/internal/simcarrier"
)

// talkers end the names of telephones that talk for a minute.
const talkers = "0100"

// A full disk: 503 storage_full, nothing acknowledged is lost, calls that are up go on, and when there is room again
// the service works again, with what ended meanwhile on record.
func TestDiskFull(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	dir := t.TempDir()
	data := smallDisk(t, filepath.Join(dir, "disk"), "size=16m")
	w := begin(ctx, t, service.Options{Dir: dir, Data: filepath.Join(data, "data"), Database: "sqlite"})

	long := w.must(ctx, t, 1, w.wish(1, talkers, nil))
	short := w.must(ctx, t, 2, w.wish(2, agentDigits, nil))
	w.becomes(ctx, t, long, "connected", 20*time.Second)
	w.becomes(ctx, t, short, "connected", 20*time.Second)

	acked := map[int]string{1: long, 2: short}
	for n := 3; n < first; n++ {
		acked[n] = w.must(ctx, t, n, w.later(n))
	}
	filler := fill(t, data)
	n := w.postUntilFull(ctx, t, acked)
	if got := w.answers(ctx, n, n+20); got["503 storage_full"] != 20 {
		t.Errorf("on a full disk 20 requests were answered %v, want 503 storage_full", got)
	}
	before := packets(ctx, t, w, long)
	w.gone(ctx, t, short) // the agent of the short call hangs up while nothing can be written
	if after := packets(ctx, t, w, long); after <= before {
		t.Errorf("the call that was up went quiet on a full disk: %d packets, then %d", before, after)
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	room, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	began := time.Now()
	if !until(room, 100*time.Millisecond, func() bool {
		got, err := w.api.Make(ctx, key(n), w.later(n))
		return err == nil && got.Status == http.StatusCreated
	}) {
		t.Fatal("with room on the disk again requests are still refused after 10 s")
	}
	back := time.Since(began)
	c := w.becomes(ctx, t, short, "ended", 60*time.Second)
	w.becomes(ctx, t, long, "ended", 90*time.Second)
	w.survives(ctx, t, acked)
	t.Logf("%d acknowledged before the disk was full, 0 on the full disk; %v after there was room a request was taken; the call that ended meanwhile: %s %s",
		len(acked), back.Round(time.Millisecond), c.Outcome, c.Reason.Code)
}

// first is the number of the first request after the disk was filled.
const first = 50

// smallDisk mounts a file system of its own.
func smallDisk(t *testing.T, dir, options string) string {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("NOT RUN: a small file system cannot be mounted (%v): run as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes a file that takes all that is left.
func fill(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size >= 512; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return name
}

// postUntilFull asks until a request is refused, remembers what was acknowledged, and returns the number of the refused
// one. Files that are longer than what they hold take some requests on a full disk too.
func (w *world) postUntilFull(ctx context.Context, t *testing.T, acked map[int]string) int {
	t.Helper()
	for n := first; n < 5000; n++ {
		got, err := w.api.Make(ctx, key(n), w.later(n))
		switch {
		case err != nil:
			t.Fatal(err)
		case got.Status == http.StatusServiceUnavailable:
			return n
		}
		acked[n] = w.must(ctx, t, n, w.later(n)) // the same answer, by its key
	}
	t.Fatal("5000 requests were acknowledged on a full disk")
	return 0
}

// packets is how much sound the telephones of a callback have heard.
func packets(ctx context.Context, t *testing.T, w *world, cb string) int {
	t.Helper()
	n := 0
	for _, e := range w.calls(ctx, t, cb) {
		n += e.Packets
	}
	return n
}

func (w *world) calls(ctx context.Context, t *testing.T, cb string) []simcarrier.Entry {
	t.Helper()
	rows, err := w.carrier.Ledger(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(rows, func(e simcarrier.Entry) bool { return e.Callback != cb })
}

// gone waits until no telephone of a callback is up, as the network sees it.
func (w *world) gone(ctx context.Context, t *testing.T, cb string) {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 35*time.Second)
	defer stop()
	if !until(ctx, 100*time.Millisecond, func() bool { return !slices.ContainsFunc(w.calls(ctx, t, cb), up) }) {
		t.Fatalf("a telephone of %s is still up after 35 s", cb)
	}
}

// survives kills the service and looks whether everything acknowledged is still there.
func (w *world) survives(ctx context.Context, t *testing.T, acked map[int]string) {
	t.Helper()
	if err := w.svc.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.svc.Start(ctx); err != nil {
		t.Fatal(err)
	}
	for n, cb := range acked {
		if _, err := w.api.Callback(ctx, cb); err != nil {
			t.Errorf("request %d was acknowledged and is lost: %v", n, err)
		}
	}
}
