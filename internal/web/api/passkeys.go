package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// Passkeys are the ceremonies by which people sign in without a password.
type Passkeys interface {
	BeginRegister(ctx context.Context, a *login.Account) (name string, options json.RawMessage, err error)
	FinishRegister(ctx context.Context, a *login.Account, name, device string, response []byte) (*login.Passkey, error)
	BeginSignIn() (name string, options json.RawMessage, err error)
	FinishSignIn(ctx context.Context, name string, response []byte) (token string, a *login.Account, err error)
	Of(ctx context.Context, a id.Person) ([]login.Passkey, error)
	Drop(ctx context.Context, a id.Person, passkey string) error
}

// Ceremony is the first half: options go to navigator.credentials.create or get, as they are.
type Ceremony struct {
	Ceremony string          `json:"ceremony"`
	Options  json.RawMessage `json:"options"`
}

// NewPasskey is the second half of a registration.
type NewPasskey struct {
	Ceremony   string          `json:"ceremony"`
	Name       string          `json:"name,omitempty"` // of the device
	Credential json.RawMessage `json:"credential"`     // what navigator.credentials.create gave, as toJSON writes it
}

// Passkey is one of a person's.
type Passkey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	CreatedAt door.Stamp `json:"created_at"`
	UsedAt    door.Stamp `json:"used_at"`
}

func (a *API) passkeys() []door.Route {
	return []door.Route{
		{Method: "POST", Pattern: "/session/passkey", Secret: true, Summary: "Begin to sign in with a passkey; POST /session ends it", In: Nothing{}, Out: Ceremony{}, Handle: a.beginPasskey},
		{Method: "GET", Pattern: "/passkeys", Who: door.Desk, Summary: "The passkeys of who has signed in", Out: door.List[Passkey]{}, Handle: a.listPasskeys},
		{Method: "POST", Pattern: "/passkeys/register", Who: door.Desk, Summary: "Begin to register a passkey", In: Nothing{}, Out: Ceremony{}, Handle: a.registerPasskey},
		{Method: "POST", Pattern: "/passkeys", Who: door.Desk, Summary: "Keep a passkey", In: NewPasskey{}, Out: Passkey{}, Status: http.StatusCreated, Handle: a.keepPasskey},
		{Method: "DELETE", Pattern: "/passkeys/{id}", Who: door.Desk, Summary: "Forget a passkey", Status: http.StatusNoContent, Handle: a.dropPasskey},
	}
}

func passkeyView(p *login.Passkey) Passkey {
	return Passkey{p.ID, p.Name, door.Stamp(p.CreatedAt), door.Stamp(p.UsedAt)}
}

func (a *API) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	name, options, err := a.Passkeys.BeginSignIn()
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, Ceremony{name, options})
}

// person is the account of who has signed in; a key has no passkeys and no password.
func (a *API) person(r *http.Request) (*login.Account, error) {
	d, p := a.Conductor.Directory(), door.Principal(r.Context())
	if who := cmp.Or(login.OfAgent(d.Agents[p.Agent]), login.OfUser(d.Users[p.User])); who != nil {
		return who, nil
	}
	return nil, fault.New(fault.NotFound, "A key has no passkeys and no password.")
}

func (a *API) listPasskeys(w http.ResponseWriter, r *http.Request) error {
	out := door.List[Passkey]{Data: []Passkey{}}
	ag, err := a.person(r)
	if err != nil {
		return door.JSON(w, http.StatusOK, out)
	}
	all, err := a.Passkeys.Of(r.Context(), ag.ID)
	if err != nil {
		return err
	}
	for i := range all {
		out.Data = append(out.Data, passkeyView(&all[i]))
	}
	return door.JSON(w, http.StatusOK, out)
}

func (a *API) registerPasskey(w http.ResponseWriter, r *http.Request) error {
	ag, err := a.person(r)
	if err != nil {
		return err
	}
	name, options, err := a.Passkeys.BeginRegister(r.Context(), ag)
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, Ceremony{name, options})
}

func (a *API) keepPasskey(w http.ResponseWriter, r *http.Request) error {
	ag, err := a.person(r)
	if err != nil {
		return err
	}
	var in NewPasskey
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	p, err := a.Passkeys.FinishRegister(r.Context(), ag, in.Ceremony, in.Name, in.Credential)
	if err != nil {
		return err
	}
	return door.Created(w, Base+"/passkeys/"+p.ID, passkeyView(p))
}

func (a *API) dropPasskey(w http.ResponseWriter, r *http.Request) error {
	ag, err := a.person(r)
	if err != nil {
		return err
	}
	if err := a.Passkeys.Drop(r.Context(), ag.ID, r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
