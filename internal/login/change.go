package login

import (
	"context"
	"unicode/utf8"

	"ringback/internal/fault"
)

// Keep writes a password's hash down, and returns the account as it is then.
type Keep func(ctx context.Context, hash string) (*Account, error)

// Change gives somebody another password, which keep writes down.
// All her sessions end with the old password; token is of a new one. Guessing the old one is slowed down as at the door.
func (g *Gate) Change(ctx context.Context, a *Account, old, chosen, address string, keep Keep) (token string, err error) {
	if err := g.fit("new", chosen); err != nil {
		return "", err
	}
	if chosen == old {
		return "", fault.At("new", fault.WrongType, "That is the password you have. Choose another.")
	}
	if wait := g.pauses.begin(a.Login, address, g.Now()); wait > 0 {
		return "", fault.New(fault.LimitLogin, "That was wrong too often. Wait a moment before you try again.").After(wait)
	}
	same, err := g.passwords.match(ctx, old, a.PasswordHash)
	switch {
	case err != nil:
		return "", err
	case !same:
		return "", fault.At("old", fault.BadLogin, "That is not your password of now. If you have forgotten it, whoever runs this service gives you another.")
	}
	g.pauses.succeeded(a.Login, address)
	return g.set(ctx, chosen, keep)
}

// Accept gives who was invited the password that she has chosen, and opens a session. That the letter is hers is known.
func (g *Gate) Accept(ctx context.Context, chosen string, keep Keep) (token string, err error) {
	if err := g.fit("password", chosen); err != nil {
		return "", err
	}
	return g.set(ctx, chosen, keep)
}

// fit says what is wrong with a password that somebody has chosen, in a field.
func (g *Gate) fit(field, chosen string) error {
	switch {
	case g.NoPasswords:
		return fault.New(fault.Forbidden, "Nobody signs in with a password here: auth.passwords is false.")
	case utf8.RuneCountInString(chosen) < shortest:
		return fault.At(field, fault.WrongType, "A password has at least %d letters. A few words that you will remember are a good one.", shortest)
	case len(chosen) > longest:
		return fault.At(field, fault.WrongType, "A password has at most %d letters.", longest)
	}
	return nil
}

func (g *Gate) set(ctx context.Context, chosen string, keep Keep) (token string, err error) {
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
