package callback

import "ringback/internal/subscriber"

// State is where a callback is.
type State string

const (
	Scheduled      State = "scheduled"
	Queued         State = "queued"
	RingingAgent   State = "ringing_agent"
	RingingVisitor State = "ringing_visitor"
	Connected      State = "connected"
	Ended          State = "ended"
)

// States in the order of a life.
var States = []State{Scheduled, Queued, RingingAgent, RingingVisitor, Connected, Ended}

// Outcome is how a callback ended.
type Outcome string

const (
	Completed       Outcome = "completed"
	VisitorNoAnswer Outcome = "visitor_no_answer"
	VisitorBusy     Outcome = "visitor_busy"
	VisitorDeclined Outcome = "visitor_declined"
	Machine         Outcome = "machine"
	NoAgent         Outcome = "no_agent"
	Refused         Outcome = "refused"
	Cancelled       Outcome = "cancelled"
	Expired         Outcome = "expired"
	Failed          Outcome = "failed"
)

// Outcomes lists them all.
var Outcomes = []Outcome{Completed, VisitorNoAnswer, VisitorBusy, VisitorDeclined, Machine, NoAgent, Refused, Cancelled, Expired, Failed}

// Event is what happens to a callback.
type Event string

const (
	Due              Event = "due"               // its time has come
	CalledNow        Event = "called_now"        // the visitor does not want to wait for it
	Rescheduled      Event = "rescheduled"       // another time is wanted
	NumberChanged    Event = "number_changed"    // another telephone is wanted
	AgentFound       Event = "agent_found"       // somebody is reserved for it
	NobodyLeft       Event = "nobody_left"       // all who could answer have let it pass, or it waited too long
	AgentConfirmed   Event = "agent_confirmed"   // the agent's telephone is answered by a person
	AgentMissed      Event = "agent_missed"      // the agent's leg ended before that
	AgentLeft        Event = "agent_left"        // the agent's leg ended after that
	AgentGone        Event = "agent_gone"        // it ended before she and a visitor who is there heard each other
	VisitorConfirmed Event = "visitor_confirmed" // the visitor's telephone is answered (by a person, where that is asked)
	VisitorAlone     Event = "visitor_alone"     // it is answered while the agent has gone, or the next is still rung
	VisitorMissed    Event = "visitor_missed"    // the visitor's leg ended before that
	VisitorLeft      Event = "visitor_left"      // the visitor's leg ended after that
	Withdrawn        Event = "withdrawn"         // somebody does not want it any more
	OutOfTime        Event = "out_of_time"       // the promise can no longer be kept
	Forbidden        Event = "forbidden"         // policy says no now
	NeverAgain       Event = "never_again"       // the visitor wants never to be called
	WrongNumber      Event = "wrong_number"      // who was rung is not who asked
	PutOff           Event = "put_off"           // the visitor on the line wants to be called another time
	MessageLeft      Event = "message_left"      // the agent lets us speak to a machine
	TransferAsked    Event = "transfer_asked"    // a telephone in talk asks that somebody else goes on
	TransferTaken    Event = "transfer_taken"    // that one has answered
	TransferBack     Event = "transfer_back"     // that one has not: who asked gets the visitor back
	TransferReturn   Event = "transfer_return"   // neither is there: the agent's telephone is rung again
	ConsultAsked     Event = "consult_asked"     // an agent in talk wants to speak with somebody first, while the visitor waits
	ConsultTaken     Event = "consult_taken"     // that one has answered
	ConsultBack      Event = "consult_back"      // that is over: the agent talks with the visitor again
	ConsultDone      Event = "consult_done"      // the visitor goes on with that one
	ThirdAsked       Event = "third_asked"       // one more is rung for the talk
	ThirdTaken       Event = "third_taken"       // and has come in
	ThirdLeft        Event = "third_left"        // and is gone
	ThirdAlone       Event = "third_alone"       // the agent has left, another one goes on
	WatchAsked       Event = "watch_asked"       // a supervisor wants to be in the talk
	WatchTaken       Event = "watch_taken"       // and is
	WatchLeft        Event = "watch_left"        // and is not any more
	StillWaits       Event = "still_waits"       // a caller in line is looked after
	CallbackOffered  Event = "callback_offered"  // a caller whom nobody can talk to may choose to be called back
	TalkedAlready    Event = "talked_already"    // the visitor has called, and they talked
	Reassigned       Event = "reassigned"        // staff want another agent to answer it
	Lost             Event = "lost"              // after a crash: a leg that nobody knows any more
)

// Effect is an order that a step gives; it is carried out after the step is on disk and may be repeated.
type Effect string

const (
	FindAgent     Effect = "find_agent"
	CallAgent     Effect = "call_agent"
	CallVisitor   Effect = "call_visitor"
	JoinBoth      Effect = "join"
	HangUpAgent   Effect = "hang_up_agent"   // with a closing sound that fits
	HangUpVisitor Effect = "hang_up_visitor" // with a closing sound that fits
	HoldVisitor   Effect = "hold_visitor"    // the waiting visitor hears that it goes on
)

