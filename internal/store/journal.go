package store

import (
	"context"
	"fmt"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

// Journal returns the lines of a callback in the order they were written; none of an unknown one.
func (db *DB) Journal(ctx context.Context, cb id.Callback) ([]callback.Line, error) {
	rows, err := reader{ctx, db.read}.query(
		"SELECT seq, at, actor, from_state, event, to_state, reason_code, detail FROM journal WHERE callback_id = $1 ORDER BY seq", string(cb))
	if err != nil {
		return nil, fmt.Errorf("journal of %s: %w", cb, told(err))
	}
	lines, err := collect(rows, func(scan scanner) (l callback.Line, err error) {
		var at int64
		err = scan(&l.Seq, &at, &l.Actor, &l.From, &l.Event, &l.To, &l.Reason, &l.Detail)
		l.At = micro.Time(at)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("journal of %s: %w", cb, told(err))
	}
	return lines, nil
}

// record writes the journal lines of a step, numbered already, and tells the outbox.
func record(t *tx, c *callback.Callback, lines []callback.Line) {
	for _, l := range lines {
		t.later(journal, string(c.ID), l.Seq, micro.Of(l.At), string(l.Actor), string(l.From), l.Event, string(l.To), string(l.Reason), l.Detail)
	}
	at := micro.Of(c.CreatedAt)
	if n := len(lines); n > 0 {
		at = micro.Of(lines[n-1].At)
	}
	t.later(events, "callback."+string(c.State), string(c.Subscriber), string(c.ID), c.Version, at)
}
