package store

import (
	"fmt"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

// loadAttempts reads attempts and legs of the callbacks in byID.
func loadAttempts(q querier, byID map[id.Callback]*callback.Callback, where string, args ...any) error {
	rows, err := q.query("SELECT callback_id, "+attemptColumns+" FROM attempts WHERE "+where+" ORDER BY callback_id, n", args...)
	if err != nil {
		return err
	}
	_, err = collect(rows, func(scan scanner) (none struct{}, err error) {
		cb, a, err := scanAttempt(scan)
		if c := byID[cb]; c != nil && err == nil {
			c.Attempts = append(c.Attempts, a)
		}
		return none, err
	})
	if err != nil {
		return err
	}
	return loadLegs(q, byID, where, args...)
}

const attemptColumns = "n, fence, agent_id, representation_id, device, result, rang_visitor, started_at, ended_at"

func scanAttempt(scan scanner) (cb id.Callback, a callback.Attempt, err error) {
	var rang, started, ended int64
	err = scan(&cb, &a.N, &a.Fence, &a.Agent, &a.Representation, &a.Device, &a.Result, &rang, &started, &ended)
	a.RangVisitor, a.StartedAt, a.EndedAt = rang != 0, micro.Time(started), micro.Time(ended)
	return cb, a, err
}

var (
	insertAttempt = "INSERT INTO attempts (callback_id, " + attemptColumns + ") VALUES " + placeholders(1, 10)
	updateAttempt = `UPDATE attempts SET fence = $3, agent_id = $4, representation_id = $5, device = $6, result = $7, rang_visitor = $8,
		started_at = $9, ended_at = $10 WHERE callback_id = $1 AND n = $2`
)

func attemptRow(cb id.Callback, a *callback.Attempt) []any {
	return []any{string(cb), a.N, a.Fence, string(a.Agent), string(a.Representation), a.Device, string(a.Result), number(a.RangVisitor),
		micro.Of(a.StartedAt), micro.Of(a.EndedAt)}
}

// writeAttempts writes what differs from before; nil before = all of it. Attempts and legs are only ever added.
func writeAttempts(t *tx, before []callback.Attempt, c *callback.Callback) error {
	if len(c.Attempts) < len(before) {
		return fmt.Errorf("callback %s: a step took an attempt away", c.ID)
	}
	for i := range c.Attempts {
		a := &c.Attempts[i]
		var was *callback.Attempt
		if i < len(before) {
			was = &before[i]
		}
		if err := writeAttempt(t, c.ID, was, a); err != nil {
			return fmt.Errorf("callback %s attempt %d: %w", c.ID, a.N, err)
		}
	}
	return nil
}

func writeAttempt(t *tx, cb id.Callback, was, a *callback.Attempt) error {
	var legs []callback.Leg
	switch {
	case was == nil:
		if _, err := t.exec(insertAttempt, attemptRow(cb, a)...); err != nil {
			return err
		}
	case !sameAttempt(*was, *a):
		if _, err := t.exec(updateAttempt, attemptRow(cb, a)...); err != nil {
			return err
		}
	}
	if was != nil {
		legs = was.Legs
	}
	return writeLegs(t, cb, a.N, legs, a.Legs)
}

func sameAttempt(a, b callback.Attempt) bool {
	return a.N == b.N && a.Fence == b.Fence && a.Agent == b.Agent && a.Representation == b.Representation && a.Device == b.Device &&
		a.Result == b.Result && a.RangVisitor == b.RangVisitor && a.StartedAt == b.StartedAt && a.EndedAt == b.EndedAt
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
