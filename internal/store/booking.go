package store

import (
	"ringback/internal/callback"
	"ringback/internal/store/micro"
)

// book takes the place of c, which is written already, in its slot.
func book(t *tx, b *callback.Booking, c *callback.Callback) error {
	if b == nil {
		return nil
	}
	if err := t.alone("slot " + string(c.Subscriber)); err != nil {
		return err
	}
	var n int
	if _, err := one(t, "SELECT count(*) FROM callbacks WHERE subscriber_id = $1 AND state = 'scheduled' AND due_at >= $2 AND due_at < $3",
		[]any{string(c.Subscriber), micro.Of(b.From), micro.Of(b.To)}, &n); err != nil {
		return err
	}
	if n > b.Capacity { // this one is among them
		return callback.ErrSlotTaken
	}
	return nil
}

// alone lets only one transaction at a time do what is named, until it ends: of two who take the last place, the other one
// waits and sees it taken. One process alone writes an SQLite file, one transaction at a time.
func (t *tx) alone(what string) error {
	if !t.c.db.shared {
		return nil
	}
	var done string
	_, err := one(t, "SELECT pg_advisory_xact_lock($1)::text", []any{int64(hash(what))}, &done)
	return err
}
