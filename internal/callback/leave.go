package callback

import (
	"context"
	"errors"

	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// Leave puts an agent's telephone down for her; with "" that of whoever talks for the business. What follows is as if she had
// done it herself: the switch tells that the leg has ended.
func (c *Conductor) Leave(ctx context.Context, cb id.Callback, a id.Agent) (*Callback, error) {
	cur, err := c.store.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	if cur.State == Ended {
		return nil, fault.New(fault.AlreadyEnded, "This callback has already ended.")
	}
	l := cur.TalksWith(a)
	if l == nil {
		return nil, fault.New(fault.TooLate, "Nobody of the business is on this line.")
	}
	if err := c.sw.HangUp(ctx, l.ID, cti.HangUp{Cause: cti.NormalClearing}); err != nil && !errors.Is(err, cti.ErrNoLeg) {
		return nil, err
	}
	return cur, nil
}

// TalksWith is the newest leg of the running attempt on which an agent is up, with "" anybody of the business; nil = none.
func (c *Callback) TalksWith(a id.Agent) *Leg {
	at := c.Current()
	if at == nil {
		return nil
	}
	for i := len(at.Legs) - 1; i >= 0; i-- {
		if l := &at.Legs[i]; l.Party != cti.Visitor && l.State.Up() && (a == "" || l.Agent == a) {
			return l
		}
	}
	return nil
}

// InHandOf says whether an agent has a part in the attempt that runs: hers, or with a leg that is not over.
func (c *Callback) InHandOf(a id.Agent) bool {
	at := c.Current()
	if at == nil || a == "" {
		return false
	}
	if at.Agent == a {
		return true
	}
	for i := range at.Legs {
		if l := &at.Legs[i]; l.Agent == a && l.State != cti.Ended {
			return true
		}
	}
	return false
}
