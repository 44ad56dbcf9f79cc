package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/store/micro"
)

// count checks the limits that a step of c at now falls under and notes it under each key once. Windows slide: at most N
// within Per up to now, this one included.
func count(t *tx, limits []callback.Velocity, c *callback.Callback, now time.Time) error {
	for _, v := range limits {
		if err := within(t, v, now); err != nil {
			return err
		}
	}
	for i, v := range limits {
		if slices.ContainsFunc(limits[:i], func(w callback.Velocity) bool { return w.Key == v.Key }) {
			continue
		}
		_, err := t.exec("INSERT INTO velocity (key, at, cause, until_at) VALUES ($1, $2, $3, $4)",
			v.Key, micro.Of(now), fmt.Sprintf("%s/%d", c.ID, c.Version), micro.Of(now.Add(longest(limits, v.Key))))
		if err != nil {
			return err
		}
	}
	return nil
}

// within finds the N-th newest event: if it lies in the window, the limit is used up until it leaves it.
func within(t *tx, v callback.Velocity, now time.Time) error {
	if v.N <= 0 {
		return over(v, v.Per)
	}
	var at int64
	found, err := one(t, "SELECT at FROM velocity WHERE key = $1 AND at > $2 ORDER BY at DESC LIMIT 1 OFFSET $3",
		[]any{v.Key, micro.Of(now.Add(-v.Per)), v.N - 1}, &at)
	if err != nil || !found {
		return err
	}
	return over(v, micro.Time(at).Add(v.Per).Sub(now))
}

func over(v callback.Velocity, wait time.Duration) error {
	return fault.New(v.Code, "%s", v.Say).After(wait)
}

func longest(limits []callback.Velocity, key string) time.Duration {
	var per time.Duration
	for _, v := range limits {
		if v.Key == key {
			per = max(per, v.Per)
		}
	}
	return per
}

// final takes the RetryAfter from the fault of what is used up: no waiting helps.
func final(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.After(0)
	}
	return err
}
