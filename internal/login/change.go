package login

import (
	"context"
	"unicode/utf8"

	"ringback/internal/agent"
	"ringback/internal/fault"
)

// Change gives an agent another password, which keep writes down: it takes the hash and returns the agent as she is then.
// All her sessions end with the old password; token is of a new one. Guessing the old one is slowed down as at the door.
func (g *Gate) Change(ctx context.Context, a *agent.Agent, old, chosen, address string, keep func(ctx context.Context, hash string) (*agent.Agent, error)) (token string, err error) {
	switch {
	case g.NoPasswords:
		return "", fault.New(fault.Forbidden, "Nobody signs in with a password here: auth.passwords is false.")
	case utf8.RuneCountInString(chosen) < shortest:
		return "", fault.At("new", fault.WrongType, "A password has at least %d letters. A few words that you will remember are a good one.", shortest)
	case len(chosen) > longest:
		return "", fault.At("new", fault.WrongType, "A password has at most %d letters.", longest)
	case chosen == old:
		return "", fault.At("new", fault.WrongType, "That is the password you have. Choose another.")
	}
	if wait := g.pauses.begin(a.Slug, address, g.Now()); wait > 0 {
		return "", fault.New(fault.LimitLogin, "That was wrong too often. Wait a moment before you try again.").After(wait)
	}
	same, err := g.passwords.match(ctx, old, a.PasswordHash)
	switch {
	case err != nil:
		return "", err
	case !same:
		return "", fault.At("old", fault.BadLogin, "That is not your password of now. If you have forgotten it, whoever runs this service gives you another.")
	}
	g.pauses.succeeded(a.Slug, address)
	hash, err := g.passwords.hash(ctx, chosen)
	if err != nil {
		return "", err
	}
	changed, err := keep(ctx, hash)
	if err != nil {
		return "", err
	}
	return g.open(ctx, changed)
}
