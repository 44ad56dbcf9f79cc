package status

import (
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/subscriber"
)

// message is the one sentence that says where the call is.
func message(c *callback.Callback, v View, zone *time.Location) string {
	who := "somebody at " + v.Subscriber.Name
	if v.Agent != nil {
		who = v.Agent.DisplayName
	}
	switch c.State {
	case callback.Scheduled:
		return scheduled(c, zone)
	case callback.Queued:
		return queued(c, v)
	case callback.RingingAgent:
		return ringingAgent(c, who)
	case callback.RingingVisitor:
		return ringingVisitor(c, v, who)
	case callback.Connected:
		return "You are talking with " + who + "."
	}
	return ended(c)
}

func scheduled(c *callback.Callback, zone *time.Location) string {
	at := Wall(c.DueAt, zone)
	switch c.Reason {
	case "", callback.ReasonBooked:
		return "We will call you on " + at + "."
	case callback.ReasonOutsideHours:
		return "We are closed now. We will call you when we open: " + at + "."
	}
	return c.Reason.Words().Visitor + " Next try: " + at + "."
}

func queued(c *callback.Callback, v View) string {
	here := c.Endpoint.Kind() == cti.Web
	switch {
	case here && v.Place != nil && v.WaitS != nil:
		return foretold(*v.Place, *v.WaitS) + " Stay on this page."
	case here && v.Place != nil && *v.Place > 1:
		return fmt.Sprintf("You are number %d in line. Stay on this page.", *v.Place)
	case here && v.Place != nil:
		return "You are next. Stay on this page."
	case c.Reason == callback.ReasonAgentLeft, c.Reason == callback.ReasonAgentMissed, c.Reason == callback.ReasonAgentLater:
		return c.Reason.Words().Visitor
	case v.Place != nil && v.WaitS != nil:
		return foretold(*v.Place, *v.WaitS)
	case v.Place != nil && *v.Place > 1:
		return fmt.Sprintf("You are number %d in line. We call you as soon as somebody is free.", *v.Place)
	case v.Place != nil:
		return "You are next. We call you as soon as somebody is free."
	}
	return "We are finding somebody for you."
}

// foretold tells place and wait; minutes are rounded up.
func foretold(place, wait int) string {
	line := "You are next."
	if place > 1 {
		line = fmt.Sprintf("You are number %d in line.", place)
	}
	if wait <= 60 {
		return line + " It takes about a minute."
	}
	return line + fmt.Sprintf(" It takes about %d minutes.", (wait+59)/60)
}

func ringingAgent(c *callback.Callback, who string) string {
	if a := c.Current(); c.Order == subscriber.VisitorFirst || a != nil && a.RangVisitor {
		return "Thank you. " + capital(who) + " is picking up; please stay on the line."
	}
	if c.Endpoint.Kind() == cti.Web {
		return "We are calling " + who + ". Stay on this page."
	}
	if rings(c, false) {
		return "The telephone of " + who + " is ringing. Yours is next."
	}
	return "We are calling " + who + ", then you."
}

func ringingVisitor(c *callback.Callback, v View, who string) string {
	if c.Endpoint.Kind() == cti.Web {
		return capital(who) + " is ready. You can talk in a moment."
	}
	from := ""
	if v.Subscriber.CallerID != nil {
		from = " The call comes from " + Pretty(*v.Subscriber.CallerID) + "."
	}
	ready := ""
	if c.Order != subscriber.VisitorFirst && !left(c) {
		ready = capital(who) + " is ready. "
	}
	if rings(c, true) {
		return ready + "Your phone rings now." + from
	}
	return ready + "Your phone is about to ring." + from
}

// rings says whether the far network has said that the visitor's, or the other, telephone rings.
func rings(c *callback.Callback, visitor bool) bool {
	a := c.Current()
	if a == nil {
		return false
	}
	for _, l := range a.Legs {
		if (l.Party == cti.Visitor) == visitor && l.State != cti.Ended && !l.RingingAt.IsZero() {
			return true
		}
	}
	return false
}

// left says whether who had answered for the business has gone again, and nobody else has yet.
func left(c *callback.Callback) (gone bool) {
	a := c.Current()
	if a == nil {
		return false
	}
	for _, l := range a.Legs {
		switch {
		case l.Party == cti.Visitor:
		case l.State.Up():
			return false
		case l.State == cti.Ended && !l.ConfirmedAt.IsZero():
			gone = true
		}
	}
	return gone
}

// capital begins a sentence.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func ended(c *callback.Callback) string {
	if c.Reason != "" {
		return c.Reason.Words().Visitor
	}
	return outcomes[c.Outcome]
}

// outcomes is what is said when no reason tells more.
var outcomes = map[callback.Outcome]string{
	callback.Completed:       "Thank you for talking with us.",
	callback.VisitorNoAnswer: "We rang and nobody answered.",
	callback.VisitorBusy:     "Your line was busy each time we rang.",
	callback.VisitorDeclined: "The call was declined on your telephone.",
	callback.Machine:         "An answering machine took our call.",
	callback.NoAgent:         "Nobody was free to take your call. We are sorry.",
	callback.Refused:         "This number cannot be called.",
	callback.Cancelled:       "The call was cancelled.",
	callback.Expired:         "We could not call you in time. We are sorry.",
	callback.Failed:          "We could not reach your telephone. Please try again later.",
}
