package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

// Callback reads one, with attempts and legs. sub "" = whichever; unknown or another's: fault.NotFound.
func (db *DB) Callback(ctx context.Context, sub id.Subscriber, cb id.Callback) (*callback.Callback, error) {
	if c := db.cache.callback(cb); c != nil && !db.shared {
		if sub != "" && c.Subscriber != sub {
			return nil, unknown()
		}
		return c.Clone(), nil
	}
	c, err := db.find(ctx, "id = $1", string(cb))
	if err != nil {
		return nil, fmt.Errorf("callback %s: %w", cb, err)
	}
	if sub != "" && c.Subscriber != sub {
		return nil, fmt.Errorf("callback %s: %w", cb, unknown())
	}
	return c, nil
}

// ByToken finds the callback of a visitor's status page by the hash of its token.
func (db *DB) ByToken(ctx context.Context, tokenHash string) (*callback.Callback, error) {
	c, err := db.find(ctx, "token_hash = $1", tokenHash)
	if err != nil {
		return nil, fmt.Errorf("callback by token: %w", err)
	}
	return c, nil
}

// OfNumber finds the newest callback of a business to a number, by its hash, that is not ended, or ended not before since;
// a call that has come in is none. It comes without attempts; nil = there is none.
func (db *DB) OfNumber(ctx context.Context, sub id.Subscriber, numberHash string, since time.Time) (*callback.Callback, error) {
	all, err := callbacks(reader{ctx, db.read}, "SELECT "+callbackColumns+` FROM callbacks
		WHERE number_hash = $1 AND subscriber_id = $2 AND (state <> 'ended' OR ended_at >= $3) AND call_order <> 'caller_first'
		ORDER BY id DESC LIMIT 1`,
		numberHash, string(sub), micro.Of(since))
	if err != nil {
		return nil, fmt.Errorf("callback of a number: %w", told(err))
	}
	if len(all) == 0 {
		return nil, nil
	}
	return &all[0], nil
}

// LastAgent is who talked last with a number, by its hash, for a business, not before since; "" = nobody did.
func (db *DB) LastAgent(ctx context.Context, sub id.Subscriber, numberHash string, since time.Time) (a id.Agent, err error) {
	_, err = one(reader{ctx, db.read}, `SELECT a.agent_id FROM callbacks c JOIN attempts a ON a.callback_id = c.id
		WHERE c.number_hash = $1 AND c.subscriber_id = $2 AND a.result = 'connected' AND a.agent_id <> '' AND a.ended_at >= $3
		ORDER BY c.id DESC, a.n DESC LIMIT 1`, []any{numberHash, string(sub), micro.Of(since)}, &a)
	if err != nil {
		return "", fmt.Errorf("last agent of a number: %w", told(err))
	}
	return a, nil
}

func unknown() error { return fault.New(fault.NotFound, "There is no such callback.") }

func (db *DB) find(ctx context.Context, where string, arg any) (c *callback.Callback, err error) {
	err = db.snapshot(ctx, func(q querier) error {
		c, err = load(q, where, arg)
		return err
	})
	if err == nil && c == nil {
		err = unknown()
	}
	return c, err
}

// load reads one callback with attempts and legs; nil when there is none.
func load(q querier, where string, arg any) (*callback.Callback, error) {
	all, err := callbacks(q, "SELECT "+callbackColumns+" FROM callbacks WHERE "+where, arg)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	c := &all[0]
	return c, loadAttempts(q, map[id.Callback]*callback.Callback{c.ID: c}, "callback_id = $1", string(c.ID))
}

// Callbacks lists newest first, without attempts; sub "" = all.
func (db *DB) Callbacks(ctx context.Context, sub id.Subscriber, f callback.Filter) ([]callback.Callback, error) {
	where, args := "1 = 1", []any{}
	and := func(condition string, arg string) {
		if arg != "" {
			args = append(args, arg)
			where += fmt.Sprintf(" AND %s $%d", condition, len(args))
		}
	}
	and("subscriber_id =", string(sub))
	and("state =", string(f.State))
	and("button_id =", string(f.Button))
	and("id <", string(f.After))
	and("number_hash =", f.NumberHash)
	if f.Desk != nil {
		desk, more := deskOf(f.Desk, len(args))
		where, args = where+desk, append(args, more...)
	}
	q := "SELECT " + callbackColumns + " FROM callbacks WHERE " + where + " ORDER BY id DESC"
	if f.Limit > 0 {
		q += fmt.Sprintf(" LIMIT %d", f.Limit)
	}
	out, err := callbacks(reader{ctx, db.read}, q, args...)
	if err != nil {
		return nil, fmt.Errorf("callbacks: %w", told(err))
	}
	return out, nil
}

