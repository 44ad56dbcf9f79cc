package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"ringback/internal/store/migrations"
)

// Migrate brings the database at url to this build's schema and returns the versions before and after. It does no more
// than Open does.
func Migrate(ctx context.Context, url string) (before, after int64, err error) {
	d, err := dialectOf(url)
	if err != nil {
		return 0, 0, err
	}
	write, read, err := d.open(url)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, write.Close(), read.Close()) }()
	return d.migrate(ctx, write)
}

// Version returns the schema's version in the database and the one this build wants.
func (db *DB) Version(ctx context.Context) (have, want int64, err error) {
	if err := db.read.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&have); err != nil {
		return 0, 0, fmt.Errorf("store: schema version: %w", err)
	}
	return have, db.schema, nil
}

func (d dialect) migrate(ctx context.Context, db *sql.DB) (before, after int64, err error) {
	unlock, err := d.lockMigrations(ctx, db)
	if err != nil {
		return 0, 0, fmt.Errorf("store: migrate: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	p, err := d.steps(db)
	if err != nil {
		return 0, 0, fmt.Errorf("store: migrate: %w", err)
	}
	before, want, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return 0, 0, fmt.Errorf("store: migrate: %w", err)
	case before > want:
		return before, before, fmt.Errorf("store: the database has schema %d and this build knows %d: it was written by a newer ringback", before, want)
	}
	if _, err := p.Up(ctx); err != nil {
		return before, before, fmt.Errorf("store: migrate: %w", err)
	}
	return before, want, nil
}

func (d dialect) steps(db *sql.DB) (*goose.Provider, error) {
	folder, err := fs.Sub(migrations.Files, d.name)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(d.goose, db, folder)
}

// migrateTo brings a database to the schema of a backup, and no further.
func (d dialect) migrateTo(ctx context.Context, db *sql.DB, version int64) (err error) {
	unlock, err := d.lockMigrations(ctx, db)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	p, err := d.steps(db)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("store: migrate: %w", err)
	case version > want:
		return fmt.Errorf("store: the backup has schema %d and this build knows %d: it was written by a newer ringback", version, want)
	case have > version:
		return fmt.Errorf("store: the database has schema %d and the backup %d: restore into an empty database", have, version)
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	return nil
}
