package visitor

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
	"ringback/internal/words"
)

// Seconds after which a browser without script loads the status again.
const (
	refreshUnderWay = 4
	refreshPlanned  = 30
)

// held finds the callback that the token in the path opens.
func (p *Pages) held(r *http.Request) (*callback.Callback, error) {
	c, err := p.Callbacks.ByToken(r.Context(), id.TokenHash(r.PathValue("token")))
	if err != nil {
		return nil, err
	}
	p.tells(r, c)
	if status.Gone(c, p.Now()) {
		return nil, fault.New(fault.Gone, "This callback ended more than 30 days ago.")
	}
	return c, nil
}

func (p *Pages) status(w http.ResponseWriter, r *http.Request) error {
	if is, err := p.calendar(w, r); is {
		return err
	}
	c, err := p.held(r)
	if err != nil {
		return err
	}
	return p.show(w, http.StatusOK, "status", p.statusPage(r, c, r.PathValue("token")))
}

// statusPage is where a callback is.
type statusPage struct {
	page
	Business, CallerID, Message, Number string
	State                               callback.State
	Ended                               bool
	Steps                               []step
	Can                                 map[string]bool
	Stop                                bool   // there is a telephone that can be kept from being called
	Base, Chosen, Events, Again, Card   string // Chosen: ?lang= of what is below Base
	Alert                               string
	Calendar                            string    // where a calendar finds it
	Promised                            bool      // there is something for it to find
	Others                              []another // times to move it to, or to ask for again; none = neither
}

type step struct {
	State callback.State
	Label string
	Here  bool
}

func (p *Pages) statusPage(r *http.Request, c *callback.Callback, token string) *statusPage {
	in, more := p.tells(r, c), chosen(r)
	v := status.Of(c, p.Conductor, p.Now(), in)
	s := &statusPage{
		page: p.page(r, in, v.Message+" · "+v.Subscriber.Name), Chosen: more, Business: v.Subscriber.Name, Message: v.Message, Number: v.Number,
		State: c.State, Ended: c.State == callback.Ended, Steps: steps(in, c), Can: map[string]bool{}, Base: "/c/" + token,
		Events: "/api/v1/public/callbacks/" + token + "/events?lang=" + url.QueryEscape(in.Tag),
	}
	s.Stop = c.Endpoint.Kind() != cti.Web
	for _, can := range v.Can {
		s.Can[can] = true
	}
	if n := v.Subscriber.CallerID; n != nil {
		s.CallerID = status.Pretty(*n)
	}
	if b := p.Conductor.Directory().Buttons[c.Button]; b != nil {
		s.Again = "/b/" + string(b.ID) + "?page=" + url.QueryEscape(c.Page)
		if tag := cmp.Or(r.URL.Query().Get("lang"), c.Language); tag != "" {
			s.Again += "&lang=" + url.QueryEscape(tag)
		}
		if s.CallerID != "" {
			s.Card = "/b/" + b.Slug + cardEnding
		}
	}
	s.Calendar, s.Promised = s.Base+calendarEnd+more, c.Promised()
	s.Others = p.others(in, c, s.Base, more)
	switch {
	case s.Ended:
		s.Events = ""
	case c.State == callback.Scheduled:
		s.Refresh = refreshPlanned
	default:
		s.Refresh = refreshUnderWay
	}
	if s.Events != "" {
		s.Script = p.assets.At("status.js")
	}
	return s
}

// tells is the language of a callback's pages: the one that is asked for by their address, else its own, else what the browser
// likes, else that of the business.
func (p *Pages) tells(r *http.Request, c *callback.Callback) *words.Language {
	return door.Speak(r, p.Words, r.URL.Query().Get("lang"), c.Language, door.Asked(r, p.Words), p.businessOf(c).Language)
}

var labels = map[callback.State]words.Key{
	callback.Scheduled:      "Planned",
	callback.Queued:         "In line",
	callback.RingingAgent:   "We are rung",
	callback.RingingVisitor: "You are rung",
	callback.Connected:      "Talking",
	callback.Ended:          "Done",
}

// steps are the states in the order of this callback's life.
func steps(in *words.Language, c *callback.Callback) []step {
	order := []callback.State{callback.Queued, callback.RingingAgent, callback.RingingVisitor, callback.Connected, callback.Ended}
	if c.Order == subscriber.VisitorFirst {
		order[1], order[2] = order[2], order[1]
	}
	if c.State == callback.Scheduled {
		order = append([]callback.State{callback.Scheduled}, order...)
	}
	var out []step
	for _, s := range order {
		out = append(out, step{s, in.Say(labels[s]), s == c.State})
	}
	return out
}

func (p *Pages) cancel(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, func(ctx context.Context, c *callback.Callback) error {
		_, err := p.Conductor.Cancel(ctx, c.ID, callback.ByVisitor)
		return err
	})
}

