package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/id"
)

// tx is the transaction of one batch, as its units see it. Its methods run without a ctx of the caller's: a driver that
// has to watch one costs a goroutine a statement.
type tx struct {
	c           *committer
	unit, batch pending
	touched     bool // the unit wrote: there is something to undo
}

// pending is what a unit, or a batch, did and what is not committed yet.
type pending struct {
	callbacks map[id.Callback]*callback.Callback
	agents    map[id.Agent]*agent.Status // nil = gone
	rows      [3][]any                   // of journal, events and consents: they are read by nobody before COMMIT, so they go in last and together
	chains    map[int64]chainEnd         // of consents
	texts     map[string]bool            // of consents: on disk, by their hash
}

// table of rows that are inserted many at a time.
type table int

const (
	journal table = iota
	events
	consents
)

var inserts = [3]struct {
	into    string
	columns int
}{
	journal:  {"INSERT INTO journal (callback_id, seq, at, actor, from_state, event, to_state, reason_code, detail) VALUES ", 9},
	events:   {"INSERT INTO events (kind, subscriber_id, callback_id, version, at) VALUES ", 5},
	consents: {"INSERT INTO consent_records (" + consentColumns + ") VALUES ", 16},
}

// exec returns how many rows were changed.
func (t *tx) exec(q string, args ...any) (int64, error) {
	s, err := t.c.stmt(q)
	if err != nil {
		return 0, err
	}
	t.touched = true
	r, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, &said{err}
	}
	return r.RowsAffected()
}

func (t *tx) query(q string, args ...any) (*sql.Rows, error) {
	s, err := t.c.stmt(q)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return nil, &said{err}
	}
	return rows, nil
}

// one reads one row into dest; false when there is none.
func one(q querier, statement string, args []any, dest ...any) (found bool, err error) {
	rows, err := q.query(statement, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := rows.Scan(dest...); err != nil {
		return false, err
	}
	return true, rows.Close()
}

// later puts a row of t off until the batch's end.
func (t *tx) later(to table, row ...any) {
	t.unit.rows[to] = append(t.unit.rows[to], row...)
}

// keep takes over what the unit did into the batch; forget drops it.
func (t *tx) keep() {
	for k, v := range t.unit.callbacks {
		t.batch.putCallback(k, v)
	}
	for k, v := range t.unit.agents {
		t.batch.putAgent(k, v)
	}
	for i := range t.unit.rows {
		t.batch.rows[i] = append(t.batch.rows[i], t.unit.rows[i]...)
	}
	for k, v := range t.unit.chains {
		t.batch.putChain(k, v)
	}
	for k := range t.unit.texts {
		t.batch.putText(k)
	}
	t.forget()
}

func (t *tx) forget() { t.unit, t.touched = pending{}, false }

func (p *pending) putCallback(cb id.Callback, c *callback.Callback) {
	if p.callbacks == nil {
		p.callbacks = map[id.Callback]*callback.Callback{}
	}
	p.callbacks[cb] = c
}

func (p *pending) putAgent(a id.Agent, s *agent.Status) {
	if p.agents == nil {
		p.agents = map[id.Agent]*agent.Status{}
	}
	p.agents[a] = s
}

// flush writes the rows that were put off: as few statements as possible, of a few sizes, so that they stay prepared.
func (t *tx) flush() error {
	for to, rows := range t.batch.rows {
		width := inserts[to].columns
		for size := 32; len(rows) > 0; {
			if size*width > len(rows) {
				size /= 2
				continue
			}
			if _, err := t.exec(t.c.insertText(table(to), size), rows[:size*width]...); err != nil {
				return fmt.Errorf("%.20s: %w", inserts[to].into, err)
			}
			rows = rows[size*width:]
		}
	}
	return t.endChains()
}

// placeholders of rows times columns: ($1, $2), ($3, $4).
func placeholders(rows, columns int) string {
	var b strings.Builder
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for c := range columns {
			if c > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "$%d", r*columns+c+1)
		}
		b.WriteByte(')')
	}
	return b.String()
}