// Effects of a transfer, on the leg that asked for it and on the one that it is to.
const (
	CallTransfer Effect = "call_transfer"
	LetGo        Effect = "let_go"
	ReferTrying  Effect = "refer_trying" // its bridge is opened, the visitor waits
	ReferRinging Effect = "refer_ringing"
	ReferDone    Effect = "refer_done"
	ReferFailed  Effect = "refer_failed"
	ReferRefused Effect = "refer_refused"
)

// Effects on those who are beside the one that talks with the visitor.
const (
	PartAgent    Effect = "part_agent"    // the visitor waits, the agent hears how somebody is rung
	CallBeside   Effect = "call_beside"   // that telephone is rung
	TalkTogether Effect = "talk_together" // all who should hear each other do
	EndBeside    Effect = "end_beside"
	WatchTalk    Effect = "watch_talk"
	WatchWaits   Effect = "watch_waits"  // who would listen hears that it goes on
	TalkGoesOn   Effect = "talk_goes_on" // nothing is waited for
)

// moves of the agent that belong to the same transaction.
type move string

const (
	stay    move = ""
	reserve move = "reserve"
	free    move = "free"
	talk    move = "talk"
	wrapUp  move = "wrap_up"
	let     move = "let"     // free, and she has let an offer pass
	decline move = "decline" // free, and she has turned an offer down
	away    move = "away"    // she wants to be left alone for a while
	rest    move = "rest"    // her telephone still rings, or tells her that it is over: a moment before it is rung again
)

// rule is one row's cell: where to, what the agent does, what to do afterwards.
type rule struct {
	how     verb
	to      State
	outcome Outcome
	agent   move
	do      []Effect
}

type verb int

const (
	goTo   verb = iota
	begin       // an attempt begins
	next        // the attempt goes on with another agent
	over        // the attempt is over, the callback is not
	again       // the attempt is over; another try later if any is left, else its outcome
	close_      // the callback ends
)

func to(s State, do ...Effect) rule       { return rule{how: goTo, to: s, do: do} }
func try(s State, do ...Effect) rule      { return rule{how: begin, to: s, agent: reserve, do: do} }
func tryOther(s State, do ...Effect) rule { return rule{how: next, to: s, agent: reserve, do: do} }
func back(s State, do ...Effect) rule     { return rule{how: over, to: s, agent: free, do: do} }
func retry(m move, do ...Effect) rule     { return rule{how: again, to: Scheduled, agent: m, do: do} }
func end(o Outcome, do ...Effect) rule {
	return rule{how: close_, to: Ended, outcome: o, agent: free, do: do}
}
func (r rule) and(m move) rule                { r.agent = m; return r }
func wait(s State, m move, do ...Effect) rule { return rule{how: goTo, to: s, agent: m, do: do} }

// life is a table: in this state, on this event. An event that a state does not list is out of place: networks repeat
// and reorder, so it is dropped and counted.
type life map[State]map[Event]rule

// agentFirst: the agent has answered before the visitor's telephone rings.
var agentFirst = life{
	Scheduled: {
		Due:           to(Queued, FindAgent),
		CalledNow:     to(Queued, FindAgent),
		Rescheduled:   to(Scheduled),
		NumberChanged: to(Scheduled),
		Withdrawn:     end(Cancelled),
		OutOfTime:     end(Expired),
		Forbidden:     end(Refused),
		TalkedAlready: end(Completed),
	},
	Queued: {
		TalkedAlready: end(Completed),
		AgentFound:    try(RingingAgent, CallAgent),
		Rescheduled:   to(Scheduled),
		NumberChanged: to(Queued),
		NobodyLeft:    end(NoAgent),
		Withdrawn:     end(Cancelled),
		OutOfTime:     end(Expired),
		Forbidden:     end(Refused),
	},
	RingingAgent: {
		AgentConfirmed: to(RingingVisitor, CallVisitor),
		AgentMissed:    back(Queued, FindAgent),
		Reassigned:     to(RingingAgent, HangUpAgent),
		NumberChanged:  to(RingingAgent),
		Withdrawn:      end(Cancelled, HangUpAgent),
		Forbidden:      end(Refused, HangUpAgent),
		Lost:           back(Queued, HangUpAgent, FindAgent).and(rest),
	},
	RingingVisitor: {
		VisitorConfirmed: wait(Connected, talk, JoinBoth),
		VisitorAlone:     to(RingingAgent, HoldVisitor, FindAgent), // and goes on as if the visitor had been rung first
		VisitorMissed:    retry(rest, HangUpAgent),
		AgentLeft:        wait(RingingVisitor, free, FindAgent), // the telephone rings on
		AgentMissed:      wait(RingingVisitor, free, FindAgent),
		AgentFound:       tryOther(RingingVisitor, CallAgent),
		AgentConfirmed:   to(RingingVisitor),
		NobodyLeft:       back(Queued, HangUpVisitor, HangUpAgent, FindAgent),
		WrongNumber:      end(VisitorDeclined, HangUpVisitor, HangUpAgent).and(rest),
		Withdrawn:        end(Cancelled, HangUpVisitor, HangUpAgent).and(rest),
		Forbidden:        end(Refused, HangUpVisitor, HangUpAgent).and(rest),
		Lost:             retry(rest, HangUpVisitor, HangUpAgent),
	},
	Connected: talking,
	Ended:     {},
}

