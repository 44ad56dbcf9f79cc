// Package web is the way in over HTTP: one door for each kind of person, with what all doors share around them. It
// knows which status code a fault has (problem.go); the doors do not.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/live"
	"ringback/internal/login"
	"ringback/internal/web/api"
	"ringback/internal/web/asset"
	"ringback/internal/web/companion"
	"ringback/internal/web/desk"
	"ringback/internal/web/door"
	"ringback/internal/web/lead"
	"ringback/internal/web/owner"
	"ringback/internal/web/visitor"
	"ringback/internal/words"
)

// Deps is what the service on HTTP needs.
type Deps struct {
	URL        string // of the service from outside, such as https://call.example.com
	Now        func() time.Time
	Mint       *id.Mint
	Log        *slog.Logger
	Conductor  api.Conductor
	Callbacks  api.Callbacks
	Book       api.Book
	Recordings api.Recordings
	People     api.People
	Prompts    api.Prompts
	Once       Once
	Live       *live.Hub
	Gate       *login.Gate  // of those who sign in
	Hearts     *live.Hearts // of their desks
	Version    string
	Browsers   api.Browsers
	Passkeys   api.Passkeys
	Ledger     api.Ledger      // of consent
	Letters    api.Letters     // nil = nothing leaves the house
	Links      companion.Links // to the pages of calls, of agents without a desk
	ShowNumber bool            // those pages show visitors' whole numbers
	Words      *words.Book     // what visitors read; nil = in the languages that are built in

	Ready    func(ctx context.Context) map[string]string // check -> "ok", or what is not
	Metrics  http.Handler                                // nil = none
	Panicked func()                                      // counts; may be nil
}

type service struct {
	Deps
	mux     *http.ServeMux
	pages   *visitor.Pages
	origins *http.CrossOriginProtection
	routes  []door.Route
}

// New puts the doors together.
func New(d Deps) http.Handler {
	d.URL = strings.TrimSuffix(d.URL, "/")
	s := &service{Deps: d, mux: http.NewServeMux(), origins: http.NewCrossOriginProtection()}
	if u, err := url.Parse(d.URL); err == nil && u.Host != "" {
		// A proxy may change Host; what people's browsers call the service is what was set up. A URL that is no
		// origin is refused when the config is read.
		_ = s.origins.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	}
	if s.Words == nil {
		s.Words = words.Built()
	}
	shelf := asset.Load()
	s.pages = visitor.New(visitor.Deps{URL: d.URL, Now: d.Now, Mint: d.Mint, Conductor: d.Conductor, Callbacks: d.Callbacks, Assets: shelf, Words: s.Words})
	a := api.New(api.Deps{
		URL: d.URL, Now: d.Now, Mint: d.Mint, Log: d.Log, Conductor: d.Conductor, Callbacks: d.Callbacks, Book: d.Book, Recordings: d.Recordings, Prompts: d.Prompts, Live: d.Live, Gate: d.Gate, Hearts: d.Hearts, Version: d.Version, Browsers: d.Browsers, Passkeys: d.Passkeys, Letters: d.Letters, Ledger: d.Ledger,
		People: d.People,
		Submit: s.pages.Submit, Words: s.Words,
	})
	beside := companion.New(companion.Deps{Now: d.Now, Conductor: d.Conductor, Links: d.Links, Callbacks: d.Callbacks, Card: a.Card, Stream: a.Stream, Assets: shelf, ShowNumber: d.ShowNumber})
	leads := lead.New(lead.Deps{Now: d.Now, Conductor: d.Conductor, Links: d.Links, Callbacks: d.Callbacks, Assets: shelf})
	visitors := s.pages.Routes()
	for i := range visitors {
		visitors[i].Visitors = true
	}
	s.routes = slices.Concat(leads.Routes(), beside.Routes(), a.Routes(), visitors, desk.New(shelf).Routes(), owner.New(shelf).Routes(), shelf.Routes())
	for _, r := range s.routes {
		s.mux.Handle(r.Method+" "+r.Pattern, s.serve(r))
	}
	s.mount(sync.OnceValue(func() []byte { return document(a.Routes(), d.URL) }))
	return s.outer(s.mux)
}

