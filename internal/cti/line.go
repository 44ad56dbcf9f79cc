package cti

import (
	"net/netip"
	"time"

	"ringback/internal/id"
)

// LineCondition is how a trunk is.
type LineCondition string

const (
	LineUp          LineCondition = "up"          // it answers
	LineDown        LineCondition = "down"        // it does not, or does not want us: another carries its calls, it is the last resort
	LineUnknown     LineCondition = "unknown"     // nothing was heard of it yet, and nothing speaks against it
	LineResting     LineCondition = "resting"     // it asked to be left alone for a while (503, Retry-After)
	LineRegistering LineCondition = "registering" // the first answer to our registration is awaited
)

// LineConditions are all of them.
var LineConditions = []LineCondition{LineUp, LineDown, LineUnknown, LineResting, LineRegistering}

// ShutOutNote begins what the ladder of a call keeps of such a request; its address and method follow.
const ShutOutNote = "refused what is not let in: from "

// LineState is what a switch knows of one trunk.
type LineState struct {
	Trunk     id.Trunk
	Slug      string
	Condition LineCondition
	Reason    string    // one sentence; "" = nothing is wrong
	Since     time.Time // of the condition
	Until     time.Time // of a rest; zero = none
	Targets   []LineTarget
	Accounts  []LineAccount // registrations
	Calls     int           // now
	Figures   LineFigures
	ShutOut   []netip.Addr // requests inside its calls came from here and were refused: accept_from does not let them in
}

// LineTarget is one address of a trunk.
type LineTarget struct {
	Addr      string // 192.0.2.1:5060
	Transport string
	Up        bool   // it has answered, and still does
	Reason    string // why it is not used; "" = it is
}

// LineAccount is a registration.
type LineAccount struct {
	Username   string
	Registered bool
	Until      time.Time // when the carrier forgets it, unless refreshed
	Reason     string    // why not; "" = it is, or nothing was answered yet
}

// LineFigures count the calls of a trunk since the switch started, and look back at the last hundred: a carrier watches
// the same.
type LineFigures struct {
	Sent, Answered, Short int64 // INVITEs; those that were answered; of these, talks of at most 12 s
	Recent                int   // how many calls of the last hundred there were
	RecentAnswered        int
	RecentShort           int
}

// ShortCall is how long a talk is at most that a carrier counts as short.
const ShortCall = 12 * time.Second
