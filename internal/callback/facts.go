package callback

import (
	"fmt"
	"slices"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
)

// fact takes in what the switch told of one leg: first the leg's own table, then what it means for the callback.
func (d *draft) fact(ev cti.Event) {
	a, l := d.Leg(ev.Leg)
	if l == nil {
		d.outOfPlace = append(d.outOfPlace, string(ev.Kind))
		return
	}
	before := l.State
	state, ok := before.Next(ev.Kind)
	if !ok {
		d.outOfPlace = append(d.outOfPlace, string(ev.Kind))
		return
	}
	l.State = state
	d.stamp(l, ev)
	event, in := d.meaning(a, l, before, ev)
	if ev.Kind == cti.LegConfirmed && a == d.Current() && !d.beaten(a, l) {
		defer d.accompanied(a, l)
	}
	if event == "" || !d.inPlace(event) {
		d.log(Line{Actor: actorOf(ev), From: d.State, Event: string(ev.Kind), To: d.State, Detail: legDetail(l, ev)})
		if a == d.Current() && (ev.Kind == cti.LegJoined || ev.Kind == cti.LegParted) {
			d.watchOn(a)
		}
		return
	}
	in.Event, in.Actor = event, actorOf(ev)
	in.Detail = legDetail(l, ev)
	switch {
	case event == AgentMissed && (d.State == RingingAgent || d.State == RingingVisitor) && d.goesOn(a, l, in):
		return
	case event == AgentConfirmed:
		d.wins(a, l)
	}
	d.apply(in)
}

func (d *draft) inPlace(e Event) bool {
	_, ok := d.life()[d.State][e]
	if !ok {
		d.outOfPlace = append(d.outOfPlace, string(e))
	}
	return ok
}

// stamp keeps the times and the words of the fact on the leg.
func (d *draft) stamp(l *Leg, ev cti.Event) {
	if ev.CallID != "" {
		l.CallID = ev.CallID
	}
	if ev.Trunk != "" {
		l.Trunk = ev.Trunk
	}
	if ev.Ref != nil {
		l.Ref = string(ev.Ref)
	}
	switch ev.Kind {
	case cti.LegSent:
		l.SentAt = ev.At
	case cti.LegRinging, cti.LegEarly:
		if l.RingingAt.IsZero() {
			l.RingingAt = ev.At
		}
	case cti.LegAnswered:
		l.AnsweredAt = ev.At
	case cti.LegConfirmed:
		l.ConfirmedAt = ev.At
	case cti.LegJoined:
		l.BridgedAt = ev.At
		if d.State == Connected {
			if d.JoinedAt.IsZero() {
				d.JoinedAt = ev.At
			}
			d.DueAt = d.talkEnds()
			if enough := d.JoinedAt.Add(TalkedEnough); d.OnLine() && d.Resumes != "" && enough.After(d.at) {
				d.DueAt = enough
			}
		}
	case cti.LegNotice:
		l.NoticePlayed = true
	case cti.LegEnded:
		l.EndedAt, l.Cause, l.By, l.SIPCode, l.Quality = ev.At, ev.Cause, ev.By, ev.SIPCode, ev.Quality
	}
}

// talkEnds is when a talk must be over, whatever the switch has told.
func (c *Callback) talkEnds() time.Time { return c.JoinedAt.Add(c.MaxTalk + time.Minute) }

