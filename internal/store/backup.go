package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Copy names what a backup holds of a database.
type Copy struct {
	Database string   `json:"database"` // sqlite, postgres
	Schema   int64    `json:"schema"`
	Files    []string `json:"files"`            // within the folder of the backup
	Tables   []Table  `json:"tables,omitempty"` // of PostgreSQL, in the order in which they are filled
}

// Table is one table of a copy.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// sqliteFile is the copy of an SQLite database within a backup.
const sqliteFile = "ringback.db"

// Backup writes one state of the whole database into dir, while it is in use.
func (db *DB) Backup(ctx context.Context, dir string) (Copy, error) {
	out := Copy{Database: db.name, Schema: db.schema}
	var err error
	if db.shared {
		err = db.copyTables(ctx, dir, &out)
	} else {
		err = db.copyFile(ctx, dir, &out)
	}
	if err != nil {
		return out, fmt.Errorf("copy of the database: %w", told(err))
	}
	return out, nil
}

// copyFile lets SQLite write a new file of one state: without pages that were deleted, and without a log beside it.
func (db *DB) copyFile(ctx context.Context, dir string, out *Copy) (err error) {
	own, read, err := db.open(db.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.Close(), read.Close()) }()
	path := filepath.Join(dir, sqliteFile)
	if _, err := own.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		return err
	}
	out.Files = []string{sqliteFile}
	return os.Chmod(path, 0o600)
}

// copyTables writes each table as COPY does, all of one snapshot.
func (db *DB) copyTables(ctx context.Context, dir string, out *Copy) (err error) {
	write, read, err := db.open(db.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, write.Close(), read.Close()) }()
	return inPostgres(ctx, write, func(pg *pgconn.PgConn, c *sql.Conn) (err error) {
		if err := run(ctx, pg, "SET statement_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, run(context.WithoutCancel(ctx), pg, "ROLLBACK")) }()
		if out.Tables, err = tablesOf(ctx, c); err != nil {
			return err
		}
		for _, t := range out.Tables {
			if err := copyOut(ctx, pg, t, filepath.Join(dir, t.file())); err != nil {
				return err
			}
			out.Files = append(out.Files, t.file())
		}
		return nil
	})
}

func (t Table) file() string { return t.Name + ".copy" }

// named is the table with its columns as COPY names them.
func (t Table) named() string { return t.Name + " (" + strings.Join(t.Columns, ", ") + ")" }

func copyOut(ctx context.Context, pg *pgconn.PgConn, t Table, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = pg.CopyTo(ctx, f, "COPY "+t.named()+" TO STDOUT")
	return errors.Join(err, f.Close())
}

// tablesOf lists the tables: one that refers to another comes after it.
func tablesOf(ctx context.Context, c *sql.Conn) ([]Table, error) {
	rows, err := reader{ctx, c}.query(`WITH RECURSIVE refers AS (
			SELECT conrelid AS a, confrelid AS b FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid),
		depth AS (
			SELECT oid AS t, 0 AS n FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
			UNION SELECT r.a, d.n + 1 FROM refers r JOIN depth d ON d.t = r.b)
		SELECT k.relname, (SELECT json_agg(column_name ORDER BY ordinal_position)::text FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name = k.relname)
		FROM depth d JOIN pg_class k ON k.oid = d.t WHERE k.relname <> 'goose_db_version' GROUP BY k.relname ORDER BY max(d.n), k.relname`)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(scan scanner) (t Table, err error) {
		var columns []byte
		if err := scan(&t.Name, &columns); err != nil {
			return t, err
		}
		return t, json.Unmarshal(columns, &t.Columns)
	})
}

func run(ctx context.Context, pg *pgconn.PgConn, statements string) error {
	_, err := pg.Exec(ctx, statements).ReadAll()
	return err
}

// inPostgres gives do one connection, as the driver has it and as database/sql does.
func inPostgres(ctx context.Context, db *sql.DB, do func(*pgconn.PgConn, *sql.Conn) error) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	var pg *pgconn.PgConn
	if err := c.Raw(func(driver any) error {
		own, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("store: %T is no connection to PostgreSQL", driver)
		}
		pg = own.Conn().PgConn()
		return nil
	}); err != nil {
		return err
	}
	return do(pg, c)
}
