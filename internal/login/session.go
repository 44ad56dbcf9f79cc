package login

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/alexedwards/argon2id"

	"ringback/internal/fault"
	"ringback/internal/id"
)

const (
	// Idle is how long a session lives that nobody uses.
	Idle = 12 * time.Hour
	// MaxAge is how long it lives at all.
	MaxAge = 7 * 24 * time.Hour
	// seenEvery is how exactly its use is kept.
	seenEvery = 5 * time.Minute
)

// Session is somebody who has signed in. Its token is stored only as a hash.
type Session struct {
	TokenHash    string
	Person       id.Person
	PasswordMark string // of the hash of the password it was opened with: another password ends it
	CreatedAt    time.Time
	SeenAt       time.Time
}

// Sessions keeps them. An unknown one is nil.
type Sessions interface {
	PutSession(ctx context.Context, s Session) error
	Session(ctx context.Context, tokenHash string) (*Session, error)
	SeeSession(ctx context.Context, tokenHash string, at time.Time) error
	EndSession(ctx context.Context, tokenHash string) error
}

// Gate lets people in by name and password, and knows them again by their token.
type Gate struct {
	GateDeps
	passwords *passwords
	pauses    pauses
}

// GateDeps is what a gate needs.
type GateDeps struct {
	Sessions Sessions
	Mint     *id.Mint
	Now      func() time.Time
	// Account by id or by what its holder types; nil = there is none.
	Account func(idOrLogin string) *Account
	// NoPasswords opens a session to nobody who has nothing but a password.
	NoPasswords bool
	// Cost of a password that nobody has: that of the others. nil = argon2id.DefaultParams.
	Cost *argon2id.Params
}

// NewGate returns a gate that has seen nobody fail.
func NewGate(d GateDeps) *Gate { return &Gate{GateDeps: d, passwords: newPasswords(d.Cost)} }

// SignIn opens a session and returns its token. A wrong password and a name that nobody has are told alike, after the
// same work: fault.BadLogin. After failures it takes growing pauses: fault.LimitLogin.
func (g *Gate) SignIn(ctx context.Context, name, password, address string) (token string, a *Account, err error) {
	if g.NoPasswords {
		return "", nil, fault.New(fault.Forbidden, "Nobody signs in with a password here: auth.passwords is false.")
	}
	if wait := g.pauses.begin(name, address, g.Now()); wait > 0 {
		return "", nil, fault.New(fault.LimitLogin, "That was wrong too often. Wait a moment before you try again.").After(wait)
	}
	a = g.Account(name)
	hash := ""
	if a != nil {
		hash = a.PasswordHash
	}
	same, err := g.passwords.match(ctx, password, hash)
	switch {
	case err != nil:
		return "", nil, err
	case !same:
		return "", nil, fault.New(fault.BadLogin, "Name or password is wrong.")
	}
	g.pauses.succeeded(name, address)
	token, err = g.open(ctx, a)
	return token, a, err
}

// open makes a session of somebody who has proved who she is.
func (g *Gate) open(ctx context.Context, a *Account) (token string, err error) {
	now := g.Now().UTC()
	token = g.Mint.Token(id.SessionToken)
	s := Session{TokenHash: id.TokenHash(token), Person: a.ID, PasswordMark: mark(a.PasswordHash), CreatedAt: now, SeenAt: now}
	return token, g.Sessions.PutSession(ctx, s)
}

// Who is signed in with the token: fault.NoSession when it is unknown, too old, unused for too long, or of a password
// that is not hers any more.
func (g *Gate) Who(ctx context.Context, token string) (*Account, error) {
	s, err := g.Sessions.Session(ctx, id.TokenHash(token))
	if err != nil {
		return nil, err
	}
	now := g.Now()
	if s == nil || now.Sub(s.SeenAt) > Idle || now.Sub(s.CreatedAt) > MaxAge {
		return nil, signedOut()
	}
	a := g.Account(string(s.Person))
	if a == nil || a.ID != s.Person || a.PasswordHash == "" || mark(a.PasswordHash) != s.PasswordMark {
		return nil, signedOut()
	}
	if now.Sub(s.SeenAt) > seenEvery {
		if err := g.Sessions.SeeSession(ctx, s.TokenHash, now.UTC()); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func signedOut() error {
	return fault.New(fault.NoSession, "You are not signed in any more. Sign in again.")
}

// SignOut ends the session of the token.
func (g *Gate) SignOut(ctx context.Context, token string) error {
	return g.Sessions.EndSession(ctx, id.TokenHash(token))
}

// mark tells one password hash from another without giving it away.
func mark(hash string) string {
	h := sha256.Sum256([]byte("session " + hash))
	return hex.EncodeToString(h[:8])
}
