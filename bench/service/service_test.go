package service

import (
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// A program that does not start says why.
func TestWhyNotStarted(t *testing.T) {
	var v struct{}
	err := run(t.Context(), exec.Command("sh", "-c", "echo the port is taken >&2; exit 1"), io.Discard, &v)
	if err == nil || !strings.Contains(err.Error(), "the port is taken") {
		t.Errorf("%v", err)
	}
}

func TestReadyLine(t *testing.T) {
	var v struct{ URL string }
	cmd := exec.Command("sh", "-c", `echo '{"url":"http://x"}'; exec cat`)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), cmd, io.Discard, &v); err != nil || v.URL != "http://x" {
		t.Errorf("%+v %v", v, err)
	}
	if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
		t.Error(err)
	}
}

// Only the end of what was said is kept.
func TestTail(t *testing.T) {
	w := &tail{w: io.Discard}
	if _, err := io.WriteString(w, strings.Repeat("a", tailBytes)+"end"); err != nil {
		t.Fatal(err)
	}
	if got := w.text(); len(got) != tailBytes || !strings.HasSuffix(got, "aend") {
		t.Errorf("%d bytes, %q", len(got), got[max(0, len(got)-8):])
	}
}

// A service that does not run can be asked to end.
func TestNotRunning(t *testing.T) {
	s, err := New(Options{Dir: t.TempDir(), Database: "sqlite"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Kill(), s.Stop(), s.Wait()); err != nil || s.PID() != 0 {
		t.Errorf("%v, pid %d", err, s.PID())
	}
}
