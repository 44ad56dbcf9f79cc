package store

import (
	"context"
	"fmt"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/store/micro"
	"ringback/internal/subscriber"
)

// OptOut blocks a number and writes down that it was asked for.
func (db *DB) OptOut(ctx context.Context, b subscriber.Block, r consent.Record, limits []callback.Velocity) error {
	err := db.commit(ctx, b.NumberHash, func(t *tx) error {
		if err := count(t, limits, &callback.Callback{ID: id.Callback(r.ID)}, r.At); err != nil {
			return err
		}
		if err := block(t, &b); err != nil {
			return err
		}
		return testify(t, &r, "")
	})
	if err != nil {
		return fmt.Errorf("opt out: %w", err)
	}
	return nil
}

// Lift takes a block away and writes down that somebody did.
func (db *DB) Lift(ctx context.Context, b id.Block, r consent.Record) error {
	err := db.commit(ctx, r.Person.NumberHash, func(t *tx) error {
		n, err := t.exec("DELETE FROM blocks WHERE id = $1", string(b))
		if err != nil || n == 0 {
			return err
		}
		return testify(t, &r, "")
	})
	if err != nil {
		return fmt.Errorf("block %s: lift: %w", b, err)
	}
	return nil
}

// block writes a block; one that is there for the number and the business becomes this one.
func block(t *tx, b *subscriber.Block) error {
	n, err := t.exec(`UPDATE blocks SET masked = $3, reason = $4, until_at = $5, own_wish = $6 WHERE number_hash = $1 AND coalesce(subscriber_id, '') = $2`,
		b.NumberHash, string(b.Subscriber), b.Masked, b.Reason, micro.Of(b.Until), number(b.OwnWish))
	if err != nil || n > 0 {
		return err
	}
	_, err = t.exec(shelves[directory.Block].upsert, blockRow(nil, b)...)
	if err != nil && troubleOf(err) == unique && about(err, "blocks_number", "index 'blocks_number'") {
		return errInTheWay // another batch blocked it just now
	}
	return err
}
