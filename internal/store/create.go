package store

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/store/micro"
)

// Create writes a new callback with all that belongs to it, and puts the ids of its contact and interaction and its
// version into n.Callback. Checks come in this order, and the first that says no is the answer: the idempotency key
// (*callback.Replayed, idempotency_key_reused, idempotency_in_progress), proof, one live callback per number (number_busy),
// velocity, the line (only for a callback that begins as queued).
func (db *DB) Create(ctx context.Context, n callback.New) error {
	var made *callback.Callback
	err := db.commit(ctx, n.Callback.NumberHash, func(t *tx) (err error) {
		made, err = create(t, n)
		return err
	})
	if err != nil {
		return fmt.Errorf("callback %s: create: %w", n.Callback.ID, err)
	}
	n.Callback.Contact, n.Callback.Interaction, n.Callback.Version = made.Contact, made.Interaction, made.Version
	if n.Once != nil {
		db.requests.drop(*n.Once)
	}
	return nil
}

func create(t *tx, n callback.New) (*callback.Callback, error) {
	if err := replay(t, n.Once); err != nil {
		return nil, err
	}
	c, lines := n.Callback.Clone(), append([]callback.Line(nil), n.Lines...)
	c.Version = max(1, int64(len(lines)))
	micro.Callback(c)
	micro.Lines(lines, 0)
	if err := count(t, n.Proof, c, c.CreatedAt); err != nil {
		return nil, final(err)
	}
	if err := meet(t, n, c); err != nil {
		return nil, err
	}
	for _, write := range []func() error{
		func() error { return insert(t, c) },
		func() error { return count(t, n.Velocity, c, c.CreatedAt) },
		func() error { return line(t, n.MaxLine, c) },
		func() error { return spend(t, n.Spend, c) },
		func() error { return book(t, n.Booking, c) },
		func() error { return writeAttempts(t, nil, c) },
		func() error { return testify(t, n.Consent, c.ID) },
		func() error { return moves(t, n.Agents) },
		func() error { return putLetters(t, n.Letters) },
		func() error { return answered(t, n.Once, c) },
	} {
		if err := write(); err != nil {
			return nil, err
		}
	}
	if n.Rehearsal { // all of it is taken back
		return nil, callback.ErrRehearsed
	}
	record(t, c, lines)
	t.unit.putCallback(c.ID, c)
	return c, nil
}

func insert(t *tx, c *callback.Callback) error {
	_, err := t.exec(insertCallback, callbackRow(c)...)
	if err != nil && troubleOf(err) == unique && about(err, "number_hash", "callbacks_live_number") {
		return numberBusy(err)
	}
	return err
}

func numberBusy(err error) error {
	return fault.At("number", fault.NumberBusy, "We are already calling this number. Please wait for that call, or cancel it first.").Because(err)
}

// line holds the number of a subscriber's callbacks that wait to maxLine.
func line(t *tx, maxLine int, c *callback.Callback) error {
	if maxLine <= 0 || c.State != callback.Queued {
		return nil
	}
	var n int
	if _, err := one(t, "SELECT count(*) FROM callbacks WHERE subscriber_id = $1 AND state = 'queued'", []any{string(c.Subscriber)}, &n); err != nil {
		return err
	}
	if n > maxLine { // the new one is among them
		return fault.New(fault.LimitSubscriber, "Too many people are waiting at the moment. Please try again later.").After(5 * time.Minute)
	}
	return nil
}

// moves are the changes of agents that belong to a step.
func moves(t *tx, all []callback.Move) error {
	for _, m := range all {
		if err := moveAgent(t, m); err != nil {
			return err
		}
	}
	return nil
}
