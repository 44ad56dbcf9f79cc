package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite" // driver "sqlite"; of the pure ones the only one whose $N means what PostgreSQL means
	sqlite3 "modernc.org/sqlite/lib"

	"ringback/internal/fault"
)

// dialect is all in which the two databases differ, besides the schema's types.
type dialect struct {
	name       string
	goose      goose.Dialect
	committers int
	begin      string
	nextSave   []string           // from one savepoint to the next
	shared     bool               // other processes may write
	isolation  sql.IsolationLevel // of a read that asks several times
	settled    string             // condition of events that no running transaction can come before
	open       func(url string) (write, read *sql.DB, err error)
}

var (
	sqliteDialect = dialect{
		name: "sqlite", goose: goose.DialectSQLite3, committers: 1,
		begin: "BEGIN IMMEDIATE", nextSave: []string{"RELEASE s", "SAVEPOINT s"}, open: openSQLite,
	}
	postgresDialect = dialect{
		name: "postgres", goose: goose.DialectPostgres, committers: 2,
		begin: "BEGIN", nextSave: []string{"RELEASE s; SAVEPOINT s"}, shared: true, isolation: sql.LevelRepeatableRead,
		settled: " AND xact < pg_snapshot_xmin(pg_current_snapshot())", open: openPostgres,
	}
)

func dialectOf(url string) (dialect, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		return sqliteDialect, nil
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return postgresDialect, nil
	}
	return dialect{}, fmt.Errorf("store: a database is sqlite:PATH or postgres://…, not %q", url)
}

// openSQLite opens the one writer and a pool of readers that cannot write. FULL makes COMMIT wait for the disk: WAL
// with NORMAL acknowledges what a power cut takes away.
func openSQLite(raw string) (write, read *sql.DB, err error) {
	path, query, _ := strings.Cut(strings.TrimPrefix(raw, "sqlite:"), "?")
	if path == "" {
		return nil, nil, errors.New("store: sqlite: needs the path of a file")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	q["_pragma"] = append([]string{"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "foreign_keys(1)",
		"temp_store(MEMORY)", "cache_size(-16000)"}, q["_pragma"]...)
	q.Set("_txlock", "immediate")
	file := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
	if write, err = sql.Open("sqlite", file+"?"+q.Encode()); err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	write.SetMaxOpenConns(1)
	q["_pragma"] = append(q["_pragma"], "query_only(1)", "cache_size(-4000)")
	q.Del("_txlock")
	if read, err = sql.Open("sqlite", file+"?"+q.Encode()); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("store: %w", err), write.Close())
	}
	read.SetMaxOpenConns(4)
	read.SetMaxIdleConns(4)
	return write, read, nil
}

// openPostgres opens a pool for the committers and one for readers.
func openPostgres(raw string) (write, read *sql.DB, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, nil, errors.New("store: the database's URL cannot be read") // the error would show its password
	}
	q := u.Query()
	for k, v := range map[string]string{"application_name": "ringback", "statement_timeout": "15s", "connect_timeout": "5"} {
		if !q.Has(k) {
			q.Set(k, v)
		}
	}
	u.RawQuery = q.Encode()
	if write, err = sql.Open("pgx", u.String()); err != nil {
		return nil, nil, errors.New("store: the database's URL cannot be read")
	}
	q.Set("default_transaction_read_only", "on")
	u.RawQuery = q.Encode()
	if read, err = sql.Open("pgx", u.String()); err != nil {
		return nil, nil, errors.Join(errors.New("store: the database's URL cannot be read"), write.Close())
	}
	write.SetMaxOpenConns(4)
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	return write, read, nil
}

// trouble sorts what a database says.
type trouble int

const (
	other      trouble = iota // about this unit, or a fault of ours
	unique                    // a row is there already
	again                     // another transaction was in the way: worth another try
	outOfSpace                // disk full or failing
	away                      // the database cannot be reached, or has no room for us
)

// errInTheWay is what a unit returns when it met another transaction's row by other means than a lock.
var errInTheWay = errors.New("store: another transaction was first")

func troubleOf(err error) trouble {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return other
	case errors.Is(err, errInTheWay):
		return again
	case errors.As(err, &lite):
		return sqliteTrouble(lite.Code())
	case errors.As(err, &pg):
		return postgresTrouble(pg.Code)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EIO):
		return outOfSpace
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, fs.ErrClosed), unreachable(err):
		return away
	}
	return other
}

// about says whether a unique violation concerns one of these columns (SQLite names those) or constraints (PostgreSQL).
func about(err error, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.Contains(err.Error(), n) })
}

// said is an error that the driver returned to a committer. Only such a one, and none of a unit's own, can mean that the
// connection is gone.
type said struct{ error }

func (s *said) Unwrap() error { return s.error }

// fromDatabase says whether a statement failed; PostgreSQL takes no other in that transaction then.
func fromDatabase(err error) bool {
	var s *said
	var pg *pgconn.PgError
	var lite *sqlite.Error
	return errors.As(err, &s) || errors.As(err, &pg) || errors.As(err, &lite)
}

func unreachable(err error) bool {
	var s *said
	var c *pgconn.ConnectError
	var n net.Error
	return errors.As(err, &c) || errors.As(err, &s) && (errors.As(err, &n) || pgconn.SafeToRetry(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || strings.Contains(err.Error(), "conn closed"))
}

func sqliteTrouble(code int) trouble {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return unique
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return again
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return outOfSpace
	}
	return other
}

func postgresTrouble(code string) trouble {
	switch code {
	case "23505":
		return unique
	case "40001", "40P01", "55P03":
		return again
	case "53100", "58030", "25006": // disk full, I/O error, read only
		return outOfSpace
	}
	switch code[:2] {
	case "08", "53", "57":
		return away
	}
	return other
}

// told turns what the database says into a fault a person may read; faults and errors of ours pass through.
func told(err error) error {
	var f *fault.Fault
	if err == nil || errors.As(err, &f) {
		return err
	}
	switch troubleOf(err) {
	case outOfSpace:
		return fault.New(fault.StorageFull, "We cannot write down anything more at the moment. Please try again later.").After(30 * time.Second).Because(err)
	case again, away:
		return fault.New(fault.StorageBusy, "Too much is being written down at the moment. Please try again in a few seconds.").After(2 * time.Second).Because(err)
	}
	return err
}

// lockMigrations holds PostgreSQL's advisory lock, so that two processes that start at once migrate once. An SQLite file
// belongs to one process.
func (d dialect) lockMigrations(ctx context.Context, db *sql.DB) (unlock func() error, err error) {
	if !d.shared {
		return func() error { return nil }, nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	const key = 0x72696e676261 // "ringba"
	// Without a limit: the other may have a long migration to do.
	if _, err := c.ExecContext(ctx, fmt.Sprintf("SET statement_timeout = 0; SELECT pg_advisory_lock(%d)", key)); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return func() error {
		_, err := c.ExecContext(context.Background(), fmt.Sprintf("SELECT pg_advisory_unlock(%d); RESET statement_timeout", key))
		return errors.Join(err, c.Close())
	}, nil
}
