package callback

import (
	"context"
	"errors"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// An agent's desk is rung like a telephone, by a web leg: that is an offer. It stands for agent.OfferTime; she accepts it
// or declines it on her page. Declined, or let pass, it goes to the next; the visitor's tries are not touched.

// Accept answers an offer at a desk. Accepted already, nothing changes.
func (c *Conductor) Accept(ctx context.Context, cb id.Callback, leg id.Leg, by Actor) error {
	cur, err := c.store.Callback(ctx, "", cb)
	if err != nil {
		return err
	}
	if _, err := cur.offer(leg); err != nil {
		return err
	}
	err = c.sw.Accept(ctx, leg)
	if errors.Is(err, cti.ErrNoLeg) {
		return offerOver()
	}
	if err == nil {
		c.Log.Info("offer accepted", "callback", cb, "leg", leg, "by", by)
	}
	return err
}

// Decline turns an offer down: somebody else is asked, and she is not asked for this callback again.
func (c *Conductor) Decline(ctx context.Context, cb id.Callback, leg id.Leg, by Actor) error {
	_, err := c.step(ctx, cb, func(d *draft) error {
		l, err := d.offer(leg)
		if err != nil {
			return err
		}
		if l.State.Up() {
			return offerOver()
		}
		d.acts = append(d.acts, Act{Effect: HangUpAgent, Leg: leg, Cause: cti.CallRejected})
		d.note(by, "declined", "%s %s: somebody else is asked", l.Party, l.ID)
		return nil
	})
	return err
}

// offer finds the web leg of an agent that an offer is; a fault when it is none, or is over.
func (c *Callback) offer(leg id.Leg) (*Leg, error) {
	a, l := c.Leg(leg)
	switch {
	case l == nil || l.Party == cti.Visitor || l.Endpoint.Kind() != cti.Web:
		return nil, fault.New(fault.NotFound, "There is no such offer.")
	case a != c.Current() || l.State == cti.Ended || c.beaten(a, l):
		return nil, offerOver()
	}
	return l, nil
}

func offerOver() error { return fault.New(fault.TooLate, "This offer is over.") }

// setAway notes whether an agent's desk is heard of, and returns how she is.
func (l *line) setAway(a id.Agent, away bool) agent.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	if delete(l.away, a); away {
		l.away[a] = true
	}
	return l.agents[a]
}

// pauseAway pauses who would be asked, and whose desk is not heard of.
func (c *Conductor) pauseAway() {
	for a, old := range c.line.awayNow() {
		st := old
		st.Presence, st.Reason, st.Since, st.Until = agent.Paused, AwayReason, c.Now().UTC(), time.Time{}
		m := Move{Agent: a, From: []agent.Presence{agent.Ready}, Status: st}
		switch err := c.store.MoveAgent(c.ctx, m); {
		case err == nil:
			c.line.moved([]Move{m})
		case errors.Is(err, ErrAgentTaken):
			c.refreshAgents()
		case c.ctx.Err() == nil:
			c.Log.Error("an agent whose desk is away is not paused", "agent", a, "err", err)
		}
	}
}

// awayNow are those whose desk is not heard of and who are ready.
func (l *line) awayNow() map[id.Agent]agent.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[id.Agent]agent.Status{}
	for a := range l.away {
		if st := l.agents[a]; st.Presence == agent.Ready {
			out[a] = st
		}
	}
	return out
}
