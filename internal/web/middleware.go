package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// Server is an HTTP server with the bounds of a public one. Streams extend their own write deadline.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// policy of the pages: nothing from elsewhere, no inline script or style, nobody's frame.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// outer is what every request goes through: a name, bounds, headers, a line in the log, and a floor under panics.
func (s *service) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Now()
		req := s.Mint.Request()
		r = r.WithContext(door.WithRequest(r.Context(), req))
		rec := &recorder{ResponseWriter: w}
		rec.Header().Set("X-Request-Id", string(req))
		secure(rec.Header())
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, door.Most(r))
		}
		defer func() {
			if v := recover(); v != nil {
				s.panicked(rec, r, v)
			}
			s.Log.DebugContext(r.Context(), "request", "request", req, "method", r.Method, "path", cut(r.URL.Path),
				"status", rec.status, "took", s.Now().Sub(began))
		}()
		next.ServeHTTP(rec, r)
	})
}

func (s *service) panicked(w *recorder, r *http.Request, v any) {
	if v == http.ErrAbortHandler {
		panic(v) // the server's own way to break off
	}
	if s.Panicked != nil {
		s.Panicked()
	}
	s.Log.ErrorContext(r.Context(), "panic in a request", "request", door.RequestID(r.Context()), "method", r.Method,
		"path", cut(r.URL.Path), "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // half an answer is out: the visitor must not take it for a whole one
	}
	write(w, problem(r.Context(), fault.New(fault.Internal, internalDetail)))
}

// recorder knows what was answered.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

var token = regexp.MustCompile(`\b(t|r|a|sk)_[A-Za-z0-9_-]{8,}`)

// cut takes tokens out of a path before it is logged.
func cut(path string) string { return token.ReplaceAllString(path, "${1}_…") }

// opened lets in who has a key, or where they may come, the session of an agent or of a person of a business. A key that is sent counts, also beside a
// cookie.
func (s *service) opened(ctx context.Context, r *http.Request, who door.Who) (context.Context, error) {
	switch {
	case who == door.Anyone:
		return ctx, nil
	case r.Header.Get("Authorization") != "":
		return s.withKey(ctx, r, who)
	case door.Session(r) != "":
		return s.withSession(ctx, r, who)
	case who == door.Desk:
		return nil, fault.New(fault.NoKey, "Sign in, or send your key as Authorization: Bearer sk_….")
	}
	return nil, fault.New(fault.NoKey, "Send your key as Authorization: Bearer sk_….")
}

func (s *service) withKey(ctx context.Context, r *http.Request, who door.Who) (context.Context, error) {
	k := s.Conductor.Directory().KeyBySecret(id.TokenHash(door.Bearer(r)))
	if k == nil {
		return nil, fault.New(fault.BadKey, "This key is not known. It may have been deleted.")
	}
	p := k.Principal()
	if who == door.Operator && p.Sees != "" {
		return nil, fault.New(fault.Forbidden, "This takes an operator's key.")
	}
	return door.WithPrincipal(ctx, p), nil
}

// withSession lets in who has signed in: an agent at her desk, a person of a business also where its key may come. A
// browser sends the cookie with whatever page asks for it: other sites' do nothing.
func (s *service) withSession(ctx context.Context, r *http.Request, who door.Who) (context.Context, error) {
	if err := s.sameOrigin(r); err != nil {
		return nil, err
	}
	a, err := s.Gate.Who(ctx, door.Session(r))
	if err != nil {
		return nil, err
	}
	d := s.Conductor.Directory()
	switch {
	case a.User != nil && who == door.Operator:
		return nil, fault.New(fault.Forbidden, "This takes an operator's key.")
	case a.User != nil:
		return door.WithPrincipal(ctx, a.User.Principal(asked(d, r, a.User))), nil
	case who != door.Desk:
		return nil, fault.New(fault.Forbidden, "This takes a key. Who has signed in at a desk may not do it.")
	}
	return door.WithPrincipal(ctx, d.Principal(a.Agent)), nil
}

// asked is the business that a person of several asks about: the one that she names, else her first.
func asked(d *directory.Directory, r *http.Request, u *login.User) id.Subscriber {
	if named := r.URL.Query().Get("subscriber"); named != "" {
		return id.Subscriber(d.ID(directory.Subscriber, named))
	}
	for _, s := range u.Subscribers {
		if d.Subscribers[s] != nil {
			return s
		}
	}
	return login.Nobody
}
