package callback

import "ringback/internal/id"

// InHand are the callbacks that wait, ring or talk, as they are on disk now, in no order. Nobody may change them.
func (c *Conductor) InHand() []*Callback {
	l := c.line
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*Callback, 0, len(l.live))
	for _, cb := range l.live {
		out = append(out, cb)
	}
	return out
}

// Hers says whether an agent has, or has had, a part in the callback.
func (c *Callback) Hers(a id.Agent) bool {
	for i := range c.Attempts {
		if c.Attempts[i].Agent == a {
			return true
		}
	}
	return false
}
