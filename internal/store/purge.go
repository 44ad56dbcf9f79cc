package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// purge makes what was deleted unreadable in the files, too. SQLite overwrites what it deletes (secure_delete), but its log
// still holds the pages of before: it is emptied. PostgreSQL lets go of dead rows by VACUUM; its own log of changes, and
// copies elsewhere, are its operator's.
func (db *DB) purge(ctx context.Context) error {
	if db.shared {
		for _, table := range []string{"callbacks", "legs", "journal", "notes", "dispositions", "contacts", "outbox", "companions", "idempotency",
			"consent_records", "refusals", "blocks", "charges", "interactions", "recordings", "alarms"} {
			if _, err := db.write.ExecContext(ctx, "VACUUM "+table); err != nil {
				return fmt.Errorf("vacuum %s: %w", table, err)
			}
		}
		return nil
	}
	own, read, err := db.open(db.url) // the writer's connection is in use
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.Close(), read.Close()) }()
	return emptyLog(ctx, own)
}

// emptyLog waits for whoever still reads from the log.
func emptyLog(ctx context.Context, own *sql.DB) error {
	const tries = 50
	var busy, inLog, copied int
	for range tries {
		if err := own.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &inLog, &copied); err != nil {
			return fmt.Errorf("the log could not be emptied: %w", err)
		}
		if busy == 0 {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New("the log could not be emptied: somebody reads from it all the time. Everything is erased, and gone from the log when it is next emptied")
}
