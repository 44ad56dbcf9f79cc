package api

import (
	"context"
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/web/door"
)

// NewNote is what somebody writes about a callback.
type NewNote struct {
	Text string `json:"text"`
}

// NewDisposition is the code that somebody gives a callback.
type NewDisposition struct {
	Code string `json:"code"`
	Note string `json:"note,omitempty"`
}

// NewFollowUp books another call.
type NewFollowUp struct {
	When *schedule.When `json:"when"`
	Who  string         `json:"who,omitempty"` // me, anyone (also when it is left out)
	Note string         `json:"note,omitempty"`
}

// RecordAction is what to do with a recording that runs.
type RecordAction struct {
	Action string `json:"action"` // pause, resume, stop
}

// NewPlace moves a callback in the line.
type NewPlace struct {
	To string `json:"to"` // front
}

// NewAgent gives a callback to an agent.
type NewAgent struct {
	Agent *string `json:"agent"` // null = whoever is there
}

// actions are what a desk does with a call; programs may do it too.
func (a *API) actions() []door.Route {
	post := func(path, summary string, in any, handle door.Handler) door.Route {
		return door.Route{Method: "POST", Pattern: "/callbacks/{id}/" + path, Who: door.Desk, Summary: summary, In: in, Out: Callback{}, Handle: handle}
	}
	follow := post("follow_up", "Book another call to the same visitor", NewFollowUp{}, a.followUp)
	follow.Status = http.StatusCreated
	return []door.Route{
		post("opt_out", "Write down that the visitor is never to be called again", WhyStop{}, a.staffOptsOut),
		post("note", "Write something about a callback", NewNote{}, a.addNote),
		post("disposition", "Say with a code what came of a callback", NewDisposition{}, a.dispose),
		follow,
		post("move", "Move a callback to the front of the line", NewPlace{}, a.move),
		post("reassign", "Give a callback to an agent, or to whoever is there", NewAgent{}, a.reassign),
	}
}

func (a *API) addNote(w http.ResponseWriter, r *http.Request) error {
	in := &NewNote{}
	return a.act(seesIt, in, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		return a.Conductor.AddNote(ctx, c.ID, in.Text, by)
	})(w, r)
}

func (a *API) dispose(w http.ResponseWriter, r *http.Request) error {
	in := &NewDisposition{}
	return a.act(hadIt, in, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		return a.Conductor.Dispose(ctx, c.ID, in.Code, in.Note, by)
	})(w, r)
}

// followUp answers with the callback that was booked, not with the one that is over.
func (a *API) followUp(w http.ResponseWriter, r *http.Request) error {
	p, in := door.Principal(r.Context()), NewFollowUp{}
	c, err := a.seen(r.Context(), p, id.Callback(r.PathValue("id")))
	if err != nil {
		return err
	}
	if err := allowed(p, c, hadIt); err != nil {
		return err
	}
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	f := callback.FollowUp{Note: in.Note}
	switch {
	case in.When == nil:
		return required("when")
	case in.Who == "me" && p.Agent == "":
		return bad("who", "A key is nobody who answers; name anyone.")
	case in.Who == "me":
		f.Agent = p.Agent
	case in.Who != "" && in.Who != "anyone":
		return bad("who", "who is me or anyone.")
	}
	f.When = *in.When
	booked, err := a.Conductor.Follow(r.Context(), c.ID, f, author(p))
	if err != nil {
		return err
	}
	full, err := a.full(r.Context(), booked)
	if err != nil {
		return err
	}
	return door.Created(w, Base+"/callbacks/"+string(booked.ID), full)
}

func (a *API) move(w http.ResponseWriter, r *http.Request) error {
	in := &NewPlace{}
	return a.act(watchers, in, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		if err := oneOf("to", in.To, "front"); err != nil {
			return nil, err
		}
		return a.Conductor.MoveToFront(ctx, c.ID, by.Actor)
	})(w, r)
}

// reassign is a supervisor's; but what is kept for an agent she may give up herself, so that it waits for nobody who leaves.
func (a *API) reassign(w http.ResponseWriter, r *http.Request) error {
	in, p := &NewAgent{}, door.Principal(r.Context())
	return a.act(seesIt, in, func(ctx context.Context, c *callback.Callback, by callback.Author) (*callback.Callback, error) {
		hers := in.Agent == nil && p.Agent != "" && c.Wanted == p.Agent
		if err := allowed(p, c, watchers); err != nil && !hers {
			return nil, err
		}
		if in.Agent == nil {
			return a.Conductor.Reassign(ctx, c.ID, "", by.Actor)
		}
		// An agent who does not represent the business is as one who is not there.
		who := a.Conductor.Directory().Agent(*in.Agent)
		if who == nil || !represents(a.Conductor.Directory(), who.ID, c.Subscriber) {
			return nil, bad("agent", "No agent of that name represents this business.")
		}
		return a.Conductor.Reassign(ctx, c.ID, who.ID, by.Actor)
	})(w, r)
}

func represents(d *directory.Directory, who id.Agent, s id.Subscriber) bool {
	for _, r := range d.Representatives(s) {
		if r.Agent == who {
			return true
		}
	}
	return false
}
