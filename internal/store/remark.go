package store

import (
	"context"
	"fmt"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

// Remarks are what people wrote about callbacks; those without are left out.
func (db *DB) Remarks(ctx context.Context, all []id.Callback) (out map[id.Callback]callback.Remarks, err error) {
	out = map[id.Callback]callback.Remarks{}
	for _, cb := range all {
		r, err := remarks(reader{ctx, db.read}, cb)
		if err != nil {
			return nil, fmt.Errorf("remarks on %s: %w", cb, told(err))
		}
		if r.Disposition != nil || len(r.Notes) > 0 {
			out[cb] = r
		}
	}
	return out, nil
}

func remarks(q querier, cb id.Callback) (r callback.Remarks, err error) {
	var d callback.Disposition
	var at int64
	found, err := one(q, "SELECT code, note, agent_id, actor, at FROM dispositions WHERE callback_id = $1", []any{string(cb)},
		&d.Code, &d.Note, &d.By.Agent, &d.By.Actor, &at)
	if err != nil {
		return r, err
	}
	if found {
		d.At = micro.Time(at)
		r.Disposition = &d
	}
	rows, err := q.query("SELECT id, note, agent_id, actor, at FROM notes WHERE callback_id = $1 ORDER BY id", string(cb))
	if err != nil {
		return r, err
	}
	r.Notes, err = collect(rows, func(scan scanner) (n callback.Note, err error) {
		var at int64
		err = scan(&n.ID, &n.Text, &n.By.Agent, &n.By.Actor, &at)
		n.At = micro.Time(at)
		return n, err
	})
	return r, err
}

// writeRemarks keeps what a step brings.
func writeRemarks(t *tx, c *callback.Callback, r callback.Remarks) error {
	for _, n := range r.Notes {
		_, err := t.exec("INSERT INTO notes (id, subscriber_id, callback_id, agent_id, actor, note, at) VALUES "+placeholders(1, 7),
			string(n.ID), string(c.Subscriber), string(c.ID), string(n.By.Agent), string(n.By.Actor), micro.Text(n.Text), micro.Of(n.At))
		if err != nil {
			return err
		}
	}
	if d := r.Disposition; d != nil {
		_, err := t.exec("INSERT INTO dispositions (callback_id, subscriber_id, code, note, agent_id, actor, at) VALUES "+placeholders(1, 7)+
			` ON CONFLICT (callback_id) DO UPDATE SET code = excluded.code, note = excluded.note, agent_id = excluded.agent_id,
				actor = excluded.actor, at = excluded.at`,
			string(c.ID), string(c.Subscriber), micro.Text(d.Code), micro.Text(d.Note), string(d.By.Agent), string(d.By.Actor), micro.Of(d.At))
		return err
	}
	return nil
}
