// Package lead is the door of a business whose visitor was missed: a link, sent by mail or SMS, opens a card of that visitor
// alone, with three buttons. It is plain HTML that needs no script; looking at it does nothing, since programs that read mail
// open every link.
package lead

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/subscriber"
	"ringback/internal/web/asset"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
	"ringback/internal/words"
)

// Conductor is what the card does.
type Conductor interface {
	ConnectLead(ctx context.Context, cb id.Callback) (*callback.Callback, error)
	LeadTomorrow(ctx context.Context, cb id.Callback) (*callback.Callback, error)
	Dispose(ctx context.Context, cb id.Callback, code, note string, by callback.Author) (*callback.Callback, error)
	Directory() *directory.Directory
}

// Links are found by the hashes of their tokens.
type Links interface {
	Companion(ctx context.Context, tokenHash string) (*callback.Companion, error)
}

// Callbacks are read here; only the conductor changes them.
type Callbacks interface {
	Callback(ctx context.Context, sub id.Subscriber, cb id.Callback) (*callback.Callback, error)
	Remarks(ctx context.Context, all []id.Callback) (map[id.Callback]callback.Remarks, error)
}

// Deps is what the door needs.
type Deps struct {
	Now       func() time.Time
	Conductor Conductor
	Links     Links
	Callbacks Callbacks
	Assets    asset.Shelf
}

// Pages answers businesses.
type Pages struct{ Deps }

// New opens the door.
func New(d Deps) *Pages { return &Pages{d} }

// Routes is the table of the door.
func (p *Pages) Routes() []door.Route {
	return []door.Route{
		{Method: "GET", Pattern: "/l/{token}", Page: true, Handle: p.show},
		{Method: "POST", Pattern: "/l/{token}/connect", Page: true, Handle: p.does("connect", p.connect)},
		{Method: "POST", Pattern: "/l/{token}/done", Page: true, Handle: p.does("done", p.done)},
		{Method: "POST", Pattern: "/l/{token}/tomorrow", Page: true, Handle: p.does("tomorrow", p.tomorrow)},
	}
}

// held finds the visitor whose card the token in the path opens.
func (p *Pages) held(r *http.Request) (*callback.Callback, *subscriber.Subscriber, error) {
	none := fault.New(fault.NotFound, "There is no such card.")
	link, err := p.Links.Companion(r.Context(), id.TokenHash(r.PathValue("token")))
	if err != nil {
		return nil, nil, err
	}
	if link == nil {
		return nil, nil, none
	}
	c, err := p.Callbacks.Callback(r.Context(), "", link.Callback)
	if fault.Is(err, fault.NotFound) {
		return nil, nil, none
	}
	if err != nil {
		return nil, nil, err
	}
	s := p.Conductor.Directory().Subscribers[c.Subscriber]
	switch {
	case s == nil || link.Agent != "":
		return nil, nil, none
	case !link.OpenLead(c, p.Now()):
		return nil, nil, fault.New(fault.Gone, "This card is three days old. The list of callbacks still has the visitor.")
	}
	return c, s, nil
}

type act func(ctx context.Context, c *callback.Callback, s *subscriber.Subscriber) error

// does is the route of a button: back to the card afterwards, which says what was done, or why nothing was.
func (p *Pages) does(what string, do act) door.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, s, err := p.held(r)
		if err != nil {
			return err
		}
		if err := do(r.Context(), c, s); err != nil {
			return &door.Shown{Err: err, Show: func(w http.ResponseWriter, pr door.Problem) {
				if err := p.render(w, r, pr.Status, c, s, pr.Detail); err != nil {
					http.Error(w, pr.Detail, pr.Status)
				}
			}}
		}
		http.Redirect(w, r, "/l/"+r.PathValue("token")+"?did="+what, http.StatusSeeOther)
		return nil
	}
}

func (p *Pages) connect(ctx context.Context, c *callback.Callback, _ *subscriber.Subscriber) error {
	_, err := p.Conductor.ConnectLead(ctx, c.ID)
	return err
}

func (p *Pages) tomorrow(ctx context.Context, c *callback.Callback, _ *subscriber.Subscriber) error {
	_, err := p.Conductor.LeadTomorrow(ctx, c.ID)
	return err
}

// done gives the business's word for it: the first of its codes, if it does not say "done".
func (p *Pages) done(ctx context.Context, c *callback.Callback, s *subscriber.Subscriber) error {
	code := s.Codes()[0]
	if slices.Contains(s.Codes(), "done") {
		code = "done"
	}
	_, err := p.Conductor.Dispose(ctx, c.ID, code, "", callback.Author{Actor: callback.ByStaff})
	return err
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) error {
	c, s, err := p.held(r)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, c, s, "")
}

// card is what is shown of a missed visitor.
type card struct {
	Style, Icon, Base      string
	Business, Alert, Did   string
	Number, Name, Topic    string
	Dial                   template.URL // tel: of a number that was read as one
	Page, Asked, Why, Came string
	Telephone              string // that rings with "connect us"; "" = none is set up
	Callable               bool
	Fields                 []field
}

type field struct{ Label, Value string }

// did says what a button has done.
var did = map[string]string{
	"connect":  "Your telephone rings now. Press 1 when you have answered; then we call the visitor.",
	"tomorrow": "Booked: we call the visitor tomorrow at nine, or when you open after that.",
	"done":     "On record as done.",
}

//go:embed lead.html
var source string

var pages = template.Must(template.New("").Parse(source))

// render writes the card whole. Nobody keeps it, no search engine lists it, and no other site hears of its address.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, code int, c *callback.Callback, s *subscriber.Subscriber, alert string) error {
	all, err := p.Callbacks.Remarks(r.Context(), []id.Callback{c.ID})
	if err != nil {
		return err
	}
	v := card{Style: p.Assets.At("pages.css"), Icon: p.Assets.At("icon.svg"), Base: "/l/" + r.PathValue("token"), Business: s.Name, Alert: alert,
		Name: c.Name, Topic: c.Topic, Asked: words.English().Moment(c.CreatedAt, s.Location()), Why: c.Reason.Words().Staff, Number: status.Masked(c, words.English()), Callable: callback.MayLead(c)}
	if alert == "" {
		v.Did = did[r.URL.Query().Get("did")]
	}
	if c.Number != "" {
		v.Number, v.Dial = status.Pretty(c.Number.E164()), template.URL("tel:"+c.Number.E164())
	}
	to := callback.LeadTelephone(s)
	v.Telephone = cmp.Or(to.Number(), string(to))
	if u, err := url.Parse(c.Page); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		v.Page = c.Page
	}
	if d := all[c.ID].Disposition; d != nil {
		v.Came = d.Code
	}
	if b := p.Conductor.Directory().Buttons[c.Button]; b != nil {
		for _, f := range b.Fields {
			if value := c.Fields[f.Name]; value != "" {
				v.Fields = append(v.Fields, field{f.Label, value})
			}
		}
	}
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "card", v); err != nil {
		return err
	}
	door.Unlisted(w, code, b.Bytes())
	return nil
}
