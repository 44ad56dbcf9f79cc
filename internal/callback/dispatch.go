package callback

import (
	"context"
	"errors"
	"time"

	"ringback/internal/agent"
	"ringback/internal/fault"
	"ringback/internal/id"
)

var errNotWaiting = errors.New("callback: it does not wait any more")

// dispatchLoop looks at the line whenever something moved, and when time alone may have changed it.
func (c *Conductor) dispatchLoop() {
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.line.kicked:
		case <-t.C:
		}
		next := c.dispatch()
		t.Reset(next)
	}
}

// dispatch gives agents to waiting callbacks; it returns how long until it should look again unasked.
func (c *Conductor) dispatch() time.Duration {
	now := c.Now()
	again := c.rested(now)
	c.pauseAway()
	if c.draining.Load() {
		return time.Hour
	}
	if c.Halted() {
		return max(again, time.Millisecond)
	}
	all, next := c.line.match(now, c.Directory())
	for _, f := range all {
		if f.choice == nil {
			c.push(f.cb, job{do: func(d *draft) error {
				if !waits(d.Callback) || d.State != f.state {
					return errNotWaiting // it was about another wait
				}
				d.nobodyLeft(Input{Actor: ByRingback, Reason: ReasonNobodyTookIt, Result: d.lastAgentResult(), Detail: d.whyNot()})
				return nil
			}})
			continue
		}
		c.push(f.cb, job{miss: func() { c.line.forget(f.cb) }, do: func(d *draft) error {
			if !waits(d.Callback) || !d.apply(Input{Event: AgentFound, Actor: ByRingback, Detail: f.choice.Detail, Choice: f.choice}) {
				return errNotWaiting
			}
			return nil
		}})
	}
	if !next.IsZero() {
		again = min(again, next.Sub(now))
	}
	return max(again, time.Millisecond)
}

// rested ends wrap-ups and pauses whose time is over; it returns how long until those that the store did not take are tried again.
func (c *Conductor) rested(now time.Time) (again time.Duration) {
	again = time.Hour
	for a, st := range c.line.statuses() {
		if st.Presence != agent.WrapUp && st.Presence != agent.Paused || st.Until.IsZero() || now.Before(st.Until) {
			continue
		}
		to, _ := st.Presence.Next(agent.Rested)
		m := Move{Agent: a, From: []agent.Presence{st.Presence}, Status: agent.Status{Presence: to, Since: now, IdleFrom: st.IdleFrom, Missed: st.Missed, Declined: st.Declined, Talked: st.Talked}}
		err := c.store.MoveAgent(c.ctx, m)
		switch {
		case err == nil:
			c.line.moved([]Move{m})
		case errors.Is(err, ErrAgentTaken): // somebody has ended it already
			c.refreshAgents()
		case c.ctx.Err() == nil:
			c.Log.Error("wrap-up or pause did not end", "agent", a, "err", err)
			again = storeRest
		}
	}
	return again
}

// SetPresence moves an agent by hand: ready, paused, signed_out, finishing. Who talks finishes that call first.
func (c *Conductor) SetPresence(ctx context.Context, a id.Agent, p agent.Presence, reason string) (agent.Status, error) {
	e, ok := agent.Wanted(p)
	if !ok {
		return agent.Status{}, fault.At("presence", fault.WrongType, "presence is set to ready, paused, signed_out or finishing; the others follow from calls.")
	}
	if p == agent.Paused && reason == AwayReason {
		return c.deskLost(ctx, a)
	}
	for range 3 {
		old, known := c.line.statuses()[a]
		if !known {
			return agent.Status{}, fault.New(fault.NotFound, "There is no such agent.")
		}
		to, ok := old.Presence.Next(e)
		if !ok {
			return old, fault.New(fault.TooLate, "An agent who is %s cannot become %s now.", old.Presence, p)
		}
		st := old
		st.Presence, st.Reason, st.Since, st.Until = to, reason, c.Now().UTC(), time.Time{}
		if to == agent.Finishing && p == agent.Paused {
			st.Reason = agent.ThenPaused(reason)
		}
		if to == agent.Ready {
			st.IdleFrom, st.Missed, st.Declined = st.Since, 0, 0
		}
		if old.Presence == agent.SignedOut {
			st.Talked = 0
		}
		m := Move{Agent: a, From: []agent.Presence{old.Presence}, Status: st}
		err := c.store.MoveAgent(c.ctx, m) // not with ctx: it may be on disk when who asked has gone
		if errors.Is(err, ErrAgentTaken) {
			if err := c.readAgents(ctx); err != nil {
				return old, err
			}
			continue
		}
		if err != nil {
			return old, err
		}
		c.line.moved([]Move{m})
		c.line.setAway(a, false)
		c.line.kick()
		return st, nil
	}
	return agent.Status{}, fault.New(fault.StorageBusy, "The agent's state is changing too fast. Try again.").After(time.Second)
}
