package store

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/store/micro"
)

const (
	// KeepAnswers is how long a repeated request gets the same answer.
	KeepAnswers = 24 * time.Hour
	// orphaned is when a request that another process began counts as given up.
	orphaned = time.Minute
)

// Begin claims a request that is no Create. nil, nil: it is the caller's to do, who ends it with Keep or Drop. Otherwise
// the answer kept, or a fault: idempotency_in_progress, idempotency_key_reused. What a process that is gone left in
// progress is taken over.
func (db *DB) Begin(ctx context.Context, o callback.Once) (kept *callback.Kept, err error) {
	if !db.requests.take(o) {
		return nil, inProgress()
	}
	err = db.commit(ctx, lane(o), func(t *tx) (err error) {
		kept, err = begin(t, o)
		return err
	})
	if err != nil || kept != nil {
		db.requests.drop(o)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: idempotency key: %w", o.Route, err)
	}
	return kept, nil
}

func begin(t *tx, o callback.Once) (*callback.Kept, error) {
	r, err := findRequest(t, o)
	if err != nil {
		return nil, err
	}
	if r != nil {
		if kept, err := r.answer(t.c.db, o); kept != nil || err != nil {
			return kept, err
		}
	}
	mine, err := putRequest(t, o, callback.Kept{Request: o.Request}, "")
	if err == nil && !mine {
		err = errInTheWay
	}
	return nil, err
}

// Keep stores the answer of a request, whether Begin claimed it or not; it gives up the claim.
func (db *DB) Keep(ctx context.Context, o callback.Once, k callback.Kept) error {
	k.Request = o.Request
	err := db.commit(ctx, lane(o), func(t *tx) error {
		_, err := putRequest(t, o, k, "") // the first answer stays
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: keep the answer: %w", o.Route, err)
	}
	db.requests.drop(o)
	return nil
}

// Drop gives up a claim without an answer: the next request with this key is done anew.
func (db *DB) Drop(ctx context.Context, o callback.Once) error {
	defer db.requests.drop(o)
	err := db.commit(ctx, lane(o), func(t *tx) error {
		_, err := t.exec("DELETE FROM idempotency WHERE principal = $1 AND route = $2 AND key = $3 AND status = 0 AND owner = $4",
			o.Principal, o.Route, o.Key, t.c.db.owner)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: drop: %w", o.Route, err)
	}
	return nil
}

// replay looks whether a Create was answered before.
func replay(t *tx, o *callback.Once) error {
	if o == nil {
		return nil
	}
	r, err := findRequest(t, *o)
	if err != nil || r == nil {
		return err
	}
	kept, err := r.answer(t.c.db, *o)
	if err != nil || kept == nil {
		return err
	}
	return &callback.Replayed{Kept: *kept}
}

// answered keeps what a Create answers, in its transaction.
func answered(t *tx, o *callback.Once, c *callback.Callback) error {
	if o == nil {
		return nil
	}
	k := o.Answer(c.Clone())
	k.Request = o.Request
	mine, err := putRequest(t, *o, k, string(c.ID))
	if err == nil && !mine {
		err = errInTheWay // another process answered it just now: read its answer
	}
	return err
}

// request is a row: a POST that is in progress (status 0) or was answered.
type request struct {
	hash   string
	status int
	owner  string
	sealed []byte
	at     time.Time
}

// findRequest returns nil where the key was not used, or too long ago.
func findRequest(t *tx, o callback.Once) (*request, error) {
	var r request
	var at int64
	found, err := one(t, "SELECT request_hash, status, owner, answer, at FROM idempotency WHERE principal = $1 AND route = $2 AND key = $3",
		[]any{o.Principal, o.Route, o.Key}, &r.hash, &r.status, &r.owner, &r.sealed, &at)
	r.at = micro.Time(at)
	if err != nil || !found || t.c.db.o.Now().Sub(r.at) >= KeepAnswers {
		return nil, err
	}
	return &r, nil
}

// answer returns what was kept; nil and no error when the request may be done by us.
func (r *request) answer(db *DB, o callback.Once) (*callback.Kept, error) {
	switch {
	case r.hash != o.Request:
		return nil, fault.New(fault.IdempotencyReused, "This Idempotency-Key was used for another request. Use a new key for a new request.")
	case r.status == 0 && r.owner != db.owner && db.shared && db.o.Now().Sub(r.at) < orphaned:
		return nil, inProgress()
	case r.status == 0:
		return nil, nil
	}
	text, err := db.seal.open(place(o), r.sealed)
	if err != nil {
		return nil, err
	}
	kept := callback.Kept{Request: r.hash, Status: r.status}
	var a sealedAnswer
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("store: kept answer: %w", err)
	}
	kept.Location, kept.Body = a.Location, a.Body
	return &kept, nil
}

type sealedAnswer struct {
	Location string
	Body     []byte
}

// putRequest writes the row of a request; false when it is somebody else's.
func putRequest(t *tx, o callback.Once, k callback.Kept, resource string) (bool, error) {
	db, now := t.c.db, t.c.db.o.Now()
	sealed := []byte{}
	if k.Status != 0 {
		sealed = db.seal.seal(place(o), []byte(toJSON(sealedAnswer{k.Location, k.Body})))
	}
	given := now.Add(time.Second) // an SQLite file belongs to us: who else began something is gone
	if db.shared {
		given = now.Add(-orphaned)
	}
	n, err := t.exec(`INSERT INTO idempotency (principal, route, key, request_hash, status, owner, resource, answer, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (principal, route, key) DO UPDATE SET request_hash = excluded.request_hash, status = excluded.status,
			owner = excluded.owner, resource = excluded.resource, answer = excluded.answer, at = excluded.at
		WHERE idempotency.at <= $10 OR idempotency.status = 0 AND (idempotency.owner = $6 OR idempotency.at <= $11)`,
		o.Principal, o.Route, o.Key, k.Request, k.Status, db.owner, resource, sealed, micro.Of(now), micro.Of(now.Add(-KeepAnswers)), micro.Of(given))
	return n == 1, err
}

func inProgress() error {
	return fault.New(fault.IdempotencyProgress, "The first request with this Idempotency-Key is still being done. Ask again in a moment.").After(time.Second)
}

func place(o callback.Once) string { return "idempotency " + lane(o) }

func lane(o callback.Once) string { return o.Principal + "\n" + o.Route + "\n" + o.Key }

// requests are those in progress in this process.
type requests struct {
	mu sync.Mutex
	in map[string]bool
}

// take claims a request; false when it is claimed.
func (r *requests) take(o callback.Once) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.in == nil {
		r.in = map[string]bool{}
	}
	if r.in[lane(o)] {
		return false
	}
	r.in[lane(o)] = true
	return true
}

func (r *requests) drop(o callback.Once) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.in, lane(o))
}
