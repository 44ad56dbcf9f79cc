package visitor

import (
	"cmp"
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
	"ringback/internal/words"
)

// form shows the questions of a button.
func (p *Pages) form(w http.ResponseWriter, r *http.Request) error {
	if name, ok := strings.CutSuffix(r.PathValue("button"), cardEnding); ok {
		return p.vcard(w, name)
	}
	b, s, err := p.button(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	typed := url.Values{"name": {q.Get("name")}, "topic": {q.Get("topic")}, "page": {p.cameFrom(r)}, "nonce": {p.Mint.Token("n_")}}
	f := p.formPage(r, p.speaks(r, s, ""), b, s, typed)
	if f.Talk {
		mayHear(w)
	}
	return p.show(w, http.StatusOK, "form", f)
}

// speaks is the language of a page about a business: the one that was said before, else the one that is asked for, else that
// of the business.
func (p *Pages) speaks(r *http.Request, s *subscriber.Subscriber, said string) *words.Language {
	return door.Speak(r, p.Words, said, door.Asked(r, p.Words), s.Language)
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
	in := p.speaks(r, s, r.PostForm.Get("language"))
	token, err := p.ask(r, b)
	if err != nil {
		return p.again(r, err, in, b, s)
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
		Topic: f.Get("topic"), Fields: ownFields(f), Page: f.Get("page"), When: when, Language: cmp.Or(f.Get("language"), door.Asked(r, p.Words)),
		Shown: door.Language(r.Context()).Tag, Consent: agreed(f), Visitor: door.Visitor(r), UserAgent: r.UserAgent(), Act: "form", Once: once,
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
	Words        string // of the script for that
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

func (p *Pages) formPage(r *http.Request, in *words.Language, b *subscriber.Button, s *subscriber.Subscriber, typed url.Values) *formPage {
	now, loc, diary := p.Now(), s.Location(), p.Conductor.Diary(s, b)
	open := diary.Business().Open(now)
	f := &formPage{
		page: p.page(r, in, in.Say("Let %s call you", s.Name)), Button: string(b.ID), Business: s.Name, Shut: b.Closed || s.Suspended,
		Nonce: typed.Get("nonce"), Page: typed.Get("page"), Questions: questions(in, b, typed), When: whenOf(in, diary, typed, now),
		Consent: consent.Shown(in, s.Name, callback.AgreedWay(b)).Words, Agreed: agreed(typed),
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
		f.Script, f.Words = p.assets.At("form.js"), spoken(in)
	}
	if next, ok := diary.Business().Next(now); ok && !open {
		f.Opens = in.Moment(next, loc)
	}
	return f
}

func questions(in *words.Language, b *subscriber.Button, typed url.Values) []question {
	qs := []question{
		{ID: "name", Name: "name", Label: in.Say("Your name"), Type: "text", Complete: "name"},
		{ID: "number", Name: "number", Label: in.Say("Your telephone number"), Type: "tel", Complete: "tel", Required: true},
		{ID: "topic", Name: "topic", Label: in.Say("What is it about?"), Type: "text"},
	}
	for _, f := range b.Fields {
		q := question{ID: "field-" + f.Name, Name: "fields." + f.Name, Label: f.Label, Type: "text", Required: f.Required}
		if f.Name == callback.MailField {
			q.Type, q.Complete = "email", "email"
		}
		qs = append(qs, q)
	}
	for i := range qs {
		qs[i].Value = typed.Get(qs[i].Name)
	}
	return qs
}

// again shows the form as it was filled in, with what is wrong beside the question it belongs to.
func (p *Pages) again(r *http.Request, err error, in *words.Language, b *subscriber.Button, s *subscriber.Subscriber) error {
	typed := r.PostForm
	return &door.Shown{Err: err, Show: func(w http.ResponseWriter, pr door.Problem) {
		if fault.Is(err, fault.ProofInvalid) && !errors.Is(err, challenge.ErrYoung) || fault.Is(err, fault.ProofUsed) {
			typed.Del("ticket") // another form, that may be sent once
			typed.Del("nonce")
		}
		if typed.Get("nonce") == "" {
			typed.Set("nonce", p.Mint.Token("n_"))
		}
		f := p.formPage(r, in, b, s, typed)
		f.Title = in.Say("Please check: %s", f.Title)
		f.say(pr, p.Now(), s.Location())
		if f.Talk {
			mayHear(w)
		}
		if err := p.show(w, pr.Status, "form", f); err != nil {
			p.Fault(w, r, pr)
		}
	}}
}

func (f *formPage) say(pr door.Problem, now time.Time, loc *time.Location) {
	f.Alert = pr.Detail
	if pr.RetryAfterS != nil {
		f.Again = soon(f.Language, now, time.Duration(*pr.RetryAfterS)*time.Second, loc)
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

// soon says that one may ask again d from now.
func soon(in *words.Language, now time.Time, d time.Duration, loc *time.Location) string {
	switch {
	case d < 90*time.Second:
		return in.Say("You can ask again in a minute.")
	case d < time.Hour:
		return in.Say("You can ask again at %s.", in.Clock(now.Add(d), loc))
	}
	return in.Say("You can ask again on %s.", in.Moment(now.Add(d), loc))
}
