package api

import (
	"net/http"

	"ringback/internal/web/door"
)

// TestCall asks for a call by a button, to see what a visitor sees.
type TestCall struct {
	Number string `json:"number"`
}

// testCall makes it. Number policy, blocks, limits and budget hold as for every call; whoever answers reads that it is a test.
func (a *API) testCall(w http.ResponseWriter, r *http.Request) error {
	var in TestCall
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	wish := KeyedWish{Button: r.PathValue("id"), Number: in.Number, Name: "Test call", Topic: "Test of the button", Metadata: map[string]string{"test": "true"}}
	req, err := a.asked(&wish, door.Principal(r.Context()))
	if err != nil {
		return err
	}
	req.UserAgent, req.Act = r.UserAgent(), "api"
	made, err := a.Conductor.Request(r.Context(), *req)
	if err != nil {
		return err
	}
	full, err := a.full(r.Context(), made.Callback)
	if err != nil {
		return err
	}
	return door.Created(w, Base+"/callbacks/"+string(made.Callback.ID), full)
}
