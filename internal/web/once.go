package web

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/web/door"
)

// Once keeps the answers of POSTs for 24 h, sealed.
type Once interface {
	// Begin takes the key: nil and nil when it is ours now, an answer when it was used, fault
	// idempotency_in_progress while another request works on it.
	Begin(ctx context.Context, o callback.Once) (*callback.Kept, error)
	Keep(ctx context.Context, o callback.Once, k callback.Kept) error
	Drop(ctx context.Context, o callback.Once) error
}

// repeatable makes a POST answer the same when it comes again under its Idempotency-Key. Kept are successes and
// refusals that waiting does not cure; after 429 and 5xx the key is free again.
func (s *service) repeatable(next door.Handler) door.Handler {
	return s.byKey(next, func(w http.ResponseWriter, r *http.Request, o callback.Once) error {
		kept, err := s.Once.Begin(r.Context(), o)
		switch {
		case err != nil:
			return err
		case kept != nil:
			return again(w, o, kept)
		}
		return s.first(w, r, next, o)
	})
}

// refusalsKept is for a handler that keeps its successes itself, in the transaction of what it makes. What is refused is
// looked up: the answer of the first time holds, also where that was a success and the rules have changed since.
func (s *service) refusalsKept(next door.Handler) door.Handler {
	return s.byKey(next, func(w http.ResponseWriter, r *http.Request, o callback.Once) error {
		err := next(w, r)
		if err == nil || fault.Is(err, fault.IdempotencyReused) || fault.Is(err, fault.IdempotencyProgress) {
			return err
		}
		p := problem(r.Context(), err)
		if curable(p) {
			return err
		}
		ctx := context.WithoutCancel(r.Context())
		kept, berr := s.Once.Begin(ctx, o)
		switch {
		case berr != nil:
			return berr
		case kept != nil:
			return again(w, o, kept)
		}
		if kerr := s.Once.Keep(ctx, o, keptProblem(o, p)); kerr != nil {
			return kerr
		}
		return err
	})
}

// byKey reads the body of a request that has an Idempotency-Key; others go to next.
func (s *service) byKey(next door.Handler, keyed func(http.ResponseWriter, *http.Request, callback.Once) error) door.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Header.Get("Idempotency-Key") == "" {
			return next(w, r)
		}
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return door.BadBody(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(b))
		o, err := door.OnceByKey(r, b)
		if err != nil {
			return err
		}
		return keyed(w, r, *o)
	}
}

// curable says whether the same request may do better later.
func curable(p door.Problem) bool { return p.Status >= 500 || p.Status == http.StatusTooManyRequests }

func keptProblem(o callback.Once, p door.Problem) callback.Kept {
	return callback.Kept{Request: o.Request, Status: p.Status, Body: body(p)}
}

// again sends the answer of the first time.
func again(w http.ResponseWriter, o callback.Once, k *callback.Kept) error {
	if k.Request != o.Request {
		return fault.New(fault.IdempotencyReused, "This idempotency key was used for another request. Take a new one.")
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if k.Status >= 400 {
		h.Set("Content-Type", "application/problem+json")
	}
	if k.Location != "" {
		h.Set("Location", k.Location)
	}
	w.WriteHeader(k.Status)
	_, _ = w.Write(k.Body)
	return nil
}

// first works on the request and keeps its answer before it is sent.
func (s *service) first(w http.ResponseWriter, r *http.Request, next door.Handler, o callback.Once) error {
	ctx := context.WithoutCancel(r.Context()) // a visitor who leaves does not leave the key taken
	settled := false
	defer func() {
		if !settled { // also on a panic
			if err := s.Once.Drop(ctx, o); err != nil {
				s.Log.ErrorContext(ctx, "idempotency key stays taken", "request", door.RequestID(ctx), "error", err)
			}
		}
	}()
	answer := &buffered{header: http.Header{}}
	err := next(answer, r)
	k := callback.Kept{Request: o.Request, Status: answer.status, Location: answer.header.Get("Location"), Body: answer.body.Bytes()}
	if err != nil {
		p := problem(r.Context(), err)
		if curable(p) {
			return err
		}
		k = keptProblem(o, p)
	}
	if err := s.Once.Keep(ctx, o, k); err != nil {
		return err
	}
	settled = true
	if err != nil {
		return err // the outer door writes the same bytes
	}
	answer.send(w)
	return nil
}

// buffered is an answer that is not sent yet.
type buffered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffered) Header() http.Header { return b.header }
func (b *buffered) WriteHeader(s int) {
	if b.status == 0 {
		b.status = s
	}
}
func (b *buffered) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}

func (b *buffered) send(w http.ResponseWriter) {
	for k, v := range b.header {
		w.Header()[k] = v
	}
	if b.status == 0 {
		b.status = http.StatusOK
	}
	w.WriteHeader(b.status)
	_, _ = w.Write(b.body.Bytes())
}
