package api

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

// list pages through callbacks.
func (a *API) list(w http.ResponseWriter, r *http.Request) error {
	after, limit, err := page(r, "cb_")
	if err != nil {
		return err
	}
	p := door.Principal(r.Context())
	sub, desk, err := a.ofDesk(r, p)
	if err != nil {
		return err
	}
	f := callback.Filter{Desk: desk, After: id.Callback(after), Limit: limit + 1, State: callback.State(r.URL.Query().Get("state"))}
	if f.State != "" && !slices.Contains(callback.States, f.State) {
		return bad("state", "There is no state %.64q.", f.State)
	}
	if b := r.URL.Query().Get("button"); b != "" {
		button, _, err := a.button(b)
		if err != nil {
			return err
		}
		if !p.Serves(button.Subscriber) && (p.Agent != "" || !sees(p, button.Subscriber)) {
			return missing(directory.Button)
		}
		f.Button = button.ID
	}
	found, err := a.Callbacks.Callbacks(r.Context(), sub, f)
	if err != nil {
		return err
	}
	out := door.List[ListedCallback]{Data: []ListedCallback{}}
	if len(found) > limit {
		found = found[:limit]
		out.Next = cursor(string(found[limit-1].ID))
	}
	ids := make([]id.Callback, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	remarks, err := a.Callbacks.Remarks(r.Context(), ids)
	if err != nil {
		return err
	}
	d := a.Conductor.Directory()
	for i := range found {
		out.Data = append(out.Data, ListedCallback{head(&found[i], d), disposition(remarks[found[i].ID], d)})
	}
	return door.JSON(w, http.StatusOK, out)
}

// ofDesk narrows a list to what a key sees, or an agent: of businesses that she watches all, else her own and what is under way.
func (a *API) ofDesk(r *http.Request, p login.Principal) (id.Subscriber, *callback.Desk, error) {
	if p.Agent == "" {
		sub, err := a.narrowed(r)
		return sub, nil, err
	}
	desk := deskFor(p)
	asked := r.URL.Query().Get("subscriber")
	if asked == "" {
		return "", desk, nil
	}
	sub := id.Subscriber(a.Conductor.Directory().ID(directory.Subscriber, asked))
	if !p.Serves(sub) {
		return "", nil, missing(directory.Subscriber)
	}
	return sub, desk, nil
}

func deskFor(p login.Principal) *callback.Desk {
	return &callback.Desk{Agent: p.Agent, Represents: p.Represents, All: p.Role == login.Supervisor}
}

// page reads limit and after; after is "" or an id with the prefix.
func page(r *http.Request, prefix string) (after string, limit int, err error) {
	q := r.URL.Query()
	limit = defaultLimit
	if s := q.Get("limit"); s != "" {
		limit, err = strconv.Atoi(s)
		if err != nil || limit < 1 || limit > maxLimit {
			return "", 0, bad("limit", "limit is a number from 1 to %d.", maxLimit)
		}
	}
	if s := q.Get("after"); s != "" {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || !id.Has(prefix, string(b)) {
			return "", 0, fault.At("after", fault.BadCursor, "after takes the next of an earlier page, unchanged.")
		}
		after = string(b)
	}
	return after, limit, nil
}

func cursor(last string) *string {
	s := base64.RawURLEncoding.EncodeToString([]byte(last))
	return &s
}

// narrowed is the business that a list is about: the key's own, or the one asked for; "" is all.
func (a *API) narrowed(r *http.Request) (id.Subscriber, error) {
	p := door.Principal(r.Context())
	asked := r.URL.Query().Get("subscriber")
	if asked == "" {
		return p.Sees, nil
	}
	sub := id.Subscriber(a.Conductor.Directory().ID(directory.Subscriber, asked))
	if sub == "" || !sees(p, sub) {
		return "", missing(directory.Subscriber)
	}
	return sub, nil
}