// visitorFirst: an agent is reserved, the visitor is rung and confirms, then the agent's telephone rings.
var visitorFirst = life{
	Scheduled: agentFirst[Scheduled],
	Queued: {
		TalkedAlready: end(Completed),
		AgentFound:    try(RingingVisitor, CallVisitor),
		Rescheduled:   to(Scheduled),
		NumberChanged: to(Queued),
		NobodyLeft:    end(NoAgent),
		Withdrawn:     end(Cancelled),
		OutOfTime:     end(Expired),
		Forbidden:     end(Refused),
	},
	RingingVisitor: {
		VisitorConfirmed: to(RingingAgent, CallAgent),
		VisitorMissed:    retry(free),
		NeverAgain:       end(VisitorDeclined, HangUpVisitor),
		Withdrawn:        end(Cancelled, HangUpVisitor),
		Forbidden:        end(Refused, HangUpVisitor),
		Lost:             retry(free, HangUpVisitor),
	},
	RingingAgent: {
		AgentConfirmed: wait(Connected, talk, JoinBoth),
		AgentMissed:    wait(RingingAgent, free, HoldVisitor, FindAgent),
		Reassigned:     to(RingingAgent, HangUpAgent),
		AgentFound:     tryOther(RingingAgent, CallAgent),
		NobodyLeft:     retry(free, HangUpVisitor, HangUpAgent),
		PutOff:         retry(free, HangUpVisitor, HangUpAgent),
		VisitorLeft:    end(Cancelled, HangUpAgent),
		Withdrawn:      end(Cancelled, HangUpVisitor, HangUpAgent),
		Forbidden:      end(Refused, HangUpVisitor, HangUpAgent),
		Lost:           retry(rest, HangUpVisitor, HangUpAgent),
	},
	Connected: talking,
	Ended:     {},
}

// talking is the same for both orders.
var talking = map[Event]rule{
	VisitorLeft:   end(Completed, HangUpAgent).and(wrapUp),
	VisitorMissed: retry(rest, HangUpAgent), // a fax, a dead number: nobody was there to talk to
	AgentLeft:     end(Completed, HangUpVisitor).and(wrapUp),
	AgentGone:     wait(RingingAgent, free, HoldVisitor, FindAgent), // nobody has talked: the next is asked
	Withdrawn:     end(Completed, HangUpVisitor, HangUpAgent).and(wrapUp),
	Forbidden:     end(Completed, HangUpVisitor, HangUpAgent).and(wrapUp),
	Lost:          end(Completed, HangUpVisitor, HangUpAgent).and(wrapUp),
	MessageLeft:   end(Machine, HangUpVisitor, HangUpAgent).and(rest),

	TransferAsked:  to(Connected, ReferTrying, CallTransfer),
	TransferTaken:  to(Connected, JoinBoth, ReferDone, LetGo),
	TransferBack:   to(Connected, JoinBoth, ReferFailed),
	TransferReturn: to(Connected, HoldVisitor, CallTransfer),

	ConsultAsked: to(Connected, PartAgent, CallBeside),
	ConsultTaken: to(Connected, TalkTogether),
	ConsultBack:  to(Connected, TalkTogether, EndBeside),
	ConsultDone:  to(Connected, TalkTogether, LetGo),
	ThirdAsked:   to(Connected, CallBeside),
	ThirdTaken:   to(Connected, TalkTogether),
	ThirdLeft:    to(Connected, TalkGoesOn),
	ThirdAlone:   to(Connected, TalkGoesOn),
	WatchAsked:   to(Connected, CallBeside),
	WatchTaken:   to(Connected, WatchTalk),
	WatchLeft:    to(Connected, TalkGoesOn),
}

// life is the table by which the callback goes on. A visitor who has answered while her agent had gone waits on the line, as
// one does who was rung first.
func (c *Callback) life() life {
	if a := c.Current(); c.Order == subscriber.AgentFirst && c.State == RingingAgent && a != nil && a.RangVisitor {
		return visitorFirst
	}
	return lifeOf(c.Order)
}

func lifeOf(o subscriber.Order) life {
	switch o {
	case subscriber.VisitorFirst:
		return visitorFirst
	case CallerFirst:
		return callerFirst
	}
	return agentFirst
}

// Result is how an attempt ended.
type Result string

const (
	ResultConnected       Result = "connected"
	ResultAgentNoAnswer   Result = "agent_no_answer"
	ResultAgentBusy       Result = "agent_busy"
	ResultAgentDeclined   Result = "agent_declined"
	ResultVisitorNoAnswer Result = "visitor_no_answer"
	ResultVisitorBusy     Result = "visitor_busy"
	ResultVisitorDeclined Result = "visitor_declined"
	ResultMachine         Result = "machine"
	ResultNotConfirmed    Result = "not_confirmed"
	ResultNetwork         Result = "network"
	ResultCancelled       Result = "cancelled"
	ResultUnknown         Result = "unknown_after_crash"
)
