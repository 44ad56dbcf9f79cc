package api

import (
	"net/http"

	"ringback/internal/callback"
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
		{Method: "POST", Pattern: "/kill", Who: door.Operator, Summary: "Stop all calls that have not left, or let them leave again", In: NewKill{}, Out: Kill{}, Handle: a.kill},
	}
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
