package storemem

import (
	"context"
	"time"

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
