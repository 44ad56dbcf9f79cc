package callback

import (
	"fmt"
	"time"

	"ringback/internal/agent"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/schedule"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// Waits that a state gives its callback before somebody looks again.
const (
	// ActGrace after an act the switch must have told a fact.
	ActGrace = 5 * time.Second
	// MaxWait a callback waits in line for somebody to be ready.
	MaxWait = 15 * time.Minute
	// OpeningWait a callback waits that was asked for while nobody was there: many come due at the opening.
	OpeningWait = 2 * time.Hour
	// HoldTime a visitor who is on the line waits for another agent, unless she chooses to wait on.
	HoldTime = ChoiceAfter + 15*time.Second
)

// draft is one decision in the making: the callback as it becomes, what is written with it, what is done afterwards.
// It is pure: the clock, the ids and the directory are given.
type draft struct {
	*Callback
	at       time.Time
	newLeg   func() id.Leg
	newBlock func() id.Block
	hash     func(cti.Endpoint) string
	dir      *directory.Directory
	night    schedule.Night                // in which nobody is rung unasked
	status   func(id.Agent) agent.Status   // as it is known; of who serves this callback only its own steps change it
	why      func(*Callback) string        // why nobody who could answer it is asked now
	link     func(letter.Address) *opening // to the page of a call, for its agent
	card     func(letter.Address) *opening // to the card of a missed visitor, for her business
	secretly bool                          // a supervisor may listen to who was not told

	lines      []Line
	moves      []Move
	velocity   []Velocity
	booking    *Booking
	spend      *Spend // as it was written
	blocks     []subscriber.Block
	consents   []consent.Record
	remarks    Remarks
	letters    []letter.Letter
	companions []Companion
	acts       []Act
	outOfPlace []string

	rehearsed bool // nobody is told of anything
}

// Act is an effect with its leg: what to do once the step is on disk.
type Act struct {
	Effect Effect
	Leg    id.Leg
	With   id.Leg   // join: the other leg; watch_talk: the agent's
	Legs   []id.Leg // talk_together: all
	Keep   bool     // talk_together: who is left alone waits
	Mode   cti.Mode // watch_talk
	Cause  cti.Cause
	Say    speech.Sentence // "" = the farewell after a talk

	Replaces string // call_agent: the call that it takes the place of
	Answers  string // call_agent: the call by which it asks for that place itself
}

// Acts on the fence: fenceOff makes the switch refuse every further order of a callback, fenceUp those that are older than
// this step and still on their way.
const (
	fenceOff Effect = "fence_off"
	fenceUp  Effect = "fence_up"
)

// reload reads what is set up again: this step has changed it.
const reload Effect = "reload"

// turnRecording pauses the recording of the talk, or lets it go on.
const turnRecording Effect = "turn_recording"

// Acts of a call that came in: a callback is made of it; what its caller had waited for is closed.
const (
	bookCaller   Effect = "book_caller"
	bookFollowUp Effect = "book_follow_up"
	closeResumed Effect = "close_resumed"
)

// Input is one event with its facts.
type Input struct {
	Event  Event
	Actor  Actor
	Reason Reason
	Detail string
	Result Result    // of the attempt that it ends
	Choice *Choice   // agent_found
	Away   bool      // the agent wants to be left alone for a while
	Let    bool      // the agent has let an offer pass or, by the result, turned it down, which counts
	Due    time.Time // rescheduled

	Transfer *transfer // transfer_asked, transfer_return
	From     id.Leg    // who asked for it, while it is on the line
	Parts    bool      // it was not asked for by that telephone, so it is taken out of the talk like any other
	Leg      *Leg      // whom it rang
}

// Choice is who was found to answer.
type Choice struct {
	Agent          id.Agent // "" = a destination
	Representation id.Representation
	Device         int
	Endpoint       cti.Endpoint
	Party          cti.Party
	More           []Ring // rung at the same time
	Detail         string // whom it skipped and why
}

// apply lets the table decide about in. An event that is out of place changes nothing and returns false.
func (d *draft) apply(in Input) bool {
	r, ok := d.life()[d.State][in.Event]
	if !ok {
		d.outOfPlace = append(d.outOfPlace, string(in.Event))
		return false
	}
	if d.blocked() && (r.how == begin || r.calls(CallVisitor) || r.calls(FindAgent)) {
		in = Input{Event: Forbidden, Actor: ByRingback, Reason: ReasonPolicy, Detail: "the number was blocked meanwhile", Result: ResultCancelled}
		if r, ok = d.life()[d.State][Forbidden]; !ok {
			return false
		}
	}
	from := d.State
	d.becomes(r, &in)
	d.log(Line{Actor: in.Actor, From: from, Event: string(in.Event), To: d.State, Reason: in.Reason, Detail: in.Detail})
	if d.State == Ended {
		d.lead()
	}
	return true
}

// becomes is the only writer of State.
func (d *draft) becomes(r rule, in *Input) {
	a := d.Current()
	legs := liveLegs(a)
	released := r.agent == free
	if released {
		r.agent = letsGo(*in)
	}
	switch r.how {
	case goTo:
		d.moveAgent(r.agent, a)
		d.handOver(in, a)
		d.handBeside(in, a)
		if released {
			a.Agent, a.Representation, a.Device = "", "", 0 // she is no longer held by this attempt
		}
	case begin:
		d.beginAttempt(in.Choice)
	case next:
		a.Agent, a.Representation, a.Device = in.Choice.Agent, in.Choice.Representation, in.Choice.Device
		d.moveAgent(reserve, a)
		d.reserveAll(in.Choice)
	case over:
		if d.State == RingingVisitor {
			r = d.afterAgentLeft(r, in)
		}
		if d.OnLine() {
			r = d.becomesCallback(r, in)
		}
		d.endAttempt(in, r.agent)
	case again:
		d.release(a, d.pending(a))
		d.letAllGo(a, r)
		d.JoinedAt = time.Time{} // a machine was joined: that was no talk
		r = d.retryOrEnd(r, in)
		d.endAttempt(in, r.agent)
	case close_:
		if a != nil {
			d.release(a, d.pending(a))
			d.letAllGo(a, r)
			d.endAttempt(in, r.agent)
		}
	}
	d.State = r.to
	switch d.State {
	case Scheduled:
		if !in.Due.IsZero() {
			d.DueAt = in.Due
		}
		if !d.WantedUntil.IsZero() { // it is kept for her when its time has come
			d.WantedUntil = d.DueAt.Add(ReassignFor)
		}
	case Queued:
		if d.ArrivedAt.IsZero() {
			d.ArrivedAt = d.arrival(in)
		}
		switch d.DueAt = d.at.Add(MaxWait); {
		case d.promised():
			d.DueAt = d.promiseEnds()
		case d.keptWaiting():
			d.DueAt = d.openingWaitEnds()
		}
	case RingingAgent, RingingVisitor:
		d.DueAt = d.at.Add(ActGrace)
	case Connected:
		d.DueAt = d.at.Add(ActGrace) // until the bridge is told of
	case Ended:
		d.ended(r, in)
	}
	if in.Reason != "" {
		d.Reason = in.Reason
	}
	if d.OnLine() && d.State == Queued {
		d.DueAt = d.at.Add(d.callerWait())
	}
	if in.Event == Lost {
		d.Fence++ // what the switch does not know may be an order that has yet to arrive
		d.acts = append(d.acts, Act{Effect: fenceUp})
	}
	d.give(r.do, in, d.Current(), legs)
	switch waiting := waits(d.Callback); {
	case waiting && d.State == RingingAgent:
		d.DueAt = d.at.Add(HoldTime)
	case waiting && d.State == RingingVisitor:
		d.DueAt = d.at.Add(NextWithin)
	}
}

// arrival is the place in line: the booked instant, even if we woke late; the instant of asking otherwise.
func (d *draft) arrival(in *Input) time.Time {
	if in.Event == Due && !d.DueAt.IsZero() && d.DueAt.Before(d.at) {
		return d.DueAt
	}
	return d.at
}

func (d *draft) ended(r rule, in *Input) {
	d.Outcome, d.EndedAt, d.DueAt = r.outcome, d.at, time.Time{}
	if d.Outcome == Completed && !d.JoinedAt.IsZero() {
		d.TalkTime = d.at.Sub(d.JoinedAt)
		if in.Reason == ReasonMaxTalk {
			d.TalkTime = min(d.TalkTime, d.MaxTalk) // the farewell is no talk
		}
	}
	if d.Order == CallerFirst && d.Number != "" { // who has called is found by her number from here on
		d.NumberHash = d.hash(d.Endpoint)
	}
	if in.Reason == "" {
		in.Reason = reasonOf(r.outcome)
	}
	if d.Outcome == Completed && d.TalkTime >= TalkedEnough {
		d.talkedEnough()
	}
	if in.Event == Withdrawn || in.Event == Forbidden {
		d.Fence++
		d.acts = append(d.acts, Act{Effect: fenceOff})
	}
}

func (d *draft) beginAttempt(ch *Choice) {
	d.Fence++
	d.Attempts = append(d.Attempts, Attempt{N: len(d.Attempts) + 1, Fence: d.Fence, StartedAt: d.at,
		Agent: ch.Agent, Representation: ch.Representation, Device: ch.Device})
	d.moveAgent(reserve, &d.Attempts[len(d.Attempts)-1])
	d.reserveAll(ch)
}

func (d *draft) endAttempt(in *Input, m move) {
	a := d.Current()
	if a == nil {
		return
	}
	d.moveAgent(m, a)
	d.freeOthers(a)
	d.closeUnsent(a)
	a.Result, a.EndedAt = in.Result, d.at
	switch {
	case d.State == Connected && in.Event != VisitorMissed && in.Event != MessageLeft:
		a.Result = ResultConnected
	case a.Result == "":
		a.Result = ResultCancelled
	}
}

// give turns the rule's effects into acts on legs: new ones for calls, those of the attempt for the others.
func (d *draft) give(do []Effect, in *Input, a *Attempt, legs []Leg) {
	for _, e := range do {
		switch e {
		case CallAgent:
			for _, t := range d.telephones(a, in.Choice) {
				l := d.addLeg(a, t.Party, t.Endpoint, t.Agent)
				d.acts = append(d.acts, Act{Effect: e, Leg: l.ID})
			}
		case CallVisitor:
			a.RangVisitor = true
			l := d.addLeg(a, cti.Visitor, d.Endpoint, "")
			d.acts = append(d.acts, Act{Effect: e, Leg: l.ID})
		case JoinBoth:
			if first, second := d.waited(a); first != nil && second != nil {
				d.acts = append(d.acts, Act{Effect: e, Leg: first.ID, With: second.ID})
			}
		case HangUpAgent, HangUpVisitor, HoldVisitor:
			for _, l := range legs {
				if (l.Party == cti.Visitor) != (e == HangUpAgent) && l.State != cti.Ended {
					d.acts = append(d.acts, Act{Effect: e, Leg: l.ID, Cause: d.hangUpCause(e, in, &l), Say: d.lastWords(e, in, &l)})
				}
			}
		case CallTransfer, LetGo, ReferTrying, ReferDone, ReferFailed:
			d.giveTransfer(e, in, a)
		case PartAgent, CallBeside, TalkTogether, EndBeside, WatchTalk, TalkGoesOn:
			d.giveBeside(e, in, a)
		default:
			d.acts = append(d.acts, Act{Effect: e})
		}
	}
}

// whyNot is why nobody is asked for it now.
func (d *draft) whyNot() string {
	if d.why == nil {
		return ""
	}
	return d.why(d.Callback)
}

// waited are the legs to join: first the one that was answered first, which hears the zip tone.
func (d *draft) waited(a *Attempt) (first, second *Leg) {
	first, second = a.agentLeg(), a.visitorLeg()
	if first != nil && second != nil && second.AnsweredAt.Before(first.AnsweredAt) {
		first, second = second, first
	}
	return first, second
}

func (d *draft) addLeg(a *Attempt, p cti.Party, to cti.Endpoint, whose id.Agent) *Leg {
	a.Legs = append(a.Legs, Leg{ID: d.newLeg(), Party: p, Agent: whose, Endpoint: to, State: cti.Created, CreatedAt: d.at, SentAt: d.at})
	return &a.Legs[len(a.Legs)-1]
}

// agentTelephone is where the chosen agent is rung; it was fixed by the choice, or follows from the attempt.
func (d *draft) agentTelephone(a *Attempt, ch *Choice) (cti.Party, cti.Endpoint) {
	if ch != nil && ch.Endpoint != "" {
		return ch.Party, ch.Endpoint
	}
	if to, ok := d.escalatedTo(a); ok {
		return cti.Agent, to
	}
	if ag := d.dir.Agents[a.Agent]; ag != nil && a.Device < len(ag.Devices) {
		return cti.Agent, ag.Devices[a.Device].To
	}
	if d.Destination != "" {
		return cti.Agent, d.Destination
	}
	if s := d.dir.Subscribers[d.Subscriber]; s != nil {
		return cti.Subscriber, s.Destination
	}
	return cti.Agent, ""
}

func liveLegs(a *Attempt) []Leg {
	if a == nil {
		return nil
	}
	return append([]Leg(nil), a.Legs...)
}

func (d *draft) hangUpCause(e Effect, in *Input, l *Leg) cti.Cause {
	switch in.Event {
	case VisitorMissed:
		if e == HangUpAgent && !l.State.Up() { // she is rung in the place of one who has left: she has missed nothing
			return cti.CauseCancelled
		}
	case VisitorLeft, AgentLeft:
		if d.Outcome == Completed {
			return cti.NormalClearing
		}
		return cti.CauseCancelled
	case Forbidden:
		return cti.Blocked
	case Lost:
		return cti.UnknownAfterCrash
	case Withdrawn, NobodyLeft, PutOff, Reassigned:
		return cti.CauseCancelled
	}
	return cti.NormalClearing
}

func (d *draft) blocked() bool {
	for _, b := range d.dir.BlocksOf(d.NumberHash) {
		if (b.Subscriber == "" || b.Subscriber == d.Subscriber) && (b.Until.IsZero() || d.at.Before(b.Until)) {
			return true
		}
	}
	return !d.OnLine() && prefixStopped(d.dir, d.Endpoint, d.at) // who calls from there may
}

func (r rule) calls(e Effect) bool {
	for _, x := range r.do {
		if x == e {
			return true
		}
	}
	return false
}

func (d *draft) log(l Line) {
	l.At = d.at
	d.lines = append(d.lines, l)
}

// note writes a line about something that changes no state.
func (d *draft) note(actor Actor, event, format string, args ...any) {
	d.log(Line{Actor: actor, From: d.State, Event: event, To: d.State, Detail: fmt.Sprintf(format, args...)})
}
