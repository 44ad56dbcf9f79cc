//go:build fault

package fault

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"ringback/bench/service"
)

// A disk that fails to write (EIO on fsync): 503, nothing acknowledged; when it works again, so does the service.
func TestDiskFails(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("NOT RUN: strace is not installed (scripts/deps)")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	w := begin(ctx, t, service.Options{Database: "sqlite"})
	acked := map[int]string{}
	for n := 1; n <= 10; n++ {
		acked[n] = w.must(ctx, t, n, w.later(n))
	}
	heal := w.breakDisk(ctx, t, strace)
	got := w.answers(ctx, 11, 31)
	refused := 0
	for what, n := range got {
		if len(what) > 4 && what[:4] == "503 " {
			refused += n
		}
	}
	if refused != 20 {
		t.Errorf("on a disk that fails 20 requests were answered %v, want 503", got)
	}
	heal()
	back, stop := context.WithTimeout(ctx, 15*time.Second)
	defer stop()
	if !until(back, 100*time.Millisecond, func() bool {
		a, err := w.api.Make(ctx, key(31), w.later(31))
		return err == nil && a.Status == http.StatusCreated
	}) {
		t.Error("the disk works again, and requests are still refused after 15 s")
	}
	w.survives(ctx, t, acked)
	all, err := w.api.All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// What was refused may not be there: its poster was told so.
	for _, c := range all {
		var n int
		if _, err := fmt.Sscan(c.Metadata["n"], &n); err != nil || n > 10 && n != 31 {
			t.Errorf("request %q was refused with 503 and is there: %s", c.Metadata["n"], c.ID)
		}
	}
	t.Logf("20 requests on a failing disk: %v; %d callbacks on record afterwards", got, len(all))
}

// breakDisk lets every fsync of the service fail until the returned function is called.
func (w *world) breakDisk(ctx context.Context, t *testing.T, strace string) (heal func()) {
	t.Helper()
	cmd := exec.CommandContext(ctx, strace, "-f", "-qq", "-p", fmt.Sprint(w.svc.PID()), "-e", "trace=fsync,fdatasync",
		"-e", "inject=fsync,fdatasync:error=EIO", "-o", filepath.Join(t.TempDir(), "trace"))
	if err := cmd.Start(); err != nil {
		t.Skipf("NOT RUN: strace: %v", err)
	}
	traced, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	if !until(traced, 20*time.Millisecond, func() bool { return w.traced() }) {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Skip("NOT RUN: strace may not trace another process here")
	}
	return func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // strace ends with the signal's status
	}
}

// traced says whether every thread of the service has a tracer.
func (w *world) traced() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", w.svc.PID()))
	if err != nil || len(threads) == 0 {
		return false
	}
	for _, file := range threads {
		b, err := os.ReadFile(file)
		if err != nil || !tracer.Match(b) {
			return false
		}
	}
	return true
}

// tracer matches the line of /proc/PID/status that names one.
var tracer = regexp.MustCompile(`(?m)^TracerPid:\s*[1-9]`)
