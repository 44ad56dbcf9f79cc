package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"time"
)

const (
	maxBatch = 128 // units in one transaction
	maxTries = 5   // of a unit, or of a batch, that is in another's way
)

// errClosed is what a write gets after Close.
var errClosed = errors.New("store: closed")

// unit is a piece of work that is committed whole or not at all. do may run several times.
type unit struct {
	ctx   context.Context
	do    func(*tx) error
	tries int
	err   error
	done  chan struct{}
}

// commit hands do to a committer and waits until its transaction is on disk. Units of the same lane are done one after
// the other. When ctx ends first, a unit that is already in a batch is committed all the same.
func (db *DB) commit(ctx context.Context, lane string, do func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &unit{ctx: ctx, do: do, done: make(chan struct{})}
	select {
	case db.laneOf(lane).queue <- u:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.quit:
		return errClosed
	}
	select {
	case <-u.done:
		return told(u.err)
	case <-ctx.Done():
		return ctx.Err()
	case <-db.stopped:
	}
	select {
	case <-u.done:
		return told(u.err)
	default:
		return errClosed
	}
}

func (db *DB) laneOf(lane string) *committer {
	if len(db.committers) == 1 {
		return db.committers[0]
	}
	return db.committers[hash(lane)%uint32(len(db.committers))]
}

// committer owns one connection and commits, batch after batch, whatever waits. It waits for nothing more to come: while
// one batch is on its way to disk, the next gathers by itself.
type committer struct {
	db       *DB
	conn     *sql.Conn
	lane     int64 // which of them it is: the chain of consents that it writes
	stmts    map[string]*sql.Stmt
	texts    map[[2]int]string // of inserts of many rows
	queue    chan *unit
	patience time.Duration // for a lock
	again    []*unit       // were in another transaction's way; in the next batch first
}

func newCommitter(ctx context.Context, db *DB, lane int) (*committer, error) {
	c := &committer{db: db, lane: int64(lane), patience: patience(fmt.Sprintf("%s %d", db.owner, lane)), texts: map[[2]int]string{}, queue: make(chan *unit, maxBatch)}
	return c, c.connect(ctx)
}

func (c *committer) connect(ctx context.Context) (err error) {
	c.stmts = map[string]*sql.Stmt{}
	if c.conn, err = c.db.write.Conn(ctx); err != nil || !c.db.shared {
		return err
	}
	return c.order(fmt.Sprintf("SET lock_timeout = %d", c.patience.Milliseconds()))
}

// patience is how long a committer waits for a lock. One that is not had by then belongs to a batch that may wait for
// ours: the unit gives way and runs in the next. No two are equally patient, or both would give way, for ever.
func patience(who string) time.Duration {
	return 100*time.Millisecond + time.Duration(hash(who)%400)*time.Millisecond
}

func hash(s string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(s))
	return h.Sum32()
}

func (c *committer) run() {
	for {
		batch := c.gather()
		if len(batch) == 0 {
			break
		}
		c.serve(batch)
	}
	for _, s := range c.stmts {
		s.Close()
	}
	if err := c.conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		c.db.o.Log.Warn("committer's connection not closed", "error", err)
	}
}

// gather takes what waits; nothing only when the store closes and nothing waits.
func (c *committer) gather() []*unit {
	batch := c.again
	c.again = nil
	if len(batch) == 0 {
		select {
		case u := <-c.queue:
			batch = append(batch, u)
		case <-c.db.quit:
		}
	}
	for len(batch) < maxBatch {
		select {
		case u := <-c.queue:
			batch = append(batch, u)
		default:
			return batch
		}
	}
	return batch
}

// serve commits a batch and answers its units, but those that go into the next batch.
func (c *committer) serve(batch []*unit) {
	var wanted []*unit
	for _, u := range batch {
		if u.err = u.ctx.Err(); u.err != nil {
			close(u.done) // nobody waits for it and nothing was done
			continue
		}
		wanted = append(wanted, u)
	}
	if len(wanted) == 0 {
		return
	}
	started := time.Now()
	err := c.try(wanted)
	for n := 1; err != nil && n < maxTries && c.worthAnother(err); n++ {
		err = c.try(wanted)
	}
	if err != nil && len(wanted) > 1 && troubleOf(err) == other {
		for _, u := range wanted {
			c.serve([]*unit{u}) // only the one at fault shall fail
		}
		return
	}
	c.answer(wanted, err, time.Since(started))
}

// worthAnother says whether a batch that failed as a whole may succeed, and makes the connection usable again.
func (c *committer) worthAnother(err error) bool {
	var b *beginError
	switch troubleOf(err) {
	case again:
		c.db.stats.add(func(s *Stats) { s.Retries++ })
		return true
	case away:
		// A new connection, also for the next batch. What failed at COMMIT may have been committed: not again.
		c.conn.Close()
		return c.connect(context.Background()) == nil && errors.As(err, &b)
	}
	return false
}

func (c *committer) answer(units []*unit, err error, took time.Duration) {
	c.db.stats.add(func(s *Stats) {
		if err != nil {
			s.Failures++
			return
		}
		s.Commits++
		s.Units += int64(len(units))
		s.Largest = max(s.Largest, len(units))
		s.Took += took
	})
	if err != nil {
		c.db.o.Log.Error("nothing of a batch was committed", "units", len(units), "error", err)
	} else if c.db.o.OnCommit != nil {
		c.db.o.OnCommit(len(units), took)
	}
	for _, u := range units {
		if err != nil {
			u.err = err
		}
		if u.tries++; err == nil && u.tries < maxTries && troubleOf(u.err) == again {
			c.db.stats.add(func(s *Stats) { s.Retries++ })
			c.again = append(c.again, u)
			continue
		}
		close(u.done)
	}
}

// order runs a statement without arguments.
func (c *committer) order(q string) (err error) {
	if c.db.shared { // in one round trip, unprepared
		_, err = c.conn.ExecContext(context.Background(), q)
	} else if s, e := c.stmt(q); e != nil {
		return e
	} else {
		_, err = s.ExecContext(context.Background())
	}
	if err != nil {
		return &said{err}
	}
	return nil
}

func (c *committer) stmt(q string) (*sql.Stmt, error) {
	if s := c.stmts[q]; s != nil {
		return s, nil
	}
	s, err := c.conn.PrepareContext(context.Background(), q)
	if err != nil {
		return nil, &said{err}
	}
	c.stmts[q] = s
	return s, nil
}

func (c *committer) insertText(to table, rows int) string {
	key := [2]int{int(to), rows}
	if c.texts[key] == "" {
		c.texts[key] = inserts[to].into + placeholders(rows, inserts[to].columns)
	}
	return c.texts[key]
}
