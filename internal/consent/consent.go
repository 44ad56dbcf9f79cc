// Package consent is proof of what a visitor agreed to.
package consent

import (
	"time"

	"ringback/internal/id"
)

// Record is one agreement, as it was shown and given. Append-only.
type Record struct {
	ID         id.Consent
	Subscriber id.Subscriber
	Callback   id.Callback
	Version    string // of the text
	Text       string
	Act        string // form, widget, api
	Page       string
	Address    string // keyed hash of the visitor's address
	UserAgent  string
	At         time.Time
}

// Version of the sentence on the form; it changes with the words.
const Version = "2026-1"

// Sentence is what the visitor agrees to.
func Sentence(business string) string {
	return "I ask " + business + " to call me at this number about my request."
}
