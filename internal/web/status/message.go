package status

import (
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/subscriber"
	"ringback/internal/words"
)

// teller says where a callback is, in a visitor's language.
type teller struct {
	*words.Language
	c    *callback.Callback
	v    View
	zone *time.Location
}

// message is the one sentence that says where the call is.
func (t teller) message() string {
	switch t.c.State {
	case callback.Scheduled:
		return t.scheduled()
	case callback.Queued:
		return t.queued()
	case callback.RingingAgent:
		return t.ringingAgent()
	case callback.RingingVisitor:
		return t.ringingVisitor()
	case callback.Connected:
		return t.of(words.Key("You are talking with %s."), words.Key("You are talking with somebody at %s."))
	}
	return t.ended()
}

// of says a sentence about who answers: by name where there is one, else by that of the business.
func (t teller) of(named, somebody words.Key) string {
	if t.v.Agent != nil {
		return t.Say(named, t.v.Agent.DisplayName)
	}
	return t.Say(somebody, t.v.Subscriber.Name)
}

func (t teller) scheduled() string {
	at := t.Moment(t.c.DueAt, t.zone)
	switch t.c.Reason {
	case "", callback.ReasonBooked:
		return t.Say("We will call you on %s.", at)
	case callback.ReasonOutsideHours:
		return t.Say("You asked while we were closed. We will call you on %s.", at)
	}
	return t.Say("%s Next try: %s.", words.Key(t.c.Reason.Words().Visitor), at)
}

func (t teller) queued() string {
	place, here := t.v.Place, t.c.Endpoint.Kind() == cti.Web
	switch {
	case here && place != nil && t.v.WaitS != nil:
		return t.foretold(*place, *t.v.WaitS) + " " + t.Say("Stay on this page.")
	case here && place != nil && *place > 1:
		return t.Count(*place, "You are number %d in line. Stay on this page.")
	case here && place != nil:
		return t.Say("You are next. Stay on this page.")
	case t.c.Reason == callback.ReasonAgentLeft, t.c.Reason == callback.ReasonAgentMissed, t.c.Reason == callback.ReasonAgentLater:
		return t.why()
	case place != nil && t.v.WaitS != nil:
		return t.foretold(*place, *t.v.WaitS)
	case place != nil && *place > 1:
		return t.Count(*place, "You are number %d in line. We call you as soon as somebody is free.")
	case place != nil:
		return t.Say("You are next. We call you as soon as somebody is free.")
	}
	return t.Say("We are finding somebody for you.")
}

// foretold tells place and wait; minutes are rounded up.
func (t teller) foretold(place, wait int) string {
	line := t.Say("You are next.")
	if place > 1 {
		line = t.Count(place, "You are number %d in line.")
	}
	if wait <= 60 {
		return line + " " + t.Say("It takes about a minute.")
	}
	return line + " " + t.Count((wait+59)/60, "It takes about %d minutes.")
}

func (t teller) ringingAgent() string {
	switch a := t.c.Current(); {
	case t.c.Order == subscriber.VisitorFirst || a != nil && a.RangVisitor:
		return t.of(words.Key("Thank you. %s is picking up; please stay on the line."),
			words.Key("Thank you. Somebody at %s is picking up; please stay on the line."))
	case t.c.Endpoint.Kind() == cti.Web:
		return t.of(words.Key("We are calling %s. Stay on this page."), words.Key("We are calling somebody at %s. Stay on this page."))
	case rings(t.c, false):
		return t.of(words.Key("The telephone of %s is ringing. Yours is next."), words.Key("A telephone at %s is ringing. Yours is next."))
	}
	return t.of(words.Key("We are calling %s, then you."), words.Key("We are calling somebody at %s, then you."))
}

func (t teller) ringingVisitor() string {
	if t.c.Endpoint.Kind() == cti.Web {
		return t.of(words.Key("%s is ready. You can talk in a moment."), words.Key("Somebody at %s is ready. You can talk in a moment."))
	}
	var said []string
	if t.c.Order != subscriber.VisitorFirst && !left(t.c) {
		said = append(said, t.of(words.Key("%s is ready."), words.Key("Somebody at %s is ready.")))
	}
	if rings(t.c, true) {
		said = append(said, t.Say("Your phone rings now."))
	} else {
		said = append(said, t.Say("Your phone is about to ring."))
	}
	if from := t.v.Subscriber.CallerID; from != nil {
		said = append(said, t.Say("The call comes from %s.", Pretty(*from)))
	}
	return strings.Join(said, " ")
}

func (t teller) ended() string {
	if t.c.Reason != "" {
		return t.why()
	}
	return t.Say(outcomes[t.c.Outcome])
}

func (t teller) why() string { return t.Say(words.Key(t.c.Reason.Words().Visitor)) }

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

// outcomes is what is said when no reason tells more.
var outcomes = map[callback.Outcome]words.Key{
	callback.Completed:       "Thank you for talking with us.",
	callback.VisitorNoAnswer: "We rang and nobody answered.",
	callback.VisitorBusy:     "Your line was busy when we rang last.",
	callback.VisitorDeclined: "The call was declined on your telephone.",
	callback.Machine:         "An answering machine took our call.",
	callback.NoAgent:         "Nobody was free to take your call. We are sorry.",
	callback.Refused:         "This number cannot be called.",
	callback.Cancelled:       "The call was cancelled.",
	callback.Expired:         "We could not call you in time. We are sorry.",
	callback.Failed:          "We could not reach your telephone. Please try again later.",
}
