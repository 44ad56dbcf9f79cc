package door

import (
	"net/http"

	"ringback/internal/fault"
	"ringback/internal/id"
)

// Problem is a fault as it is answered, RFC 9457. Package web makes it.
type Problem struct {
	Type         string        `json:"type"`
	Title        string        `json:"title"`
	Status       int           `json:"status"`
	Code         fault.Code    `json:"code"`
	Detail       string        `json:"detail"`
	Errors       []fault.Field `json:"errors"`
	RequestID    id.Request    `json:"request_id"`
	RetryAfterS  *int          `json:"retry_after_s,omitempty"`
	Alternatives []Stamp       `json:"alternatives,omitempty"`
}

// Shown is an error of a page that knows how it wants to be shown: the form again, with what was typed.
type Shown struct {
	Err  error
	Show func(w http.ResponseWriter, p Problem)
}

func (s *Shown) Error() string { return s.Err.Error() }
func (s *Shown) Unwrap() error { return s.Err }
