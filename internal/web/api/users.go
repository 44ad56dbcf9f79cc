package api

import (
	"net/http"

	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// UserDoc is what is written of a person of a business.
type UserDoc struct {
	Slug        string     `json:"slug"`
	Name        string     `json:"name"`
	Email       string     `json:"email"` // what she signs in with
	Role        login.Role `json:"role"`  // owner
	Subscribers []string   `json:"subscribers"`

	invite string // made, not written
	posted bool   // the letter with it leaves
}

// User is a person of one or several businesses, who signs in at /app/.
type User struct {
	ID           string     `json:"id"`
	Slug         string     `json:"slug"`
	Name         string     `json:"name"`
	Email        string     `json:"email"`
	Role         string     `json:"role"`
	Subscribers  []Named    `json:"subscribers"`
	HasPassword  bool       `json:"has_password"`  // false = she cannot sign in yet
	InvitedUntil door.Stamp `json:"invited_until"` // null = no invitation is under way
	CreatedAt    door.Stamp `json:"created_at"`
	UpdatedAt    door.Stamp `json:"updated_at"`
}

// InvitedUser is a person with the link that lets her choose her password, which is shown this once.
type InvitedUser struct {
	User
	InviteURL string `json:"invite_url"`
	Mailed    bool   `json:"mailed"` // the link is on its way to her address; false = give it to her yourself
}

func (a *API) users() thing[UserDoc, User] {
	return thing[UserDoc, User]{
		kind: directory.User, prefix: "usr_",
		ids: func(d *directory.Directory) []string { return keysOf(d.Users) },
		whose: func(d *directory.Directory, i string) id.Subscriber {
			if of := d.Users[id.User(i)].Subscribers; len(of) > 0 {
				return of[0]
			}
			return login.Nobody
		},
		view: func(d *directory.Directory, i string) User { return userView(d, d.Users[id.User(i)]) },
		doc: func(d *directory.Directory, i string) UserDoc {
			u := d.Users[id.User(i)]
			doc := UserDoc{Slug: u.Slug, Name: u.Name, Email: u.Email, Role: u.Role, Subscribers: []string{}}
			for _, s := range u.Subscribers {
				doc.Subscribers = append(doc.Subscribers, string(s))
			}
			return doc
		},
		blank: UserDoc{Role: login.Owner, Subscribers: []string{}},
		check: a.checkUser,
		first: func(v User, doc *UserDoc) any { return InvitedUser{v, a.inviteURL(doc.invite), doc.posted} },
		out:   InvitedUser{},
	}
}

func (d *UserDoc) slug() *string { return &d.Slug }

func userView(d *directory.Directory, u *login.User) User {
	return User{ID: string(u.ID), Slug: u.Slug, Name: u.Name, Email: u.Email, Role: string(u.Role), Subscribers: owned(d, u),
		HasPassword: u.PasswordHash != "", InvitedUntil: door.Stamp(u.InviteUntil), CreatedAt: door.Stamp(u.CreatedAt), UpdatedAt: door.Stamp(u.UpdatedAt)}
}

func (a *API) checkUser(r *http.Request, d *directory.Directory, self string, in *UserDoc) (directory.Setup, error) {
	none := directory.Setup{}
	if err := freeSlug(d, directory.User, self, in.Slug); err != nil {
		return none, err
	}
	email, err := login.Email(in.Email)
	if err != nil {
		return none, bad("email", "%v.", err)
	}
	if other := d.UserByMail(email); other != nil && string(other.ID) != self {
		return none, bad("email", "Somebody signs in with %s already. PATCH her subscribers.", email)
	}
	if err := oneOf("role", in.Role, login.Owner); err != nil {
		return none, err
	}
	u := login.User{ID: id.User(self), Slug: in.Slug, Name: in.Name, Email: email, Role: in.Role}
	if u.Name == "" {
		u.Name = email
	}
	for _, named := range in.Subscribers {
		sub, err := business(d, door.Principal(r.Context()), named)
		if err != nil {
			return none, err
		}
		u.Subscribers = append(u.Subscribers, sub)
	}
	if len(u.Subscribers) == 0 {
		return none, required("subscribers")
	}
	if old := d.Users[u.ID]; old != nil {
		u.CreatedAt = old.CreatedAt
		return directory.Setup{Users: []login.User{u}}, nil
	}
	in.invite, in.posted, err = a.invite(r, d, &u)
	return directory.Setup{Users: []login.User{u}}, err
}