func (p *Pages) callNow(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, func(ctx context.Context, c *callback.Callback) error {
		_, err := p.Conductor.CallNow(ctx, c.ID, callback.ByVisitor)
		return err
	})
}

// act does one thing and goes back to the status page, which also tells why it could not be done.
func (p *Pages) act(w http.ResponseWriter, r *http.Request, do func(context.Context, *callback.Callback) error) error {
	c, err := p.held(r)
	if err != nil {
		return err
	}
	if err := do(r.Context(), c); err != nil {
		return p.notDone(err, c, r)
	}
	p.back(w, r)
	return nil
}

// notDone shows the status with why something could not be done.
func (p *Pages) notDone(err error, c *callback.Callback, r *http.Request) error {
	return &door.Shown{Err: err, Show: func(w http.ResponseWriter, pr door.Problem) {
		if now, err := p.held(r); err == nil { // it has moved on: that is often why
			c = now
		}
		s := p.statusPage(r, c, r.PathValue("token"))
		s.Alert = pr.Detail
		if err := p.show(w, pr.Status, "status", s); err != nil {
			p.Fault(w, r, pr)
		}
	}}
}

func (p *Pages) back(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/c/"+r.PathValue("token")+chosen(r), http.StatusSeeOther)
}

// changePage asks for another number or time.
type changePage struct {
	page
	Base, Chosen, Number, Typed, Wrong string
	When                               whenField
}

func (p *Pages) changePage(c *callback.Callback, title words.Key, r *http.Request) *changePage {
	in := p.tells(r, c)
	return &changePage{page: p.page(r, in, in.Say(title)), Base: "/c/" + r.PathValue("token"), Chosen: chosen(r), Number: status.Masked(c, in)}
}

func (p *Pages) askNumber(w http.ResponseWriter, r *http.Request) error {
	c, err := p.held(r)
	if err != nil {
		return err
	}
	return p.show(w, http.StatusOK, "number", p.changePage(c, words.Key("Call another number"), r))
}

func (p *Pages) changeNumber(w http.ResponseWriter, r *http.Request) error {
	c, err := p.held(r)
	if err != nil {
		return err
	}
	if err := door.ReadForm(r); err != nil {
		return err
	}
	typed := r.PostForm.Get("number")
	if _, err = p.Conductor.ChangeNumber(r.Context(), c.ID, typed, callback.ByVisitor); err != nil {
		return p.asked(r, err, "number", func(pr door.Problem) *changePage {
			page := p.changePage(c, words.Key("Call another number"), r)
			page.Typed, page.Wrong = typed, pr.Detail
			return page
		})
	}
	p.back(w, r)
	return nil
}

func (p *Pages) asked(r *http.Request, err error, name string, page func(door.Problem) *changePage) error {
	return &door.Shown{Err: err, Show: func(w http.ResponseWriter, pr door.Problem) {
		if err := p.show(w, pr.Status, name, page(pr)); err != nil {
			p.Fault(w, r, pr)
		}
	}}
}

func (p *Pages) askTime(w http.ResponseWriter, r *http.Request) error {
	c, err := p.held(r)
	if err != nil {
		return err
	}
	return p.show(w, http.StatusOK, "reschedule", p.timePage(c, r, url.Values{"when": {"at"}}))
}

func (p *Pages) timePage(c *callback.Callback, r *http.Request, typed url.Values) *changePage {
	page := p.changePage(c, words.Key("Call at another time"), r)
	page.When = whenOf(page.Language, p.diaryOf(c), typed, p.Now())
	return page
}

// diaryOf is what another time is chosen from.
func (p *Pages) diaryOf(c *callback.Callback) schedule.Diary {
	return p.Conductor.Diary(p.businessOf(c), p.Conductor.Directory().Buttons[c.Button])
}

func (p *Pages) businessOf(c *callback.Callback) *subscriber.Subscriber {
	if s := p.Conductor.Directory().Subscribers[c.Subscriber]; s != nil {
		return s
	}
	return &subscriber.Subscriber{Name: "the business"} // deleted since
}

func (p *Pages) changeTime(w http.ResponseWriter, r *http.Request) error {
	c, err := p.held(r)
	if err != nil {
		return err
	}
	if err := door.ReadForm(r); err != nil {
		return err
	}
	when, err := schedule.ParseWhenForm(r.PostForm)
	if err == nil {
		_, err = p.Conductor.Reschedule(r.Context(), c.ID, when, callback.ByVisitor)
	}
	if err != nil {
		return p.asked(r, err, "reschedule", func(pr door.Problem) *changePage {
			page := p.timePage(c, r, r.PostForm)
			page.Wrong = pr.Detail
			page.When.Wrong = pr.Detail
			page.When.offered(pr.Alternatives, p.businessOf(c).Location())
			return page
		})
	}
	p.back(w, r)
	return nil
}
