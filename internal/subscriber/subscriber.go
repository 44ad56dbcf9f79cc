// Package subscriber is the small business: its name, hours, numbers, limits, and the buttons on its pages.
package subscriber

import (
	"strings"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/money"
	"ringback/internal/phone"
	"ringback/internal/schedule"
)

// Subscriber is one business that the operator serves.
type Subscriber struct {
	ID          id.Subscriber
	Slug        string
	Name        string
	Regions     []string // ISO countries whose numbers may be called; the first is the default for parsing
	TimeZone    string   // IANA
	Hours       schedule.Hours
	Holidays    schedule.Days  // on which it is closed, whatever its hours are
	Slots       schedule.Slots // the times that visitors choose from
	CallerID    phone.Number   // "" = the trunk's own
	Numbers     []phone.Number // that callers may dial, besides CallerID
	Destination cti.Endpoint   // its own telephone, used when nobody represents it; "" = none
	Prompts     Prompts
	Language    string // spoken to who did not say another: en, de, fr, es, ar; "" = en
	Limits      Limits
	Recording   Recording
	Routing     Routing
	Suspended   bool
	Notify      Notify // where it hears of who was not served

	Dispositions []string // that agents may give a callback afterwards; none = DefaultDispositions
	ScreenPop    string   // template of an address that a desk opens with a call; "" = none

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Prompts are WAV files by what they say; "" = built in.
type Prompts struct {
	Announcement string `json:"announcement"` // to a visitor who was rung first
	SpokenName   string `json:"spoken_name"`
	Wait         string `json:"wait"`
	Sorry        string `json:"sorry"`
	Closed       string `json:"closed,omitempty"` // to a caller outside opening hours
}

// Limits bound what a business may cause.
type Limits struct {
	Concurrent  int           // calls that ring or talk at once; more wait in line
	MaxTalk     time.Duration // a call is ended after it, with a warning a minute before
	SpendPerDay money.Amount  // zero = no limit
}

// Recording says whether talks are recorded, and for how long they are kept.
type Recording struct {
	On        bool          `json:"on"`
	Retention time.Duration `json:"retention"` // 0 = DefaultRetention
	Notice    string        `json:"notice"`    // WAV file that both hear first; "" = built in
}

// DefaultRetention is how long a recording is kept when the business does not say.
const DefaultRetention = 30 * 24 * time.Hour

// Bounds of a retention.
const (
	MinRetention = time.Hour
	MaxRetention = 3650 * 24 * time.Hour
)

// Keep is how long a recording is kept.
func (r Recording) Keep() time.Duration {
	if r.Retention <= 0 {
		return DefaultRetention
	}
	return r.Retention
}

// Records says whether a talk that came by a button is recorded; nil = it came by none that is known.
func (s *Subscriber) Records(b *Button) bool {
	if b != nil && b.Recording != "" {
		return b.Recording == "on"
	}
	return s.Recording.On
}

// Defaults of limits that a seed does not name.
const (
	DefaultConcurrent = 50
	DefaultMaxTalk    = 60 * time.Minute
	// LinePerCall times Concurrent callbacks may wait in line; more are refused with limit_subscriber.
	LinePerCall = 20
)

// Location is the business's time zone; UTC where its name is not known any more.
func (s *Subscriber) Location() *time.Location {
	if l, err := time.LoadLocation(s.TimeZone); err == nil && s.TimeZone != "" {
		return l
	}
	return time.UTC
}

// Region is the country that a number without one is read in.
func (s *Subscriber) Region() string {
	if len(s.Regions) == 0 {
		return ""
	}
	return s.Regions[0]
}

// Order is who is rung first.
type Order string

const (
	AgentFirst   Order = "agent_first"
	VisitorFirst Order = "visitor_first"
)

// Confirm says how each side proves a person: auto, none, key, key_or_voice.
type Confirm struct {
	Agent   string `json:"agent"`
	Visitor string `json:"visitor"`
}

// Button is what a business puts on its page: the link, and what may be asked through it.
type Button struct {
	ID         id.Button
	Slug       string
	Subscriber id.Subscriber
	Origins    []string // of pages that may use it by script; empty = any
	Order      Order
	Confirm    Confirm
	Channels   []string // phone, web, chat
	Proof      string   // ProofRequired, ProofOff; "" = as the operator says
	Tries      int      // how often the visitor is rung before we give up
	Fields     []Field
	Recording  string         // of its talks: on, off; "" = as the business says
	Skills     map[string]int // what its calls ask of an agent, and how much of it at least
	Hours      schedule.Hours // within those of the business
	Priority   int            // of its calls in line, 0 to MaxPriority: each stands five minutes ahead
	Closed     bool
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Field is a question of the button's own on the form.
type Field struct {
	Name     string `json:"name"` // [a-z0-9_]
	Label    string `json:"label"`
	Required bool   `json:"required"`
}

// What a button says about the proof of work of its form.
const (
	ProofRequired = "required"
	ProofOff      = "off" // counts only where the operator allows it
)

// DefaultTries is how often a visitor is rung when the button does not say.
const DefaultTries = 3

// Everybody in the place of a Block's NumberHash: no telephone at all is rung.
const Everybody = "*"

// Block is a number that is not served: by one business, or by the operator for all.
type Block struct {
	ID         id.Block
	Subscriber id.Subscriber // "" = all
	NumberHash string        // keyed hash of the E.164 number; the number itself is not kept
	Masked     string
	Reason     string
	Until      time.Time // zero = for ever
	OwnWish    bool      // the person asked for it: only staff takes it away, by its id, never a seed
	CreatedAt  time.Time
}

// Seeded says whether a seed may bring it, and take it away when it does not name it: the blocks of single telephones that
// staff has set up. What people asked for and what guards the operator stays.
func (b *Block) Seeded() bool {
	return !b.OwnWish && b.NumberHash != Everybody && !strings.Contains(b.NumberHash, ":")
}
