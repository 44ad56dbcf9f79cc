package server

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOneProcessOwnsTheData(t *testing.T) {
	data := filepath.Join(t.TempDir(), "deep", "data")
	first, err := LockData(data)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("data has mode %v, %v", info.Mode(), err)
	}
	_, err = LockData(data)
	var held *Held
	if !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Fatalf("a second lock: %v", err)
	}
	if want := fmt.Sprintf("held by process %d", os.Getpid()); !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("got %q", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := LockData(data)
	if err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	again.Close()
}

func TestUnsignedLockIsHeldToo(t *testing.T) {
	data := t.TempDir()
	l, err := LockData(data)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.file.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if _, err := LockData(data); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
}

func TestAFolderOthersMayWriteIsRefused(t *testing.T) {
	data := t.TempDir()
	if err := os.Chmod(data, 0o770); err != nil {
		t.Fatal(err)
	}
	_, err := LockData(data)
	if err == nil || !strings.Contains(err.Error(), "chmod go-w "+data) {
		t.Errorf("got %v", err)
	}
}

func TestAFileIsNoFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LockData(path); err == nil || !strings.Contains(err.Error(), "is a file; set data to a folder") {
		t.Errorf("got %v", err)
	}
}

// Root may do anything, so the test runs itself again as somebody else.
func TestForeignFolderSaysWhoseAndWhatToType(t *testing.T) {
	if data := os.Getenv("RINGBACK_TEST_FOREIGN"); data != "" {
		_, err := LockData(data)
		fmt.Println(err)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	base, err := os.MkdirTemp("/tmp", "ringback-foreign") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	program := filepath.Join(base, "test")
	copyFile(t, os.Args[0], program)
	owned, closed := filepath.Join(base, "root"), filepath.Join(base, "closed")
	for path, mode := range map[string]os.FileMode{base: 0o755, owned: 0o700, closed: 0o500} {
		if err := errors.Join(os.MkdirAll(path, 0o700), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(closed, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{
		owned:                              owned + " belongs to uid 0: run as that user, or chown -R 65534 " + owned,
		closed:                             closed + " has mode 0500: chmod u+rwX " + closed,
		filepath.Join(base, "none", "yet"): base + " belongs to uid 0: run as that user, or chown -R 65534 " + base,
	}
	for data, want := range rows {
		cmd := exec.Command(program, "-test.run", "^"+t.Name()+"$")
		cmd.Env = []string{"RINGBACK_TEST_FOREIGN=" + data}
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s\nwant %s", data, err, out, want)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestPathsArePastedSafely(t *testing.T) {
	for path, want := range map[string]string{"/srv/data": "/srv/data", "/my data": "'/my data'", "/a'b": `'/a'\''b'`} {
		if got := quote(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}
