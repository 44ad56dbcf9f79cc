package api

import (
	"context"
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// need is what somebody must be to a callback, to do something about it.
type need int

const (
	seesIt   need = iota
	hadIt         // an agent: she has had a part in it, or watches the business
	hasIt         // an agent: it is in her hands, or she watches the business
	watchers      // keys, and supervisors of the business
)

// seen finds a callback within what the principal may see. What she may not see is not there.
func (a *API) seen(ctx context.Context, p login.Principal, cb id.Callback) (*callback.Callback, error) {
	if p.Agent == "" {
		return a.Callbacks.Callback(ctx, p.Sees, cb)
	}
	c, err := a.Callbacks.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	if !p.Serves(c.Subscriber) {
		return nil, fault.New(fault.NotFound, "There is no such callback.")
	}
	if c.Live() || p.Watches(c.Subscriber) || c.Hers(p.Agent) || a.beforeHer(ctx, p, c) {
		return c, nil
	}
	return nil, fault.New(fault.NotFound, "There is no such callback.")
}

// beforeHer says whether c is of the same visitor as the call that the agent has in hand: its history is on her card.
func (a *API) beforeHer(ctx context.Context, p login.Principal, c *callback.Callback) bool {
	in := a.Conductor.Agents()[p.Agent].Callback
	if in == "" {
		return false
	}
	now, err := a.Callbacks.Callback(ctx, c.Subscriber, in)
	return err == nil && now.NumberHash == c.NumberHash && now.NumberHash != ""
}

// allowed says whether the principal, who sees c, may do what takes need.
func allowed(p login.Principal, c *callback.Callback, n need) error {
	switch {
	case p.Watches(c.Subscriber), n == seesIt:
		return nil
	case n == hadIt && c.Hers(p.Agent), n != watchers && c.InHandOf(p.Agent):
		return nil
	case n == watchers:
		return fault.New(fault.Forbidden, "This takes a supervisor.")
	}
	return fault.New(fault.Forbidden, "This call is not in your hands.")
}

// act finds a callback in the scope of who asks, reads the body, does something, and answers with all of it.
func (a *API) act(n need, in any, do func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error)) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		p := door.Principal(r.Context())
		c, err := a.seen(r.Context(), p, id.Callback(r.PathValue("id")))
		if err != nil {
			return err
		}
		if err := allowed(p, c, n); err != nil {
			return err
		}
		if err := door.Strict(r, in); err != nil {
			return err
		}
		after, err := do(r.Context(), c, author(p))
		if err != nil {
			return err
		}
		return a.answer(w, r, after)
	}
}

// author is who asks, as the record names her.
func author(p login.Principal) callback.Author {
	if p.Agent != "" {
		return callback.Author{Actor: callback.ByAgent, Agent: p.Agent}
	}
	return callback.Author{Actor: callback.ByStaff}
}
