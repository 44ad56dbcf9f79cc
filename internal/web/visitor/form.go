package visitor

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/challenge"
	"ringback/internal/consent"
	"ringback/internal/fault"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
)

// form shows the questions of a button.
func (p *Pages) form(w http.ResponseWriter, r *http.Request) error {
	b, s, err := p.button(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	typed := url.Values{"name": {q.Get("name")}, "topic": {q.Get("topic")}, "page": {p.cameFrom(r)}, "nonce": {p.Mint.Token("n_")}}
	f := p.formPage(b, s, typed)
	if f.Talk {
		mayHear(w)
	}
	return p.show(w, http.StatusOK, "form", f)
}

// cameFrom is the page with the button, as the link or the browser tells.
func (p *Pages) cameFrom(r *http.Request) string {
	from := r.URL.Query().Get("page")
	if from == "" {
		from = r.Referer()
	}
	if len(from) > 1000 || p.ours(from) {
		return ""
	}
	return from
}

// Submit takes the form. What is wrong shows it again as it was filled in.
func (p *Pages) Submit(w http.ResponseWriter, r *http.Request) error {
	b, s, err := p.button(r)
	if err != nil {
		return err
	}
	if err := door.ReadForm(r); err != nil {
		return err
	}
	token, err := p.ask(r, b)
	if err != nil {
		return p.again(err, b, s, r.PostForm)
	}
	to := "/c/"
	if r.PostForm.Get("channel") == callback.Web {
		to = "/r/"
	}
	http.Redirect(w, r, to+token, http.StatusSeeOther)
	return nil
}

// ask makes the wish and returns the token of its page; the same nonce is the same page.
func (p *Pages) ask(r *http.Request, b *subscriber.Button) (string, error) {
	f := r.PostForm
	when, err := schedule.ParseWhenForm(f)
	if err != nil {
		return "", err
	}
	once, err := door.OnceByNonce(r, b.ID, f.Get("nonce"))
	if err != nil {
		return "", err
	}
	made, err := p.Conductor.Request(r.Context(), callback.Request{
		Button: string(b.ID), Number: f.Get("number"), Endpoint: f.Get("endpoint"), Channel: f.Get("channel"), Name: f.Get("name"),
		Topic: f.Get("topic"), Fields: ownFields(f), Page: f.Get("page"), When: when, Language: f.Get("language"),
		Consent: agreed(f), Visitor: door.Visitor(r), UserAgent: r.UserAgent(), Act: "form", Once: once,
		Proof: f.Get("proof"), Ticket: f.Get("ticket"),
		Answer: func(m *callback.Made) callback.Kept { return status.Kept(m, p.URL) },
	})
	var before *callback.Replayed
	if errors.As(err, &before) {
		if token := status.TokenOf(before.Kept); token != "" {
			return token, nil
		}
	}
	if err != nil {
		return "", err
	}
	return made.Token, nil
}

func agreed(f url.Values) bool {
	switch f.Get("consent") {
	case "true", "on", "1", "yes":
		return true
	}
	return false
}

// ownFields are the button's own questions: fields.NAME or fields[NAME].
func ownFields(f url.Values) map[string]string {
	out := map[string]string{}
	for k, v := range f {
		name, ok := strings.CutPrefix(k, "fields.")
		if !ok {
			name, ok = strings.CutPrefix(strings.TrimSuffix(k, "]"), "fields[")
		}
		if ok && name != "" && v[0] != "" {
			out[name] = v[0]
		}
	}
	return out
}

// formPage is the form.
type formPage struct {
	page
	Button       string
	Business     string
	CallerID     string
	Shut         bool   // takes no requests at all
	Talk         bool   // in the browser, now
	Opens        string // when it is closed now
	Nonce, Page  string
	Ticket       string // of a form that is sent without script; "" = no work is to be proved
	Questions    []question
	When         whenField
	Consent      string
	Agreed       bool
	ConsentWrong string
	Alert        string
	Again        string
	Wrongs       []wrong
}

type question struct {
	ID, Name, Label, Type, Value, Complete, Hint, Wrong string
	Required                                            bool
}

type wrong struct{ At, Message string }

// Describedby lists what a screen reader says with the input.
func (q question) Describedby() string {
	var ids []string
	if q.Hint != "" {
		ids = append(ids, q.ID+"-hint")
	}
	if q.Wrong != "" {
		ids = append(ids, q.ID+"-wrong")
	}
	return strings.Join(ids, " ")
}

func (p *Pages) formPage(b *subscriber.Button, s *subscriber.Subscriber, typed url.Values) *formPage {
	now, loc, diary := p.Now(), s.Location(), p.Conductor.Diary(s, b)
	open := diary.Business().Open(now)
	f := &formPage{
		page: p.page("Let " + s.Name + " call you"), Button: string(b.ID), Business: s.Name, Shut: b.Closed || s.Suspended,
		Nonce: typed.Get("nonce"), Page: typed.Get("page"), Questions: questions(b, typed), When: whenOf(diary, typed, now),
		Consent: consent.Shown(s.Name, callback.AgreedWay(b)).Words, Agreed: agreed(typed),
	}
	if p.Conductor.NeedsProof(b) {
		if f.Ticket = typed.Get("ticket"); f.Ticket == "" {
			f.Ticket = p.Conductor.Ticket(b)
		}
		f.Script = p.assets.At("form.js")
	}
	if s.CallerID != "" {
		f.CallerID = status.Pretty(s.CallerID.E164())
	}
	if f.Talk = slices.Contains(b.Channels, callback.Web) && open; f.Talk {
		f.Script = p.assets.At("form.js")
	}
	if next, ok := diary.Business().Next(now); ok && !open {
		f.Opens = status.Wall(next, loc)
	}
	return f
}

func questions(b *subscriber.Button, typed url.Values) []question {
	qs := []question{
		{ID: "name", Name: "name", Label: "Your name", Type: "text", Complete: "name"},
		{ID: "number", Name: "number", Label: "Your telephone number", Type: "tel", Complete: "tel", Required: true},
		{ID: "topic", Name: "topic", Label: "What is it about?", Type: "text"},
	}
	for _, f := range b.Fields {
		qs = append(qs, question{ID: "field-" + f.Name, Name: "fields." + f.Name, Label: f.Label, Type: "text", Required: f.Required})
	}
	for i := range qs {
		qs[i].Value = typed.Get(qs[i].Name)
	}
	return qs
}

// again shows the form as it was filled in, with what is wrong beside the question it belongs to.
func (p *Pages) again(err error, b *subscriber.Button, s *subscriber.Subscriber, typed url.Values) error {
	return &door.Shown{Err: err, Show: func(w http.ResponseWriter, pr door.Problem) {
		if fault.Is(err, fault.ProofInvalid) && !errors.Is(err, challenge.ErrYoung) || fault.Is(err, fault.ProofUsed) {
			typed.Del("ticket") // another form, that may be sent once
			typed.Del("nonce")
		}
		if typed.Get("nonce") == "" {
			typed.Set("nonce", p.Mint.Token("n_"))
		}
		f := p.formPage(b, s, typed)
		f.Title = "Please check: " + f.Title
		f.say(pr, p.Now(), s.Location())
		if f.Talk {
			mayHear(w)
		}
		if err := p.show(w, pr.Status, "form", f); err != nil {
			p.Fault(w, pr)
		}
	}}
}

func (f *formPage) say(pr door.Problem, now time.Time, loc *time.Location) {
	f.Alert = pr.Detail
	if pr.RetryAfterS != nil {
		f.Again = "You can ask again " + soon(now, time.Duration(*pr.RetryAfterS)*time.Second, loc) + "."
	}
	f.When.offered(pr.Alternatives, loc)
	for _, e := range pr.Errors {
		switch e.Field {
		case "consent":
			f.ConsentWrong = e.Message
			f.Wrongs = append(f.Wrongs, wrong{"consent", e.Message})
		case "when":
			f.When.Wrong = e.Message
			f.Wrongs = append(f.Wrongs, wrong{"at", e.Message})
		default:
			f.mark(e.Field, e.Message)
		}
	}
}

func (f *formPage) mark(field, message string) {
	if field == "endpoint" {
		field = "number"
	}
	for i := range f.Questions {
		if q := &f.Questions[i]; q.Name == field {
			q.Wrong = message
			f.Wrongs = append(f.Wrongs, wrong{q.ID, message})
		}
	}
}

// soon says when d from now is: in minutes, or at a time.
func soon(now time.Time, d time.Duration, loc *time.Location) string {
	switch {
	case d < 90*time.Second:
		return "in a minute"
	case d < time.Hour:
		return "at " + now.Add(d).In(loc).Format("15:04") + " (" + status.Place(loc) + " time)"
	}
	return "on " + status.Wall(now.Add(d), loc)
}
