package api

import (
	"time"

	"ringback/internal/subscriber"
	"ringback/internal/words"
)

// texts are the words of a widget: it has none of its own.
func texts(in *words.Language, sub *subscriber.Subscriber, open bool, next time.Time) map[string]string {
	t := map[string]string{
		"title":    in.Say("Let %s call you", sub.Name),
		"status":   in.Say("%s calls you", sub.Name),
		"launcher": in.Say("Request a callback"),
		"close":    in.Say("Close"),
		"needed":   in.Say("(needed)"),
		"submit":   in.Say("Call me"),
		"talk":     in.Say("Talk here, in the browser"),
		"asked":    in.Say("Thank you. We have your request."),
		"from":     in.Say("Our calls come from"),

		"when":           in.Say("When shall we call?"),
		"now":            in.Say("Now"),
		"after":          in.Say("In a while"),
		"after_how_long": in.Say("How long from now"),
		"after_10m":      in.Say("10 minutes"),
		"after_30m":      in.Say("30 minutes"),
		"after_1h":       in.Say("1 hour"),
		"after_2h":       in.Say("2 hours"),
		"after_4h":       in.Say("4 hours"),
		"after_1d":       in.Say("tomorrow, at this time"),
		"at":             in.Say("At a time I choose"),
		"at_when":        in.Say("Day and time"),
		"closed":         "",

		"your_number": in.Say("Your number:"),
		"call_now":    in.Say("Call me now"),
		"cancel":      in.Say("Cancel the call"),
		"number":      in.Say("Change my number"),
		"new_number":  in.Say("Your telephone number"),
		"this_number": in.Say("Call this number"),
		"reschedule":  in.Say("Another time"),
		"this_time":   in.Say("Call me then"),
		"never":       in.Say("Never call me again"),
		"never_sure":  in.Say("Nobody who is served here will call this number again."),
		"again":       in.Say("Ask for another call"),
		"unreached":   in.Say("We could not be reached. Check your connection and try again: nothing you typed is lost."),
	}
	switch {
	case open:
	case next.IsZero():
		t["closed"] = in.Say("We are closed until further notice.")
	default:
		t["closed"] = in.Say("We are closed now. We will call you when we open: %s.", in.Moment(next, sub.Location()))
		t["now"] = in.Say("When you open")
	}
	return t
}
