package cti

// Cause is why a leg ended, in the words of Q.850. SIP codes become causes in the driver; nobody above sees a code.
type Cause string

const (
	NormalClearing    Cause = "normal_clearing"
	UserBusy          Cause = "user_busy"
	NoAnswer          Cause = "no_answer"
	CallRejected      Cause = "call_rejected" // 603, 600, 607, 608: never again for this callback
	UnallocatedNumber Cause = "unallocated_number"
	InvalidNumber     Cause = "invalid_number"
	NotConfirmed      Cause = "not_confirmed"
	Machine           Cause = "machine"
	MediaLost         Cause = "media_lost"
	MaxTalk           Cause = "max_talk"
	NetworkOutOfOrder Cause = "network_out_of_order"
	Congestion        Cause = "congestion"
	CauseCancelled    Cause = "cancelled"
	Blocked           Cause = "blocked"
	UnknownAfterCrash Cause = "unknown_after_crash"
)

// Causes lists them all.
var Causes = []Cause{NormalClearing, UserBusy, NoAnswer, CallRejected, UnallocatedNumber, InvalidNumber, NotConfirmed, Machine,
	MediaLost, MaxTalk, NetworkOutOfOrder, Congestion, CauseCancelled, Blocked, UnknownAfterCrash}

// By says who ended a leg.
type By string

const (
	ByVisitor By = "visitor"
	ByAgent   By = "agent"
	ByUs      By = "us"
	ByNetwork By = "network"
)

// Party is whose leg it is.
type Party string

const (
	Visitor    Party = "visitor"
	Agent      Party = "agent"
	Subscriber Party = "subscriber" // the business's own telephone
	Supervisor Party = "supervisor"
	Bot        Party = "bot"
)

// Person is who By names when the far end of a leg of this party hangs up.
func (p Party) Person() By {
	if p == Visitor {
		return ByVisitor
	}
	return ByAgent
}
