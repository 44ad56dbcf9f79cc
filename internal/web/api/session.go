package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"ringback/internal/agent"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// SignIn opens a session.
type SignIn struct {
	Login    string `json:"login,omitempty"` // the agent's slug
	Password string `json:"password,omitempty"`

	Ceremony   string          `json:"ceremony,omitempty"`   // or: of POST /session/passkey
	Credential json.RawMessage `json:"credential,omitempty"` // what navigator.credentials.get gave, as toJSON writes it
}

// SignedIn is who has signed in.
type SignedIn struct {
	Agent Agent  `json:"agent"`
	Role  string `json:"role"` // agent or supervisor
}

// Me is who asks: a key, or an agent with what she represents.
type Me struct {
	ID         string    `json:"id"`
	Slug       string    `json:"slug"`
	Name       string    `json:"name"`
	Role       string    `json:"role"`
	Agent      *Agent    `json:"agent"`
	Represents []Serving `json:"represents"`
	Supervises []Named   `json:"supervises"`
}

// Named is a thing by its id and the names that people know it by.
type Named struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Serving is a business as an agent answers for it.
type Serving struct {
	Representation string  `json:"representation"`
	Subscriber     Named   `json:"subscriber"`
	DisplayName    string  `json:"display_name"`
	Greeting       string  `json:"greeting"`
	Script         string  `json:"script"`
	CallerID       *string `json:"caller_id"`
	Paused         bool    `json:"paused"` // the business takes no calls at this moment
}

func (a *API) desk() []door.Route {
	return []door.Route{
		{Method: "POST", Pattern: "/session", Secret: true, Summary: "Sign in as an agent: sets the cookie " + door.Cookie + ". A wrong name or password is 401 bad_login, too many of them 429 limit_login; later a session that is over is 401 no_session", In: SignIn{}, Out: SignedIn{}, Status: http.StatusCreated, Handle: a.signIn},
		{Method: "DELETE", Pattern: "/session", Who: door.Desk, Summary: "Sign out: an agent's desk is disconnected and takes no calls; a talk is finished first", Status: http.StatusNoContent, Handle: a.signOut},
		{Method: "GET", Pattern: "/me", Who: door.Desk, Summary: "Who asks, and which businesses she represents", Out: Me{}, Handle: a.me},
		{Method: "POST", Pattern: "/me/password", Who: door.Desk, Secret: true, Summary: "Another password of who has signed in; her other sessions end", In: NewPassword{}, Status: http.StatusNoContent, Handle: a.changePassword},
		{Method: "GET", Pattern: "/live", Who: door.Desk, Summary: "What happens, as it happens (WebSocket, subprotocol " + Subprotocol + ")", Query: []string{"subscriber"}, Status: http.StatusSwitchingProtocols, Handle: a.live},
	}
}

// signIn sets the cookie. What was typed is neither kept nor logged.
func (a *API) signIn(w http.ResponseWriter, r *http.Request) error {
	var in SignIn
	if err := door.Lenient(r, &in); err != nil {
		return err
	}
	token, ag, err := a.letIn(r, &in)
	if err != nil {
		return err
	}
	http.SetCookie(w, a.cookie(token, login.MaxAge))
	p := a.Conductor.Directory().Principal(ag)
	return door.Created(w, Base+"/me", SignedIn{agentView(ag, a.Conductor.Agents()), string(p.Role)})
}

func (a *API) letIn(r *http.Request, in *SignIn) (token string, ag *agent.Agent, err error) {
	switch {
	case in.Ceremony != "":
		return a.Passkeys.FinishSignIn(r.Context(), in.Ceremony, in.Credential)
	case in.Login == "" || in.Password == "":
		return "", nil, fault.At("login", fault.FieldRequired, "Type your name and your password.")
	}
	return a.Gate.SignIn(r.Context(), in.Login, in.Password, door.Visitor(r))
}

// cookie lives as long as a session may at most; that it is idle the session itself knows.
func (a *API) cookie(token string, lives time.Duration) *http.Cookie {
	return &http.Cookie{Name: door.Cookie, Value: token, Path: "/", MaxAge: int(lives / time.Second), HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(a.URL, "https://")}
}

// NewPassword is another password for who has signed in.
type NewPassword struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// changePassword ends all sessions of the agent and opens a new one, here.
func (a *API) changePassword(w http.ResponseWriter, r *http.Request) error {
	ag, err := a.person(r)
	if err != nil {
		return err
	}
	var in NewPassword
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	token, err := a.Gate.Change(r.Context(), ag, in.Old, in.New, door.Visitor(r), func(ctx context.Context, hash string) (*agent.Agent, error) {
		changed := *ag
		changed.PasswordHash = hash
		if _, err := a.apply(ctx, directory.Agent, directory.Setup{Agents: []agent.Agent{changed}}); err != nil {
			return nil, err
		}
		return &changed, nil
	})
	if err != nil {
		return err
	}
	http.SetCookie(w, a.cookie(token, login.MaxAge))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// signOut forgets the session. Whose desk it was takes no calls any more.
func (a *API) signOut(w http.ResponseWriter, r *http.Request) error {
	who := door.Principal(r.Context()).Agent
	if who == "" {
		return fault.New(fault.NotFound, "A key has no session.")
	}
	if err := a.Gate.SignOut(r.Context(), door.Session(r)); err != nil {
		return err
	}
	if err := a.Conductor.SignOut(r.Context(), who); err != nil { // she is out; whether she is rung, the watch over desks sees
		a.Log.WarnContext(r.Context(), "who has signed out is still at work", "agent", who, "err", err)
	}
	http.SetCookie(w, a.cookie("", -time.Second))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) me(w http.ResponseWriter, r *http.Request) error {
	return door.JSON(w, http.StatusOK, a.whoami(door.Principal(r.Context())))
}

// whoami is who asks, with what she is to the businesses now.
func (a *API) whoami(p login.Principal) Me {
	d := a.Conductor.Directory()
	me := Me{Role: string(p.Role), Represents: []Serving{}, Supervises: []Named{}}
	ag := d.Agents[p.Agent]
	if ag == nil {
		if k := d.Keys[p.Key]; k != nil {
			me.ID, me.Slug, me.Name = string(k.ID), k.Slug, k.Slug
		}
		return me
	}
	view := agentView(ag, a.Conductor.Agents())
	view.Telephones = telephones(a.Conductor.Registered(ag.Slug))
	me.ID, me.Slug, me.Name, me.Agent = string(ag.ID), ag.Slug, ag.Name, &view
	for _, rep := range d.Serves(ag.ID) {
		s := d.Subscribers[rep.Subscriber]
		if s == nil {
			continue
		}
		sub := Named{string(s.ID), s.Slug, s.Name}
		from := rep.CallerID
		if from == "" {
			from = s.CallerID
		}
		me.Represents = append(me.Represents, Serving{Representation: string(rep.ID), Subscriber: sub, DisplayName: rep.DisplayName,
			Greeting: rep.Greeting, Script: rep.Script, CallerID: door.Opt(from.E164()), Paused: s.Suspended})
		if p.Watches(s.ID) {
			me.Supervises = append(me.Supervises, sub)
		}
	}
	return me
}

// who names the one who asks, in records.
func who(r *http.Request) string {
	p := door.Principal(r.Context())
	return p.Who()
}