// mount adds what is nobody's door, and the floor under all of them.
func (s *service) mount(openapi func() []byte) {
	s.mux.HandleFunc("GET /healthz", health)
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = w.Write(openapi())
	})
	if s.Metrics != nil {
		s.mux.Handle("GET /metrics", s.Metrics)
	}
	s.mux.HandleFunc("OPTIONS "+api.Base+"/public/", preflight)
	s.mux.HandleFunc("/", s.nowhere)
}

// serve is a row of a table at work.
func (s *service) serve(r door.Route) http.Handler {
	handle := r.Handle
	if r.Method == http.MethodPost && !r.Page && !r.Secret {
		if r.Repeats {
			handle = s.refusalsKept(handle)
		} else {
			handle = s.repeatable(handle)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.Visitors {
			req = req.WithContext(door.WithLanguage(req.Context(), s.Words.Choose(door.Asked(req, s.Words))))
		}
		ctx, err := s.opened(req.Context(), req, r.Who)
		if err == nil && (r.Page || r.Secret) {
			err = s.sameOrigin(req)
		}
		if err == nil {
			req = req.WithContext(ctx)
			err = handle(w, req)
		}
		if err != nil {
			s.refuse(w, req, r.Page, err)
		}
	})
}

// sameOrigin: hosted forms, and whoever comes with a cookie, take nothing from other sites' pages.
func (s *service) sameOrigin(r *http.Request) error {
	if err := s.origins.Check(r); err != nil {
		return fault.New(fault.OriginNotAllowed, "This was sent from another site. Open the page itself and send it from there.").Because(err)
	}
	return nil
}

// refuse answers with what went wrong: a page to people, a problem to programs.
func (s *service) refuse(w http.ResponseWriter, r *http.Request, page bool, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // whoever asked is gone
	}
	p := problem(r.Context(), err)
	note(r.Context(), s.Log, r, p, err)
	header(w.Header(), p)
	var shown *door.Shown
	switch {
	case errors.As(err, &shown):
		shown.Show(w, p)
	case page:
		s.pages.Fault(w, r, p)
	default:
		write(w, p)
	}
}

// nowhere is the answer where no row fits: another method would have, or nothing is here.
func (s *service) nowhere(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, m := range []string{"GET", "HEAD", "POST", "PATCH", "DELETE"} {
		other := r.Clone(r.Context())
		other.Method = m
		if _, pattern := s.mux.Handler(other); pattern != "/" && pattern != "" {
			allow = append(allow, m)
		}
	}
	page := !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(r.Header.Get("Accept"), "text/html")
	if len(allow) > 0 {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		s.refuse(w, r, page, fault.New(fault.MethodNotAllowed, "%s is not done here; %s is.", r.Method, strings.Join(allow, ", ")))
		return
	}
	s.refuse(w, r, page, fault.New(fault.NotFound, "There is nothing here."))
}

// preflight lets browsers ask whether they may ask. Whether a site may is said by the answer itself.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

func health(w http.ResponseWriter, _ *http.Request) {
	_ = door.JSON(w, http.StatusOK, struct {
		OK bool `json:"ok"`
	}{true}) // cannot fail
}

// ready says whether requests can be served, check by check.
func (s *service) ready(w http.ResponseWriter, r *http.Request) {
	checks := map[string]string{}
	if s.Ready != nil {
		checks = s.Ready(r.Context())
	}
	all, status := true, http.StatusOK
	for _, v := range checks {
		if v != "ok" {
			all, status = false, http.StatusServiceUnavailable
		}
	}
	_ = door.JSON(w, status, struct {
		Ready  bool              `json:"ready"`
		Checks map[string]string `json:"checks"`
	}{all, checks}) // cannot fail
}
