package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/web/api"
)

// ApplyOrder is what `ringback apply` asks of a running service.
type ApplyOrder struct {
	Seed    Seed
	Options directory.Options
	WantKey bool   // --key-file
	HaveKey string // the hash of the key that is in the file already
}

// controlRoutes answer the other commands of this machine.
func (s *Service) controlRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /apply", func(w http.ResponseWriter, r *http.Request) {
		var o ApplyOrder
		err := json.NewDecoder(r.Body).Decode(&o)
		var done Applied
		if err == nil {
			done, err = s.Apply(r.Context(), o)
		}
		reply(w, done, err)
	})
	mux.HandleFunc("POST /setup/call", func(w http.ResponseWriter, r *http.Request) {
		var o SetupCallOrder
		err := json.NewDecoder(r.Body).Decode(&o)
		done := SetupCalled{Kept: []string{}}
		if err == nil {
			var kept []string
			kept, err = s.Studio.Call(r.Context(), o.Number, o.Subscriber)
			done.Kept = append(done.Kept, kept...)
		}
		reply(w, done, err)
	})
	mux.HandleFunc("POST /rehearse", func(w http.ResponseWriter, r *http.Request) {
		var o RehearseOrder
		err := json.NewDecoder(r.Body).Decode(&o)
		var done *api.Rehearsal
		if err == nil {
			done, err = s.Rehearse(r.Context(), o)
		}
		reply(w, done, err)
	})
	mux.HandleFunc("POST /snippet", func(w http.ResponseWriter, r *http.Request) {
		var o SnippetOrder
		err := json.NewDecoder(r.Body).Decode(&o)
		var done Snippet
		if err == nil {
			done, err = s.Snippet(r.Context(), o)
		}
		reply(w, done, err)
	})
	s.consentRoutes(mux)
	s.killRoutes(mux)
	s.personRoutes(mux)
	mux.HandleFunc("GET /backup", s.backup)
	mux.HandleFunc("POST /call", s.call)
	mux.HandleFunc("POST /trunk/test", s.trunkTest)
	s.letterRoutes(mux)
	mux.HandleFunc("GET /lines", func(w http.ResponseWriter, r *http.Request) {
		all, err := s.Switch.Lines(r.Context())
		reply(w, all, err)
	})
	mux.HandleFunc("GET /explain/{id}", func(w http.ResponseWriter, r *http.Request) {
		story, err := s.Story(r.Context(), id.Callback(r.PathValue("id")))
		reply(w, story, err)
	})
	mux.HandleFunc("GET /ladder/{id}", func(w http.ResponseWriter, r *http.Request) {
		l, err := s.Ladder(r.Context(), id.Callback(r.PathValue("id")))
		reply(w, l, err)
	})
	return mux
}

// controlAnswer is the envelope of the control socket.
type controlAnswer struct {
	Value    json.RawMessage
	Error    string
	Code     fault.Code
	Problems config.Problems // of the file that was sent
}

func reply(w http.ResponseWriter, v any, err error) {
	var a controlAnswer
	if err == nil {
		a.Value, err = json.Marshal(v)
	}
	if err != nil {
		a.Error = err.Error()
		errors.As(err, &a.Problems)
		var f *fault.Fault
		if errors.As(err, &f) {
			a.Error, a.Code = f.Detail, f.Code
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // the other command has gone away: nobody is left to tell
}

// order reads what another command asks for.
func order[T any](r *http.Request) (o T, err error) {
	err = json.NewDecoder(r.Body).Decode(&o)
	return o, err
}

// ask sends a request over the control socket and reads its answer into v.
func ask(ctx context.Context, c *http.Client, method, path string, body, v any) error {
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, ControlURL+path, &b)
	if err != nil {
		return err
	}
	resp, err := c.Do(req)
	if err != nil {
		return fmt.Errorf("the running service does not answer: %w", err)
	}
	defer resp.Body.Close()
	var a controlAnswer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return fmt.Errorf("the running service answered something unreadable: %w", err)
	}
	if len(a.Problems) > 0 {
		return a.Problems
	}
	if a.Error != "" {
		return fault.New(a.Code, "%s", a.Error)
	}
	return json.Unmarshal(a.Value, v)
}

// Apply sets up what the seed names, through the running service where there is one.
func Apply(ctx context.Context, c *config.Config, o ApplyOrder) (done Applied, err error) {
	if client, running := Dial(c.Data); running {
		return done, ask(ctx, client, "POST", "/apply", o, &done)
	}
	a, err := OpenData(ctx, c, Logger(c))
	if err != nil {
		return done, err
	}
	done, err = a.Apply(ctx, o)
	return done, errors.Join(err, a.Close())
}

// Story is all that is on record of a callback, for programs and for people.
type Story struct {
	Callback api.Callback
	Text     string
}

// Story tells a callback's life.
func (a *App) Story(ctx context.Context, cb id.Callback) (*Story, error) {
	c, err := a.Store.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	lines, err := a.Store.Journal(ctx, cb)
	if err != nil {
		return nil, err
	}
	dir, err := a.Store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	zone := time.UTC
	if s := dir.Subscribers[c.Subscriber]; s != nil {
		zone = s.Location()
	}
	var text bytes.Buffer
	letters, err := a.Store.LettersOf(ctx, cb)
	if err == nil {
		err = callback.Explain(&text, c, lines, dir, zone)
	}
	if err == nil {
		err = tellLetters(&text, letters, zone)
	}
	return &Story{api.Render(c, lines, dir), text.String()}, err
}

// Explain writes the story of a callback to w.
func Explain(ctx context.Context, c *config.Config, cb string, w io.Writer, asJSON bool) error {
	var story *Story
	var err error
	if client, running := Dial(c.Data); running {
		err = ask(ctx, client, "GET", "/explain/"+url.PathEscape(cb), nil, &story)
	} else {
		var a *App
		if a, err = OpenData(ctx, c, Logger(c)); err != nil {
			return err
		}
		story, err = a.Story(ctx, id.Callback(cb))
		err = errors.Join(err, a.Close())
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(w).Encode(story.Callback)
	}
	_, err = io.WriteString(w, story.Text)
	return err
}
