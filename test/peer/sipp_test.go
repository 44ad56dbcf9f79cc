package peer_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"ringback/internal/audio"
)

// sippTone is what SIPp's people say, in Hz.
const sippTone = 1100

// sipp is one far end that plays a scenario of testdata for one call.
type sipp struct {
	t    testing.TB
	name string
	dir  string
	port int
	cmd  *exec.Cmd
	done chan error
}

func needSIPp(t testing.TB) {
	if _, err := exec.LookPath("sipp"); err != nil {
		t.Skip("sipp is not installed (apt-get install sip-tester)")
	}
}

// play starts SIPp on a port of its own and returns when it listens. Keys are pairs of name and value.
func play(t testing.TB, scenario string, port int, keys ...string) *sipp {
	t.Helper()
	s := &sipp{t: t, name: scenario, dir: t.TempDir(), port: port, done: make(chan error, 1)}
	file, err := filepath.Abs(filepath.Join("testdata", scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	tone := make([]byte, 8*audio.Rate)
	audio.ULaw.Encode(tone, audio.Render(audio.Tone{Hz: []float64{sippTone}, Level: 0.3, Ms: 8000}))
	if err := os.WriteFile(filepath.Join(s.dir, "tone.ulaw"), tone, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-sf", file, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", strconv.Itoa(port), "-m", "1", "-nostdin",
		"-timeout", "100s", "-timeout_error", "-trace_err", "-error_file", "errors", "-trace_msg", "-message_file", "messages"}
	for i := 0; i < len(keys); i += 2 {
		args = append(args, "-key", keys[i], keys[i+1])
	}
	s.cmd = exec.Command("sipp", args...)
	s.cmd.Dir = s.dir
	s.cmd.Env = append(os.Environ(), "TERM=dumb")
	screen, err := os.Create(filepath.Join(s.dir, "screen"))
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	s.cmd.Stdout, s.cmd.Stderr = screen, screen
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	t.Cleanup(s.stop)
	if wait(t, 10*time.Second, func() (*int, bool) { return &port, listens(port) }) == nil {
		t.Fatalf("sipp %s does not listen at %d: %s", scenario, port, s.errors())
	}
	return s
}

func (s *sipp) stop() {
	select {
	case <-s.done:
	default:
		_ = s.cmd.Process.Kill()
		<-s.done
	}
	if s.t.Failed() {
		s.t.Logf("sipp %s: %s\n%s", s.name, s.errors(), tail(filepath.Join(s.dir, "messages"), 12000))
	}
}

func (s *sipp) errors() string {
	b, err := os.ReadFile(filepath.Join(s.dir, "errors"))
	if errors.Is(err, os.ErrNotExist) {
		return tail(filepath.Join(s.dir, "screen"), 1000)
	}
	return string(b)
}

// satisfied waits until SIPp has ended; its exit status is 0 only if the whole scenario went as written.
func (s *sipp) satisfied(limit time.Duration) {
	s.t.Helper()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case err := <-s.done:
		s.done <- err
		if err != nil {
			s.t.Errorf("sipp %s: %v: %s", s.name, err, s.errors())
		}
	case <-late.C:
		s.t.Errorf("sipp %s has not come to its end in %v: %s", s.name, limit, s.errors())
	}
}

// received counts requests of a method that came to SIPp, retransmissions too.
func (s *sipp) received(method string) int {
	b, err := os.ReadFile(filepath.Join(s.dir, "messages"))
	if err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, m := range bytes.Split(b, []byte("message received")) {
		if _, text, ok := bytes.Cut(m, []byte("\n\n")); ok && bytes.HasPrefix(text, []byte(method+" ")) {
			n++
		}
	}
	return n
}
