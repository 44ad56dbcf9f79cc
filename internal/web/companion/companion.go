// Package companion is the door of agents who have no desk: a link, sent when they take a call on a telephone, opens the page
// of that call alone. It is plain HTML that needs no script, and is kept up to date where there is one.
package companion

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"time"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/web/api"
	"ringback/internal/web/asset"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
)

// Conductor is what the page does with a call.
type Conductor interface {
	AddNote(ctx context.Context, cb id.Callback, text string, by callback.Author) (*callback.Callback, error)
	Dispose(ctx context.Context, cb id.Callback, code, note string, by callback.Author) (*callback.Callback, error)
	Follow(ctx context.Context, cb id.Callback, f callback.FollowUp, by callback.Author) (*callback.Callback, error)
	Directory() *directory.Directory
}

// Links are found by the hashes of their tokens.
type Links interface {
	Companion(ctx context.Context, tokenHash string) (*callback.Companion, error)
}

// Deps is what the door needs.
type Deps struct {
	Now        func() time.Time
	Conductor  Conductor
	Links      Links
	Callbacks  api.Callbacks
	Card       func(ctx context.Context, c *callback.Callback, to id.Agent) (*api.Card, error)
	Stream     func(w http.ResponseWriter, r *http.Request, c *callback.Callback, view func(*callback.Callback) status.View) error
	Assets     asset.Shelf
	ShowNumber bool // the visitor's whole number
}

// Pages answers agents.
type Pages struct{ Deps }

// New opens the door.
func New(d Deps) *Pages { return &Pages{d} }

// Routes is the table of the door.
func (p *Pages) Routes() []door.Route {
	return []door.Route{
		{Method: "GET", Pattern: "/a/{token}", Page: true, Handle: p.show},
		{Method: "GET", Pattern: "/a/{token}/events", Page: true, Handle: p.events},
		{Method: "GET", Pattern: "/a/{token}/note", Page: true, Handle: p.askNote},
		{Method: "POST", Pattern: "/a/{token}/note", Page: true, Handle: p.note},
		{Method: "POST", Pattern: "/a/{token}/done", Page: true, Handle: p.does(p.done)},
		{Method: "POST", Pattern: "/a/{token}/tomorrow", Page: true, Handle: p.does(p.tomorrow)},
		{Method: "POST", Pattern: "/a/{token}/wrong", Page: true, Handle: p.does(p.wrong)},
	}
}

// held is a call with who has the link to its page.
type held struct {
	c  *callback.Callback
	by callback.Author
}

// held finds what the token in the path opens. An agent who does not answer for the business any more finds nothing.
func (p *Pages) held(r *http.Request) (*held, error) {
	none := fault.New(fault.NotFound, "There is no such page. Links to calls are sent anew with each call.")
	link, err := p.Links.Companion(r.Context(), id.TokenHash(r.PathValue("token")))
	if err != nil {
		return nil, err
	}
	if link == nil || link.Agent == "" { // the business's own card
		return nil, none
	}
	c, err := p.Callbacks.Callback(r.Context(), "", link.Callback)
	if fault.Is(err, fault.NotFound) || err == nil && !serves(p.Conductor.Directory(), link.Agent, c.Subscriber) {
		return nil, none
	}
	if err != nil {
		return nil, err
	}
	if !link.Open(c, p.Now()) {
		return nil, fault.New(fault.Gone, "The call ended more than 12 hours ago. What was written about it is kept.")
	}
	return &held{c, callback.Author{Actor: callback.ByAgent, Agent: link.Agent}}, nil
}

func serves(d *directory.Directory, a id.Agent, s id.Subscriber) bool {
	for _, r := range d.Serves(a) {
		if r.Subscriber == s {
			return true
		}
	}
	return false
}

// act does one thing to a call.
type act func(ctx context.Context, h *held) error

