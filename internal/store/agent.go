package store

import (
	"context"
	"fmt"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

// Agents returns the status of every agent.
func (db *DB) Agents(ctx context.Context) (map[id.Agent]agent.Status, error) {
	if !db.shared {
		if known := db.cache.statuses(); known != nil {
			return known, nil
		}
	}
	all, err := statuses(reader{ctx, db.read})
	if err != nil {
		return nil, fmt.Errorf("agents: %w", told(err))
	}
	return all, nil
}

// loadAgents fills the cache of agents, where it is the truth.
func (db *DB) loadAgents(ctx context.Context) error {
	if db.shared {
		return nil
	}
	all, err := statuses(reader{ctx, db.read})
	if err != nil {
		return fmt.Errorf("agents: %w", err)
	}
	db.cache.setAgents(all)
	return nil
}

func statuses(q querier) (map[id.Agent]agent.Status, error) {
	rows, err := q.query("SELECT id, " + statusColumns + " FROM agents")
	if err != nil {
		return nil, err
	}
	out := map[id.Agent]agent.Status{}
	_, err = collect(rows, func(scan scanner) (none struct{}, err error) {
		var a id.Agent
		var s statusRow
		err = scan(append([]any{&a}, s.dest()...)...)
		out[a] = s.status()
		return none, err
	})
	return out, err
}

// MoveAgent changes one agent's status outside a step; callback.ErrAgentTaken when her presence is none of From.
func (db *DB) MoveAgent(ctx context.Context, m callback.Move) error {
	err := db.commit(ctx, string(m.Agent), func(t *tx) error { return moveAgent(t, m) })
	if err != nil {
		return fmt.Errorf("agent %s: move to %s: %w", m.Agent, m.Status.Presence, err)
	}
	return nil
}

// anyPresence is what From is when it names none.
var anyPresence = []agent.Presence{agent.SignedOut, agent.Ready, agent.Reserved, agent.Talking, agent.WrapUp, agent.Paused, agent.Finishing}

const updateStatus = `UPDATE agents SET presence = $2, reason = $3, since_at = $4, until_at = $5, callback_id = $6, missed = $15, talked_us = $16,
		idle_from_at = CASE WHEN CAST($7 AS BIGINT) = 0 THEN idle_from_at ELSE $7 END
	WHERE id = $1 AND presence IN ($8, $9, $10, $11, $12, $13, $14)`

// moveAgent is one conditional UPDATE: of two that want her, one finds her gone.
func moveAgent(t *tx, m callback.Move) error {
	m = micro.Move(m)
	s, from := m.Status, m.From
	if len(from) == 0 {
		from = anyPresence
	}
	args := []any{string(m.Agent), string(s.Presence), s.Reason, micro.Of(s.Since), micro.Of(s.Until), string(s.Callback), micro.Of(s.IdleFrom)}
	for i := range anyPresence {
		args = append(args, string(from[min(i, len(from)-1)]))
	}
	args = append(args, s.Missed, s.Talked.Microseconds())
	n, err := t.exec(updateStatus, args...)
	switch {
	case err != nil:
		return fmt.Errorf("agent %s: %w", m.Agent, err)
	case n == 1:
		if known := t.status(m.Agent); s.IdleFrom.IsZero() && known != nil {
			s.IdleFrom = known.IdleFrom
		}
		t.unit.putAgent(m.Agent, &s)
		return nil
	case m.Lenient:
		return nil
	}
	return missed(t, m.Agent)
}

// missed tells an agent who is busy from one who is not there.
func missed(t *tx, a id.Agent) error {
	var presence agent.Presence
	found, err := one(t, "SELECT presence FROM agents WHERE id = $1", []any{string(a)}, &presence)
	switch {
	case err != nil:
		return err
	case !found:
		return fault.New(fault.NotFound, "There is no such agent.").Because(callback.ErrAgentTaken)
	}
	return fmt.Errorf("agent %s is %s: %w", a, presence, callback.ErrAgentTaken)
}

const statusColumns = "presence, reason, since_at, until_at, callback_id, idle_from_at, missed, talked_us"

// statusRow is agent.Status with times as they are kept.
type statusRow struct {
	agent.Status
	since, until, idle, talked int64
}

func (s *statusRow) dest() []any {
	return []any{&s.Presence, &s.Reason, &s.since, &s.until, &s.Callback, &s.idle, &s.Missed, &s.talked}
}

func (s *statusRow) status() agent.Status {
	s.Since, s.Until, s.IdleFrom = micro.Time(s.since), micro.Time(s.until), micro.Time(s.idle)
	s.Talked = span(s.talked)
	return s.Status
}
