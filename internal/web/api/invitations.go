package api

import (
	"context"
	"net/http"
	"strings"

	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// Letters leave the house.
type Letters interface {
	// Send puts a letter into the outbox; false = nothing leaves by its way.
	Send(ctx context.Context, l letter.Letter) (bool, error)
}

// Invitation is the token of a link that invites.
type Invitation struct {
	Token string `json:"token"`
}

// Invited is who holds a link that invites.
type Invited struct {
	Name        string   `json:"name"`
	Email       string   `json:"email"`
	Subscribers []string `json:"subscribers"` // by name
}

// Acceptance is the password that who was invited has chosen.
type Acceptance struct {
	Token    string `json:"token"`
	Password string `json:"password"`
}

func (a *API) invitations() []door.Route {
	return []door.Route{
		{Method: "POST", Pattern: "/users/{id}/invite", Who: door.Operator, Secret: true, Summary: "Send a person another link to choose her password: the link before it ends", In: Nothing{}, Out: InvitedUser{}, Handle: a.inviteAgain},
		{Method: "POST", Pattern: "/session/invitation", Secret: true, Summary: "Whom a link that invites is for", In: Invitation{}, Out: Invited{}, Handle: a.readInvitation},
		{Method: "POST", Pattern: "/session/accept", Secret: true, Summary: "Choose a password by a link that invites, once, and sign in", In: Acceptance{}, Out: SignedIn{}, Status: http.StatusCreated, Handle: a.acceptInvitation},
	}
}

// inviteURL is the page that a link opens. The token stands behind a #: no server logs it, no page passes it on.
func (a *API) inviteURL(token string) string { return a.URL + "/app/#" + token }

// invite makes a link for u, and a letter with it.
func (a *API) invite(r *http.Request, d *directory.Directory, u *login.User) (token string, posted bool, err error) {
	token = a.Mint.Token(id.InviteToken)
	u.InviteHash, u.InviteUntil = id.TokenHash(token), a.Now().Add(login.InviteFor)
	if a.Letters == nil {
		return token, false, nil
	}
	var names []string
	for _, s := range u.Subscribers {
		if sub := d.Subscribers[s]; sub != nil {
			names = append(names, sub.Name)
		}
	}
	of := strings.Join(names, ", ")
	now := a.Now()
	posted, err = a.Letters.Send(r.Context(), letter.Letter{ID: a.Mint.Letter(), Key: "invite " + u.InviteHash, Address: letter.Address{Kind: letter.Mail, To: u.Email},
		Subject: "Your pages for " + of,
		Text: "Hello " + u.Name + ",\n\nthe calls of " + of + " wait for you at\n\n" + a.inviteURL(token) +
			"\n\nThe link lets you choose your password. It works once, for seven days. If you did not expect it, leave it alone.\n",
		CreatedAt: now, DueAt: now, LastAt: u.InviteUntil})
	return token, posted, err
}

func (a *API) inviteAgain(w http.ResponseWriter, r *http.Request) error {
	d, i, err := a.users().find(a, r)
	if err != nil {
		return err
	}
	if err := door.Strict(r, &Nothing{}); err != nil {
		return err
	}
	u := *d.Users[id.User(i)]
	token, posted, err := a.invite(r, d, &u)
	if err != nil {
		return err
	}
	if _, err := a.apply(r.Context(), directory.User, directory.Setup{Users: []login.User{u}}); err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, InvitedUser{userView(d, &u), a.inviteURL(token), posted})
}

// invited is whom the token is for, while it holds.
func (a *API) invited(token string) (*login.User, error) {
	u := a.Conductor.Directory().UserByInvite(id.TokenHash(token))
	if !strings.HasPrefix(token, id.InviteToken) || u == nil || a.Now().After(u.InviteUntil) {
		return nil, fault.New(fault.Gone, "This invitation is over, or was used. Sign in, or ask whoever sent it for another.")
	}
	return u, nil
}

func (a *API) readInvitation(w http.ResponseWriter, r *http.Request) error {
	var in Invitation
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	u, err := a.invited(in.Token)
	if err != nil {
		return err
	}
	out := Invited{Name: u.Name, Email: u.Email, Subscribers: []string{}}
	for _, s := range owned(a.Conductor.Directory(), u) {
		out.Subscribers = append(out.Subscribers, s.Name)
	}
	return door.JSON(w, http.StatusOK, out)
}

func (a *API) acceptInvitation(w http.ResponseWriter, r *http.Request) error {
	var in Acceptance
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	u, err := a.invited(in.Token)
	if err != nil {
		return err
	}
	token, err := a.Gate.Accept(r.Context(), in.Password, a.keepPassword(login.OfUser(u)))
	if err != nil {
		return err
	}
	http.SetCookie(w, a.cookie(token, login.MaxAge))
	return door.Created(w, Base+"/me", SignedIn{nil, string(u.Role)})
}
