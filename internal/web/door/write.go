package door

import (
	"encoding/json"
	"net/http"
	"time"
)

// JSON writes an answer.
func JSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // a reader that went away is no fault of ours
	return nil
}

// Unlisted writes a page whose address is all that opens it: nobody keeps it, no search engine lists it, and no other site hears of
// the address.
func Unlisted(w http.ResponseWriter, status int, html []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Referrer-Policy", "same-origin") // without the own origin a browser would send Origin: null with the form
	w.WriteHeader(status)
	_, _ = w.Write(html)
}

// Created answers 201 and says where the new thing is.
func Created(w http.ResponseWriter, at string, v any) error {
	w.Header().Set("Location", at)
	return JSON(w, http.StatusCreated, v)
}

// Stamp is a time in an answer: RFC 3339 in UTC with milliseconds, null when zero.
type Stamp time.Time

const stampLayout = `2006-01-02T15:04:05.000Z`

// MarshalJSON writes the stamp.
func (s Stamp) MarshalJSON() ([]byte, error) {
	t := time.Time(s)
	if t.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(t.UTC().Format(stampLayout))
}

// UnmarshalJSON reads any RFC 3339 time.
func (s *Stamp) UnmarshalJSON(b []byte) error {
	var t *time.Time
	if err := json.Unmarshal(b, &t); err != nil {
		return err
	}
	if t == nil {
		*s = Stamp{}
		return nil
	}
	*s = Stamp(t.UTC())
	return nil
}

// OpenAPI is the schema of a stamp.
func (Stamp) OpenAPI() map[string]any {
	return map[string]any{"type": []string{"string", "null"}, "format": "date-time"}
}

// Seconds is a duration in an answer.
type Seconds time.Duration

// MarshalJSON writes seconds, exact to the millisecond.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Duration(s).Round(time.Millisecond).Milliseconds()) / 1000)
}

// UnmarshalJSON reads seconds.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*s = Seconds(f * float64(time.Second))
	return nil
}

// OpenAPI is the schema of a duration.
func (Seconds) OpenAPI() map[string]any { return map[string]any{"type": "number"} }

// Opt is a text that is null when it is empty.
func Opt[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	v := string(s)
	return &v
}

// Text is the text of an optional field.
func Text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
