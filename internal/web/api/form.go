package api

import (
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
	"ringback/internal/words"
)

// ButtonForm is what a form for a button shows.
type ButtonForm struct {
	ID          string            `json:"id"`
	Slug        string            `json:"slug"`
	Subscriber  FormOwner         `json:"subscriber"`
	Language    string            `json:"language"`
	Direction   string            `json:"direction"`
	Form        Form              `json:"form"`
	Texts       map[string]string `json:"texts"`
	Channels    []Channel         `json:"channels"`
	Order       string            `json:"order"`
	Closed      bool              `json:"closed"`
	Open        bool              `json:"open"`
	NextOpening door.Stamp        `json:"next_opening"`
	Zone        string            `json:"zone"`
	Slots       []door.Stamp      `json:"slots"`
	Consent     ConsentText       `json:"consent"`
	Proof       ProofWanted       `json:"proof"`
}

// FormOwner is the business behind a button.
type FormOwner struct {
	Slug     string  `json:"slug"`
	Name     string  `json:"name"`
	CallerID *string `json:"caller_id"`
}

// Form lists the questions.
type Form struct {
	Action string      `json:"action"`
	Fields []FormField `json:"fields"`
}

// FormField is one question. Those of the button's own are sent inside fields.
type FormField struct {
	Name     string `json:"name"`
	Label    string `json:"label"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
	Own      bool   `json:"own"`
}

// Channel is a way to talk.
type Channel struct {
	Name      string `json:"name"`
	Available bool   `json:"available"`
}

// ConsentText is what the visitor agrees to.
type ConsentText struct {
	Version string `json:"version"`
	Text    string `json:"text"`
}

func (a *API) buttonForm(w http.ResponseWriter, r *http.Request) error {
	b, sub, err := a.button(r.PathValue("id"))
	if err != nil {
		w.Header().Set("Access-Control-Allow-Origin", "*") // whoever wrote the page shall read what is wrong
		return err
	}
	if err := a.admitted(w, r, b); err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept-Language")
	return door.JSON(w, http.StatusOK, a.formOf(a.speaks(r, sub, ""), b, sub))
}

// speaks is the language of what a visitor of a business is told: the one that was said, else ?lang=, else the one the
// browser likes, else that of the business.
func (a *API) speaks(r *http.Request, sub *subscriber.Subscriber, said string) *words.Language {
	return door.Speak(r, a.Words, said, door.Asked(r, a.Words), sub.Language)
}

func (a *API) button(idOrSlug string) (*subscriber.Button, *subscriber.Subscriber, error) {
	b, sub := a.Conductor.Directory().Button(idOrSlug)
	if b == nil || sub == nil {
		return nil, nil, missing(directory.Button)
	}
	return b, sub, nil
}

func missing(k directory.Kind) error { return fault.New(fault.NotFound, "No such %s.", k) }

func (a *API) formOf(in *words.Language, b *subscriber.Button, sub *subscriber.Subscriber) ButtonForm {
	now, diary := a.Now(), a.Conductor.Diary(sub, b)
	hours, shown := diary.Business(), consent.Shown(in, sub.Name, callback.AgreedWay(b))
	f := ButtonForm{
		ID: string(b.ID), Slug: b.Slug, Language: in.Tag, Direction: in.Dir(), Order: string(b.Order), Zone: diary.Loc.String(),
		Subscriber: FormOwner{Slug: sub.Slug, Name: sub.Name, CallerID: door.Opt(sub.CallerID.E164())},
		Form:       Form{Action: Base + "/public/buttons/" + string(b.ID) + "/callbacks", Fields: questions(in, b)},
		Channels:   Channels(b), Closed: b.Closed || sub.Suspended, Open: hours.Open(now), Slots: []door.Stamp{},
		Consent: ConsentText{shown.Version, shown.Words}, Proof: ProofWanted{a.Conductor.NeedsProof(b)},
	}
	if next, ok := hours.Next(now); ok && !f.Open {
		f.NextOpening = door.Stamp(next)
	}
	if !f.Closed {
		for _, at := range diary.Offer(now) {
			f.Slots = append(f.Slots, door.Stamp(at))
		}
	}
	soonest, _ := diary.Soonest(now)
	f.Texts = texts(in, sub, f.Open, soonest)
	return f
}

// Channels of a button with what this build has: telephones, and talking in the browser.
func Channels(b *subscriber.Button) []Channel {
	out := []Channel{}
	for _, c := range b.Channels {
		out = append(out, Channel{Name: c, Available: c == callback.Phone || c == callback.Web})
	}
	if len(out) == 0 {
		out = append(out, Channel{Name: "phone", Available: true})
	}
	return out
}

func questions(in *words.Language, b *subscriber.Button) []FormField {
	fields := []FormField{
		{Name: "name", Label: in.Say("Your name"), Type: "text"},
		{Name: "number", Label: in.Say("Your telephone number"), Type: "tel", Required: true},
		{Name: "topic", Label: in.Say("What is it about?"), Type: "text"},
	}
	for _, f := range b.Fields {
		kind := "text"
		if f.Name == callback.MailField {
			kind = "email"
		}
		fields = append(fields, FormField{Name: f.Name, Label: f.Label, Type: kind, Required: f.Required, Own: true})
	}
	return append(fields,
		FormField{Name: "when", Label: in.Say("When shall we call?"), Type: "when"},
		FormField{Name: "consent", Label: in.Say("I agree"), Type: "checkbox", Required: true})
}
