//go:build fault

package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"ringback/bench/service"
)

// wish is the nth request, to join number(n) with the agent's telephone a<n><digits>.
func (w *world) wish(n int, digits string, more map[string]any) []byte {
	body := map[string]any{"button": "acme-main", "number": number(n),
		"destination": fmt.Sprintf("sip:a%d%s@%s", n, digits, w.carrier.SIP), "metadata": map[string]string{"n": fmt.Sprint(n)}}
	for k, v := range more {
		body[k] = v
	}
	b, _ := json.Marshal(body) // of strings
	return b
}

// later is a wish for in an hour: it is only stored.
func (w *world) later(n int) []byte {
	return w.wish(n, agentDigits, map[string]any{"when": map[string]string{"after": "1h"}})
}

// must sends the nth request and returns its callback.
func (w *world) must(ctx context.Context, t *testing.T, n int, body []byte) string {
	t.Helper()
	got, err := w.api.Make(ctx, key(n), body)
	if err != nil || got.Status != http.StatusCreated {
		t.Fatalf("request %d: %d %s %v", n, got.Status, got.Body, err)
	}
	var made service.Callback
	if err := json.Unmarshal(got.Body, &made); err != nil {
		t.Fatal(err)
	}
	return made.ID
}

func key(n int) string { return fmt.Sprintf("fault-%d", n) }

// becomes waits until a callback is in a state, at most within.
func (w *world) becomes(ctx context.Context, t *testing.T, cb, state string, within time.Duration) *service.Callback {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, within)
	defer stop()
	last := &service.Callback{}
	if !until(ctx, 50*time.Millisecond, func() bool {
		c, err := w.api.Callback(ctx, cb)
		if err == nil {
			last = c
		}
		return err == nil && c.State == state
	}) {
		t.Fatalf("%s is not %s after %v: %+v", cb, state, within, last)
	}
	return last
}

// answers sends the requests from..to-1 and counts what came back, by status and code.
func (w *world) answers(ctx context.Context, from, to int) map[string]int {
	got := map[string]int{}
	for n := from; n < to; n++ {
		a, err := w.api.Make(ctx, key(n), w.later(n))
		if err != nil {
			got["no answer"]++
			continue
		}
		got[fmt.Sprintf("%d %s", a.Status, a.Code)]++
	}
	return got
}
