// Package ladder keeps what calls said on the wire, so that a call can be shown step by step after it is over: every SIP
// message of every leg, and what the leg was played. Numbers are masked and secrets taken out before anything is written.
//
// A store is a folder of append-only files. They are written in batches by one goroutine; who tells of a message never waits.
// What does not fit is left out and counted: a ladder is for looking at, nothing depends on it.
package ladder

import (
	"net/netip"
	"time"

	"ringback/internal/id"
)

// Kind says what an entry is about.
type Kind string

const (
	SIP      Kind = "sip"      // a message; Text is all of it
	Plays    Kind = "plays"    // what the leg is played; Text names it
	Media    Kind = "media"    // about its sound; Text says what
	Decision Kind = "decision" // of the application, from the journal; Text is the line
)

// Entry is one step.
type Entry struct {
	At       time.Time      `json:"at"`
	Kind     Kind           `json:"kind"`
	Callback id.Callback    `json:"callback,omitempty"`
	Leg      id.Leg         `json:"leg,omitempty"`
	Party    string         `json:"party,omitempty"`
	CallID   string         `json:"call_id,omitempty"`
	Out      bool           `json:"out,omitempty"` // of a message: we sent it
	Proto    string         `json:"proto,omitempty"`
	Local    netip.AddrPort `json:"local,omitzero"`
	Far      netip.AddrPort `json:"far,omitzero"`
	Text     string         `json:"text"`
}

// Leg names whose messages a Call-ID has.
type Leg struct {
	Callback id.Callback
	ID       id.Leg
	Party    string
}
