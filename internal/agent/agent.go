// Package agent is the people who answer. They belong to the operator; a Representation lets one answer as a business.
package agent

import (
	"fmt"
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/phone"
	"ringback/internal/schedule"
)

// Agent is one person who answers.
type Agent struct {
	ID           id.Agent
	Slug         string
	Name         string
	Devices      []Device
	PasswordHash string     // argon2id; "" = cannot sign in
	SIP          cti.Secret // of the same password, for her telephones; zero = they cannot register
	Ready        bool       // begins as ready: has a telephone and no desk
	Supervisor   bool       // may watch those who answer for the businesses that she represents
	Ring         string     // her telephones: "" = in order, RingTogether
	PauseAfter   int        // so many offers in a row that she lets pass or turns down pause her; 0 = DefaultPauseAfter

	Notify letter.Address // where a link goes to the page of a call that she takes on a telephone; zero = nowhere

	CreatedAt time.Time
	UpdatedAt time.Time
	Status
}

// Status is the part of an agent that changes by the minute.
type Status struct {
	Presence Presence
	Reason   string // of a pause
	Since    time.Time
	Until    time.Time // when wrap-up, or a pause that ends by itself, is over; zero otherwise
	Callback id.Callback
	IdleFrom time.Time     // since when without a call: the longest idle is asked first
	Missed   int           // offers in a row that she has let pass or turned down
	Declined int           // how many of them she has turned down; not kept over a restart, it is for words only
	Talked   time.Duration // since she signed in
}

const (
	// RingTogether rings all telephones of an agent at once; the first that is picked up has the call.
	RingTogether = "together"
	// DefaultPauseAfter so many offers in a row that she lets pass or turns down an agent is paused.
	DefaultPauseAfter = 2
	// PauseTime is how long an agent who has only telephones is paused for that: she has no page
	// on which to say that she is back.
	PauseTime = 10 * time.Minute
)

// Desk is the word for the page of an agent's own desk among her devices.
const Desk cti.Endpoint = "web"

// OpenDesk makes of the word Desk the endpoint of her own.
func (a *Agent) OpenDesk() {
	devices := slices.Clone(a.Devices)
	for i := range devices {
		if devices[i].To == Desk {
			devices[i].To = Desk + cti.Endpoint(":"+a.ID)
		}
	}
	a.Devices = devices
}

// HasDesk says whether one of her telephones is the page of her desk, on which she can say that she is back.
func (a *Agent) HasDesk() bool {
	return slices.ContainsFunc(a.Devices, func(d Device) bool { return d.To.Kind() == cti.Web })
}

// Times that an offer at the desk stands: then the next is asked. Shorter while a visitor waits on the line.
const (
	OfferTime     = 15 * time.Second
	OfferTimeLive = 12 * time.Second
)

// MayMiss is how many offers in a row an agent may let pass or turn down; then she is paused.
func (a *Agent) MayMiss() int {
	if a.PauseAfter > 0 {
		return a.PauseAfter
	}
	return DefaultPauseAfter
}

// Device is one telephone of an agent; they are tried in order.
type Device struct {
	To      cti.Endpoint  `json:"to"`
	Ring    time.Duration `json:"ring"`    // 0 = by kind
	Confirm string        `json:"confirm"` // "", auto, none, key

	Codecs   []cti.Codec `json:"codecs,omitempty"`    // of a SIP telephone, in order; none = pcmu, pcma
	SRTP     cti.SRTP    `json:"srtp,omitempty"`      // whether speech is encrypted, of a SIP telephone; "" = where it can be
	PostDial string      `json:"post_dial,omitempty"` // keys that get through to her behind a telephone system; 'w' waits 500 ms
}

// RingTime is how long this device rings before the next is tried.
func (d Device) RingTime() time.Duration {
	switch {
	case d.Ring > 0:
		return d.Ring
	case d.To.Kind() == cti.Tel:
		return 20 * time.Second // own mobile: before voicemail picks up
	case d.To.Kind() == cti.Web:
		return OfferTime
	}
	return 25 * time.Second
}

// Passed says in words how she has let offers pass, which has paused her.
func (s Status) Passed() string {
	word := "let %d offer%s pass"
	switch s.Declined {
	case s.Missed:
		word = "declined %d offer%s"
	case 0:
		word = "missed %d offer%s"
	}
	plural := "s"
	if s.Missed == 1 {
		plural = ""
	}
	return fmt.Sprintf(word, s.Missed, plural)
}

// Representation lets an agent answer as a business.
type Representation struct {
	ID          id.Representation
	Agent       id.Agent
	Subscriber  id.Subscriber
	DisplayName string
	Greeting    string // what the agent reads aloud
	Whisper     string // what the agent is told before
	Script      string
	Skills      map[string]int // from 1; a skill that is not named is 0
	Languages   []string       // none = any
	Hours       schedule.Hours // in the business's time zone; zero = whenever it is open
	Priority    int            // lower is asked first
	CallerID    phone.Number
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Has says whether the endpoint is one of the agent's telephones.
func (a *Agent) Has(e cti.Endpoint) bool {
	for _, d := range a.Devices {
		if d.To == e {
			return true
		}
	}
	return false
}
