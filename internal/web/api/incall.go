package api

import (
	"context"
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// Conversations are what conductors do with calls that ring at desks or talk.
type Conversations interface {
	Accept(ctx context.Context, cb id.Callback, leg id.Leg, by callback.Actor) error
	Decline(ctx context.Context, cb id.Callback, leg id.Leg, by callback.Actor) error
	Leave(ctx context.Context, cb id.Callback, a id.Agent) (*callback.Callback, error)
	Hold(ctx context.Context, cb id.Callback, on bool, by callback.Actor) (*callback.Callback, error)
	Keys(ctx context.Context, cb id.Callback, digits string, by callback.Actor) (*callback.Callback, error)
	Transfer(ctx context.Context, cb id.Callback, to string, kind callback.TransferKind, by callback.Actor) (*callback.Callback, error)
	CompleteTransfer(ctx context.Context, cb id.Callback, by callback.Actor) (*callback.Callback, error)
	CancelTransfer(ctx context.Context, cb id.Callback, by callback.Actor) (*callback.Callback, error)
	Conference(ctx context.Context, cb id.Callback, to string, by callback.Actor) (*callback.Callback, error)
	Monitor(ctx context.Context, supervisor, who id.Agent, mode cti.Mode) (*callback.Callback, error)
}

// OfferedLeg names an offer.
type OfferedLeg struct {
	Leg string `json:"leg"`
}

// NewHold puts the visitor on hold, or ends that.
type NewHold struct {
	On *bool `json:"on"`
}

// NewKeys are pressed for an agent.
type NewKeys struct {
	Digits string `json:"digits"` // 0-9 * # A-D, and w for half a second
}

// NewTransfer hands the visitor over.
type NewTransfer struct {
	To   string `json:"to"`             // an agent, a number, or an endpoint
	Kind string `json:"kind,omitempty"` // blind (also when it is left out) or warm
}

// NewThird takes somebody into a talk.
type NewThird struct {
	To string `json:"to"` // as of a transfer; "" = whom the agent asks just now
}

// NewWatch lets a supervisor into the talk of an agent.
type NewWatch struct {
	Agent string `json:"agent"`
	Mode  string `json:"mode"` // listen, whisper, barge, off
}

// inCall are the routes of calls that ring at desks or talk.
func (a *API) inCall() []door.Route {
	post := func(path, summary string, in any, handle door.Handler) door.Route {
		return door.Route{Method: "POST", Pattern: "/callbacks/{id}/" + path, Who: door.Desk, Summary: summary, In: in, Out: Callback{}, Handle: handle}
	}
	return []door.Route{
		post("accept", "Answer an offer in the browser", OfferedLeg{}, a.offerRoute(a.accepts)),
		post("decline", "Turn an offer down: the next agent is asked", OfferedLeg{}, a.offerRoute(a.declines)),
		post("hang_up", "Put the agent's telephone down", Nothing{}, a.hangUp),
		post("hold", "Put the visitor on hold, or end that", NewHold{}, a.holds),
		post("keys", "Send keys to the visitor's telephone", NewKeys{}, a.keysRoute),
		post("record", "Pause, resume or stop the recording of a talk", RecordAction{}, a.recordAction),
		post("transfer", "Hand the visitor over, blind or warm", NewTransfer{}, a.transfer),
		post("transfer/complete", "Leave the visitor with whom a warm transfer asked", Nothing{}, a.completes),
		post("transfer/cancel", "Come back to the visitor from a warm transfer", Nothing{}, a.cancels),
		post("conference", "Take somebody into the talk", NewThird{}, a.conference),
		{Method: "POST", Pattern: "/agents/{id}/monitor", Who: door.Desk, Summary: "Let a supervisor listen to the talk of an agent, whisper to her, or talk too", In: NewWatch{}, Out: Watched{}, Handle: a.monitor},
	}
}

// offerRoute does something with an offer; an agent with one of her own.
func (a *API) offerRoute(do func(ctx context.Context, cb id.Callback, leg id.Leg, by callback.Actor) error) door.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		in := &OfferedLeg{}
		return a.act(hasIt, in, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
			leg := id.Leg(in.Leg)
			if _, l := c.Leg(leg); leg == "" || l == nil || by.Agent != "" && l.Agent != by.Agent {
				return nil, fault.New(fault.NotFound, "There is no such offer.")
			}
			if err := do(ctx, c.ID, leg, by.Actor); err != nil {
				return nil, err
			}
			return a.Callbacks.Callback(ctx, c.Subscriber, c.ID)
		})(w, r)
	}
}

