package store

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// beginError is a failure before anything was asked of the database.
type beginError struct{ error }

func (b *beginError) Unwrap() error { return b.error }

// errHalfDone: a unit failed after it had written, and there was no savepoint to go back to.
var errHalfDone = errors.New("store: a unit failed half way")

// try runs the units in one transaction; each stands and falls alone, and its err tells. An error of try means that
// nothing at all was committed.
//
// A savepoint for each unit costs a fifth of the whole, and nearly all units succeed, or fail before they write: so a
// batch runs without, and again with them when one fails half way.
func (c *committer) try(units []*unit) error {
	err := c.transaction(units, false)
	if errors.Is(err, errHalfDone) {
		err = c.transaction(units, true)
	}
	return err
}

func (c *committer) transaction(units []*unit, savepoints bool) error {
	t := &tx{c: c}
	if err := c.order(c.db.begin); err != nil {
		return &beginError{fmt.Errorf("begin: %w", err)}
	}
	for i, u := range units {
		if savepoints {
			if err := c.savepoint(i); err != nil {
				return c.rollback(err)
			}
		}
		if u.err = t.run(u.do); u.err == nil {
			t.keep()
			continue
		}
		if len(units) == 1 {
			return c.rollback(fatal(u.err))
		}
		if err := c.undo(t, u, savepoints); err != nil {
			return c.rollback(err)
		}
	}
	if err := t.flush(); err != nil {
		return c.rollback(err)
	}
	if err := c.order("COMMIT"); err != nil {
		c.db.cache.clear() // what became of it is not known for sure
		return c.rollback(fmt.Errorf("commit: %w", err))
	}
	c.db.cache.merge(&t.batch, !c.db.shared)
	return nil
}

// undo takes back what a failed unit did. An error gives up the whole transaction.
func (c *committer) undo(t *tx, u *unit, savepoints bool) error {
	touched := t.touched
	t.forget()
	switch {
	case fatal(u.err) != nil:
		return u.err
	case !touched && !fromDatabase(u.err):
		return nil
	case savepoints:
		return c.order("ROLLBACK TO s")
	}
	return errHalfDone
}

// fatal returns err if the database may have given up the whole transaction because of it.
func fatal(err error) error {
	if t := troubleOf(err); t == outOfSpace || t == away {
		return err
	}
	return nil
}

func (c *committer) savepoint(i int) error {
	if i == 0 {
		return c.order("SAVEPOINT s")
	}
	for _, q := range c.db.nextSave {
		if err := c.order(q); err != nil {
			return err
		}
	}
	return nil
}

// rollback gives up the transaction because of err. That it is gone already is no news: SQLite ends it by itself when
// the disk is full.
func (c *committer) rollback(err error) error {
	if e := c.order("ROLLBACK"); e != nil && troubleOf(e) == away {
		return errors.Join(err, e)
	}
	return err
}

// run does one unit; a panic in what it was given is its error and nobody else's.
func (t *tx) run(do func(*tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store: a step panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return do(t)
}