// does is the route of an act: back to the page afterwards, which tells what came of it, or why nothing did.
func (p *Pages) does(do act) door.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		h, err := p.held(r)
		if err != nil {
			return err
		}
		if err := do(r.Context(), h); err != nil {
			return p.alert(r, err, "call", h)
		}
		back(w, r)
		return nil
	}
}

func back(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/a/"+r.PathValue("token"), http.StatusSeeOther)
}

func (p *Pages) done(ctx context.Context, h *held) error {
	return p.dispose(ctx, h, p.codes(h)[0])
}

// tomorrow books another call for whoever is there then: a promise is nobody's who may be absent.
func (p *Pages) tomorrow(ctx context.Context, h *held) error {
	if _, err := p.Conductor.Follow(ctx, h.c.ID, callback.FollowUp{When: inADay}, h.by); err != nil {
		return err
	}
	if code := p.code(h, "follow_up", "call back", "callback"); code != "" {
		return p.dispose(ctx, h, code)
	}
	return nil
}

// wrong takes the business's own word for it, and is a note where it has none.
func (p *Pages) wrong(ctx context.Context, h *held) error {
	if code := p.code(h, "wrong_number", "spam"); code != "" {
		return p.dispose(ctx, h, code)
	}
	_, err := p.Conductor.AddNote(ctx, h.c.ID, "Wrong number, or spam.", h.by)
	return err
}

func (p *Pages) dispose(ctx context.Context, h *held, code string) error {
	_, err := p.Conductor.Dispose(ctx, h.c.ID, code, "", h.by)
	return err
}

// codes are the business's words for what came of a call; the first is that all is well.
func (p *Pages) codes(h *held) []string {
	s := p.Conductor.Directory().Subscribers[h.c.Subscriber]
	if s == nil || len(s.Codes()) == 0 {
		return []string{"done"}
	}
	codes := s.Codes()
	if i := slices.Index(codes, "done"); i > 0 {
		return append([]string{"done"}, slices.Delete(slices.Clone(codes), i, i+1)...)
	}
	return codes
}

// code is the first of the words that the business knows, "" = none.
func (p *Pages) code(h *held, words ...string) string {
	for _, w := range words {
		if slices.Contains(p.codes(h), w) {
			return w
		}
	}
	return ""
}

func (p *Pages) askNote(w http.ResponseWriter, r *http.Request) error {
	h, err := p.held(r)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, "note", h, "", "")
}

func (p *Pages) note(w http.ResponseWriter, r *http.Request) error {
	h, err := p.held(r)
	if err != nil {
		return err
	}
	if err := door.ReadForm(r); err != nil {
		return err
	}
	if _, err := p.Conductor.AddNote(r.Context(), h.c.ID, r.PostForm.Get("text"), h.by); err != nil {
		return p.alert(r, err, "note", h)
	}
	back(w, r)
	return nil
}

// alert shows a page again with what went wrong, and what was typed.
func (p *Pages) alert(r *http.Request, err error, name string, h *held) error {
	return &door.Shown{Err: err, Show: func(w http.ResponseWriter, pr door.Problem) {
		if now, err := p.held(r); err == nil { // it has moved on: that is often why
			h = now
		}
		if err := p.render(w, r, pr.Status, name, h, pr.Detail, r.PostForm.Get("text")); err != nil {
			http.Error(w, pr.Detail, pr.Status)
		}
	}}
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) error {
	h, err := p.held(r)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, "call", h, "", "")
}

//go:embed companion.html
var source string

var pages = template.Must(template.New("").Parse(source))

// render writes a page whole, or none of it.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, code int, name string, h *held, alert, typed string) error {
	data, err := p.page(r, h)
	if err != nil {
		return err
	}
	data.Alert, data.Typed = alert, typed
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	door.Unlisted(w, code, b.Bytes())
	return nil
}

// events keep the page up to date: the words and buttons of the status page's own script.
func (p *Pages) events(w http.ResponseWriter, r *http.Request) error {
	h, err := p.held(r)
	if err != nil {
		return err
	}
	return p.Stream(w, r, h.c, p.view)
}
