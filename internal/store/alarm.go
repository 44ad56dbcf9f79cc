package store

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/store/micro"
)

var _ callback.Watchers = (*DB)(nil)

// KeepAlarms is how long an alarm is on record.
const KeepAlarms = 400 * 24 * time.Hour

// Raise: see callback.Watchers.
func (db *DB) Raise(ctx context.Context, a callback.Alarm, letters []letter.Letter) (fresh bool, err error) {
	err = db.commit(ctx, "alarms", func(t *tx) error {
		n, err := t.exec(`INSERT INTO alarms (id, alarm_key, kind, subscriber_id, what, says, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (alarm_key) DO NOTHING`, string(a.ID), a.Key, string(a.Kind), string(a.Subscriber), micro.Text(a.What), micro.Text(a.Says), micro.Of(a.At))
		if fresh = n > 0; err != nil || !fresh {
			return err
		}
		return putLetters(t, letters)
	})
	if err != nil {
		return false, fmt.Errorf("alarm %s: %w", a.ID, err)
	}
	return fresh, nil
}

// Alarms: see callback.Watchers.
func (db *DB) Alarms(ctx context.Context, before id.Alarm, limit int) ([]callback.Alarm, error) {
	if before == "" {
		before = "alm_~" // after every id
	}
	rows, err := reader{ctx, db.read}.query("SELECT id, alarm_key, kind, subscriber_id, what, says, at FROM alarms WHERE id < $1 ORDER BY id DESC LIMIT $2", string(before), limit)
	if err != nil {
		return nil, fmt.Errorf("alarms: %w", told(err))
	}
	out, err := collect(rows, func(scan scanner) (a callback.Alarm, err error) {
		var at int64
		err = scan(&a.ID, &a.Key, &a.Kind, &a.Subscriber, &a.What, &a.Says, &at)
		a.At = micro.Time(at)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("alarms: %w", told(err))
	}
	return out, nil
}

// Tried: see callback.Watchers.
func (db *DB) Tried(ctx context.Context, prefix string, since time.Time, talk time.Duration) (out callback.Tried, err error) {
	err = db.snapshot(ctx, func(q querier) error {
		_, err := one(q, `SELECT COUNT(*), COUNT(DISTINCT k.number_hash), CAST(COALESCE(SUM(CASE WHEN c.talked = 1 AND c.seconds >= $3 THEN 1 ELSE 0 END), 0) AS BIGINT)
			FROM charges c JOIN callbacks k ON k.id = c.callback_id WHERE c.prefix = $1 AND c.prefix <> '' AND c.at > $2 AND k.actor = $4`,
			[]any{prefix, micro.Of(since), int64(talk / time.Second), string(callback.ByVisitor)}, &out.Calls, &out.Numbers, &out.Talks)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("calls to %s: %w", prefix, err)
	}
	return out, nil
}

// Unproved: see callback.Watchers.
func (db *DB) Unproved(ctx context.Context, visitor string, since time.Time) (n int, err error) {
	err = db.snapshot(ctx, func(q querier) error {
		_, err := one(q, "SELECT COUNT(*) FROM refusals WHERE visitor_hash = $1 AND visitor_hash <> '' AND at > $2 AND code IN ($3, $4, $5)",
			[]any{visitor, micro.Of(since), string(fault.ProofMissing), string(fault.ProofInvalid), string(fault.ProofUsed)}, &n)
		return err
	})
	if err != nil {
		return n, fmt.Errorf("refusals of a visitor: %w", err)
	}
	return n, nil
}
