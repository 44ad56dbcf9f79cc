// Package visitor is the door of people who want to be called: the form and the status page, plain HTML that needs no
// script.
package visitor

import (
	"context"
	"net/http"
	"strings"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web/asset"
	"ringback/internal/web/door"
	"ringback/internal/words"
)

// Conductor leads callbacks through their lives.
type Conductor interface {
	Request(ctx context.Context, r callback.Request) (*callback.Made, error)
	Cancel(ctx context.Context, cb id.Callback, by callback.Actor) (*callback.Callback, error)
	ChangeNumber(ctx context.Context, cb id.Callback, raw string, by callback.Actor) (*callback.Callback, error)
	Reschedule(ctx context.Context, cb id.Callback, w schedule.When, by callback.Actor) (*callback.Callback, error)
	OptOutOf(ctx context.Context, cb id.Callback, o callback.OptOut) (*callback.Callback, error)
	OptOutNumber(ctx context.Context, to cti.Endpoint, o callback.OptOut) error
	Again(ctx context.Context, was *callback.Callback, a callback.Another) (*callback.Made, error)
	CallNow(ctx context.Context, cb id.Callback, by callback.Actor) (*callback.Callback, error)
	Directory() *directory.Directory
	NeedsProof(b *subscriber.Button) bool
	Ticket(b *subscriber.Button) string
	Place(cb id.Callback) (n int, ok bool)
	Wait(cb id.Callback) (within time.Duration, known bool)
	Agents() map[id.Agent]agent.Status
	Diary(s *subscriber.Subscriber, b *subscriber.Button) schedule.Diary
}

// Callbacks are found by the visitor's token.
type Callbacks interface {
	ByToken(ctx context.Context, tokenHash string) (*callback.Callback, error)
}

// Deps is what the door needs.
type Deps struct {
	URL       string // of the service, without a slash at the end
	Now       func() time.Time
	Mint      *id.Mint
	Conductor Conductor
	Callbacks Callbacks
	Assets    asset.Shelf // what the pages load
	Words     *words.Book
}

// Pages answers visitors.
type Pages struct {
	Deps
	assets asset.Shelf
}

// New opens the door.
func New(d Deps) *Pages { return &Pages{Deps: d, assets: d.Assets} }

// Routes is the table of the door.
func (p *Pages) Routes() []door.Route {
	return []door.Route{
		{Method: "GET", Pattern: "/b/{button}", Page: true, Handle: p.form},
		{Method: "POST", Pattern: "/b/{button}", Page: true, Handle: p.Submit},
		{Method: "GET", Pattern: "/c/{token}", Page: true, Handle: p.status},
		{Method: "GET", Pattern: "/r/{token}", Page: true, Handle: p.room},
		{Method: "POST", Pattern: "/c/{token}/cancel", Page: true, Handle: p.cancel},
		{Method: "POST", Pattern: "/c/{token}/again", Page: true, Handle: p.askAgain},
		{Method: "POST", Pattern: "/c/{token}/now", Page: true, Handle: p.callNow},
		{Method: "GET", Pattern: "/c/{token}/opt_out", Page: true, Handle: p.askStop},
		{Method: "POST", Pattern: "/c/{token}/opt_out", Page: true, Handle: p.stop},
		{Method: "GET", Pattern: "/stop", Page: true, Handle: p.askAnyStop},
		{Method: "POST", Pattern: "/stop", Page: true, Handle: p.stopAny},
		{Method: "GET", Pattern: "/c/{token}/number", Page: true, Handle: p.askNumber},
		{Method: "POST", Pattern: "/c/{token}/number", Page: true, Handle: p.changeNumber},
		{Method: "GET", Pattern: "/c/{token}/reschedule", Page: true, Handle: p.askTime},
		{Method: "POST", Pattern: "/c/{token}/reschedule", Page: true, Handle: p.changeTime},
	}
}

func (p *Pages) button(r *http.Request) (*subscriber.Button, *subscriber.Subscriber, error) {
	name := r.PathValue("button")
	if name == "" {
		name = r.PathValue("id") // a form that was posted to the public API
	}
	b, s := p.Conductor.Directory().Button(name)
	if b == nil || s == nil {
		return nil, nil, fault.New(fault.NotFound, "There is no such button.")
	}
	return b, s, nil
}

// ours says whether a page's address is one of this service.
func (p *Pages) ours(page string) bool { return page == p.URL || strings.HasPrefix(page, p.URL+"/") }
