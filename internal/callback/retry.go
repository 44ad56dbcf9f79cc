package callback

import (
	"slices"
	"strings"
	"time"

	"ringback/internal/cti"
)

// plan says what follows a try that failed: how long to wait for the next (0 = there is none), why, and the outcome
// and reason when no try is left.
type plan struct {
	wait    time.Duration
	why     Reason
	outcome Outcome
	reason  Reason
}

// plans by the result of an attempt. A declined call and a machine are final: we do not insist.
var plans = map[Result]plan{
	ResultVisitorNoAnswer: {15 * time.Minute, ReasonRetryNoAnswer, VisitorNoAnswer, ReasonVisitorNoAnswer},
	ResultVisitorBusy:     {90 * time.Second, ReasonRetryBusy, VisitorBusy, ReasonVisitorBusy},
	ResultVisitorDeclined: {0, "", VisitorDeclined, ReasonVisitorDeclined},
	ResultMachine:         {0, "", Machine, ReasonMachine},
	ResultNotConfirmed:    {15 * time.Minute, ReasonRetryNoAnswer, VisitorNoAnswer, ReasonNotConfirmed},
	ResultNetwork:         {30 * time.Second, ReasonRetryNetwork, Failed, ReasonNetwork},
	ResultAgentDeclined:   {5 * time.Minute, ReasonRetryAgentLeft, NoAgent, ReasonAgentLeft},
	ResultAgentNoAnswer:   {5 * time.Minute, ReasonRetryNoAgent, NoAgent, ReasonNobodyTookIt},
	ResultAgentBusy:       {5 * time.Minute, ReasonRetryNoAgent, NoAgent, ReasonNobodyTookIt},
	ResultUnknown:         {doubtTime, ReasonRetryCrash, Failed, ReasonCrash},
}

// doubtTime: a telephone that may be ringing after a crash is not rung again before its longest ring and the time a
// carrier may take to notice (64*T1) have passed: 45 s + 32 s.
const doubtTime = 77 * time.Second

// doubtUntil is when a telephone of the visitor that was ringing when a crash came has surely stopped, even if she has
// given another number since; zero when none is in doubt.
func (c *Callback) doubtUntil() (sure time.Time) {
	for i := range c.Attempts {
		for j := range c.Attempts[i].Legs {
			l := &c.Attempts[i].Legs[j]
			if l.Party == cti.Visitor && l.Cause == cti.UnknownAfterCrash && l.AnsweredAt.IsZero() && l.SIPCode == 0 {
				sure = later(sure, l.SentAt.Add(doubtTime))
			}
		}
	}
	return sure
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// spareTries are allowed beyond Tries for attempts that a fault of ours ended.
const spareTries = 3

// retryOrEnd rewrites a retry rule: back to scheduled with the time of the next try, or ended when none is left.
func (d *draft) retryOrEnd(r rule, in *Input) rule {
	p, known := plans[in.Result]
	if !known {
		p = plans[ResultNetwork]
	}
	used, spared := 0, 0
	for i := range d.Attempts {
		a := &d.Attempts[i]
		switch {
		case !a.RangVisitor:
		case a.Result == ResultUnknown || a.Result == "" && in.Result == ResultUnknown:
			spared++
		default:
			used++
		}
	}
	finalNumber := in.Reason == ReasonNumberUnknown
	if p.wait == 0 || finalNumber || used >= d.Tries || spared > spareTries {
		r = rule{how: close_, to: Ended, outcome: p.outcome, agent: r.agent, do: r.do}
		if in.Reason == "" {
			in.Reason = p.reason
		}
		return r
	}
	if in.Reason = p.why; in.Event == PutOff {
		in.Reason = ReasonPutOff
	}
	if in.Due.IsZero() {
		in.Due = d.at.Add(p.wait)
	}
	if due, night, ever := d.whenRung(in.Due); ever {
		if in.Due = due; night {
			in.Detail = strings.TrimPrefix(in.Detail+"; not at night: in the morning of the place where the telephone is", "; ")
		}
	}
	return r
}

// afterAgentLeft: the visitor's telephone has rung for nothing, and nobody could be asked while it rang. It is rung again
// at once, for another agent, but only the first time that happens; after that by the plan.
func (d *draft) afterAgentLeft(r rule, in *Input) rule {
	in.Result, in.Reason = ResultAgentDeclined, ReasonAgentLeft
	left := slices.ContainsFunc(d.Attempts, func(a Attempt) bool { return a.RangVisitor && a.Result == ResultAgentDeclined })
	if !left && d.Tried() < d.Tries {
		return r
	}
	return d.retryOrEnd(retry(r.agent, HangUpVisitor), in)
}

func reasonOf(o Outcome) Reason {
	switch o {
	case Completed:
		return ReasonTalked
	case NoAgent:
		return ReasonNobodyTookIt
	case Cancelled:
		return ReasonCancelled
	case Expired:
		return ReasonExpired
	case Refused:
		return ReasonPolicy
	}
	return ReasonNetwork
}

// visitorResult is what the end of the visitor's leg means for the attempt.
func visitorResult(c cti.Cause) (Result, Reason) {
	switch c {
	case cti.NoAnswer:
		return ResultVisitorNoAnswer, ""
	case cti.UserBusy:
		return ResultVisitorBusy, ""
	case cti.CallRejected, cti.NormalClearing:
		return ResultVisitorDeclined, "" // 603, or picked up and put down before confirming
	case cti.Machine:
		return ResultMachine, ""
	case cti.NotConfirmed:
		return ResultNotConfirmed, ""
	case cti.UnallocatedNumber, cti.InvalidNumber:
		return ResultNetwork, ReasonNumberUnknown
	case cti.CauseCancelled:
		return ResultCancelled, ""
	case cti.UnknownAfterCrash:
		return ResultUnknown, ""
	}
	return ResultNetwork, ""
}

// lastAgentResult is how the agent who was asked last for the visitor on the line let it pass.
func (d *draft) lastAgentResult() Result {
	if a := d.Current(); a != nil {
		for i := len(a.Legs) - 1; i >= 0; i-- {
			if l := &a.Legs[i]; l.Party != cti.Visitor && l.State == cti.Ended {
				if l.Cause == cti.UserBusy {
					return ResultAgentBusy
				}
				break
			}
		}
	}
	return ResultAgentNoAnswer
}

// agentResult is what the end of an agent's leg means for the attempt.
func agentResult(c cti.Cause) Result {
	switch c {
	case cti.NoAnswer:
		return ResultAgentNoAnswer
	case cti.UserBusy:
		return ResultAgentBusy
	case cti.CallRejected, cti.NormalClearing:
		return ResultAgentDeclined
	case cti.NotConfirmed, cti.Machine:
		return ResultNotConfirmed
	case cti.UnknownAfterCrash:
		return ResultUnknown
	case cti.CauseCancelled:
		return ResultCancelled
	}
	return ResultNetwork
}
