package storemem

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
)

type request struct{ principal, route, key string }

type answer struct {
	callback.Kept
	at time.Time
}

const keepAnswers = 24 * time.Hour

func requestOf(o callback.Once) request { return request{o.Principal, o.Route, o.Key} }

// Begin claims a request: see store.DB.
func (s *Store) Begin(ctx context.Context, o callback.Once) (kept *callback.Kept, err error) {
	err = s.do(ctx, "begin", func() error {
		r := requestOf(o)
		if s.claims[r] {
			return fault.New(fault.IdempotencyProgress, "The first request with this Idempotency-Key is still being done. Ask again in a moment.").After(time.Second)
		}
		if kept, err = s.answer(o); err == nil && kept == nil {
			s.claims[r] = true
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: idempotency key: %w", o.Route, err)
	}
	return kept, nil
}

// Keep stores an answer; the first one stays.
func (s *Store) Keep(ctx context.Context, o callback.Once, k callback.Kept) error {
	return s.do(ctx, "keep", func() error {
		s.put(o, k)
		return nil
	})
}

// Drop gives a claim up.
func (s *Store) Drop(ctx context.Context, o callback.Once) error {
	return s.do(ctx, "drop", func() error {
		delete(s.claims, requestOf(o))
		return nil
	})
}

func (s *Store) replay(o *callback.Once) error {
	if o == nil {
		return nil
	}
	kept, err := s.answer(*o)
	if err != nil || kept == nil {
		return err
	}
	return &callback.Replayed{Kept: *kept}
}

func (s *Store) answered(o *callback.Once, c *callback.Callback) {
	if o != nil {
		s.put(*o, o.Answer(c.Clone()))
	}
}

func (s *Store) put(o callback.Once, k callback.Kept) {
	r := requestOf(o)
	delete(s.claims, r)
	if old, ok := s.requests[r]; ok && s.now().Sub(old.at) < keepAnswers {
		return
	}
	k.Request, k.Body = o.Request, slices.Clone(k.Body)
	s.requests[r] = answer{k, s.now()}
}

// answer returns what is kept; nil when the key is free.
func (s *Store) answer(o callback.Once) (*callback.Kept, error) {
	a, ok := s.requests[requestOf(o)]
	switch {
	case !ok || s.now().Sub(a.at) >= keepAnswers:
		return nil, nil
	case a.Request != o.Request:
		return nil, fault.New(fault.IdempotencyReused, "This Idempotency-Key was used for another request. Use a new key for a new request.")
	}
	k := a.Kept
	k.Body = slices.Clone(a.Body)
	return &k, nil
}
