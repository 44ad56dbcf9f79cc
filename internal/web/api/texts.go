package api

import (
	"time"

	"ringback/internal/subscriber"
	"ringback/internal/web/status"
)

// texts are the sentences of a widget.
func texts(sub *subscriber.Subscriber, open bool, next time.Time) map[string]string {
	t := map[string]string{
		"title":    "Let " + sub.Name + " call you",
		"launcher": "Request a callback",
		"submit":   "Call me",
		"now":      "Now",
		"after":    "In a while",
		"at":       "At a time I choose",
		"cancel":   "Cancel the call",
		"number":   "Change my number",
		"closed":   "",
	}
	switch {
	case open:
	case next.IsZero():
		t["closed"] = "We are closed until further notice."
	default:
		t["closed"] = "We are closed now. We will call you when we open: " + status.Wall(next, sub.Location()) + "."
		t["now"] = "When you open"
	}
	return t
}
