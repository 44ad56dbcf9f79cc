package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

const recordingColumns = "id, subscriber_id, callback_id, n, first_party, started_at, ended_at, length_us, delete_at"

// BeginRecording puts a recording and its key on record, the key sealed.
func (db *DB) BeginRecording(ctx context.Context, r callback.Recording, key []byte) error {
	err := db.commit(ctx, string(r.Callback), func(t *tx) error {
		_, err := t.exec("INSERT INTO recordings ("+recordingColumns+", sealed_key) VALUES "+placeholders(1, 10),
			string(r.ID), string(r.Subscriber), string(r.Callback), r.Attempt, string(r.First), micro.Of(r.StartedAt), micro.Of(r.EndedAt),
			r.Length.Microseconds(), micro.Of(r.DeleteAt), db.seal.seal(recordingPlace(r.ID), key))
		return err
	})
	if err != nil {
		return fmt.Errorf("callback %s: recording: %w", r.Callback, told(err))
	}
	return nil
}

func recordingPlace(r id.Recording) string { return "recording " + string(r) }

// RecordingKey opens the key of a recording's file.
func (db *DB) RecordingKey(ctx context.Context, rec id.Recording) ([]byte, error) {
	var sealed []byte
	found, err := one(reader{ctx, db.read}, "SELECT sealed_key FROM recordings WHERE id = $1", []any{string(rec)}, &sealed)
	switch {
	case err != nil:
		return nil, told(err)
	case !found:
		return nil, noRecording()
	}
	return db.seal.open(recordingPlace(rec), sealed)
}

func noRecording() error { return fault.New(fault.NotFound, "There is no such recording.") }

func (db *DB) scanRecordings(q querier, where string, args ...any) ([]callback.Recording, error) {
	rows, err := q.query("SELECT "+recordingColumns+" FROM recordings WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(scan scanner) (r callback.Recording, err error) {
		var started, ended, length, gone int64
		err = scan(&r.ID, &r.Subscriber, &r.Callback, &r.Attempt, &r.First, &started, &ended, &length, &gone)
		r.StartedAt, r.EndedAt, r.Length, r.DeleteAt = micro.Time(started), micro.Time(ended), span(length), micro.Time(gone)
		return r, err
	})
}

// Recording reads one, subscriber "" = whichever. Unknown or foreign: fault.NotFound.
func (db *DB) Recording(ctx context.Context, sub id.Subscriber, rec id.Recording) (*callback.Recording, error) {
	found, err := db.scanRecordings(reader{ctx, db.read}, "id = $1 AND ($2 = '' OR subscriber_id = $2)", string(rec), string(sub))
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", rec, told(err))
	}
	if len(found) == 0 {
		return nil, noRecording()
	}
	return &found[0], nil
}

