package setup

import (
	"maps"
	"slices"
	"time"

	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
)

// users are people of businesses. Their address is theirs alone: it is what they sign in with.
func (p *planner) users() thing[login.User] {
	byMail := map[string]string{}
	for i, u := range p.have.Users {
		byMail[u.Email] = string(i)
	}
	return thing[login.User]{
		kind:  directory.User,
		names: func(u *login.User) (string, string) { return string(u.ID), u.Slug },
		name:  func(u *login.User, v string) { u.ID = id.User(v) },
		mint:  func() string { return string(p.mint.User()) },
		check: func(u *login.User) error { return p.checkUser(u, byMail) },
		adopt: func(v, was *login.User) {
			v.CreatedAt, v.UpdatedAt = p.now, p.now
			v.InviteUntil = v.InviteUntil.UTC().Truncate(time.Microsecond)
			byMail[v.Email] = string(v.ID)
			if was != nil {
				v.CreatedAt = was.CreatedAt
				if v.PasswordHash == "" {
					v.PasswordHash = was.PasswordHash
					if v.InviteHash == "" {
						v.InviteHash, v.InviteUntil = was.InviteHash, was.InviteUntil
					}
				}
			}
		},
		bare: func(u login.User) login.User { u.CreatedAt, u.UpdatedAt = time.Time{}, time.Time{}; return u },
	}
}

func (p *planner) checkUser(u *login.User, byMail map[string]string) error {
	of := called(directory.User, string(u.ID), u.Slug)
	if u.Role != login.Owner {
		return fault.At("role", fault.WrongType, "%s has the role %q; write owner.", of, u.Role)
	}
	var err error
	if u.Email, err = login.Email(u.Email); err != nil {
		return fault.At("email", fault.WrongType, "%s: %v.", of, err)
	}
	self := string(u.ID)
	if self == "" {
		self = p.slugs[directory.User][u.Slug]
	}
	if other := byMail[u.Email]; other != "" && other != self {
		return fault.At("email", fault.WrongType, "%s: somebody signs in with %s already.", of, u.Email)
	}
	if len(u.Subscribers) == 0 {
		return fault.At("subscribers", fault.FieldRequired, "%s needs a subscriber.", of)
	}
	all := make([]id.Subscriber, 0, len(u.Subscribers))
	for _, s := range u.Subscribers {
		if s, err = owner(p, of, s); err != nil {
			return err
		}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	u.Subscribers = all
	return nil
}

// leave takes a business that goes away from its people; who has no other goes with it.
func (p *planner) leave(gone id.Subscriber) {
	for _, i := range slices.Sorted(maps.Keys(p.have.Users)) {
		u := p.have.Users[i]
		if !slices.Contains(u.Subscribers, gone) {
			continue
		}
		left := *u
		for _, w := range p.plan.Writes { // she may have left another already
			if was, ok := w.Value.(*login.User); ok && was.ID == i {
				left = *was
			}
		}
		left.Subscribers = slices.DeleteFunc(slices.Clone(left.Subscribers), func(s id.Subscriber) bool { return s == gone })
		if len(left.Subscribers) == 0 {
			p.remove(directory.User, string(i))
			continue
		}
		p.plan.Writes = append(p.plan.Writes, Write{Kind: directory.User, ID: string(i), Value: &left})
	}
}
