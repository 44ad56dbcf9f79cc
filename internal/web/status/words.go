package status

import (
	"encoding/json"
	"net/http"
	"time"

	"ringback/internal/callback"
	"ringback/internal/phone"
	"ringback/internal/web/door"
)

// Pretty writes an E.164 number with spaces.
func Pretty(e164 string) string { return phone.Pretty(phone.Number(e164)) }

// Answer is what a visitor's request is answered with. Token opens the status page and is shown this once.
type Answer struct {
	ID        string         `json:"id"`
	Token     string         `json:"token"`
	State     callback.State `json:"state"`
	Outcome   *string        `json:"outcome"`
	DueAt     door.Stamp     `json:"due_at"`
	StatusURL string         `json:"status_url"`
	Order     string         `json:"order"`
}

// Accepted renders the answer. base is the service's own URL.
func Accepted(m *callback.Made, base string) Answer {
	c := m.Callback
	due := m.Due.At
	if due.IsZero() {
		due = c.DueAt
	}
	state := c.State
	if state != callback.Scheduled {
		state = callback.Queued // what was accepted; the status tells what became of it in the same instant
	}
	return Answer{
		ID: string(c.ID), Token: m.Token, State: state, Outcome: door.Opt(c.Outcome), DueAt: door.Stamp(due),
		StatusURL: base + "/c/" + m.Token, Order: string(c.Order),
	}
}

// KeptFor is how long an ended callback can be looked at with its token.
const KeptFor = 30 * 24 * time.Hour

// Gone says whether the callback ended so long ago that its token opens nothing any more.
func Gone(c *callback.Callback, now time.Time) bool {
	return c.State == callback.Ended && now.Sub(c.EndedAt) > KeptFor
}

// Kept is the answer as it is kept for a request that comes again: always that of the API, a page takes the token from
// it.
func Kept(m *callback.Made, base string) callback.Kept {
	b, _ := json.Marshal(Accepted(m, base)) // of strings and times only
	return callback.Kept{Status: http.StatusCreated, Location: "/api/v1/public/callbacks/" + m.Token, Body: append(b, '\n')}
}

// TokenOf reads the token of a kept answer.
func TokenOf(k callback.Kept) string {
	var a struct {
		Token string `json:"token"`
	}
	if json.Unmarshal(k.Body, &a) != nil {
		return ""
	}
	return a.Token
}
