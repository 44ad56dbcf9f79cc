//go:build browser

package browser

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// firefox is a Firefox with a profile of its own, driven by WebDriver BiDi (W3C): a tab is shown, and asked by script.
type firefox struct {
	t  *testing.T
	ws *websocket.Conn

	mu         sync.Mutex
	last       int
	waits      map[int]chan reply
	complaints []string // errors that pages did not catch
	tab        string
}

type reply struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"` // success, error, event
	Method  string          `json:"method"`
	Message string          `json:"message"`
	Result  json.RawMessage `json:"result"`
	Params  json.RawMessage `json:"params"`
}

// page.js is what a test finds in every page.
//
//go:embed page.js
var pageScript string

// startFirefox opens it with settings of its own: name -> value as user.js writes it.
func startFirefox(t *testing.T, settings map[string]string, environment ...string) *firefox {
	t.Helper()
	program, err := exec.LookPath("firefox-esr")
	if err != nil {
		if program, err = exec.LookPath("firefox"); err != nil {
			t.Skip("NOT RUN: firefox is missing (apt-get install firefox-esr)")
		}
	}
	profile := t.TempDir()
	var prefs strings.Builder
	for name, value := range settings {
		fmt.Fprintf(&prefs, "user_pref(%q, %s);\n", name, value)
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(prefs.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank")
	cmd.Env = append(append(os.Environ(), "HOME="+profile, "MOZ_CRASHREPORTER_DISABLE=1"), environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its group: the pages' processes too
		reading.Wait()
		_ = cmd.Wait()
	})
	address := make(chan string, 1)
	reading.Go(func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if _, at, ok := strings.Cut(lines.Text(), "WebDriver BiDi listening on "); ok {
				address <- strings.TrimSpace(at)
			}
		}
	})
	select {
	case at := <-address:
		return connect(t, at)
	case <-time.After(time.Minute):
		t.Fatal("firefox does not say where it listens")
	}
	return nil
}

func connect(t *testing.T, address string) *firefox {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), address+"/session", nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(64 << 20)
	f := &firefox{t: t, ws: ws, waits: map[int]chan reply{}}
	var reading sync.WaitGroup
	reading.Go(f.read)
	t.Cleanup(func() {
		_ = ws.CloseNow()
		reading.Wait()
	})
	f.do("session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	f.do("session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}, nil)
	f.do("script.addPreloadScript", map[string]any{"functionDeclaration": "() => {\n" + pageScript + "\n}"}, nil)
	var tree struct{ Contexts []struct{ Context string } }
	f.do("browsingContext.getTree", map[string]any{}, &tree)
	f.tab = tree.Contexts[0].Context
	return f
}

func (f *firefox) read() {
	for {
		_, b, err := f.ws.Read(context.Background())
		if err != nil {
			return
		}
		var r reply
		if json.Unmarshal(b, &r) != nil {
			continue
		}
		f.mu.Lock()
		if r.Type == "event" {
			f.note(r)
		} else if c := f.waits[r.ID]; c != nil {
			delete(f.waits, r.ID)
			c <- r
		}
		f.mu.Unlock()
	}
}

// note keeps what a page's console complains of, under the lock.
func (f *firefox) note(r reply) {
	var entry struct{ Level, Type, Text string }
	if json.Unmarshal(r.Params, &entry) == nil && entry.Level == "error" {
		f.complaints = append(f.complaints, entry.Text)
	}
}

// try sends a command and reads its result into out.
func (f *firefox) try(method string, params, out any) error {
	f.mu.Lock()
	f.last++
	id, c := f.last, make(chan reply, 1)
	f.waits[id] = c
	f.mu.Unlock()
	b, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	defer cancel()
	if err := f.ws.Write(ctx, websocket.MessageText, b); err != nil {
		return err
	}
	select {
	case r := <-c:
		if r.Type == "error" {
			return fmt.Errorf("%s: %s", method, r.Message)
		}
		if out == nil {
			return nil
		}
		return json.Unmarshal(r.Result, out)
	case <-ctx.Done():
		return fmt.Errorf("%s: no answer: %w", method, ctx.Err())
	}
}

func (f *firefox) do(method string, params, out any) {
	f.t.Helper()
	if err := f.try(method, params, out); err != nil {
		f.t.Fatal(err)
	}
}

func (f *firefox) open(url string) {
	f.t.Helper()
	f.do("browsingContext.navigate", map[string]any{"context": f.tab, "url": url, "wait": "complete"}, nil)
}

func (f *firefox) reload() {
	f.t.Helper()
	f.do("browsingContext.reload", map[string]any{"context": f.tab, "wait": "none"}, nil)
}

// ask runs a script in the tab as if somebody had pressed something, and reads what it gives into out.
func (f *firefox) ask(script string, out any) error {
	var got struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	params := map[string]any{
		"expression": "Promise.resolve(" + script + ").then((v) => JSON.stringify(v ?? null))",
		"target":     map[string]any{"context": f.tab}, "awaitPromise": true, "userActivation": true,
	}
	if err := f.try("script.evaluate", params, &got); err != nil {
		return err
	}
	if got.Type != "success" {
		return fmt.Errorf("%s: %s", script, got.ExceptionDetails.Text)
	}
	return json.Unmarshal([]byte(got.Result.Value), out)
}

// until waits for a script to give something true.
func (f *firefox) until(what, script string, within time.Duration) {
	f.t.Helper()
	var last error
	if soon(within, func() bool {
		var yes bool
		last = f.ask("Promise.resolve("+script+").then(Boolean)", &yes)
		return last == nil && yes
	}) {
		return
	}
	var text string
	_ = f.ask("document.body.innerText", &text)
	f.t.Fatalf("%s (%v)\n%s", what, last, text)
}

const patience = 20 * time.Second

// soon says whether something comes true in time.
func soon(within time.Duration, fact func() bool) bool {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(within); time.Now().Before(end); <-look.C {
		if fact() {
			return true
		}
	}
	return false
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func (f *firefox) sees(text string) {
	f.t.Helper()
	f.until("not seen: "+text, "test.sees("+quoted(text)+")", patience)
}

// press waits for a button that may be pressed, and clicks it.
func (f *firefox) press(name string) {
	f.t.Helper()
	f.until("no button: "+name, "test.press("+quoted(name)+")", patience)
}

func (f *firefox) fill(label, value string) {
	f.t.Helper()
	f.until("no field: "+label, "test.fill("+quoted(label)+", "+quoted(value)+")", patience)
}

// keys presses them together, as a keyboard does: WebDriver's code points for those that are no letters.
func (f *firefox) keys(all ...string) {
	f.t.Helper()
	var deeds []any
	for _, k := range all {
		deeds = append(deeds, map[string]any{"type": "keyDown", "value": k})
	}
	for i := len(all) - 1; i >= 0; i-- {
		deeds = append(deeds, map[string]any{"type": "keyUp", "value": all[i]})
	}
	f.do("input.performActions", map[string]any{"context": f.tab, "actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": deeds}}}, nil)
}

const (
	keyControl = "\ue009"
	keyEnter   = "\ue007"
)
