package store

import (
	"context"
	"fmt"

	"ringback/internal/cti"
	"ringback/internal/store/micro"
)

const registrationColumns = "account, name, contact, instance, transport, source, nat, user_agent, since_at, until_at"

const putRegistration = "INSERT INTO registrations (" + registrationColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
	ON CONFLICT (account, name) DO UPDATE SET contact = excluded.contact, instance = excluded.instance, transport = excluded.transport,
		source = excluded.source, nat = excluded.nat, user_agent = excluded.user_agent, since_at = excluded.since_at, until_at = excluded.until_at`

// KeepRegistrations: see cti.Registrations.
func (db *DB) KeepRegistrations(ctx context.Context, put, gone []cti.Registration) error {
	err := db.commit(ctx, "registrations", func(t *tx) error {
		for i := range gone {
			if _, err := t.exec("DELETE FROM registrations WHERE account = $1 AND name = $2", gone[i].User, gone[i].Key()); err != nil {
				return err
			}
		}
		for i := range put {
			r := &put[i]
			if _, err := t.exec(putRegistration, r.User, r.Key(), r.Contact, r.Instance, r.Transport, r.Source, number(r.NAT),
				micro.Text(r.UserAgent), micro.Of(r.Since), micro.Of(r.Until)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("registrations: %w", err)
	}
	return nil
}

// Registrations returns what KeepRegistrations has kept, by name and age.
func (db *DB) Registrations(ctx context.Context) ([]cti.Registration, error) {
	rows, err := reader{ctx, db.read}.query("SELECT " + registrationColumns + " FROM registrations ORDER BY account, since_at, name")
	if err != nil {
		return nil, fmt.Errorf("registrations: %w", told(err))
	}
	out, err := collect(rows, func(scan scanner) (r cti.Registration, err error) {
		var name string
		var nat, since, until int64
		err = scan(&r.User, &name, &r.Contact, &r.Instance, &r.Transport, &r.Source, &nat, &r.UserAgent, &since, &until)
		r.NAT, r.Since, r.Until = nat != 0, micro.Time(since), micro.Time(until)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("registrations: %w", told(err))
	}
	return out, nil
}
