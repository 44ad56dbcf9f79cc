package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotEmpty says that there is something already where a backup is to be restored.
var ErrNotEmpty = errors.New("store: there is something in this database already")

// Intact reads the copy of an SQLite database and says what is wrong with it.
func Intact(ctx context.Context, path string) (err error) {
	write, read, err := openSQLite("sqlite:" + path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, write.Close(), read.Close()) }()
	var said string
	if err := write.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&said); err != nil {
		return fmt.Errorf("store: the copy cannot be read: %w", err)
	}
	if said != "ok" {
		return fmt.Errorf("store: the copy is damaged: %s", said)
	}
	return nil
}

// Restore fills a PostgreSQL database from the copy in dir, whole or not at all. What is there is ErrNotEmpty, unless replace
// says that it goes.
func Restore(ctx context.Context, url, dir string, c Copy, replace bool) (err error) {
	d, err := dialectOf(url)
	if err != nil {
		return err
	}
	if d.name != c.Database {
		return fmt.Errorf("store: the backup is of a %s database, and this is %s", c.Database, d.name)
	}
	write, read, err := d.open(url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, write.Close(), read.Close()) }()
	if err := d.migrateTo(ctx, write, c.Schema); err != nil {
		return err
	}
	err = inPostgres(ctx, write, func(pg *pgconn.PgConn, conn *sql.Conn) error {
		if err := run(ctx, pg, "SET statement_timeout = 0; BEGIN"); err != nil {
			return err
		}
		if err := refill(ctx, pg, conn, dir, c, replace); err != nil {
			return errors.Join(err, run(context.WithoutCancel(ctx), pg, "ROLLBACK"))
		}
		return run(ctx, pg, "COMMIT")
	})
	if err != nil && !errors.Is(err, ErrNotEmpty) {
		return fmt.Errorf("store: restore: %w", told(err))
	}
	return err
}

func refill(ctx context.Context, pg *pgconn.PgConn, conn *sql.Conn, dir string, c Copy, replace bool) error {
	have, err := tablesOf(ctx, conn)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	var names []string
	for _, t := range have {
		known[t.named()] = true
		names = append(names, t.Name)
		var rows bool
		if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+t.Name+")").Scan(&rows); err != nil {
			return err
		}
		if rows && !replace {
			return ErrNotEmpty
		}
	}
	if err := run(ctx, pg, "TRUNCATE "+strings.Join(names, ", ")); err != nil {
		return err
	}
	for _, t := range c.Tables {
		if !known[t.named()] {
			return fmt.Errorf("the backup has a table %.80q that schema %d does not", t.named(), c.Schema)
		}
		if err := copyIn(ctx, pg, t, filepath.Join(dir, t.file())); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	// What was numbered by the other server is settled here, and goes on where it ended.
	return run(ctx, pg, `UPDATE events SET xact = pg_current_xact_id();
		SELECT setval(pg_get_serial_sequence('events', 'seq'), coalesce((SELECT max(seq) FROM events), 0) + 1, false)`)
}

func copyIn(ctx context.Context, pg *pgconn.PgConn, t Table, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = pg.CopyFrom(ctx, f, "COPY "+t.named()+" FROM STDIN")
	return err
}
