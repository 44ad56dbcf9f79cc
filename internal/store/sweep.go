package store

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/login"
	"ringback/internal/store/micro"
)

// KeepLetters is how long the record of a letter is kept, and a link at all.
const KeepLetters = 90 * 24 * time.Hour

// Sweep deletes what nobody asks for any more, answers older than KeepAnswers, letters older than KeepLetters, refusals older than the options say, counted events that left every window and
// sessions that nobody uses, a slice at a time. It returns how many rows went.
func (db *DB) Sweep(ctx context.Context, now time.Time) (gone int64, err error) {
	type slice struct {
		statement string // takes away 500 at most
		before    time.Time
	}
	all := []slice{
		{`DELETE FROM idempotency WHERE (principal, route, key) IN
			(SELECT principal, route, key FROM idempotency WHERE at <= $1 ORDER BY at LIMIT 500)`, now.Add(-KeepAnswers)},
		{`DELETE FROM velocity WHERE (key, at, cause) IN
			(SELECT key, at, cause FROM velocity WHERE until_at <= $1 ORDER BY until_at LIMIT 500)`, now},
		{`DELETE FROM outbox WHERE id IN
			(SELECT id FROM outbox WHERE created_at <= $1 AND (sent_at > 0 OR given_up_at > 0) LIMIT 500)`, now.Add(-KeepLetters)},
		{`DELETE FROM companions WHERE token_hash IN
			(SELECT token_hash FROM companions WHERE created_at <= $1 ORDER BY created_at LIMIT 500)`, now.Add(-KeepLetters)},
		{`DELETE FROM sessions WHERE token_hash IN
			(SELECT token_hash FROM sessions WHERE seen_at <= $1 ORDER BY seen_at LIMIT 500)`, now.Add(-login.Idle)},
		{`DELETE FROM charges WHERE leg_id IN (SELECT leg_id FROM charges WHERE at <= $1 ORDER BY at LIMIT 500)`, now.Add(-KeepCharges)},
		{`DELETE FROM alarms WHERE id IN (SELECT id FROM alarms WHERE at <= $1 ORDER BY at LIMIT 500)`, now.Add(-KeepAlarms)},
	}
	if keep := db.o.KeepRefusals; keep > 0 { // their ids are by time: no other is looked at
		all = append(all, slice{"DELETE FROM refusals WHERE at <= $1 AND id IN (SELECT id FROM refusals ORDER BY id LIMIT 500)", now.Add(-keep)})
	}
	for _, q := range all {
		for more := true; more; {
			var n int64
			err := db.commit(ctx, "sweep", func(t *tx) (err error) {
				n, err = t.exec(q.statement, micro.Of(q.before))
				return err
			})
			if err != nil {
				return gone, fmt.Errorf("sweep: %w", err)
			}
			gone, more = gone+n, n == 500
		}
	}
	return gone, nil
}
