package sim

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/store"
	"ringback/internal/store/storemem"
)

// disk is what outlives a process.
type disk interface {
	open(b *border) (callback.Store, directory.Book) // as the next process finds it; b = nil: nobody's yet
	now() callback.Store                             // as it is, for the judge
	close()
}

// Every sqliteEach-th of the days up to sqliteLast is kept in a real SQLite file: 20 of them.
const (
	sqliteEach = 12
	sqliteLast = 240
)

func newDisk(t *testing.T, mint *id.Mint, seed uint64) disk {
	if seed%sqliteEach == 0 && seed <= sqliteLast {
		return &file{t: t, mint: mint, url: "sqlite:" + t.TempDir() + "/day.db"}
	}
	return &memory{s: storemem.New(mint, time.Now)}
}

// reads are what changes nothing on a disk; the judge reads as well.
var reads = map[string]bool{"agents": true, "directory": true, "callback": true, "callbacks": true, "journal": true, "live": true, "due": true}

type memory struct {
	mu sync.Mutex
	s  *storemem.Store
}

func (m *memory) open(b *border) (callback.Store, directory.Book) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.s = m.s.Reopen()
	if b != nil {
		m.s.Fail = func(op string) error {
			if !reads[strings.TrimSuffix(op, " done")] && !b.cross("disk: "+op) {
				return errDead
			}
			return nil
		}
	}
	return m.s, m.s
}

func (m *memory) now() callback.Store {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.s
}

func (m *memory) close() {}

// file is an SQLite database, opened inside the bubble.
type file struct {
	t    *testing.T
	mint *id.Mint
	url  string
	mu   sync.Mutex
	db   *store.DB
}

func (f *file) open(*border) (callback.Store, directory.Book) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shut()
	db, err := store.Open(context.Background(), f.url, store.Options{Mint: f.mint, Now: time.Now, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.t.Fatalf("open %s: %v", f.url, err)
	}
	f.db = db
	return db, db
}

func (f *file) shut() {
	if f.db != nil {
		if err := f.db.Close(); err != nil {
			f.t.Errorf("close: %v", err)
		}
	}
}

func (f *file) now() callback.Store {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.db
}

func (f *file) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shut()
}
