package store

import (
	"context"
	"fmt"

	"ringback/internal/callback"
	"ringback/internal/store/micro"
)

// Companion finds a link by the hash of its token; nil = there is none.
func (db *DB) Companion(ctx context.Context, tokenHash string) (*callback.Companion, error) {
	c := callback.Companion{TokenHash: tokenHash}
	var created int64
	found, err := one(reader{ctx, db.read}, "SELECT callback_id, agent_id, created_at FROM companions WHERE token_hash = $1", []any{tokenHash},
		&c.Callback, &c.Agent, &created)
	if err != nil {
		return nil, fmt.Errorf("link: %w", told(err))
	}
	if !found {
		return nil, nil
	}
	c.CreatedAt = micro.Time(created)
	return &c, nil
}

func putCompanions(t *tx, all []callback.Companion) error {
	for _, c := range all {
		_, err := t.exec("INSERT INTO companions (token_hash, callback_id, agent_id, created_at) VALUES "+placeholders(1, 4),
			c.TokenHash, string(c.Callback), string(c.Agent), micro.Of(c.CreatedAt))
		if err != nil {
			return err
		}
	}
	return nil
}
