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
	Login    string `json:"login,omitempty"` // an agent's slug, or the mail address of a person of a business
	Password string `json:"password,omitempty"`

	Ceremony   string          `json:"ceremony,omitempty"`   // or: of POST /session/passkey
	Credential json.RawMessage `json:"credential,omitempty"` // what navigator.credentials.get gave, as toJSON writes it
}

// SignedIn is who has signed in.
type SignedIn struct {
	Agent *Agent `json:"agent"` // null = a person of a business
	Role  string `json:"role"`  // agent, supervisor or owner
}

// Me is who asks: a key, an agent with what she represents, or a person of a business with what is hers.
type Me struct {
	ID         string    `json:"id"`
	Slug       string    `json:"slug"`
	Name       string    `json:"name"`
	Role       string    `json:"role"`
	Agent      *Agent    `json:"agent"`
	Represents []Serving `json:"represents"`
	Supervises []Named   `json:"supervises"`
	Owns       []Named   `json:"owns"` // businesses of a person of theirs: ?subscriber= says which of them a request is about, else the first
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
		{Method: "POST", Pattern: "/session", Secret: true, Summary: "Sign in as an agent, or as a person of a business: sets the cookie " + door.Cookie + ". A wrong name or password is 401 bad_login, too many of them 429 limit_login; later a session that is over is 401 no_session", In: SignIn{}, Out: SignedIn{}, Status: http.StatusCreated, Handle: a.signIn},
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
	token, who, err := a.letIn(r, &in)
	if err != nil {
		return err
	}
	http.SetCookie(w, a.cookie(token, login.MaxAge))
	if who.User != nil {
		return door.Created(w, Base+"/me", SignedIn{nil, string(who.User.Role)})
	}
	p, v := a.Conductor.Directory().Principal(who.Agent), agentView(who.Agent, a.Conductor.Agents())
	return door.Created(w, Base+"/me", SignedIn{&v, string(p.Role)})
}

func (a *API) letIn(r *http.Request, in *SignIn) (token string, who *login.Account, err error) {
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

// changePassword ends all sessions of who has signed in, and opens a new one, here.
func (a *API) changePassword(w http.ResponseWriter, r *http.Request) error {
	who, err := a.person(r)
	if err != nil {
		return err
	}
	var in NewPassword
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	token, err := a.Gate.Change(r.Context(), who, in.Old, in.New, door.Visitor(r), a.keepPassword(who))
	if err != nil {
		return err
	}
	http.SetCookie(w, a.cookie(token, login.MaxAge))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// keepPassword writes the password of an account down.
func (a *API) keepPassword(of *login.Account) login.Keep {
	return func(ctx context.Context, hash string) (*login.Account, error) {
		if of.User != nil {
			changed := *of.User
			changed.PasswordHash, changed.InviteHash, changed.InviteUntil = hash, "", time.Time{}
			_, err := a.apply(ctx, directory.User, directory.Setup{Users: []login.User{changed}})
			return login.OfUser(&changed), err
		}
		changed := *of.Agent
		changed.PasswordHash = hash
		_, err := a.apply(ctx, directory.Agent, directory.Setup{Agents: []agent.Agent{changed}})
		return login.OfAgent(&changed), err
	}
}

// signOut forgets the session. Whose desk it was takes no calls any more.
func (a *API) signOut(w http.ResponseWriter, r *http.Request) error {
	p := door.Principal(r.Context())
	who := p.Agent
	if who == "" && p.User == "" {
		return fault.New(fault.NotFound, "A key has no session.")
	}
	if err := a.Gate.SignOut(r.Context(), door.Session(r)); err != nil {
		return err
	}
	http.SetCookie(w, a.cookie("", -time.Second))
	if who == "" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if err := a.Conductor.SignOut(r.Context(), who); err != nil { // she is out; whether she is rung, the watch over desks sees
		a.Log.WarnContext(r.Context(), "who has signed out is still at work", "agent", who, "err", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) me(w http.ResponseWriter, r *http.Request) error {
	return door.JSON(w, http.StatusOK, a.whoami(door.Principal(r.Context())))
}

// whoami is who asks, with what she is to the businesses now.
func (a *API) whoami(p login.Principal) Me {
	d := a.Conductor.Directory()
	me := Me{Role: string(p.Role), Represents: []Serving{}, Supervises: []Named{}, Owns: []Named{}}
	ag := d.Agents[p.Agent]
	if u := d.Users[p.User]; u != nil {
		me.ID, me.Slug, me.Name, me.Owns = string(u.ID), u.Slug, u.Name, owned(d, u)
		return me
	}
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

// owned are the businesses of a person.
func owned(d *directory.Directory, u *login.User) []Named {
	out := []Named{}
	for _, i := range u.Subscribers {
		if s := d.Subscribers[i]; s != nil {
			out = append(out, Named{string(s.ID), s.Slug, s.Name})
		}
	}
	return out
}

// who names the one who asks, in records.
func who(r *http.Request) string {
	p := door.Principal(r.Context())
	return p.Who()
}
