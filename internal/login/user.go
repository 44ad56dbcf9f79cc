package login

import (
	"fmt"
	"net/mail"
	"strings"
	"time"

	"ringback/internal/agent"
	"ringback/internal/id"
)

// User is a person of one or several businesses: she signs in at their pages, by her mail address, and sees them as
// their keys do.
type User struct {
	ID           id.User
	Slug         string
	Name         string
	Email        string // in lower case
	Role         Role   // owner
	Subscribers  []id.Subscriber
	PasswordHash string // "" = she has chosen none yet
	InviteHash   string // of the token of a letter that lets her choose one; "" = none is under way
	InviteUntil  time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Owner is who owns a business, or works for it.
const Owner Role = "owner"

// InviteFor is how long an invitation holds.
const InviteFor = 7 * 24 * time.Hour

// Principal of a user for one of her businesses, which may do what a key of it does. What is none of hers she does not
// see: of is Nobody then.
func (u *User) Principal(of id.Subscriber) Principal {
	p := Principal{Role: u.Role, User: u.ID, Sees: Nobody}
	for _, s := range u.Subscribers {
		if s == of {
			p.Sees = s
		}
	}
	return p
}

// Account is what somebody signs in with: an agent's or a user's.
type Account struct {
	ID           id.Person
	Login        string // what she types: an agent's slug, a user's mail address
	Name         string
	PasswordHash string

	Agent *agent.Agent // one of the two
	User  *User
}

// OfAgent is the account of an agent; nil of nobody.
func OfAgent(a *agent.Agent) *Account {
	if a == nil {
		return nil
	}
	return &Account{ID: id.Person(a.ID), Login: a.Slug, Name: a.Name, PasswordHash: a.PasswordHash, Agent: a}
}

// OfUser is the account of a user; nil of nobody.
func OfUser(u *User) *Account {
	if u == nil {
		return nil
	}
	return &Account{ID: id.Person(u.ID), Login: u.Email, Name: u.Name, PasswordHash: u.PasswordHash, User: u}
}

// Email reads a mail address as people sign in with it: bare, in lower case.
func Email(raw string) (string, error) {
	a, err := mail.ParseAddress(strings.TrimSpace(raw))
	if err != nil || a.Name != "" || len(a.Address) > 254 || strings.ContainsAny(a.Address, "\"\r\n <>") {
		return "", fmt.Errorf("%.80q is no mail address; one is written jo@acme.example", raw)
	}
	return strings.ToLower(a.Address), nil
}
