package callback

import (
	"sync"
	"time"

	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// What keys mean besides 1, which the switch itself takes for a confirmation.
const (
	keyLater   = '2'  // an agent's telephone: ask me again in ten minutes; a waiting visitor: call me first thing
	keyPass    = '3'  // an agent's telephone: ask somebody else
	keyStay    = '1'  // a waiting visitor: I wait on
	keyAgain   = '1'  // an agent who is told that nobody answered: once more, now
	keyFollow  = '1'  // an agent whose talk is over: another call in a day
	neverKeys  = "99" // a visitor who is asked: never call me, or it was not me
	leaveKeys  = "*5" // an agent in talk: leave our message on the machine, I am free
	recordKeys = "*7" // an agent in talk: pause the recording, or let it go on
	pairWithin = 3 * time.Second
)

// LaterTime is how long an agent who pressed 2 is left alone.
const LaterTime = 10 * time.Minute

// StayTime is how much longer a visitor who pressed 1 is kept on the line for an agent.
const StayTime = 2 * time.Minute

// presses remembers the last key of each leg, because some orders take two.
type presses struct {
	mu   sync.Mutex
	last map[id.Leg]press
}

type press struct {
	key byte
	at  time.Time
}

// pair returns this key and the one shortly before it; a pair is used up by being one.
func (p *presses) pair(ev cti.Event) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch ev.Kind {
	case cti.LegEnded:
		delete(p.last, ev.Leg)
	case cti.LegDigit:
		before, ok := p.last[ev.Leg]
		if ok && ev.At.Sub(before.at) <= pairWithin {
			if both := string([]byte{before.key, ev.Digit}); both == neverKeys || both == leaveKeys || both == recordKeys {
				delete(p.last, ev.Leg)
				return both
			}
		}
		if p.last == nil {
			p.last = map[id.Leg]press{}
		}
		p.last[ev.Leg] = press{ev.Digit, ev.At}
	}
	return ""
}

// pressed is what a key means: to an agent or a visitor who is asked, to a visitor who waits, to an agent in talk. Any
// other key in talk belongs to the two who talk.
func (d *draft) pressed(ev cti.Event, pair string) {
	a, l := d.Leg(ev.Leg)
	if l == nil || l.State == cti.Ended {
		return
	}
	if a != d.Current() {
		d.onceMore(a, l, ev.Digit)
		d.followUp(l, ev.Digit)
		return
	}
	switch visitor := l.Party == cti.Visitor; {
	case visitor && d.OnLine() && d.State != Connected:
		d.callerPressed(l, ev.Digit)
	case visitor && l.State == cti.Answered && pair == neverKeys:
		d.refusedByVisitor()
	case visitor && l.State == cti.Confirmed && d.State == RingingAgent && ev.At.After(l.ConfirmedAt): // not the key that confirmed
		d.waitingVisitor(l, ev.Digit)
	case !visitor && l.State == cti.Answered && ev.Digit == keyLater:
		d.turnsAway(l, cti.UserBusy, speech.AgentLater, "in ten minutes")
	case !visitor && l.State == cti.Answered && ev.Digit == keyPass:
		d.turnsAway(l, cti.CallRejected, speech.AgentPassed, "somebody else")
	case !visitor && l.beside():
	case !visitor && d.State == Connected && pair == leaveKeys:
		d.apply(Input{Event: MessageLeft, Actor: ByAgent, Reason: ReasonMessageLeft, Result: ResultMachine, Detail: "the agent lets us leave the message"})
	case !visitor && d.State == Connected && pair == recordKeys:
		d.acts = append(d.acts, Act{Effect: turnRecording})
	}
}

// onceMore: an agent who hears that the visitor did not answer, and that another try is planned, wants it now.
func (d *draft) onceMore(a *Attempt, l *Leg, key byte) {
	if key == keyAgain && l.Party != cti.Visitor && l.State == cti.Confirmed && a == &d.Attempts[len(d.Attempts)-1] &&
		d.State == Scheduled && d.Reason == ReasonRetryNoAnswer {
		d.apply(Input{Event: CalledNow, Actor: ByAgent, Detail: "the agent wants another try now"})
	}
}

// turnsAway ends the leg of an agent who pressed a key; what it meant comes back as the cause of its end.
func (d *draft) turnsAway(l *Leg, c cti.Cause, say speech.Sentence, meant string) {
	d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: l.ID, Cause: c, Say: say})
	d.note(ByAgent, "turned_away", "%s %s: %s", l.Party, l.ID, meant)
}

// later and passed: the agent answered and pressed that key, or declined at her desk.
func (l *Leg) later() bool {
	return l.Party != cti.Visitor && !l.AnsweredAt.IsZero() && l.Cause == cti.UserBusy
}

func (l *Leg) passed() bool {
	return l.Party != cti.Visitor && l.Cause == cti.CallRejected && (!l.AnsweredAt.IsZero() || l.Endpoint.Kind() == cti.Web)
}

// refusedByVisitor is 9 twice, while the sentence that offers it is played. Rung first, the number is blocked for ever;
// rung second, only this wish is over: whoever asked may have mistyped the number.
func (d *draft) refusedByVisitor() {
	if d.Order != subscriber.VisitorFirst {
		if d.apply(Input{Event: WrongNumber, Actor: ByVisitor, Reason: ReasonWrongNumber, Result: ResultVisitorDeclined, Detail: "9 twice: it was somebody else who asked"}) {
			d.heard(consent.Withdrawn, speech.VisitorCheck)
		}
		return
	}
	if !d.apply(Input{Event: NeverAgain, Actor: ByVisitor, Reason: ReasonNeverAgain, Result: ResultVisitorDeclined, Detail: "9 twice: the number is blocked"}) {
		return
	}
	b := neverBlock(d.newBlock(), d.Endpoint, d.NumberHash, "pressed 9 twice: never to be called")
	b.CreatedAt = d.at
	d.blocks = append(d.blocks, b)
	d.heard(consent.OptedOut, speech.VisitorOffer)
	d.acts = append(d.acts, Act{Effect: reload})
}

// waitingVisitor chooses: 1 waits on, 2 is called another time. Nothing is put off before that was offered.
func (d *draft) waitingVisitor(l *Leg, key byte) {
	switch {
	case key == keyStay:
		d.DueAt = later(d.DueAt, d.at.Add(StayTime))
		d.acts = append(d.acts, Act{Effect: HoldVisitor, Leg: l.ID, Say: speech.VisitorStay})
		d.note(ByVisitor, "waits_on", "%s %s", l.Party, l.ID)
	case key == keyLater && d.mayPutOff() && d.at.Sub(l.ConfirmedAt) >= ChoiceAfter:
		d.apply(Input{Event: PutOff, Actor: ByVisitor, Result: ResultAgentNoAnswer, Detail: "the visitor wants to be called first thing"})
	}
}
