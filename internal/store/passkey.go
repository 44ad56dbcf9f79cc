package store

import (
	"context"
	"fmt"

	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/store/micro"
)

var _ login.PasskeyStore = (*DB)(nil)

const passkeyColumns = "id, agent_id, name, credential, created_at, used_at"

// PutPasskey: see login.PasskeyStore.
func (db *DB) PutPasskey(ctx context.Context, p login.Passkey) error {
	var n int64
	err := db.commit(ctx, p.ID, func(t *tx) (err error) {
		n, err = t.exec("INSERT INTO passkeys ("+passkeyColumns+") VALUES "+placeholders(1, 6)+` ON CONFLICT (id) DO UPDATE
			SET credential = excluded.credential, used_at = excluded.used_at WHERE passkeys.agent_id = excluded.agent_id`,
			p.ID, string(p.Person), micro.Text(p.Name), string(p.Credential), micro.Of(p.CreatedAt), micro.Of(p.UsedAt))
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("passkey: %w", err)
	case n == 0:
		return fault.New(fault.TooLate, "This passkey is somebody else's.")
	}
	return nil
}

// Passkeys: see login.PasskeyStore.
func (db *DB) Passkeys(ctx context.Context, a id.Person) ([]login.Passkey, error) {
	rows, err := reader{ctx, db.read}.query("SELECT "+passkeyColumns+" FROM passkeys WHERE agent_id = $1 ORDER BY created_at, id", string(a))
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", told(err))
	}
	out, err := collect(rows, func(scan scanner) (p login.Passkey, err error) {
		var created, used int64
		err = scan(&p.ID, &p.Person, &p.Name, &p.Credential, &created, &used)
		p.CreatedAt, p.UsedAt = micro.Time(created), micro.Time(used)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", told(err))
	}
	return out, nil
}

// DropPasskey: see login.PasskeyStore.
func (db *DB) DropPasskey(ctx context.Context, a id.Person, passkey string) error {
	var n int64
	err := db.commit(ctx, passkey, func(t *tx) (err error) {
		n, err = t.exec("DELETE FROM passkeys WHERE id = $1 AND agent_id = $2", passkey, string(a))
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("passkey: %w", err)
	case n == 0:
		return fault.New(fault.NotFound, "There is no such passkey.")
	}
	return nil
}
