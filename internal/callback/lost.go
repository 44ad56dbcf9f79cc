package callback

import (
	"context"
	"errors"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// An agent who has accepted may be lost while the visitor's telephone rings: she hangs up, her desk is not heard of, her
// browser loses its connection. The telephone rings on, and the next agent is asked. Whoever of the two comes first waits
// for the other; with nobody to ask, the telephone stops ringing. A visitor who has just answered waits, too, until she and an
// agent hear each other.

const (
	// NextWithin is how long a visitor's telephone rings on while nobody can be asked to answer for the business.
	NextWithin = 1500 * time.Millisecond
	// peerBack is how long the browser of an agent who has accepted may be away while the visitor's telephone rings, if
	// somebody else is ready.
	peerBack = time.Second
)

// alone says whether a visitor who answers now finds nobody there.
func (d *draft) alone(a *Attempt) bool {
	if d.Order != subscriber.AgentFirst || d.State != RingingVisitor {
		return false
	}
	l := a.agentLeg()
	return l == nil || !l.taken()
}

// awaits says whether a visitor who is there was about to be joined with an agent, and nobody has talked yet.
func (d *draft) awaits(a *Attempt) bool {
	v := a.visitorLeg()
	return d.JoinedAt.IsZero() && v != nil && v.State == cti.Confirmed
}

// left says whether a leg is of an agent who had accepted, and was lost before there was a talk.
func (l *Leg) left(a *Attempt) bool {
	return a.Result == "" && l.State == cti.Ended && !l.ConfirmedAt.IsZero() && l.BridgedAt.IsZero()
}

// leftBefore says whether the leg had ended when another one was rung.
func (l *Leg) leftBefore(next *Leg) bool {
	return l.State == cti.Ended && !l.EndedAt.After(next.CreatedAt)
}

// AwayReason is the reason of a pause by SetPresence that means: her desk is not heard of any more. What is offered to her
// there moves on at once, and so does what she has accepted while the visitor's telephone rings; she gets no other offer
// until she is ready again.
const AwayReason = "away"

// deskLost ends what an agent is offered at her desk; as soon as she is free she is paused.
func (c *Conductor) deskLost(ctx context.Context, a id.Agent) (agent.Status, error) {
	st := c.line.setAway(a, true)
	if st.Presence == agent.Reserved {
		return st, c.moveOn(ctx, st.Callback, a, true)
	}
	c.pauseAway()
	return c.line.status(a), nil
}

// peer takes in that a browser is connected, or is not any more. An agent's who has accepted is given a moment to come back.
func (c *Conductor) peer(ev cti.Event) {
	a := id.Agent(ev.Peer)
	st, known := c.line.heardOf(a, ev)
	if !known || ev.Kind != cti.PeerLost || st.Presence != agent.Reserved && st.Presence != agent.Finishing {
		return
	}
	c.spawn(func() {
		c.pause(peerBack)
		if c.ctx.Err() != nil || !c.line.goneSince(a, ev.At) {
			return
		}
		if err := c.moveOn(c.ctx, st.Callback, a, false); err != nil && c.ctx.Err() == nil {
			c.Log.Warn("the next agent is not asked", "callback", st.Callback, "agent", a, "err", err)
		}
	})
}

// heardOf notes when an agent's browser was lost, and returns how she is. Other browsers are not known here.
func (l *line) heardOf(a id.Agent, ev cti.Event) (st agent.Status, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if st, known = l.agents[a]; !known {
		return st, false
	}
	if delete(l.gone, a); ev.Kind == cti.PeerLost {
		l.gone[a] = ev.At
	}
	return st, true
}

// goneSince says whether an agent's browser has not come back since it was lost then.
func (l *line) goneSince(a id.Agent, at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone[a].Equal(at) && !at.IsZero()
}

// moveOn ends what an agent is offered at her desk, or has accepted there while the visitor's telephone rings. sure: she is
// not there any more; else only what she has accepted, and only if somebody else is ready.
func (c *Conductor) moveOn(ctx context.Context, cb id.Callback, who id.Agent, sure bool) error {
	_, err := c.step(ctx, cb, func(d *draft) error {
		a := d.Current()
		if a == nil || !sure && !c.line.othersReady(d.Subscriber, d.dir.Representatives(d.Subscriber)) {
			return errNotWaiting
		}
		some := false
		for i := range a.Legs {
			l := &a.Legs[i]
			if l.Agent != who || l.Endpoint.Kind() != cti.Web || l.State == cti.Ended || l.beside() || d.transferred(l) {
				continue
			}
			cause := cti.NoAnswer
			switch accepted := l.State.Up(); {
			case accepted && d.State != RingingVisitor || !accepted && !sure:
				continue
			case accepted:
				cause = cti.MediaLost
			}
			some = true
			d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: l.ID, Cause: cause})
		}
		if !some {
			return errNotWaiting
		}
		d.note(ByRingback, "desk_lost", "the agent's desk is not heard of any more")
		return nil
	})
	if errors.Is(err, errNotWaiting) {
		return nil
	}
	return err
}

// othersReady says whether anybody who represents a business could be asked now.
func (l *line) othersReady(s id.Subscriber, reps []*agent.Representation) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.someReady(s, reps)
}
