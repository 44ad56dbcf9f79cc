package store

import (
	"context"
	"fmt"

	"ringback/internal/agent"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/store/setup"
)

// Directory reads all that is set up, indexed.
func (db *DB) Directory(ctx context.Context) (d *directory.Directory, err error) {
	err = db.snapshot(ctx, func(q querier) error {
		d, err = db.readDirectory(q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	return d, nil
}

// Apply brings what is set up to s, in one transaction.
func (db *DB) Apply(ctx context.Context, s directory.Setup, o directory.Options) ([]directory.Change, error) {
	var plan setup.Plan
	decide := func(q querier) error {
		have, err := db.readDirectory(q)
		if err == nil {
			plan, err = setup.Apply(have, s, o, db.o.Mint, db.o.Now())
		}
		return err
	}
	var err error
	if o.DryRun {
		err = db.snapshot(ctx, decide)
	} else {
		err = db.commit(ctx, directoryLane, func(t *tx) error { return carryOut(t, decide, &plan) })
	}
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	return plan.Changes, nil
}

// Delete removes one thing, by id or slug, and what stands on it. A business or an agent whose calls are not over
// stays: fault too_late.
func (db *DB) Delete(ctx context.Context, k directory.Kind, idOrSlug string) error {
	err := db.commit(ctx, directoryLane, func(t *tx) error {
		var plan setup.Plan
		return carryOut(t, func(q querier) error {
			have, err := db.readDirectory(q)
			if err == nil {
				plan, err = setup.Delete(have, k, idOrSlug)
			}
			return err
		}, &plan)
	})
	if err != nil {
		return fmt.Errorf("%s %s: delete: %w", k, idOrSlug, err)
	}
	return nil
}

const directoryLane = "directory"

// carryOut decides and writes while no other process does.
func carryOut(t *tx, decide func(querier) error, plan *setup.Plan) error {
	if t.c.db.shared {
		if _, err := t.exec("SELECT pg_advisory_xact_lock(72696773)"); err != nil {
			return err
		}
	}
	if err := decide(t); err != nil {
		return err
	}
	for _, w := range plan.Writes {
		if err := put(t, w); err != nil {
			return fmt.Errorf("%s %s: %w", w.Kind, w.ID, err)
		}
	}
	return nil
}

func put(t *tx, w setup.Write) error {
	if w.Value == nil {
		return remove(t, w)
	}
	shelf := shelves[w.Kind]
	if _, err := t.exec(shelf.upsert, shelf.row(t.c.db, w.Value)...); err != nil {
		return err
	}
	if a, ok := w.Value.(*agent.Agent); ok && w.New {
		t.unit.putAgent(a.ID, &a.Status)
	}
	return nil
}

func remove(t *tx, w setup.Write) error {
	if err := stillCalls(t, w); err != nil {
		return err
	}
	if w.Kind == directory.Agent {
		t.unit.putAgent(id.Agent(w.ID), nil)
	}
	_, err := t.exec("DELETE FROM "+shelves[w.Kind].table+" WHERE id = $1", w.ID)
	return err
}

// stillCalls refuses to remove what a live call stands on.
func stillCalls(t *tx, w setup.Write) error {
	q := map[directory.Kind]string{
		directory.Subscriber: "SELECT id FROM callbacks WHERE state <> 'ended' AND subscriber_id = $1 LIMIT 1",
		directory.Agent:      "SELECT id FROM agents WHERE id = $1 AND presence IN ('reserved', 'talking', 'finishing')",
	}[w.Kind]
	if q == "" {
		return nil
	}
	var busy string
	found, err := one(t, q, []any{w.ID}, &busy)
	if err == nil && found {
		err = setup.StillCalls(w.Kind, w.ID)
	}
	return err
}

// readDirectory reads the eight kinds.
func (db *DB) readDirectory(q querier) (*directory.Directory, error) {
	d := &directory.Directory{}
	var err error
	read := func(e error) {
		if err == nil {
			err = e
		}
	}
	d.Subscribers, err = shelved(q, directory.Subscriber, scanSubscriber, subscriberID)
	var e error
	d.Buttons, e = shelved(q, directory.Button, scanButton, buttonID)
	read(e)
	d.Agents, e = shelved(q, directory.Agent, db.scanAgent, agentID)
	read(e)
	d.Representations, e = shelved(q, directory.Representation, scanRepresentation, representationID)
	read(e)
	d.Trunks, e = shelved(q, directory.Trunk, db.scanTrunk, trunkID)
	read(e)
	d.Keys, e = shelved(q, directory.Key, scanKey, keyID)
	read(e)
	d.Blocks, e = shelved(q, directory.Block, scanBlock, blockID)
	read(e)
	d.Users, e = shelved(q, directory.User, scanUser, userID)
	read(e)
	if err != nil {
		return nil, err
	}
	d.Index()
	return d, nil
}

func shelved[K comparable, T any](q querier, k directory.Kind, scan func(scanner) (T, error), key func(*T) K) (map[K]*T, error) {
	s := shelves[k]
	rows, err := q.query("SELECT " + s.columns + " FROM " + s.table)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.table, err)
	}
	all, err := collect(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.table, err)
	}
	out := make(map[K]*T, len(all))
	for i := range all {
		out[key(&all[i])] = &all[i]
	}
	return out, nil
}
