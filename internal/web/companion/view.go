package companion

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/web/api"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
	"ringback/internal/words"
)

// inADay is when "tomorrow" is: the same hour, or the next opening after it.
var inADay = schedule.After(24 * time.Hour)

// Seconds after which a browser without script loads the page of a live call again.
const refresh = 8

// page is what is shown of a call.
type page struct {
	Style, Icon, Script string
	Refresh             int
	Base, Events        string
	State               callback.State
	Card                *api.Card
	Message, Number     string
	Name, Topic         string
	Page                string // the visitor's page, where it is a page
	Elsewhere           string // what stands there otherwise
	LocalTime           string
	Can                 map[string]bool
	Ended               bool
	Came                string // the code that it was given
	Notes               []note
	Earlier             []earlier
	Alert, Typed        string
}

type note struct{ At, Text string }

type earlier struct{ At, Came, Note string }

func (p *Pages) page(r *http.Request, h *held) (*page, error) {
	card, err := p.Card(r.Context(), h.c, h.by.Agent)
	if err != nil {
		return nil, err
	}
	all, err := p.Callbacks.Remarks(r.Context(), []id.Callback{h.c.ID})
	if err != nil {
		return nil, err
	}
	v := p.view(h.c)
	base := "/a/" + r.PathValue("token")
	out := &page{Style: p.Assets.At("pages.css"), Icon: p.Assets.At("icon.svg"), Base: base, State: h.c.State, Card: card, Message: v.Message, Number: v.Number,
		Name: door.Text(card.Visitor.Name), Topic: door.Text(card.Topic), Can: map[string]bool{}, Ended: h.c.State == callback.Ended}
	for _, can := range v.Can {
		out.Can[can] = true
	}
	if !out.Ended {
		out.Events, out.Script, out.Refresh = base+"/events", p.Assets.At("status.js"), refresh
	}
	if out.Page = door.Text(card.Page); !isPage(out.Page) {
		out.Page, out.Elsewhere = "", out.Page
	}
	if at := door.Text(card.Visitor.LocalTime); at != "" {
		out.LocalTime = at[len("2026-12-01T"):]
	}
	p.remarked(out, h.c, all[h.c.ID])
	return out, nil
}

func isPage(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// remarked fills in what people wrote, of this call and of those before.
func (p *Pages) remarked(out *page, c *callback.Callback, r callback.Remarks) {
	zone := time.UTC
	if s := p.Conductor.Directory().Subscribers[c.Subscriber]; s != nil {
		zone = s.Location()
	}
	if r.Disposition != nil {
		out.Came = r.Disposition.Code
	}
	for _, n := range r.Notes {
		out.Notes = append(out.Notes, note{words.English().Moment(n.At, zone), n.Text})
	}
	for _, e := range out.Card.Earlier {
		one := earlier{At: words.English().Moment(time.Time(e.At), zone), Came: door.Text(e.Disposition), Note: door.Text(e.Note)}
		if one.Came == "" {
			one.Came = door.Text(e.Outcome)
		}
		out.Earlier = append(out.Earlier, one)
	}
}

// view is what the page is told as it happens.
func (p *Pages) view(c *callback.Callback) status.View {
	v := status.View{State: c.State, Message: sentence(c), Number: status.Masked(c, words.English()), Can: []string{"note"}, Version: c.Version}
	if p.ShowNumber && c.Number != "" {
		v.Number = status.Pretty(c.Number.E164())
	}
	v.Subscriber.Name = "your call"
	if s := p.Conductor.Directory().Subscribers[c.Subscriber]; s != nil {
		v.Subscriber.Name = s.Name
	}
	if c.State != callback.Scheduled && c.State != callback.Queued {
		v.Can = append(v.Can, "done", "wrong")
	}
	if c.State == callback.Ended {
		v.Can = append(v.Can, "tomorrow") // before, the number is in use
	}
	return v
}

// sentence say to an agent where her call is.
func sentence(c *callback.Callback) string {
	switch c.State {
	case callback.RingingAgent:
		return "A telephone of ours rings."
	case callback.RingingVisitor:
		return "The visitor’s telephone rings."
	case callback.Connected:
		return "You are talking."
	case callback.Ended:
		return strings.TrimSpace("The call is over. " + c.Reason.Words().Staff)
	}
	return "The visitor is not on the line now; the call is tried again."
}
