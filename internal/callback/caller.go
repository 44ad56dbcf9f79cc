package callback

import (
	"time"

	"ringback/internal/cti"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// A call that comes in is a callback whose visitor is on the line from the start. It waits in the same line as those who
// are to be called; who does not want to wait on becomes one of them, and keeps the place.

// CallerFirst is the order of a call that came in, while its caller is on the line.
const CallerFirst subscriber.Order = "caller_first"

// Times of a call that came in.
const (
	// OfferTime a caller whom nobody can talk to has to choose to be called back.
	OfferTime = 25 * time.Second
	// stillThere is how often a caller who waits is looked after; the switch ends whom nobody commands for 3 min.
	stillThere = 2 * time.Minute
	// TalkedEnough makes the call that was waited for needless. Shorter, it goes on: who called may be somebody else, for
	// a caller's number can be forged.
	TalkedEnough = 20 * time.Second
)

// callerFirst: the visitor has called, an agent is sought, then both talk.
var callerFirst = life{
	Queued: {
		VisitorConfirmed: to(Queued, FindAgent),
		VisitorMissed:    end(Cancelled),
		VisitorLeft:      end(Cancelled),
		AgentFound:       tryOther(RingingAgent, CallAgent),
		StillWaits:       to(Queued, HoldVisitor),
		CallbackOffered:  to(Queued, HoldVisitor),
		NobodyLeft:       end(NoAgent, HangUpVisitor),
		PutOff:           back(Queued, HangUpVisitor, FindAgent),
		Withdrawn:        end(Cancelled, HangUpVisitor),
		Forbidden:        end(Refused, HangUpVisitor),
		Lost:             end(Failed, HangUpVisitor),
	},
	RingingAgent: {
		AgentConfirmed: wait(Connected, talk, JoinBoth),
		AgentMissed:    wait(Queued, free, HoldVisitor, FindAgent),
		Reassigned:     to(RingingAgent, HangUpAgent),
		PutOff:         back(Queued, HangUpVisitor, HangUpAgent, FindAgent),
		VisitorLeft:    end(Cancelled, HangUpAgent),
		Withdrawn:      end(Cancelled, HangUpVisitor, HangUpAgent),
		Forbidden:      end(Refused, HangUpVisitor, HangUpAgent),
		Lost:           end(Failed, HangUpVisitor, HangUpAgent).and(rest),
	},
	Connected: callerTalks(),
	Ended:     {},
}

// callerTalks is like any talk, but that a machine which has called is not called back, and is left no message.
func callerTalks() map[Event]rule {
	m := map[Event]rule{VisitorMissed: end(Machine, HangUpAgent).and(rest), AgentGone: wait(Queued, free, HoldVisitor, FindAgent)}
	for e, r := range talking {
		if _, own := m[e]; !own && e != MessageLeft {
			m[e] = r
		}
	}
	return m
}

// OnLine says whether the visitor has called and is here still.
func (c *Callback) OnLine() bool { return c.Order == CallerFirst && c.Live() }

// ready says whether a caller has been answered, and waits for an agent.
func (c *Callback) ready() bool {
	a := c.Current()
	if a == nil || c.offering() {
		return false
	}
	v := a.visitorLeg()
	return v != nil && v.State.Up()
}

// offering says whether a caller whom nobody can talk to is asked to be called back.
func (c *Callback) offering() bool {
	return c.OnLine() && c.State == Queued && (c.Reason == ReasonCalledClosed || c.Reason == ReasonNobodyTookIt || c.Reason == ReasonNobodyReady)
}

// arrived says whether a leg is the call that came in.
func (c *Callback) arrived(l *Leg) bool {
	return c.Inbound && l.Party == cti.Visitor && len(c.Attempts) > 0 && len(c.Attempts[0].Legs) > 0 && c.Attempts[0].Legs[0].ID == l.ID
}

// nobodyLeft ends the wait; a caller who can be called back is asked first.
func (d *draft) nobodyLeft(in Input) {
	if d.OnLine() && d.State == Queued && !d.offering() && d.mayPutOff() {
		in.Event = CallbackOffered
	} else {
		in.Event = NobodyLeft
	}
	d.apply(in)
}

// callerDue looks after a caller who waits.
func (d *draft) callerDue(facts []cti.LegFact) {
	d.compare(facts)
	switch {
	case !d.OnLine() || d.State != Queued || d.DueAt.After(d.at):
	case d.offering():
		d.apply(Input{Event: NobodyLeft, Actor: ByRingback, Reason: d.Reason})
	case d.at.Sub(d.ArrivedAt) >= MaxWait:
		d.nobodyLeft(Input{Actor: ByRingback, Reason: ReasonNobodyReady, Detail: d.whyNot()})
	default:
		d.apply(Input{Event: StillWaits, Actor: ByRingback})
	}
}

// callerWait is when somebody looks after a caller in line again.
func (d *draft) callerWait() time.Duration {
	v := d.Current().visitorLeg()
	switch {
	case v == nil || !v.State.Up():
		return ActGrace
	case d.offering():
		return OfferTime
	}
	return stillThere
}

// callerPressed is a key of a caller who is not talking yet: 1 at the offer, 2 at the choice, is to be called back.
func (d *draft) callerPressed(l *Leg, key byte) {
	switch {
	case d.offering():
		if key == keyStay {
			d.booked()
		}
	case key == keyStay:
		d.acts = append(d.acts, Act{Effect: HoldVisitor, Leg: l.ID, Say: speech.VisitorStay})
		d.note(ByVisitor, "waits_on", "%s %s", l.Party, l.ID)
	case key == keyLater && d.mayPutOff() && d.at.Sub(l.ConfirmedAt) >= ChoiceAfter:
		d.booked()
	}
}

// booked asks for the step that makes a callback of the call: it may be refused, and a key is told once.
func (d *draft) booked() {
	d.note(ByVisitor, "wants_callback", "the caller wants to be called back")
	d.acts = append(d.acts, Act{Effect: bookCaller})
}

// becomesCallback ends the call of a caller who is to be called: from here on it is a callback like others.
func (d *draft) becomesCallback(r rule, in *Input) rule {
	d.Order = subscriber.AgentFirst
	if b := d.dir.Buttons[d.Button]; b != nil && b.Order != "" {
		d.Order = b.Order
	}
	d.NumberHash = d.hash(d.Endpoint)
	d.Resumes = ""
	in.Reason = ReasonPutOff
	if open, ever := d.whenOpen(d.at); ever && open.After(d.at) {
		r.to, in.Due, in.Reason = Scheduled, open, ReasonOutsideHours
	}
	return r
}

// talkedEnough closes what the caller had waited for, once.
func (d *draft) talkedEnough() {
	if d.Resumes != "" {
		d.acts = append(d.acts, Act{Effect: closeResumed})
	}
}