// Live returns all callbacks that are not ended, or have a leg that is not, with attempts and legs, oldest first.
func (db *DB) Live(ctx context.Context) (live []*callback.Callback, err error) {
	err = db.snapshot(ctx, func(q querier) error {
		live = nil
		all, err := callbacks(q, "SELECT "+callbackColumns+" FROM callbacks WHERE id IN ("+liveIDs+") ORDER BY id")
		if err != nil {
			return err
		}
		byID := map[id.Callback]*callback.Callback{}
		for i := range all {
			live = append(live, &all[i])
			byID[all[i].ID] = &all[i]
		}
		return loadAttempts(q, byID, "callback_id IN ("+liveIDs+")")
	})
	if err != nil {
		return nil, fmt.Errorf("live callbacks: %w", err)
	}
	return live, nil
}

// deskOf is the condition of what an agent may list; its arguments are numbered from n+1.
func deskOf(d *callback.Desk, n int) (condition string, args []any) {
	args = append(args, string(d.Agent))
	in := "''"
	for _, s := range d.Represents {
		args = append(args, string(s))
		in += fmt.Sprintf(", $%d", n+len(args))
	}
	if d.All {
		return fmt.Sprintf(" AND subscriber_id IN (%s) AND $%d <> ''", in, n+1), args
	}
	return fmt.Sprintf(` AND subscriber_id IN (%s) AND (state <> 'ended' OR
		EXISTS (SELECT 1 FROM attempts WHERE attempts.callback_id = callbacks.id AND attempts.agent_id = $%d))`, in, n+1), args
}

const liveIDs = "SELECT id FROM callbacks WHERE state <> 'ended' UNION SELECT callback_id FROM legs WHERE state <> 'ended'"

// Due returns callbacks whose due_at is not after now, the longest due first, at most limit.
func (db *DB) Due(ctx context.Context, now time.Time, limit int) ([]id.Callback, error) {
	rows, err := reader{ctx, db.read}.query(
		"SELECT id FROM callbacks WHERE state <> 'ended' AND due_at > 0 AND due_at <= $1 ORDER BY due_at, id LIMIT $2", micro.Of(now), limit)
	if err != nil {
		return nil, fmt.Errorf("due callbacks: %w", told(err))
	}
	out, err := collect(rows, func(scan scanner) (cb id.Callback, err error) { return cb, scan(&cb) })
	if err != nil {
		return nil, fmt.Errorf("due callbacks: %w", told(err))
	}
	return out, nil
}

const callbackColumns = `id, version, subscriber_id, button_id, contact_id, interaction_id, token_hash, state, outcome, reason,
	fence, due_at, arrived_at, created_at, joined_at, ended_at, talk_us, call_order, number, endpoint, number_hash, destination,
	caller_id, tries, max_talk_us, confirm, actor, name, topic, fields, page, language, metadata, asked, wall, zone, inbound, resumes,
	priority, front_at, wanted_agent, wanted_until`

func callbacks(q querier, statement string, args ...any) ([]callback.Callback, error) {
	rows, err := q.query(statement, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanCallback)
}

func scanCallback(scan scanner) (c callback.Callback, err error) {
	var due, arrived, created, joined, ended, talk, maxTalk, inbound, front, wanted int64
	var confirm, fields, metadata []byte
	err = scan(&c.ID, &c.Version, &c.Subscriber, &c.Button, &c.Contact, &c.Interaction, &c.TokenHash, &c.State, &c.Outcome, &c.Reason,
		&c.Fence, &due, &arrived, &created, &joined, &ended, &talk, &c.Order, &c.Number, &c.Endpoint, &c.NumberHash, &c.Destination,
		&c.CallerID, &c.Tries, &maxTalk, &confirm, &c.Actor, &c.Name, &c.Topic, &fields, &c.Page, &c.Language, &metadata, &c.When, &c.Wall, &c.Zone,
		&inbound, &c.Resumes, &c.Priority, &front, &c.Wanted, &wanted)
	if err != nil {
		return c, err
	}
	c.DueAt, c.ArrivedAt, c.CreatedAt, c.JoinedAt, c.EndedAt = micro.Time(due), micro.Time(arrived), micro.Time(created), micro.Time(joined), micro.Time(ended)
	c.Inbound, c.FrontAt, c.WantedUntil = inbound != 0, micro.Time(front), micro.Time(wanted)
	c.TalkTime, c.MaxTalk = span(talk), span(maxTalk)
	return c, fromJSON(confirm, &c.Confirm, fields, &c.Fields, metadata, &c.Metadata)
}

