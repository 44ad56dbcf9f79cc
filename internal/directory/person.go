package directory

import (
	"strings"

	"ringback/internal/agent"
	"ringback/internal/id"
	"ringback/internal/login"
)

// Principal of an agent who has signed in: what she represents now.
func (d *Directory) Principal(a *agent.Agent) login.Principal {
	p := login.Principal{Role: login.Agent, Agent: a.ID, Sees: login.Nobody}
	if a.Supervisor {
		p.Role = login.Supervisor
	}
	for _, r := range d.Serves(a.ID) {
		p.Represents = append(p.Represents, r.Subscriber)
	}
	return p
}

// Account of who signs in: an agent by id or slug, a user by id or mail address; nil when there is none. A slug has no @,
// so that nobody can be called as another signs in.
func (d *Directory) Account(idOrLogin string) *login.Account {
	if strings.Contains(idOrLogin, "@") {
		return login.OfUser(d.UserByMail(idOrLogin))
	}
	if u := d.Users[id.User(idOrLogin)]; u != nil {
		return login.OfUser(u)
	}
	return login.OfAgent(d.Agent(idOrLogin))
}

// UserByMail finds a user by her mail address, however it is written; nil when there is none.
func (d *Directory) UserByMail(address string) *login.User {
	return d.byMail[strings.ToLower(strings.TrimSpace(address))]
}

// UserByInvite finds whom a letter has invited, by the hash of its token; nil when there is none.
func (d *Directory) UserByInvite(hash string) *login.User { return d.byInvite[hash] }

// UsersOf lists the people of a business, in no order.
func (d *Directory) UsersOf(s id.Subscriber) (all []*login.User) {
	for _, u := range d.Users {
		for _, of := range u.Subscribers {
			if of == s {
				all = append(all, u)
			}
		}
	}
	return all
}
