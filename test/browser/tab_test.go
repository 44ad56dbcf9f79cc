//go:build browser

package browser

import (
	_ "embed"
	"encoding/json"
	"testing"
	"time"
)

// page.js is what a test finds in every page.
//
//go:embed page.js
var pageScript string

// tab is a page as a test sees it, in whatever browser.
type tab struct {
	t *testing.T

	// ask runs a script in the page as if somebody had pressed something, and reads what it gives into out.
	ask func(script string, out any) error
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

// until waits for a script to give something true.
func (p *tab) until(what, script string, within time.Duration) {
	p.t.Helper()
	var last error
	if soon(within, func() bool {
		var yes bool
		last = p.ask("Promise.resolve("+script+").then(Boolean)", &yes)
		return last == nil && yes
	}) {
		return
	}
	var text string
	_ = p.ask("document.body.innerText", &text)
	p.t.Fatalf("%s (%v)\n%s", what, last, text)
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func (p *tab) sees(text string) {
	p.t.Helper()
	p.until("not seen: "+text, "test.sees("+quoted(text)+")", patience)
}

// press waits for a button that may be pressed, and clicks it.
func (p *tab) press(name string) {
	p.t.Helper()
	p.until("no button: "+name, "test.press("+quoted(name)+")", patience)
}

func (p *tab) fill(label, value string) {
	p.t.Helper()
	p.until("no field: "+label, "test.fill("+quoted(label)+", "+quoted(value)+")", patience)
}

// signIn says who she is, at her desk's door.
func (p *tab) signIn(name, password string) {
	p.t.Helper()
	p.sees("Sign in")
	p.fill("Name", name)
	p.fill("Password", password)
	p.press("Sign in")
}

// sit brings an agent from the door to her desk.
func (p *tab) sit(name, password string) {
	p.t.Helper()
	p.signIn(name, password)
	p.press("Use the microphone")
	p.sees("You are heard.")
	p.press("To the desk")
	p.until("its voice is not connected", "document.querySelector('[data-voice=on]')", patience)
	p.until("she is not ready", "test.sees('Waiting for a call') || (test.press('Ready'), false)", patience)
}
