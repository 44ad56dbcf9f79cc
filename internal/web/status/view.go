// Package status is what a visitor is told about a callback: the same on the status page, in the public API and in the
// stream of events.
package status

import (
	"slices"
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
	"ringback/internal/words"
)

// View is the public face of a callback.
type View struct {
	State      callback.State `json:"state"`
	Outcome    *string        `json:"outcome"`
	Reason     *string        `json:"reason"`
	Message    string         `json:"message"`
	Number     string         `json:"number"`
	Subscriber Business       `json:"subscriber"`
	Agent      *Person        `json:"agent"`
	Place      *int           `json:"place"`
	WaitS      *int           `json:"wait_s"`
	DueAt      door.Stamp     `json:"due_at"`
	Zone       *string        `json:"zone"`
	Wall       *string        `json:"wall"`
	Attempt    int            `json:"attempt"`
	Can        []string       `json:"can"`
	Version    int64          `json:"version"`
}

// Business is who calls.
type Business struct {
	Name     string  `json:"name"`
	CallerID *string `json:"caller_id"`
}

// Person is who answers for the business.
type Person struct {
	DisplayName string `json:"display_name"`
}

// Line is what a view needs to know of what is not in the callback.
type Line interface {
	Directory() *directory.Directory
	Place(cb id.Callback) (n int, ok bool)
	Wait(cb id.Callback) (within time.Duration, known bool)
}

// Of renders a callback for its visitor, in her language.
func Of(c *callback.Callback, l Line, now time.Time, in *words.Language) View {
	dir := l.Directory()
	sub := dir.Subscribers[c.Subscriber]
	if sub == nil { // deleted since
		sub = &subscriber.Subscriber{Name: in.Say("the business")}
	}
	v := View{
		State: c.State, Outcome: door.Opt(c.Outcome), Reason: door.Opt(c.Reason), Number: Masked(c, in),
		Subscriber: Business{Name: sub.Name, CallerID: door.Opt(callerID(c, sub, dir))},
		Agent:      person(c, dir), Attempt: len(c.Attempts), Can: callback.Can(c), Version: c.Version,
	}
	zone := zoneOf(c, sub)
	v.Zone = door.Opt(zone.String())
	switch c.State {
	case callback.Scheduled:
		v.DueAt = door.Stamp(c.DueAt)
		v.Wall = door.Opt(c.DueAt.In(zone).Format("2006-01-02T15:04"))
	case callback.Queued:
		if n, ok := l.Place(c.ID); ok {
			v.Place = &n
			v.WaitS = wait(c.ID, l)
		}
	}
	v.Message = teller{in, c, v, zone}.message()
	return v
}

// Movable says whether the visitor may choose another time for it.
func Movable(c *callback.Callback) bool {
	return slices.Contains(callback.Can(c), callback.CanReschedule)
}

// ZoneOf is whose clock a visitor reads: her own where it is known, else that of the business.
func ZoneOf(c *callback.Callback, sub *subscriber.Subscriber) *time.Location { return zoneOf(c, sub) }

func zoneOf(c *callback.Callback, sub *subscriber.Subscriber) *time.Location {
	if c.Zone != "" {
		if l, err := schedule.Zone(c.Zone); err == nil {
			return l
		}
	}
	return sub.Location()
}

func callerID(c *callback.Callback, sub *subscriber.Subscriber, dir *directory.Directory) string {
	if n := len(c.Attempts); n > 0 {
		if r := dir.Representations[c.Attempts[n-1].Representation]; r != nil && r.CallerID != "" {
			return r.CallerID.E164()
		}
	}
	if c.CallerID != "" {
		return c.CallerID.E164()
	}
	return sub.CallerID.E164()
}

// person is who was last asked, while it matters to the visitor.
func person(c *callback.Callback, dir *directory.Directory) *Person {
	if len(c.Attempts) == 0 || c.State == callback.Queued || c.State == callback.Scheduled {
		return nil
	}
	a := c.Attempts[len(c.Attempts)-1]
	if r := dir.Representations[a.Representation]; r != nil && r.DisplayName != "" {
		return &Person{r.DisplayName}
	}
	if ag := dir.Agents[a.Agent]; ag != nil {
		return &Person{ag.Name}
	}
	return nil
}

// Masked is the visitor's own telephone as it is shown: +12•••••0100.
func Masked(c *callback.Callback, in *words.Language) string {
	if c.Number != "" {
		return c.Number.Mask()
	}
	if c.Endpoint.Kind() == cti.Web {
		return in.Say("this browser")
	}
	_, host, ok := strings.Cut(string(c.Endpoint), "@")
	if c.Endpoint.Kind() == cti.SIP && ok {
		return "sip:•••@" + host
	}
	return "•••"
}

// wait is within how many seconds her telephone rings; nil = that is not known.
func wait(cb id.Callback, l Line) *int {
	within, known := l.Wait(cb)
	if !known {
		return nil
	}
	s := int((within + time.Second - 1) / time.Second)
	return &s
}
