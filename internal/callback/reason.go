package callback

import (
	"maps"
	"slices"
)

// Reason is why a callback is where it is. Each has a sentence for staff and one for the visitor.
type Reason string

// Words are the two sentences of a reason.
type Words struct {
	Staff   string
	Visitor string
}

const (
	ReasonTalked          Reason = "talked"
	ReasonInterrupted     Reason = "interrupted"
	ReasonEndedByRequest  Reason = "ended_by_request"
	ReasonMaxTalk         Reason = "max_talk"
	ReasonMediaLost       Reason = "media_lost"
	ReasonTransferFailed  Reason = "transfer_failed"
	ReasonVisitorBusy     Reason = "visitor_busy"
	ReasonVisitorNoAnswer Reason = "visitor_no_answer"
	ReasonNoPage          Reason = "page_never_connected"
	ReasonVisitorDeclined Reason = "visitor_declined"
	ReasonMachine         Reason = "machine"
	ReasonNotConfirmed    Reason = "not_confirmed"
	ReasonNumberUnknown   Reason = "number_unallocated"
	ReasonNetwork         Reason = "network"
	ReasonHungUpWaiting   Reason = "visitor_hung_up_waiting"
	ReasonNobodyTookIt    Reason = "nobody_took_it"
	ReasonNobodyReady     Reason = "nobody_ready"
	ReasonAgentMissed     Reason = "agent_missed"
	ReasonAgentLeft       Reason = "agent_left"
	ReasonCancelled       Reason = "cancelled"
	ReasonCancelledStaff  Reason = "cancelled_by_staff"
	ReasonExpired         Reason = "expired"
	ReasonPolicy          Reason = "policy"
	ReasonSpend           Reason = "spend"
	ReasonHalted          Reason = "calls_stopped"
	ReasonCrash           Reason = "unknown_after_crash"
	ReasonOutsideHours    Reason = "outside_hours"
	ReasonBooked          Reason = "booked"
	ReasonRetryBusy       Reason = "retry_busy"
	ReasonRetryNoAnswer   Reason = "retry_no_answer"
	ReasonRetryNetwork    Reason = "retry_network"
	ReasonRetryCrash      Reason = "retry_after_crash"
	ReasonRetryNoAgent    Reason = "retry_no_agent"
	ReasonRetryAgentLeft  Reason = "retry_agent_left"
	ReasonAgentLater      Reason = "agent_later"
	ReasonPutOff          Reason = "put_off"
	ReasonNeverAgain      Reason = "never_again"
	ReasonWrongNumber     Reason = "wrong_number"
	ReasonMessageLeft     Reason = "message_left"
	ReasonTheyCalled      Reason = "they_called"
	ReasonCalledClosed    Reason = "called_outside_hours"
)

