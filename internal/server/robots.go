package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"ringback/internal/simcarrier"
)

// robots are simulated visitors who ask for callbacks over the public API as a browser would.
type robots struct {
	d   *Demo
	out io.Writer
}

// run asks again and again until ctx ends.
func (r *robots) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := r.once(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintln(r.out, "robot:", err)
		}
		wait(ctx, 25*time.Second) // the agent writes her notes
	}
	return nil
}

// once asks for one callback and returns nil if each side heard the other's voice for a second, and not its own.
func (r *robots) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cb, token, err := r.ask(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(r.out, "asked", cb)
	var last error
	for ctx.Err() == nil {
		if last = proof(r.d.Carrier.Ledger(), cb); last == nil {
			fmt.Fprintln(r.out, "heard", cb, "both sides")
			return r.cancel(ctx, token)
		}
		wait(ctx, 200*time.Millisecond)
	}
	return fmt.Errorf("callback %s: %w", cb, last)
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (r *robots) ask(ctx context.Context) (cb, token string, err error) {
	var made struct{ ID, Token, Detail string }
	err = r.post(ctx, "/api/v1/public/buttons/acme-main/callbacks", map[string]any{
		"number": "+12025550100", "name": "Robin Robot", "topic": "boiler", "consent": true, "page": r.d.Shop + "/"}, &made)
	return made.ID, made.Token, err
}

// cancel hangs up: both have heard each other.
func (r *robots) cancel(ctx context.Context, token string) error {
	return r.post(ctx, "/api/v1/public/callbacks/"+token+"/cancel", map[string]any{}, nil)
}

func (r *robots) post(ctx context.Context, path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, "POST", r.d.URL+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", r.d.Shop)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s answered %s: %s", path, resp.Status, strings.TrimSpace(string(body)))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

// proof reads the carrier's ledger: two telephones of this callback, each heard the other's voice and not its own.
func proof(ledger []simcarrier.Entry, cb string) error {
	var both []simcarrier.Entry
	for _, e := range ledger {
		if e.Callback == cb && !e.AnsweredAt.IsZero() {
			both = append(both, e)
		}
	}
	if len(both) < 2 {
		return fmt.Errorf("%d of 2 telephones have been answered", len(both))
	}
	a, b := both[len(both)-2], both[len(both)-1]
	return errors.Join(heardOther(a, b), heardOther(b, a))
}

func heardOther(me, other simcarrier.Entry) error {
	for _, t := range me.TonesHeard {
		if t.Hz == me.ToneHz && t.Seconds > 0.2 {
			return fmt.Errorf("%s heard its own voice", me.To)
		}
	}
	for _, t := range me.TonesHeard {
		if t.Hz == other.ToneHz && t.Seconds >= 1 {
			return nil
		}
	}
	return fmt.Errorf("%s has not heard %s for a second", me.To, other.To)
}
