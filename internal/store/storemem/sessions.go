package storemem

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/store/micro"
)

var _ login.Sessions = (*Store)(nil)

// PutSession: see login.Sessions.
func (s *Store) PutSession(ctx context.Context, one login.Session) error {
	return s.do(ctx, "put session", func() error {
		one.CreatedAt, one.SeenAt = micro.Round(one.CreatedAt), micro.Round(one.SeenAt)
		s.sessions[one.TokenHash] = one
		return nil
	})
}

// Session: see login.Sessions.
func (s *Store) Session(ctx context.Context, tokenHash string) (found *login.Session, err error) {
	err = s.do(ctx, "session", func() error {
		if one, ok := s.sessions[tokenHash]; ok {
			found = &one
		}
		return nil
	})
	return found, err
}

// SeeSession: see login.Sessions.
func (s *Store) SeeSession(ctx context.Context, tokenHash string, at time.Time) error {
	return s.do(ctx, "see session", func() error {
		if one, ok := s.sessions[tokenHash]; ok && at.After(one.SeenAt) {
			one.SeenAt = micro.Round(at)
			s.sessions[tokenHash] = one
		}
		return nil
	})
}

// EndSession: see login.Sessions.
func (s *Store) EndSession(ctx context.Context, tokenHash string) error {
	return s.do(ctx, "end session", func() error {
		delete(s.sessions, tokenHash)
		return nil
	})
}

var _ login.PasskeyStore = (*Store)(nil)

// PutPasskey: see login.PasskeyStore.
func (s *Store) PutPasskey(ctx context.Context, p login.Passkey) error {
	return s.do(ctx, "put passkey", func() error {
		if old, known := s.passkeys[p.ID]; known {
			if old.Person != p.Person {
				return fault.New(fault.TooLate, "This passkey is somebody else's.")
			}
			p.Name, p.CreatedAt = old.Name, old.CreatedAt
		}
		p.Credential, p.CreatedAt, p.UsedAt = slices.Clone(p.Credential), micro.Round(p.CreatedAt), micro.Round(p.UsedAt)
		s.passkeys[p.ID] = p
		return nil
	})
}

// Passkeys: see login.PasskeyStore.
func (s *Store) Passkeys(ctx context.Context, a id.Person) (out []login.Passkey, err error) {
	err = s.do(ctx, "passkeys", func() error {
		for _, p := range s.passkeys {
			if p.Person == a {
				out = append(out, p)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(x, y login.Passkey) int { return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), cmp.Compare(x.ID, y.ID)) })
	return out, err
}

// DropPasskey: see login.PasskeyStore.
func (s *Store) DropPasskey(ctx context.Context, a id.Person, passkey string) error {
	return s.do(ctx, "drop passkey", func() error {
		if s.passkeys[passkey].Person != a {
			return fault.New(fault.NotFound, "There is no such passkey.")
		}
		delete(s.passkeys, passkey)
		return nil
	})
}
