package api

import (
	"cmp"
	"errors"
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/schedule"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
)

// Wish is a visitor's request to be called.
type Wish struct {
	Number   string            `json:"number,omitempty"`
	Endpoint string            `json:"endpoint,omitempty"`
	Channel  string            `json:"channel,omitempty"`
	Name     string            `json:"name,omitempty"`
	Topic    string            `json:"topic,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"`
	Page     string            `json:"page,omitempty"`
	When     schedule.When     `json:"when,omitzero"`
	Language string            `json:"language,omitempty"`
	Consent  bool              `json:"consent"`
	Proof    string            `json:"proof,omitempty"` // base64, as ALTCHA version 1 writes it
	Nonce    string            `json:"nonce,omitempty"`
}

// wish takes a visitor's request as JSON or as a form.
func (a *API) wish(w http.ResponseWriter, r *http.Request) error {
	b, s, err := a.button(r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := a.admitted(w, r, b); err != nil {
		return err
	}
	if door.Form(r) {
		return a.Submit(w, r)
	}
	body, err := door.Body(r)
	if err != nil {
		return err
	}
	var in Wish
	if err := door.Decode(body, &in, false); err != nil {
		return err
	}
	shown := a.speaks(r, s, in.Language)
	once, err := door.OnceByKey(r, body)
	if once == nil && err == nil {
		once, err = door.OnceByNonce(r, b.ID, in.Nonce)
	}
	if err != nil {
		return err
	}
	var kept callback.Kept
	made, err := a.Conductor.Request(r.Context(), callback.Request{
		Button: string(b.ID), Number: in.Number, Endpoint: in.Endpoint, Channel: in.Channel, Name: in.Name, Topic: in.Topic,
		Fields: in.Fields, Page: in.Page, When: in.When, Language: cmp.Or(in.Language, door.Asked(r, a.Words)), Shown: shown.Tag, Consent: in.Consent, Proof: in.Proof,
		Visitor: door.Visitor(r), UserAgent: r.UserAgent(), Act: "widget", Once: once,
		Answer: func(m *callback.Made) callback.Kept { kept = status.Kept(m, a.URL); return kept },
	})
	if err != nil {
		return replayed(w, once, err)
	}
	if kept.Status == 0 {
		kept = status.Kept(made, a.URL)
	}
	send(w, kept) // what a repetition will get, to the byte
	return nil
}

// replayed sends the answer of the first time when that is why nothing was made; else it returns err.
func replayed(w http.ResponseWriter, once *callback.Once, err error) error {
	var r *callback.Replayed
	if !errors.As(err, &r) {
		return err
	}
	if once != nil && r.Kept.Request != "" && r.Kept.Request != once.Request {
		return fault.New(fault.IdempotencyReused, "This idempotency key was used for another request. Take a new one.")
	}
	send(w, r.Kept)
	return nil
}

// send writes an answer as it is kept.
func send(w http.ResponseWriter, k callback.Kept) {
	w.Header().Set("Content-Type", "application/json")
	if k.Status >= http.StatusBadRequest {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.Header().Set("Cache-Control", "no-store")
	if k.Location != "" {
		w.Header().Set("Location", k.Location)
	}
	w.WriteHeader(k.Status)
	_, _ = w.Write(k.Body)
}
