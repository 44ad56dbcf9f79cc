package store

import (
	"context"
	"database/sql"
)

// reader asks the pool that cannot write.
type reader struct {
	ctx context.Context
	db  interface {
		QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	}
}

func (r reader) query(q string, args ...any) (*sql.Rows, error) {
	return r.db.QueryContext(r.ctx, q, args...)
}

// snapshot lets read ask several times and see one state of the database.
func (db *DB) snapshot(ctx context.Context, read func(querier) error) error {
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{Isolation: db.isolation, ReadOnly: db.shared})
	if err != nil {
		return told(err)
	}
	defer tx.Rollback() // it wrote nothing
	return told(read(reader{ctx, tx}))
}