// meaning translates a leg's fact into the table's event, for legs of the attempt that runs.
func (d *draft) meaning(a *Attempt, l *Leg, before cti.LegState, ev cti.Event) (Event, Input) {
	if a != d.Current() {
		d.settle(l, ev)
		return "", Input{}
	}
	visitor := l.Party == cti.Visitor
	switch {
	case d.beaten(a, l):
		return "", Input{}
	case d.State == Connected && !visitor && !d.JoinedAt.IsZero():
		return d.inTalk(a, l, ev)
	case ev.Kind == cti.LegConfirmed && visitor && d.alone(a):
		return VisitorAlone, Input{}
	case ev.Kind == cti.LegConfirmed && visitor:
		return VisitorConfirmed, Input{}
	case ev.Kind == cti.LegConfirmed:
		return AgentConfirmed, Input{}
	case ev.Kind != cti.LegEnded:
		return "", Input{}
	}
	was := before == cti.Confirmed || before == cti.Bridged || before == cti.Held
	switch {
	case d.State == Connected && visitor && ev.Tone != "":
		res, why := visitorResult(ev.Cause)
		return VisitorMissed, Input{Result: res, Reason: why}
	case d.State == Connected && visitor:
		return VisitorLeft, Input{Reason: talkReason(ev.Cause)}
	case d.State == Connected && d.awaits(a):
		return AgentGone, Input{Result: ResultAgentDeclined, Reason: ReasonAgentLeft}
	case d.State == Connected:
		return AgentLeft, Input{Reason: talkReason(ev.Cause)}
	case visitor && was:
		return VisitorLeft, Input{Result: ResultCancelled, Reason: ReasonHungUpWaiting}
	case visitor:
		res, why := visitorResult(ev.Cause)
		if res == ResultVisitorNoAnswer && l.Endpoint.Kind() == cti.Web {
			why = ReasonNoPage
		}
		return VisitorMissed, Input{Result: res, Reason: why}
	case was:
		return AgentLeft, Input{Result: ResultAgentDeclined, Reason: ReasonAgentLeft}
	}
	switch laterOn, passed := a.turnedAway(l); {
	case laterOn:
		return AgentMissed, Input{Result: ResultAgentBusy, Reason: ReasonAgentLater, Away: true}
	case passed:
		return AgentMissed, Input{Result: ResultAgentDeclined, Reason: ReasonAgentMissed, Let: l.Party == cti.Agent}
	}
	return AgentMissed, Input{Result: agentResult(ev.Cause), Reason: ReasonAgentMissed, Let: missedOffer(l, ev.Cause)}
}

func talkReason(c cti.Cause) Reason {
	switch c {
	case cti.MaxTalk:
		return ReasonMaxTalk
	case cti.MediaLost:
		return ReasonMediaLost
	}
	return ""
}

// settle: a leg that was in doubt after a crash has had its final answer, so the wait for it is over.
func (d *draft) settle(l *Leg, ev cti.Event) {
	if ev.Kind == cti.LegEnded && d.State == Scheduled && d.Reason == ReasonRetryCrash && l.Party == cti.Visitor && ev.SIPCode >= 200 {
		if soon := d.at.Add(ActGrace); soon.Before(d.DueAt) {
			d.DueAt = soon
		}
	}
}

// tryNextDevice rings the agent's next telephone in the same attempt, if she has one and they ring in order.
func (d *draft) tryNextDevice(a *Attempt, l *Leg, in Input) bool {
	who := l.Agent
	if who == "" {
		who = a.Agent
	}
	ag := d.dir.Agents[who]
	if ag == nil || ag.Ring == agent.RingTogether || in.Result == ResultUnknown || in.Result == ResultCancelled {
		return false
	}
	next := slices.IndexFunc(ag.Devices, func(dev agent.Device) bool { return dev.To == l.Endpoint }) + 1
	if next == 0 || next >= len(ag.Devices) {
		return false
	}
	if a.Agent == who {
		a.Device = next
	}
	rung := d.addLeg(a, cti.Agent, ag.Devices[next].To, who)
	d.acts = append(d.acts, Act{Effect: CallAgent, Leg: rung.ID})
	d.DueAt = d.at.Add(ActGrace)
	d.log(Line{Actor: in.Actor, From: d.State, Event: "next_device", To: d.State, Detail: in.Detail + "; her next telephone is rung"})
	return true
}

func actorOf(ev cti.Event) Actor {
	switch ev.By {
	case cti.ByVisitor:
		return ByVisitor
	case cti.ByAgent:
		return ByAgent
	case cti.ByUs:
		return ByRingback
	}
	if ev.Kind == cti.LegConfirmed || ev.Kind == cti.LegDigit {
		if ev.Party == cti.Visitor {
			return ByVisitor
		}
		return ByAgent
	}
	return ByNetwork
}

func legDetail(l *Leg, ev cti.Event) string {
	s := fmt.Sprintf("%s %s", l.Party, l.ID)
	switch ev.Kind {
	case cti.LegEnded:
		s += fmt.Sprintf(": %s by %s", ev.Cause, ev.By)
		if ev.SIPCode != 0 {
			s += fmt.Sprintf(" (%d)", ev.SIPCode)
		}
		if ev.Tone != "" {
			s += ", " + string(ev.Tone)
		}
		if ev.Note != "" {
			return s + "; " + ev.Note
		}
	case cti.LegDigit:
		s += ": a key" // which one may be personal
	case cti.LegNotice:
		s += ": was told that the talk is recorded"
	case cti.RecordingEnded:
		s = fmt.Sprintf("%s: %.1f s", ev.Recording, ev.Length.Seconds())
	case cti.LegTone:
		s += ": " + string(ev.Tone)
	}
	if ev.Note != "" {
		s += ": " + ev.Note
	}
	return s
}
