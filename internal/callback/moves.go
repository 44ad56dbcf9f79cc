package callback

import (
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// moveAgent plans the change of the attempt's agent that belongs to this step.
func (d *draft) moveAgent(m move, a *Attempt) {
	if m == stay || a == nil || a.Agent == "" {
		return
	}
	was := d.statusOf(a.Agent)
	v := mover{d: d, who: a.Agent, was: was, old: was, move: m, wrap: d.wrapUp()}
	switch m {
	case reserve:
		v.plan(agent.Ready, agent.Status{Presence: agent.Reserved, Callback: d.ID}, false)
	case talk:
		v.old.Missed, v.old.Declined = 0, 0
		v.step(agent.Answer, agent.Reserved)
	case free:
		v.step(agent.Release, agent.Finishing, agent.Reserved, agent.Talking)
	case let:
		v.lets(d.dir.Agents[a.Agent])
	case decline:
		v.old.Declined++
		v.lets(d.dir.Agents[a.Agent])
	case wrapUp:
		v.old.Missed, v.old.Declined = 0, 0
		v.old.Talked += d.talkedNow(v.old)
		v.step(agent.Done, agent.Finishing, agent.Reserved, agent.Talking)
	case away:
		v.wrap = LaterTime
		v.step(agent.Done, agent.Finishing, agent.Reserved, agent.Talking)
	case rest:
		v.old.Missed, v.old.Declined, v.wrap = 0, 0, ActGrace
		v.step(agent.Done, agent.Finishing, agent.Reserved, agent.Talking)
	}
}

// mover plans how one agent moves, from each presence that she may be found in.
type mover struct {
	d    *draft
	who  id.Agent
	was  agent.Status // as it is known
	old  agent.Status // and with what this step changes of it
	move move
	wrap time.Duration
}

func (v *mover) plan(from agent.Presence, st agent.Status, lenient bool) {
	st.Since, st.Missed, st.Declined, st.Talked = v.d.at, v.old.Missed, v.old.Declined, v.old.Talked
	v.d.moves = append(v.d.moves, Move{Agent: v.who, From: []agent.Presence{from}, Status: st, Lenient: lenient})
}

func (v *mover) step(e agent.Event, from ...agent.Presence) {
	for _, p := range from {
		to, _ := p.Next(e)
		st := agent.Status{Presence: to}
		if why, wanted := v.was.ThenPaused(); wanted && p == agent.Finishing && to == agent.SignedOut {
			v.plan(p, agent.Status{Presence: agent.Paused, Reason: why}, true)
			continue
		}
		switch to {
		case agent.Talking, agent.Reserved, agent.Finishing:
			st.Callback = v.d.ID
		case agent.WrapUp:
			st.Until = v.d.at.Add(v.wrap)
			if v.move == wrapUp {
				st.IdleFrom = v.d.at
			}
		case agent.Paused:
			st.Reason, st.Until = v.old.Reason, v.old.Until
		}
		v.plan(p, st, true)
	}
}

// lets counts an offer that she has let pass or turned down. One too many, and she is paused: until she says that she is back, or where
// she has no page to say so, for a while.
func (v *mover) lets(ag *agent.Agent) {
	if v.old.Missed++; ag == nil || v.old.Missed < ag.MayMiss() {
		v.step(agent.Release, agent.Finishing, agent.Reserved, agent.Talking)
		return
	}
	v.old.Reason, v.old.Until = v.old.Passed(), time.Time{}
	v.old.Missed, v.old.Declined = 0, 0
	if !ag.HasDesk() {
		v.old.Until = v.d.at.Add(agent.PauseTime)
	}
	v.step(agent.TooMany, agent.Finishing, agent.Reserved, agent.Talking)
}

// missedOffer says whether a leg of an agent's that ended so counts as an offer that she has let pass. A busy line and a
// fault of the network do not.
func missedOffer(l *Leg, c cti.Cause) bool {
	switch c {
	case cti.NoAnswer, cti.NotConfirmed, cti.Machine, cti.UnallocatedNumber, cti.MediaLost, cti.CallRejected:
		return l.Party == cti.Agent
	}
	return false
}

// statusOf is an agent's status as it is known.
func (d *draft) statusOf(a id.Agent) agent.Status {
	if d.status == nil {
		return agent.Status{}
	}
	return d.status(a)
}

// talkedNow is how long an agent has talked in the call that ends with this step.
func (d *draft) talkedNow(old agent.Status) time.Duration {
	switch {
	case d.JoinedAt.IsZero():
		return 0
	case old.Presence == agent.Talking && old.Since.After(d.JoinedAt):
		return d.at.Sub(old.Since)
	}
	return d.at.Sub(d.JoinedAt)
}

// wrapUp is how long an agent may write notes after a call of this business.
func (d *draft) wrapUp() time.Duration {
	if s := d.dir.Subscribers[d.Subscriber]; s != nil {
		return s.Routing.WrapUpTime()
	}
	return subscriber.DefaultWrapUp
}
