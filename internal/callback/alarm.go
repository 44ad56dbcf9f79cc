package callback

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
)

// Alarm is something that the operator is told of: that money runs out, that somebody abuses the service, what was stopped
// against it. It is on record, and told once.
type Alarm struct {
	ID         id.Alarm
	Key        string // two alarms with one key are the same: the second is not raised
	Kind       AlarmKind
	Subscriber id.Subscriber // "" = of no business in particular
	What       string        // whom or what it is about, masked; "" = everything
	Says       string        // in words for staff
	At         time.Time
}

// AlarmKind is what an alarm is about.
type AlarmKind string

// The kinds.
const (
	CallsStopped   AlarmKind = "calls_stopped"
	CallsAllowed   AlarmKind = "calls_allowed"
	PrefixStopped  AlarmKind = "prefix_stopped"
	NumberStopped  AlarmKind = "number_stopped"
	VisitorStopped AlarmKind = "visitor_stopped"
	BudgetLow      AlarmKind = "budget_low"  // 80 % of a day's budget
	BudgetGone     AlarmKind = "budget_gone" // all of it: calls are refused
)

// AlarmKinds are all kinds.
var AlarmKinds = []AlarmKind{CallsStopped, CallsAllowed, PrefixStopped, NumberStopped, VisitorStopped, BudgetLow, BudgetGone}

// Watchers keep what guards the operator is told from.
type Watchers interface {
	Accounts
	// Tried is how calls to a block of numbers went that visitors asked for and that ended since; they count as talks from so
	// many seconds on.
	Tried(ctx context.Context, prefix string, since time.Time, talk time.Duration) (Tried, error)
	// Unproved is how often a visitor was refused for want of a proof since, by the keyed hash of her address.
	Unproved(ctx context.Context, visitor string, since time.Time) (int, error)
	// Raise puts an alarm on record, with the letters that tell of it; false = its key is known, and nothing was written.
	Raise(ctx context.Context, a Alarm, letters []letter.Letter) (bool, error)
	// Alarms lists the newest first, before the one of that id; "" = from the newest.
	Alarms(ctx context.Context, before id.Alarm, limit int) ([]Alarm, error)
}

// Tried is how calls went.
type Tried struct {
	Calls   int
	Numbers int // different ones
	Talks   int // long enough to have been one
}

// raise tells the operator: log, metric, record, letters. What is known is not told again.
func (c *Conductor) raise(ctx context.Context, a Alarm) error {
	if c.Watchers == nil {
		return nil
	}
	a.ID, a.At = c.Mint.Alarm(), c.Now().UTC()
	if a.Key == "" {
		a.Key = string(a.ID)
	}
	var letters []letter.Letter
	if c.Tell != nil {
		letters = c.Tell(a)
	}
	fresh, err := c.Watchers.Raise(ctx, a, letters)
	if err != nil {
		return fmt.Errorf("alarm %s: %w", a.Kind, err)
	}
	if !fresh {
		return nil
	}
	c.Log.Warn("alarm", "kind", a.Kind, "subscriber", a.Subscriber, "what", a.What, "says", a.Says)
	c.Meter.Alarmed(a.Kind)
	if len(letters) > 0 && c.Post != nil {
		c.Post.Posted()
	}
	return nil
}

// Alarms are what the operator was told, the newest first.
func (c *Conductor) Alarms(ctx context.Context, before id.Alarm, limit int) ([]Alarm, error) {
	if c.Watchers == nil {
		return nil, fault.New(fault.NotFound, "Alarms are not kept.")
	}
	return c.Watchers.Alarms(ctx, before, limit)
}
