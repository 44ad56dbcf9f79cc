package store

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/id"
	"ringback/internal/store/micro"
)

// Event is a line of the outbox: one for each step. What it tells is read from the callback itself.
type Event struct {
	Seq        int64  // rises over everything; numbers may be left out
	Kind       string // callback.STATE
	Subscriber id.Subscriber
	Callback   id.Callback
	Version    int64 // of the callback after the step
	At         time.Time
}

// Events returns what came after the event of sequence after, at most limit, in order. On PostgreSQL it stops before
// the first transaction that still runs, so that none is passed over.
func (db *DB) Events(ctx context.Context, after int64, limit int) ([]Event, error) {
	rows, err := reader{ctx, db.read}.query("SELECT seq, kind, subscriber_id, callback_id, version, at FROM events WHERE seq > $1"+
		db.settled+" ORDER BY seq LIMIT $2", after, limit)
	if err != nil {
		return nil, fmt.Errorf("events: %w", told(err))
	}
	out, err := collect(rows, func(scan scanner) (e Event, err error) {
		var at int64
		err = scan(&e.Seq, &e.Kind, &e.Subscriber, &e.Callback, &e.Version, &at)
		e.At = micro.Time(at)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("events: %w", told(err))
	}
	return out, nil
}