func (a *API) accepts(ctx context.Context, cb id.Callback, leg id.Leg, by callback.Actor) error {
	return a.Conductor.Accept(ctx, cb, leg, by)
}

func (a *API) declines(ctx context.Context, cb id.Callback, leg id.Leg, by callback.Actor) error {
	return a.Conductor.Decline(ctx, cb, leg, by)
}

func (a *API) hangUp(w http.ResponseWriter, r *http.Request) error {
	return a.act(hasIt, &Nothing{}, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		who := id.Agent("")
		if c.InHandOf(by.Agent) {
			who = by.Agent
		}
		return a.Conductor.Leave(ctx, c.ID, who)
	})(w, r)
}

func (a *API) holds(w http.ResponseWriter, r *http.Request) error {
	in := &NewHold{}
	return a.act(hasIt, in, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		if in.On == nil {
			return nil, required("on")
		}
		return a.Conductor.Hold(ctx, c.ID, *in.On, by.Actor)
	})(w, r)
}

func (a *API) keysRoute(w http.ResponseWriter, r *http.Request) error {
	in := &NewKeys{}
	return a.act(hasIt, in, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		if in.Digits == "" {
			return nil, required("digits")
		}
		return a.Conductor.Keys(ctx, c.ID, in.Digits, by.Actor)
	})(w, r)
}

func (a *API) recordAction(w http.ResponseWriter, r *http.Request) error {
	in := &RecordAction{}
	return a.act(hasIt, in, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		do := cti.RecordCommand(in.Action)
		if err := oneOf("action", do, cti.RecordPause, cti.RecordResume, cti.RecordStop); err != nil {
			return nil, err
		}
		return a.Conductor.Record(ctx, c.ID, do, by.Actor)
	})(w, r)
}

func (a *API) transfer(w http.ResponseWriter, r *http.Request) error {
	in := &NewTransfer{}
	return a.act(hasIt, in, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		kind := callback.TransferKind(in.Kind)
		if in.To == "" {
			return nil, required("to")
		}
		if kind == "" {
			kind = callback.Blind
		}
		return a.Conductor.Transfer(ctx, c.ID, in.To, kind, by.Actor)
	})(w, r)
}

func (a *API) completes(w http.ResponseWriter, r *http.Request) error {
	return a.act(hasIt, &Nothing{}, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		return a.Conductor.CompleteTransfer(ctx, c.ID, by.Actor)
	})(w, r)
}

func (a *API) cancels(w http.ResponseWriter, r *http.Request) error {
	return a.act(hasIt, &Nothing{}, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		return a.Conductor.CancelTransfer(ctx, c.ID, by.Actor)
	})(w, r)
}

func (a *API) conference(w http.ResponseWriter, r *http.Request) error {
	in := &NewThird{}
	return a.act(hasIt, in, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		return a.Conductor.Conference(ctx, c.ID, in.To, by.Actor)
	})(w, r)
}

// Watched says which talk a supervisor is let into.
type Watched struct {
	Callback string `json:"callback"`
	Mode     string `json:"mode"`
}

// monitor is for the supervisor herself, and for an operator's key in her name. An agent whose businesses she does not watch
// is not there, whatever that one does.
func (a *API) monitor(w http.ResponseWriter, r *http.Request) error {
	d := a.Conductor.Directory()
	self, err := a.herself(r)
	if err != nil {
		return err
	}
	var in NewWatch
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	who := d.Agent(in.Agent)
	if in.Agent == "" {
		return required("agent")
	}
	if sup := d.Agents[self]; who == nil || !watches(d, d.Principal(sup), who.ID) {
		return bad("agent", "You watch no agent of that name.")
	}
	c, err := a.Conductor.Monitor(r.Context(), self, who.ID, cti.Mode(in.Mode))
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, Watched{string(c.ID), in.Mode})
}

// watches says whether an agent answers for a business that somebody watches.
func watches(d *directory.Directory, p login.Principal, who id.Agent) bool {
	for _, r := range d.Serves(who) {
		if p.Watches(r.Subscriber) {
			return true
		}
	}
	return false
}
