// Package callback is a visitor's wish to be called, from the wish over its attempts to its outcome.
//
// lifecycle.go is the table: state, event, next state, effects. step.go applies it to one callback, purely.
// conductor.go decides, stores and acts; what the switch reports comes back through Conductor.OnSwitch.
package callback

import (
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/subscriber"
)

// Callback is one wish and all that came of it.
type Callback struct {
	ID          id.Callback
	TokenHash   string // of the visitor's status token
	Subscriber  id.Subscriber
	Button      id.Button
	Contact     id.Contact
	Interaction id.Interaction

	State   State
	Outcome Outcome // "" until ended
	Reason  Reason  // why it is where it is; at the end exactly one
	Order   subscriber.Order

	Inbound bool        // it began with a call of the visitor's
	Resumes id.Callback // of such a call: what its caller was waiting for or had missed; "" = nothing

	Number      phone.Number // "" when Endpoint is a sip: address
	Endpoint    cti.Endpoint // the visitor's telephone: tel:… or sip:…
	NumberHash  string       // keyed hash of Endpoint: one live callback per number
	Destination cti.Endpoint // joins exactly this telephone; "" = routing
	CallerID    phone.Number // From on the visitor's leg

	Name     string
	Topic    string
	Fields   map[string]string
	Page     string
	Language string
	Metadata map[string]string

	When      string    // as asked: the When object in JSON
	Wall      string    // wall time as asked, "" = none
	Zone      string    // IANA zone of Wall, or the visitor's
	ArrivedAt time.Time // first moved to queued; never changes again; zero before
	DueAt     time.Time // each state but ended has a deadline
	CreatedAt time.Time
	EndedAt   time.Time
	JoinedAt  time.Time // both hear each other
	TalkTime  time.Duration

	Priority    int       // in line: each stands five minutes ahead
	FrontAt     time.Time // staff moved it to the front; zero = nobody did
	Wanted      id.Agent  // for whom it is kept: who talked with her last, or whom staff chose; "" = nobody
	WantedUntil time.Time // for how long; zero = as long as the business says, from the arrival

	Tries   int // how often the visitor may be rung
	MaxTalk time.Duration
	Confirm subscriber.Confirm
	Fence   int64
	Version int64
	Actor   Actor // who made the wish

	Attempts []Attempt // by N
}

// Attempt is one numbered try: one offer to agents, at most one visitor leg, one result.
type Attempt struct {
	N              int
	Fence          int64
	Agent          id.Agent // "" = the destination
	Representation id.Representation
	Device         int    // of the agent, that rang last
	Result         Result // "" while it runs
	RangVisitor    bool   // only then it counts as a try
	StartedAt      time.Time
	EndedAt        time.Time
	Legs           []Leg
}

// Leg is one telephone of an attempt.
type Leg struct {
	ID           id.Leg
	Party        cti.Party
	Agent        id.Agent // whose telephone it is; "" = no agent's
	Role         Role     // what it is beside the one that talks with the visitor; "" = it is that one
	Endpoint     cti.Endpoint
	Trunk        id.Trunk
	CallID       string
	Ref          string // opaque, the switch's; bytes
	State        cti.LegState
	Cause        cti.Cause
	By           cti.By
	SIPCode      int
	CreatedAt    time.Time
	SentAt       time.Time // committed before Originate; zero = provably never sent
	RingingAt    time.Time
	AnsweredAt   time.Time
	ConfirmedAt  time.Time
	BridgedAt    time.Time
	EndedAt      time.Time
	NoticePlayed bool        // it was told that the talk is recorded
	Quality      cti.Quality // of its sound, once it has ended
}

// Line is a line of the journal: the only input of explain. Seq is the callback's version after the step.
type Line struct {
	Seq    int64
	At     time.Time
	Actor  Actor
	From   State
	Event  string // a table event, or a fact about a leg
	To     State
	Reason Reason // "" = none
	Detail string // one sentence, no personal data beyond what the callback holds
}

// Actor is who caused a step.
type Actor string

const (
	ByVisitor  Actor = "visitor"
	ByAgent    Actor = "agent"
	ByStaff    Actor = "staff" // through the keyed API
	ByRingback Actor = "ringback"
	ByNetwork  Actor = "network"
)

// Live says whether the callback is not ended.
func (c *Callback) Live() bool { return c.State != Ended }

// Called is the telephone that the visitor is called at: E.164, or the address of an Internet telephone or a browser.
func (c *Callback) Called() string {
	if c.Number != "" {
		return string(c.Number)
	}
	return string(c.Endpoint)
}

// Current is the attempt that runs, nil when none does.
func (c *Callback) Current() *Attempt {
	if n := len(c.Attempts); n > 0 && c.Attempts[n-1].Result == "" {
		return &c.Attempts[n-1]
	}
	return nil
}

// last is the newest attempt, nil = none was begun.
func (c *Callback) last() *Attempt {
	if n := len(c.Attempts); n > 0 {
		return &c.Attempts[n-1]
	}
	return nil
}

// Leg finds a leg and its attempt.
func (c *Callback) Leg(leg id.Leg) (*Attempt, *Leg) {
	for i := range c.Attempts {
		for j := range c.Attempts[i].Legs {
			if c.Attempts[i].Legs[j].ID == leg {
				return &c.Attempts[i], &c.Attempts[i].Legs[j]
			}
		}
	}
	return nil, nil
}

// Tried is how often the visitor's telephone was rung.
func (c *Callback) Tried() int {
	n := 0
	for i := range c.Attempts {
		if c.Attempts[i].RangVisitor {
			n++
		}
	}
	return n
}

// visitorLeg is the newest leg of the visitor that is not ended; nil = none.
func (a *Attempt) visitorLeg() *Leg {
	return a.live(func(l *Leg) bool { return l.Party == cti.Visitor })
}

func (a *Attempt) live(is func(*Leg) bool) *Leg {
	for i := len(a.Legs) - 1; i >= 0; i-- {
		if l := &a.Legs[i]; l.State != cti.Ended && is(l) {
			return l
		}
	}
	return nil
}

// Clone is a deep copy: what a step changes and the store compares with what it read.
func (c *Callback) Clone() *Callback {
	d := *c
	d.Attempts = make([]Attempt, len(c.Attempts))
	for i, a := range c.Attempts {
		a.Legs = append([]Leg(nil), a.Legs...)
		d.Attempts[i] = a
	}
	return &d // the maps are never changed after the wish is made
}
