package callback

import (
	"net/url"
	"time"

	"ringback/internal/phone"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/words"
)

// Promised says whether a call is promised for a time that a calendar can keep: nobody was rung for it yet.
func (c *Callback) Promised() bool {
	return c.State == Scheduled && c.Tried() == 0 && (c.Reason == ReasonBooked || c.Reason == ReasonOutsideHours)
}

// Entry is a callback as its visitor's calendar keeps it. home is the service's own address, page that of the callback's page,
// "" where it is not known.
func (c *Callback) Entry(s *subscriber.Subscriber, in *words.Language, home, page string, now time.Time) schedule.Entry {
	e := schedule.Entry{UID: string(c.ID) + "@" + hostOf(home), Sequence: c.Version, At: c.DueAt, Length: s.Slots.Whole().Window, Summary: in.Say("%s calls you", s.Name),
		URL: page, Stamp: now, Method: schedule.Publish}
	from := c.CallerID
	if from == "" {
		from = s.CallerID
	}
	if from != "" {
		e.Description = in.Say("The call comes from %s.", phone.Pretty(from))
	}
	if page != "" {
		e.Description += "\n" + in.Say("Move or cancel the call: %s", page)
	}
	if c.State == Ended {
		e.Method, e.At = schedule.Recall, c.EndedAt
	}
	return e
}

func hostOf(home string) string {
	if u, err := url.Parse(home); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "ringback.invalid"
}
