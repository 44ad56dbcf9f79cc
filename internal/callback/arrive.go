package callback

import "ringback/internal/cti"

// arrived decides about a call that has come in: nobody is called there.
func (c *Conductor) arrived(ev cti.Event) {
	if err := c.sw.Reject(c.ctx, ev.CallID, cti.HangUp{Cause: cti.CallRejected}); err != nil && c.ctx.Err() == nil {
		c.Log.Warn("a call that came in was not refused", "call", ev.CallID, "err", err)
	}
}
