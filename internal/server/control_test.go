package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func locked(t *testing.T, data string) *DataLock {
	t.Helper()
	l, err := LockData(data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func get(t *testing.T, client *http.Client, path string) string {
	t.Helper()
	answer, err := client.Get(ControlURL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var says = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "heard "+r.URL.Path) })

func TestOtherCommandsReachTheService(t *testing.T) {
	for _, deep := range []string{"data", strings.Repeat("a-long-name/", 15) + "data"} {
		data := filepath.Join(t.TempDir(), deep)
		if _, ok := Dial(data); ok {
			t.Fatal("somebody answers in an empty folder")
		}
		c, err := ListenControl(locked(t, data), says)
		if err != nil {
			t.Fatal(err)
		}
		client, ok := Dial(data)
		if !ok {
			t.Fatal("nobody answers")
		}
		if got := get(t, client, "/apply"); got != "heard /apply" {
			t.Errorf("got %q", got)
		}
		path := socketPath(data)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("socket: %v, %v", info, err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("the socket is still there")
		}
		if _, ok := Dial(data); ok {
			t.Error("somebody answers after Close")
		}
	}
}

func TestASocketLeftBehindIsReplaced(t *testing.T) {
	data := t.TempDir()
	path := socketPath(data)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	if _, ok := Dial(data); ok {
		t.Fatal("a dead socket answers")
	}
	c, err := ListenControl(locked(t, data), says)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if client, ok := Dial(data); !ok || get(t, client, "/x") != "heard /x" {
		t.Error("nobody answers on the new socket")
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("run has mode %v, %v", info.Mode(), err)
	}
}

func TestCloseWaitsForWhatRuns(t *testing.T) {
	data := t.TempDir()
	entered, leave := make(chan struct{}), make(chan struct{})
	c, err := ListenControl(locked(t, data), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		io.WriteString(w, "done")
	}))
	if err != nil {
		t.Fatal(err)
	}
	client, _ := Dial(data)
	answer := make(chan string, 1)
	go func() { answer <- get(t, client, "/") }()
	<-entered
	closed := make(chan error, 1)
	go func() { closed <- c.Close(context.Background()) }()
	select {
	case <-closed:
		t.Error("Close did not wait")
	default:
	}
	close(leave)
	if got := <-answer; got != "done" {
		t.Errorf("got %q", got)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
