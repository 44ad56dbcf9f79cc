//go:build browser

package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// firefox is a Firefox with a profile of its own, and its one tab.
type firefox struct {
	*remote
	tab
	context    string
	complaints []string // errors that pages did not catch; under the lock
}

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
	address := start(t, "WebDriver BiDi listening on ", append([]string{"HOME=" + profile}, environment...), program,
		"--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank")
	f := &firefox{remote: reach(t, address+"/session")}
	f.tab = tab{t, f.evaluate}
	f.hear = f.note
	f.order("session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	f.order("session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}, nil)
	f.order("script.addPreloadScript", map[string]any{"functionDeclaration": "() => {\n" + pageScript + "\n}"}, nil)
	var tree struct{ Contexts []struct{ Context string } }
	f.order("browsingContext.getTree", map[string]any{}, &tree)
	f.context = tree.Contexts[0].Context
	return f
}

func (f *firefox) order(method string, params, out any) {
	f.tab.t.Helper()
	f.do("", method, params, out)
}

// note keeps what a page's console complains of.
func (f *firefox) note(event reply) {
	var entry struct{ Level, Text string }
	if json.Unmarshal(event.Params, &entry) == nil && entry.Level == "error" {
		f.complaints = append(f.complaints, entry.Text)
	}
}

func (f *firefox) complainsOfNothing() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.complaints {
		if !strings.Contains(c, "/api/v1/me") { // 401: who is asked before she has signed in
			f.tab.t.Errorf("the page complains: %s", c)
		}
	}
}

func (f *firefox) open(url string) {
	f.tab.t.Helper()
	f.order("browsingContext.navigate", map[string]any{"context": f.context, "url": url, "wait": "complete"}, nil)
}

func (f *firefox) reload() {
	f.tab.t.Helper()
	f.order("browsingContext.reload", map[string]any{"context": f.context, "wait": "none"}, nil)
}

func (f *firefox) evaluate(script string, out any) error {
	var got struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	params := map[string]any{
		"expression": "Promise.resolve(" + script + ").then((v) => JSON.stringify(v ?? null))",
		"target":     map[string]any{"context": f.context}, "awaitPromise": true, "userActivation": true,
	}
	if err := f.try("", "script.evaluate", params, &got); err != nil {
		return err
	}
	if got.Type != "success" {
		return fmt.Errorf("%s: %s", script, got.ExceptionDetails.Text)
	}
	return json.Unmarshal([]byte(got.Result.Value), out)
}

// keys presses them together, as a keyboard does: WebDriver's code points for those that are no letters.
func (f *firefox) keys(all ...string) {
	f.tab.t.Helper()
	var deeds []any
	for _, k := range all {
		deeds = append(deeds, map[string]any{"type": "keyDown", "value": k})
	}
	for i := len(all) - 1; i >= 0; i-- {
		deeds = append(deeds, map[string]any{"type": "keyUp", "value": all[i]})
	}
	f.order("input.performActions", map[string]any{"context": f.context, "actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": deeds}}}, nil)
}

const (
	keyControl = "\ue009"
	keyEnter   = "\ue007"
)
