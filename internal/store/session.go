package store

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/store/micro"
)

var _ login.Sessions = (*DB)(nil)

const sessionColumns = "token_hash, agent_id, password_mark, created_at, seen_at"

// PutSession: see login.Sessions.
func (db *DB) PutSession(ctx context.Context, s login.Session) error {
	return db.session(ctx, s.TokenHash, "INSERT INTO sessions ("+sessionColumns+") VALUES "+placeholders(1, 5),
		s.TokenHash, string(s.Person), s.PasswordMark, micro.Of(s.CreatedAt), micro.Of(s.SeenAt))
}

// SeeSession: see login.Sessions.
func (db *DB) SeeSession(ctx context.Context, tokenHash string, at time.Time) error {
	return db.session(ctx, tokenHash, "UPDATE sessions SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2", tokenHash, micro.Of(at))
}

// EndSession: see login.Sessions.
func (db *DB) EndSession(ctx context.Context, tokenHash string) error {
	return db.session(ctx, tokenHash, "DELETE FROM sessions WHERE token_hash = $1", tokenHash)
}

func (db *DB) session(ctx context.Context, tokenHash, statement string, args ...any) error {
	err := db.commit(ctx, tokenHash, func(t *tx) error {
		_, err := t.exec(statement, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

// SessionsOver are the agents who have sessions that are over, by idleness or age, and none that is not.
func (db *DB) SessionsOver(ctx context.Context, now time.Time) (all []id.Agent, err error) {
	rows, err := db.read.QueryContext(ctx, `SELECT DISTINCT agent_id FROM sessions WHERE agent_id NOT LIKE 'usr\_%' ESCAPE '\' AND agent_id NOT IN
		(SELECT agent_id FROM sessions WHERE seen_at > $1 AND created_at > $2) ORDER BY agent_id`,
		micro.Of(now.Add(-login.Idle)), micro.Of(now.Add(-login.MaxAge)))
	if err != nil {
		return nil, fmt.Errorf("sessions that are over: %w", told(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var a id.Agent
		if err := rows.Scan(&a); err != nil {
			return nil, fmt.Errorf("sessions that are over: %w", told(err))
		}
		all = append(all, a)
	}
	return all, told(rows.Err())
}

// Session: see login.Sessions.
func (db *DB) Session(ctx context.Context, tokenHash string) (*login.Session, error) {
	var s login.Session
	var created, seen int64
	found, err := one(reader{ctx, db.read}, "SELECT "+sessionColumns+" FROM sessions WHERE token_hash = $1", []any{tokenHash},
		&s.TokenHash, &s.Person, &s.PasswordMark, &created, &seen)
	if err != nil {
		return nil, fmt.Errorf("session: %w", told(err))
	}
	if !found {
		return nil, nil
	}
	s.CreatedAt, s.SeenAt = micro.Time(created), micro.Time(seen)
	return &s, nil
}
