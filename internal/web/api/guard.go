package api

import (
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/web/door"
)

// NewKill stops all calls that have not left, or lets them leave again.
type NewKill struct {
	On     *bool  `json:"on"`
	Reason string `json:"reason,omitempty"`
}

// Kill says whether all calls are stopped.
type Kill struct {
	On     bool       `json:"on"`
	Reason *string    `json:"reason"`
	Since  door.Stamp `json:"since"`
}

// guard is what keeps the operator from harm.
func (a *API) guard() []door.Route {
	return []door.Route{
		{Method: "GET", Pattern: "/kill", Who: door.Operator, Summary: "Whether all calls are stopped", Out: Kill{}, Handle: a.killed},
		{Method: "GET", Pattern: "/alarms", Who: door.Operator, Summary: "What the operator was told: budgets, abuse that was stopped, all calls stopped", Query: paging, Out: door.List[Alarm]{}, Handle: a.alarms},
		{Method: "POST", Pattern: "/kill", Who: door.Operator, Summary: "Stop all calls that have not left, or let them leave again", In: NewKill{}, Out: Kill{}, Handle: a.kill},
	}
}

// Alarm is something that the operator was told of.
type Alarm struct {
	ID             string     `json:"id"`
	Kind           string     `json:"kind"`
	Subscriber     *string    `json:"subscriber"`
	SubscriberSlug *string    `json:"subscriber_slug"`
	What           *string    `json:"what"` // whom it is about, masked
	Says           string     `json:"says"`
	At             door.Stamp `json:"at"`
}

func (a *API) alarms(w http.ResponseWriter, r *http.Request) error {
	after, limit, err := page(r, "alm_")
	if err != nil {
		return err
	}
	all, err := a.Conductor.Alarms(r.Context(), id.Alarm(after), limit+1)
	if err != nil {
		return err
	}
	out := door.List[Alarm]{Data: []Alarm{}}
	if len(all) > limit {
		all = all[:limit]
		next := string(all[limit-1].ID)
		out.Next = &next
	}
	dir := a.Conductor.Directory()
	for _, al := range all {
		v := Alarm{ID: string(al.ID), Kind: string(al.Kind), Subscriber: door.Opt(al.Subscriber), What: door.Opt(al.What), Says: al.Says, At: door.Stamp(al.At)}
		if s := dir.Subscribers[al.Subscriber]; s != nil {
			v.SubscriberSlug = &s.Slug
		}
		out.Data = append(out.Data, v)
	}
	return door.JSON(w, http.StatusOK, out)
}

func (a *API) killed(w http.ResponseWriter, _ *http.Request) error {
	return door.JSON(w, http.StatusOK, killView(callback.HaltOf(a.Conductor.Directory())))
}

func (a *API) kill(w http.ResponseWriter, r *http.Request) error {
	in := &NewKill{}
	if err := door.Strict(r, in); err != nil {
		return err
	}
	if in.On == nil {
		return required("on")
	}
	h, err := a.Conductor.Halt(r.Context(), *in.On, in.Reason)
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, killView(h))
}

func killView(h callback.Halt) Kill {
	return Kill{On: h.On, Reason: door.Opt(h.Reason), Since: door.Stamp(h.Since)}
}
