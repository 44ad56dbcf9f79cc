package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// API asks a Service over HTTP with the operator's key.
type API struct {
	base, key string
	client    *http.Client
}

// API returns a client of the service, which need not run yet.
func (s *Service) API() *API {
	return &API{base: s.URL() + "/api/v1", key: s.key,
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}
}

// Callback is what the API tells of a callback, as far as it is looked at here.
type Callback struct {
	ID       string
	State    string
	Outcome  string
	Reason   struct{ Code string }
	Metadata map[string]string
	Created  time.Time `json:"created_at"`
	Ended    time.Time `json:"ended_at"`
	Attempts []Attempt
	Journal  []Line
}

// Attempt is one try of a callback.
type Attempt struct {
	N    int
	Legs []Leg
}

// Leg is one telephone that was or should have been called.
type Leg struct {
	ID, Party, State, Cause string
	CallID                  string    `json:"call_id"`
	Created                 time.Time `json:"created_at"`
	Sent                    time.Time `json:"sent_at"`
}

// Line is one step of the journal.
type Line struct {
	Seq                    int64
	At                     time.Time
	From, Event, To, Actor string
	Reason, Text           string
}

// Answer is what came back: a status, and the code of a problem.
type Answer struct {
	Status int
	Code   string
	Body   []byte
}

// Make asks for a callback; once is the Idempotency-Key, body the JSON object. An error is one of the connection.
func (a *API) Make(ctx context.Context, once string, body []byte) (Answer, error) {
	return a.send(ctx, "POST", "/callbacks", once, body)
}

// Callback returns all of one.
func (a *API) Callback(ctx context.Context, cb string) (*Callback, error) {
	var c Callback
	return &c, a.get(ctx, "/callbacks/"+url.PathEscape(cb), &c)
}

// Newest returns up to 200 callbacks without what they were made of, newest first; state and after narrow it, "" = not.
// next is "" on the last page.
func (a *API) Newest(ctx context.Context, state, after string) (found []Callback, next string, err error) {
	q := url.Values{"limit": {"200"}}
	if state != "" {
		q.Set("state", state)
	}
	if after != "" {
		q.Set("after", after)
	}
	var page struct {
		Data []Callback
		Next string
	}
	err = a.get(ctx, "/callbacks?"+q.Encode(), &page)
	return page.Data, page.Next, err
}

// All returns every callback, newest first.
func (a *API) All(ctx context.Context) ([]Callback, error) {
	var all []Callback
	after := ""
	for {
		page, next, err := a.Newest(ctx, "", after)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if after = next; after == "" {
			return all, nil
		}
	}
}

func (a *API) get(ctx context.Context, path string, v any) error {
	got, err := a.send(ctx, "GET", path, "", nil)
	if err != nil {
		return err
	}
	if got.Status != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, got.Status, got.Code)
	}
	return json.Unmarshal(got.Body, v)
}

func (a *API) send(ctx context.Context, method, path, once string, body []byte) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if once != "" {
		req.Header.Set("Idempotency-Key", once)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	got := Answer{Status: resp.StatusCode}
	if got.Body, err = io.ReadAll(resp.Body); err != nil {
		return got, err
	}
	if got.Status >= http.StatusBadRequest {
		var p struct{ Code string }
		if json.Unmarshal(got.Body, &p) == nil {
			got.Code = p.Code
		}
	}
	return got, nil
}
