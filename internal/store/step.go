package store

import (
	"context"
	"errors"
	"fmt"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

// Step reads the callback, lets decide change it, and writes what changed, the journal and the agents' moves. It
// returns the callback as it is afterwards. decide runs on a committer's goroutine and several times if another process
// was first: it must be pure, and what it panics with is the step's error.
func (db *DB) Step(ctx context.Context, cb id.Callback, decide func(*callback.Callback) (callback.Change, error)) (*callback.Callback, error) {
	var after *callback.Callback
	err := db.commit(ctx, string(cb), func(t *tx) (err error) {
		after, err = step(t, cb, decide)
		return err
	})
	if err != nil && !errors.Is(err, callback.ErrNothing) {
		return nil, fmt.Errorf("callback %s: step: %w", cb, err)
	}
	return after.Clone(), nil
}

// step decides on what is remembered first. That may be old where others write too: a decision to change is proved by
// the version, any other is taken again on what is read.
func step(t *tx, cb id.Callback, decide func(*callback.Callback) (callback.Change, error)) (*callback.Callback, error) {
	before, fresh := t.remembered(cb)
	for range maxTries {
		if before == nil {
			var err error
			if before, err = load(t, "id = $1", string(cb)); err != nil {
				return nil, err
			}
			if fresh = true; before == nil {
				return nil, unknown()
			}
		}
		after := before.Clone()
		change, err := decide(after)
		switch {
		case err != nil && !fresh:
		case errors.Is(err, callback.ErrNothing):
			return before, nil
		case err != nil:
			return nil, err
		default:
			done, err := write(t, before, after, change)
			if err != nil || done {
				return after, err
			}
		}
		before = nil
	}
	return nil, errInTheWay
}

// remembered returns what this batch or the cache knows of a callback, and whether it is surely the newest.
func (t *tx) remembered(cb id.Callback) (c *callback.Callback, fresh bool) {
	if c := t.unit.callbacks[cb]; c != nil {
		return c, true
	}
	if c := t.batch.callbacks[cb]; c != nil {
		return c, true
	}
	return t.c.db.cache.callback(cb), !t.c.db.shared
}

// write writes a step; false when the callback's version has moved on meanwhile, and then nothing was written.
func write(t *tx, before, after *callback.Callback, change callback.Change) (bool, error) {
	if len(change.Lines) == 0 {
		return false, errors.New("a step without a line in the journal")
	}
	lines := append([]callback.Line(nil), change.Lines...)
	micro.Lines(lines, before.Version)
	after.Version = before.Version + int64(len(lines))
	micro.Callback(after)
	if done, err := update(t, before, after); err != nil || !done {
		return false, err
	}
	if err := count(t, change.Velocity, after, lines[len(lines)-1].At); err != nil {
		return false, err
	}
	if err := book(t, change.Booking, after); err != nil {
		return false, err
	}
	if err := spend(t, change.Spend, after); err != nil {
		return false, err
	}
	if err := writeAttempts(t, before.Attempts, after); err != nil {
		return false, err
	}
	if err := moves(t, change.Agents); err != nil {
		return false, err
	}
	for i := range change.Blocks {
		if err := block(t, &change.Blocks[i]); err != nil {
			return false, err
		}
	}
	for i := range change.Consents {
		if err := testify(t, &change.Consents[i], after.ID); err != nil {
			return false, err
		}
	}
	if err := writeRemarks(t, after, change.Remarks); err != nil {
		return false, err
	}
	if err := putLetters(t, change.Letters); err != nil {
		return false, err
	}
	if err := putCompanions(t, change.Companions); err != nil {
		return false, err
	}
	if before.Live() && !after.Live() {
		if err := closeItem(t, after); err != nil {
			return false, err
		}
	}
	record(t, after, lines)
	t.unit.putCallback(after.ID, after)
	return true, nil
}

func update(t *tx, before, after *callback.Callback) (bool, error) {
	statement, row := moveThisVersion, movedRow
	if !sameWish(before, after) {
		statement, row = changeCallback, changedRow
	}
	n, err := t.exec(statement, row(before, after)...)
	if err != nil && troubleOf(err) == unique && about(err, "number_hash", "callbacks_live_number") {
		return false, numberBusy(err)
	}
	return n == 1, err
}
