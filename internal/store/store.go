// Package store keeps what must not be lost: callbacks and their journal, agents, what is set up, answers already given.
//
// One set of $N statements runs on SQLite (one file, one writer) and on PostgreSQL; dialect.go holds the differences.
// Writes go through a committer, which puts what waits into one transaction and answers after COMMIT: a nil error means
// that it is on disk.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/id"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect
	write, read *sql.DB
	o           Options
	seal        *sealer
	url         string
	owner       string // of requests in progress: this opening of the database
	schema      int64

	cache      cache
	requests   requests
	stats      stats
	committers []*committer
	quit       chan struct{}
	stopped    chan struct{}
	closing    sync.Once
}

var (
	_ callback.Store = (*DB)(nil)
	_ directory.Book = (*DB)(nil)
)

// Options of Open. Mint and Key are required.
type Options struct {
	Mint *id.Mint
	Now  func() time.Time // nil = time.Now
	Key  []byte           // 32 bytes: seals kept answers and the settings of trunks
	Log  *slog.Logger     // nil = slog.Default

	KeepRefusals time.Duration // 0 = for ever

	// OnCommit is told of each commit: units in it, and how long it took from BEGIN to the answer. nil = nobody is told.
	OnCommit func(units int, took time.Duration)
}

// Open opens sqlite:PATH or postgres://…, brings the schema up to date under a lock and starts the committers.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	d, err := dialectOf(url)
	if err != nil {
		return nil, err
	}
	db := &DB{dialect: d, url: url, o: o.withDefaults(), quit: make(chan struct{}), stopped: make(chan struct{})}
	if db.seal, err = newSealer(o.Key); err != nil {
		return nil, err
	}
	if db.write, db.read, err = d.open(url); err != nil {
		return nil, err
	}
	db.owner = string(o.Mint.Node())
	if err := db.start(ctx); err != nil {
		return nil, errors.Join(told(err), db.write.Close(), db.read.Close())
	}
	return db, nil
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

func (db *DB) start(ctx context.Context) (err error) {
	before, after, err := db.migrate(ctx, db.write)
	if err != nil {
		return err
	}
	if db.schema = after; before != after {
		db.o.Log.InfoContext(ctx, "schema migrated", "database", db.name, "from", before, "to", after)
	}
	if err := db.loadAgents(ctx); err != nil {
		return err
	}
	for lane := range db.dialect.committers {
		c, err := newCommitter(ctx, db, lane)
		if err != nil {
			for _, c := range db.committers {
				err = errors.Join(err, c.conn.Close())
			}
			return fmt.Errorf("store: %w", err)
		}
		db.committers = append(db.committers, c)
	}
	var running sync.WaitGroup
	for _, c := range db.committers {
		running.Go(c.run)
	}
	go func() {
		running.Wait()
		close(db.stopped)
	}()
	if err := db.adoptConsents(ctx); err != nil {
		db.closing.Do(func() { close(db.quit) })
		<-db.stopped
		return err
	}
	return nil
}

// Close commits what waits, stops the committers and closes the database.
func (db *DB) Close() error {
	db.closing.Do(func() { close(db.quit) })
	<-db.stopped
	return errors.Join(db.write.Close(), db.read.Close())
}

// Stats are counts since Open.
type Stats struct {
	Commits, Units int64
	Retries        int64 // units and batches that were in another transaction's way
	Failures       int64 // batches of which nothing was committed
	Largest        int   // units in one commit
	Took           time.Duration
}

type stats struct {
	mu sync.Mutex
	Stats
}

// Stats returns the counts.
func (db *DB) Stats() Stats {
	db.stats.mu.Lock()
	defer db.stats.mu.Unlock()
	return db.stats.Stats
}

func (s *stats) add(change func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.Stats)
}