var insertCallback = "INSERT INTO callbacks (" + callbackColumns + ") VALUES " + placeholders(1, 42)

func callbackRow(c *callback.Callback) []any {
	return []any{string(c.ID), c.Version, string(c.Subscriber), string(c.Button), string(c.Contact), string(c.Interaction), c.TokenHash,
		string(c.State), string(c.Outcome), string(c.Reason), c.Fence, micro.Of(c.DueAt), micro.Of(c.ArrivedAt), micro.Of(c.CreatedAt),
		micro.Of(c.JoinedAt), micro.Of(c.EndedAt), c.TalkTime.Microseconds(), string(c.Order), string(c.Number), string(c.Endpoint),
		c.NumberHash, string(c.Destination), string(c.CallerID), c.Tries, c.MaxTalk.Microseconds(), toJSON(c.Confirm), string(c.Actor),
		c.Name, c.Topic, toJSON(c.Fields), c.Page, c.Language, toJSON(c.Metadata), c.When, c.Wall, c.Zone, number(c.Inbound), string(c.Resumes),
		c.Priority, micro.Of(c.FrontAt), string(c.Wanted), micro.Of(c.WantedUntil)}
}

// What every step may change is one statement; what changes seldom needs the longer one.
const (
	moveCallback = `UPDATE callbacks SET version = $3, state = $4, outcome = $5, reason = $6, fence = $7, due_at = $8, arrived_at = $9,
		joined_at = $10, ended_at = $11, talk_us = $12`
	thisVersion = ` WHERE id = $1 AND version = $2`
)

const moveThisVersion = moveCallback + thisVersion

const changeCallback = moveCallback + `, number = $13, endpoint = $14, number_hash = $15, destination = $16, caller_id = $17, tries = $18,
	max_talk_us = $19, confirm = $20, name = $21, topic = $22, language = $23, asked = $24, wall = $25, zone = $26, call_order = $27,
	front_at = $28, wanted_agent = $29, wanted_until = $30` + thisVersion

func movedRow(before, c *callback.Callback) []any {
	return []any{string(c.ID), before.Version, c.Version, string(c.State), string(c.Outcome), string(c.Reason), c.Fence, micro.Of(c.DueAt),
		micro.Of(c.ArrivedAt), micro.Of(c.JoinedAt), micro.Of(c.EndedAt), c.TalkTime.Microseconds()}
}

func changedRow(before, c *callback.Callback) []any {
	return append(movedRow(before, c), string(c.Number), string(c.Endpoint), c.NumberHash, string(c.Destination), string(c.CallerID), c.Tries,
		c.MaxTalk.Microseconds(), toJSON(c.Confirm), c.Name, c.Topic, c.Language, c.When, c.Wall, c.Zone, string(c.Order),
		micro.Of(c.FrontAt), string(c.Wanted), micro.Of(c.WantedUntil))
}

// sameWish says whether a step left alone what changeCallback writes beyond moveCallback.
func sameWish(a, b *callback.Callback) bool {
	return a.Number == b.Number && a.Endpoint == b.Endpoint && a.NumberHash == b.NumberHash && a.Destination == b.Destination &&
		a.CallerID == b.CallerID && a.Tries == b.Tries && a.MaxTalk == b.MaxTalk && a.Confirm == b.Confirm && a.Name == b.Name &&
		a.Topic == b.Topic && a.Language == b.Language && a.When == b.When && a.Wall == b.Wall && a.Zone == b.Zone && a.Order == b.Order &&
		a.FrontAt.Equal(b.FrontAt) && a.Wanted == b.Wanted && a.WantedUntil.Equal(b.WantedUntil)
}

func span(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

// toJSON writes what is always writable: maps, lists and structs of plain values.
func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("store: " + err.Error())
	}
	return string(b)
}

// fromJSON reads pairs of text and pointer.
func fromJSON(pairs ...any) error {
	for i := 0; i < len(pairs); i += 2 {
		if err := json.Unmarshal(pairs[i].([]byte), pairs[i+1]); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	return nil
}

// querier is where statements are read from: the transaction of a batch, or a reader.
type querier interface {
	query(q string, args ...any) (*sql.Rows, error)
}

type scanner func(dest ...any) error

// collect reads all rows.
func collect[T any](rows *sql.Rows, read func(scanner) (T, error)) (out []T, err error) {
	defer rows.Close()
	for rows.Next() {
		v, err := read(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
