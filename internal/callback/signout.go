package callback

import (
	"context"

	"ringback/internal/agent"
	"ringback/internal/id"
)

// SignOut ends the presence of an agent who has left the page of her desk, and disconnects her browser: what rings there, or
// waits for a visitor who is rung, goes to the next. Who talks finishes that talk first. An agent who has only telephones is
// left as she is: the page was no telephone of hers.
func (c *Conductor) SignOut(ctx context.Context, a id.Agent) error {
	if ag := c.Directory().Agents[a]; ag == nil || !ag.HasDesk() {
		return nil
	}
	talks := false
	for _, cb := range c.InHand() {
		talks = talks || cb.State == Connected && cb.InHandOf(a)
	}
	if c.line.status(a).Presence != agent.SignedOut {
		if _, err := c.SetPresence(ctx, a, agent.SignedOut, ""); err != nil {
			return err
		}
	}
	if talks {
		return nil
	}
	return c.sw.Disconnect(ctx, string(a))
}