var sentences = map[Reason]Words{
	ReasonTalked:          {"They talked.", "Thank you for talking with us."},
	ReasonInterrupted:     {"The call was interrupted by a fault of ours.", "Your call was interrupted. We are sorry; you can ask for another call."},
	ReasonEndedByRequest:  {"The call was ended by request.", "The call was ended as you asked."},
	ReasonMaxTalk:         {"The longest talk time of this business was reached.", "The call reached its longest time."},
	ReasonMediaLost:       {"One side could not be heard or reached any more.", "The line was lost. You can ask for another call."},
	ReasonTransferFailed:  {"Neither whom the call was handed to nor who handed it over was there any more.", "Nobody was there any more to go on with your call. We are sorry."},
	ReasonVisitorBusy:     {"The visitor's line was busy at the last try.", "Your line was busy when we rang last."},
	ReasonVisitorNoAnswer: {"The visitor did not answer the last try.", "We rang and nobody answered."},
	ReasonNoPage:          {"The visitor wanted to talk in the browser, and the page was closed or did not connect.", "The page that you wanted to talk on was closed, or did not get through to us. You can ask for another call."},
	ReasonVisitorDeclined: {"The visitor's telephone declined the call; it is not rung again.", "The call was declined on your telephone."},
	ReasonMachine:         {"A machine answered.", "An answering machine took our call."},
	ReasonNotConfirmed:    {"The call was answered and not confirmed.", "The call was answered, but nobody confirmed it."},
	ReasonNumberUnknown:   {"The network says that this number does not exist.", "The telephone network does not know this number."},
	ReasonNetwork:         {"The telephone network could not carry the call.", "We could not reach your telephone. Please try again later."},
	ReasonHungUpWaiting:   {"The visitor hung up before an agent was on the line.", "You hung up before somebody was on the line."},
	ReasonNobodyTookIt:    {"Everybody who could answer let the call pass.", "Nobody was free to take your call. We are sorry."},
	ReasonNobodyReady:     {"Nobody was ready to answer within the time.", "Nobody was free to take your call. We are sorry."},
	ReasonAgentMissed:     {"The agent did not take it; the next is asked.", "We are finding somebody for you."},
	ReasonAgentLeft:       {"The agent hung up before the two could talk; another is asked.", "One moment, somebody else will talk with you."},
	ReasonCancelled:       {"The visitor cancelled.", "You cancelled the call."},
	ReasonCancelledStaff:  {"Staff cancelled.", "The business cancelled the call."},
	ReasonExpired:         {"The time for this callback has passed.", "We could not call you in time. We are sorry."},
	ReasonPolicy:          {"Number policy forbids this call.", "This number cannot be called."},
	ReasonSpend:           {"The budget of the day is used up, or no price is known for the number: limits.spend_per_day and rates.", "We cannot call you today any more. Please try again tomorrow. We are sorry."},
	ReasonHalted:          {"The operator has stopped all calls (ringback kill).", "We can make no calls at the moment. Please try again later. We are sorry."},
	ReasonCrash:           {"What became of the call is unknown after a crash.", "Something went wrong on our side. We are sorry."},
	ReasonOutsideHours:    {"Asked outside opening hours: moved to the next opening.", "We are closed now and will call you when we open."},
	ReasonBooked:          {"Asked for a time.", "We will call you at the time you chose."},
	ReasonRetryBusy:       {"The visitor's line was busy; tried again soon.", "Your line is busy. We will try again in a moment."},
	ReasonRetryNoAnswer:   {"The visitor did not answer; tried again later.", "We rang and nobody answered. We will try again."},
	ReasonRetryNetwork:    {"The network failed; tried again soon.", "We could not reach your telephone. We will try again in a moment."},
	ReasonRetryCrash:      {"A fault of ours; tried again once the old call is surely gone.", "Something went wrong on our side. We will ring you again shortly."},
	ReasonRetryAgentLeft:  {"Again the agent hung up while the visitor's telephone rang; tried again later.", "Nobody could take your call. We will ring you again."},
	ReasonAgentLater:      {"The agent wants to be asked again in ten minutes; another is asked meanwhile.", "We are with a customer and call you in about ten minutes."},
	ReasonPutOff:          {"The visitor was on the line and chose to be called first thing.", "We call you first thing, as you asked. You keep your place."},
	ReasonNeverAgain:      {"Who was called pressed 9 twice; the number is blocked.", "This number asked never to be called. It is not called again."},
	ReasonWrongNumber:     {"Who was called pressed 9 twice: somebody else had asked.", "That number was not yours? Ask again with the right one."},
	ReasonCalledClosed:    {"Called outside opening hours.", "We are closed at the moment."},
	ReasonTheyCalled:      {"The visitor called, and they talked: this call was not needed any more.", "You called us, and we talked."},
	ReasonMessageLeft:     {"A machine answered; the agent let our message be left.", "An answering machine took our call. We left a message."},
	ReasonRetryNoAgent:    {"The visitor was on the line and no agent took it; tried again first thing.", "Nobody could take your call. We will ring you again."},
}

// Reasons lists those that have sentences, in order of their codes.
func Reasons() []Reason { return slices.Sorted(maps.Keys(sentences)) }

// Words returns the two sentences; those of an unknown reason are its code.
func (r Reason) Words() Words {
	if w, ok := sentences[r]; ok {
		return w
	}
	return Words{string(r), string(r)}
}
