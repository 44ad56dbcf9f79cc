package api

import (
	"time"

	"ringback/internal/subscriber"
	"ringback/internal/web/status"
)

// texts are the words of a widget: it has none of its own.
func texts(sub *subscriber.Subscriber, open bool, next time.Time) map[string]string {
	t := map[string]string{
		"title":    "Let " + sub.Name + " call you",
		"status":   sub.Name + " calls you",
		"launcher": "Request a callback",
		"close":    "Close",
		"needed":   "(needed)",
		"submit":   "Call me",
		"talk":     "Talk here, in the browser",
		"asked":    "Thank you. We have your request.",
		"from":     "Our calls come from",

		"when":           "When shall we call?",
		"now":            "Now",
		"after":          "In a while",
		"after_how_long": "How long from now",
		"after_10m":      "10 minutes",
		"after_30m":      "30 minutes",
		"after_1h":       "1 hour",
		"after_2h":       "2 hours",
		"after_4h":       "4 hours",
		"after_1d":       "tomorrow, at this time",
		"at":             "At a time I choose",
		"at_when":        "Day and time",
		"closed":         "",

		"your_number": "Your number:",
		"call_now":    "Call me now",
		"cancel":      "Cancel the call",
		"number":      "Change my number",
		"new_number":  "Your telephone number",
		"this_number": "Call this number",
		"reschedule":  "Another time",
		"this_time":   "Call me then",
		"never":       "Never call me again",
		"never_sure":  "Nobody who is served here will call this number again.",
		"again":       "Ask for another call",
		"unreached":   "We could not be reached. Check your connection and try again: nothing you typed is lost.",
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
