//go:build browser

package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Without a browser nothing here can run: that is said loudly, and is no pass.
func tools(t *testing.T) (node, chromium string) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("NOT RUN: node is missing")
	}
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			chromium = path
			break
		}
	}
	if chromium == "" {
		t.Skip("NOT RUN: chromium is missing (apt-get install chromium)")
	}
	if _, err := os.Stat("node_modules/playwright-core"); err != nil {
		t.Skip("NOT RUN: npm ci was not done in test/browser")
	}
	return node, chromium
}

// program is the binary under test: RINGBACK_TEST_BINARY, or one built now, once for all tests.
func program(t *testing.T) string {
	if bin := os.Getenv("RINGBACK_TEST_BINARY"); bin != "" {
		return bin
	}
	once.Do(func() {
		build := exec.Command("go", "build", "-buildvcs=false", "-o", built, "ringback/cmd/ringback")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("go build: %v\n%s", err, out)
		}
	})
	return built
}

var (
	once  sync.Once
	built string // where it is built to
)

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "browser-")
	if err != nil {
		panic(err)
	}
	built = filepath.Join(folder, "ringback")
	status := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(status)
}

// starting: a demo looks for ports that are free, and two must not find the same.
var starting sync.Mutex

type ready struct{ URL, Shop, Carrier string }

// demo starts the demo, by a command before it where there is one, and reads its first line.
func demo(t *testing.T, by ...string) ready {
	words := append(by[:len(by):len(by)], program(t), "demo", "--json")
	starting.Lock()
	defer starting.Unlock()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = t.TempDir()
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the demo said:\n%s", log.String())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("demo: %v\n%s", err, log.String())
	}
	var r ready
	if err := json.Unmarshal([]byte(line), &r); err != nil || r.URL == "" || r.Shop == "" {
		t.Fatalf("demo's first line %q: %v", line, err)
	}
	return r
}

// The widget on pages of the demo's shop, strict ones too.
func TestWidget(t *testing.T) {
	t.Parallel()
	node, chromium := tools(t)
	r := demo(t)
	run(t, 11, node, "widget.mjs", r.URL, r.Shop, chromium)
}

// The desk against a service that is played: every state that an agent may see. RINGBACK_SCREENSHOTS=1 takes the
// pictures of docs/images again.
func TestDesk(t *testing.T) {
	t.Parallel()
	node, chromium := tools(t)
	r := demo(t)
	args := []string{node, "desk.mjs", r.URL, chromium}
	if os.Getenv("RINGBACK_SCREENSHOTS") != "" {
		args = append(args, "../../docs/images")
	}
	run(t, 17, args...)
}

func TestPages(t *testing.T) {
	t.Parallel() // it waits for people most of the time
	node, chromium := tools(t)
	r := demo(t)
	run(t, 10, node, "pages.mjs", r.URL, r.Shop, chromium)
}

// An agent of the demo answers in her browser: real speech, both ways. Each part has a demo of its own, because there is
// one agent: they wait for the time that calls take, beside each other.
func TestAnswer(t *testing.T) {
	t.Parallel()
	node, chromium := tools(t)
	for _, part := range []string{"two businesses", "she places a call", "a tab that is closed"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			r := demo(t)
			run(t, 2, "env", "ONLY="+part, node, "answer.mjs", r.URL, r.Carrier, chromium, "dana", "tulip-field")
		})
	}
}

// run makes a test of each line that a script prints; at least so many are wanted.
func run(t *testing.T, least int, command ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	checks := 0
	for line := range strings.Lines(string(out)) {
		var c struct {
			Name, Detail, Told string
			OK                 bool
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		checks++
		t.Run(c.Name, func(t *testing.T) {
			if !c.OK {
				t.Error(c.Detail)
			}
			if c.Told != "" {
				t.Log(c.Told)
			}
		})
	}
	if err != nil {
		t.Errorf("node: %v\n%s", err, stderr.String())
	}
	if checks < least {
		t.Errorf("only %d checks ran", checks)
	}
}