// Recordings lists newest first; sub "" = all.
func (db *DB) Recordings(ctx context.Context, sub id.Subscriber, f callback.RecordingFilter) ([]callback.Recording, error) {
	where, args := "($1 = '' OR subscriber_id = $1) AND ($2 = '' OR id = $2) AND ($3 = '' OR id < $3)", []any{string(sub), string(f.ID), string(f.After)}
	if len(f.Callbacks) > 0 {
		where += " AND callback_id IN (" + holders(&args, f.Callbacks) + ")"
	}
	if f.Desk != nil {
		where += heardBy(f.Desk, &args)
	}
	args = append(args, f.Limit)
	found, err := db.scanRecordings(reader{ctx, db.read}, fmt.Sprintf("%s ORDER BY id DESC LIMIT $%d", where, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("recordings: %w", told(err))
	}
	return found, nil
}

// heardBy narrows to what an agent may hear: of the businesses that she represents, what she herself has said. Her telephone
// was in the talk when the recording began or came a second before its end, and stayed until that end or for a second: who hands
// a visitor over is still on the line when the next one's recording begins, and that one when hers ends.
func heardBy(d *callback.Desk, args *[]any) string {
	if len(d.Represents) == 0 {
		return " AND 1 = 0"
	}
	where := " AND recordings.subscriber_id IN (" + holders(args, d.Represents) + ")"
	if d.All {
		return where
	}
	*args = append(*args, string(d.Agent))
	return where + fmt.Sprintf(` AND EXISTS (SELECT 1 FROM legs WHERE legs.callback_id = recordings.callback_id AND legs.n = recordings.n
		AND legs.agent_id = $%[1]d AND legs.party = 'agent' AND legs.role IN ('', 'third') AND legs.bridged_at <> 0
		AND (recordings.ended_at = 0 OR legs.confirmed_at <= recordings.started_at OR legs.confirmed_at + %[2]d < recordings.ended_at)
		AND (legs.ended_at = 0 OR legs.ended_at > recordings.started_at + %[2]d OR recordings.ended_at <> 0 AND legs.ended_at >= recordings.ended_at))`,
		len(*args), time.Second.Microseconds())
}

// holders adds what a list of a condition holds to its arguments.
func holders[T ~string](args *[]any, all []T) string {
	in := make([]string, len(all))
	for i, one := range all {
		*args = append(*args, string(one))
		in[i] = fmt.Sprintf("$%d", len(*args))
	}
	return strings.Join(in, ", ")
}

// OpenRecordings are those whose end was never told: after a crash all that there are.
func (db *DB) OpenRecordings(ctx context.Context) ([]callback.Recording, error) {
	found, err := db.scanRecordings(reader{ctx, db.read}, "ended_at = 0")
	if err != nil {
		return nil, fmt.Errorf("open recordings: %w", told(err))
	}
	return found, nil
}

// ExpiredRecordings are those that have ended and whose time is over, at most limit.
func (db *DB) ExpiredRecordings(ctx context.Context, now time.Time, limit int) ([]callback.Recording, error) {
	found, err := db.scanRecordings(reader{ctx, db.read}, "delete_at <= $1 AND ended_at <> 0 ORDER BY delete_at LIMIT $2", micro.Of(now), limit)
	if err != nil {
		return nil, fmt.Errorf("expired recordings: %w", told(err))
	}
	return found, nil
}

// EndRecording keeps how long it sounds. One that is gone is nil.
func (db *DB) EndRecording(ctx context.Context, rec id.Recording, at time.Time, length time.Duration) error {
	err := db.commit(ctx, string(rec), func(t *tx) error {
		_, err := t.exec("UPDATE recordings SET ended_at = $2, length_us = $3 WHERE id = $1 AND ended_at = 0", string(rec), micro.Of(at), length.Microseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("recording %s: end: %w", rec, told(err))
	}
	return nil
}

// DeleteRecording takes row and key away and writes down who did it. Its file must be gone before.
func (db *DB) DeleteRecording(ctx context.Context, rec id.Recording, who string, at time.Time) error {
	err := db.commit(ctx, string(rec), func(t *tx) error {
		n, err := t.exec("DELETE FROM recordings WHERE id = $1", string(rec))
		if err != nil || n == 0 {
			return err
		}
		return audit(t, rec, who, "deleted", at)
	})
	if err != nil {
		return fmt.Errorf("recording %s: delete: %w", rec, told(err))
	}
	return nil
}

// AuditRecording writes down who did what with a recording.
func (db *DB) AuditRecording(ctx context.Context, rec id.Recording, who, what string, at time.Time) error {
	err := db.commit(ctx, string(rec), func(t *tx) error { return audit(t, rec, who, what, at) })
	if err != nil {
		return fmt.Errorf("recording %s: audit: %w", rec, told(err))
	}
	return nil
}

func audit(t *tx, rec id.Recording, who, what string, at time.Time) error {
	_, err := t.exec("INSERT INTO recording_audit (recording_id, at, who, what) VALUES ($1, $2, $3, $4)", string(rec), micro.Of(at), who, what)
	return err
}

// Heard is a line about who did what with a recording.
type Heard struct {
	At        time.Time
	Who, What string
}

// RecordingAudit reads the lines about a recording, the oldest first; they outlive it.
func (db *DB) RecordingAudit(ctx context.Context, rec id.Recording) ([]Heard, error) {
	rows, err := reader{ctx, db.read}.query("SELECT at, who, what FROM recording_audit WHERE recording_id = $1 ORDER BY at", string(rec))
	if err != nil {
		return nil, fmt.Errorf("recording %s: audit: %w", rec, told(err))
	}
	return collect(rows, func(scan scanner) (h Heard, err error) {
		var at int64
		err = scan(&at, &h.Who, &h.What)
		h.At = micro.Time(at)
		return h, err
	})
}
