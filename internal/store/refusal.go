package store

import (
	"context"
	"fmt"

	"ringback/internal/callback"
	"ringback/internal/store/micro"
)

// Refuse records a refusal at the door.
func (db *DB) Refuse(ctx context.Context, r callback.Refusal) error {
	if r.ID == "" {
		r.ID = db.o.Mint.Refusal()
	}
	err := db.commit(ctx, string(r.ID), func(t *tx) error {
		_, err := t.exec(`INSERT INTO refusals (id, subscriber_id, button_id, code, masked, page, visitor_hash, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(r.ID), string(r.Subscriber), string(r.Button), string(r.Code), r.Masked, micro.Text(r.Page), r.Visitor, micro.Of(r.At))
		return err
	})
	if err != nil {
		return fmt.Errorf("refusal %s: %w", r.ID, err)
	}
	return nil
}
