package server

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti/ctitest"
)

// A newcomer with two tabs: the telephone in one of them rings when its number was asked for in the other, and agent and
// visitor hear each other.
func TestDemoPhone(t *testing.T) {
	ctx := t.Context()
	d, err := StartDemo(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	tab := ctitest.NewBrowser(t, 600)
	tab.Connect(func(_ context.Context, offer string) (string, error) {
		return post(t, d.Shop+"/demo/phone/connect", offer), nil
	})
	states := follow(t, d.Shop+"/demo/phone/state")
	await(t, states, `"idle"`)
	asked := &robots{d: d, out: io.Discard}
	var made struct{ ID, Token string }
	err = asked.post(ctx, "/api/v1/public/buttons/acme-main/callbacks", map[string]any{"number": demoNumber, "name": "Me", "consent": true, "page": d.Shop + "/"}, &made)
	if err != nil {
		t.Fatal(err)
	}
	await(t, states, `"ringing"`)
	post(t, d.Shop+"/demo/phone/answer", "")
	await(t, states, `"talking"`)
	var hz float64
	for _, e := range d.Carrier.Ledger() {
		if e.Callback == made.ID && !e.AnsweredAt.IsZero() {
			hz = float64(e.ToneHz)
		}
	}
	if !tab.Hears(hz, time.Second) {
		t.Errorf("the agent's %v Hz were heard for %v", hz, tab.Heard(hz))
	}
	if own := tab.Heard(600); own > 0 {
		t.Errorf("it hears itself for %v", own)
	}
	for late := time.After(20 * time.Second); agentHeard(d, made.ID) < 1; {
		select {
		case <-late:
			t.Fatalf("the agent heard the tab for %.1f s", agentHeard(d, made.ID))
		case <-time.After(50 * time.Millisecond):
		}
	}
	post(t, d.Shop+"/demo/phone/hangup", "")
	await(t, states, `"idle"`)
}

// agentHeard is for how many seconds the agent has heard the tab's tone.
func agentHeard(d *Demo, callback string) float64 {
	for _, e := range d.Carrier.Calls(callback) {
		for _, tone := range e.TonesHeard {
			if tone.Hz > 580 && tone.Hz < 620 {
				return tone.Seconds
			}
		}
	}
	return 0
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	r, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 {
		t.Fatalf("%s: %s %s %v", url, r.Status, b, err)
	}
	return string(b)
}

// follow reads server-sent events until the test ends.
func follow(t *testing.T, url string) <-chan string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	out, done := make(chan string, 100), make(chan struct{})
	go func() {
		defer close(done)
		for s := bufio.NewScanner(r.Body); s.Scan(); {
			if data, ok := strings.CutPrefix(s.Text(), "data: "); ok {
				out <- data
			}
		}
	}()
	t.Cleanup(func() { r.Body.Close(); <-done })
	return out
}

func await(t *testing.T, states <-chan string, want string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case s := <-states:
			if strings.Contains(s, want) {
				return
			}
		case <-late:
			t.Fatalf("never %s", want)
		}
	}
}
