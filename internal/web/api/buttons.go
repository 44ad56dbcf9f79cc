package api

import (
	"net/http"
	"net/url"
	"regexp"

	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
)

// ButtonDoc is what is written of a button.
type ButtonDoc struct {
	Slug       string             `json:"slug"`
	Subscriber string             `json:"subscriber"`
	Origins    []string           `json:"origins"`
	Order      subscriber.Order   `json:"order"`
	Confirm    subscriber.Confirm `json:"confirm"`
	Channels   []string           `json:"channels"`
	Proof      string             `json:"proof"`
	Tries      int                `json:"tries"`
	Fields     []subscriber.Field `json:"fields"`
	Recording  string             `json:"recording"`
	Skills     map[string]int     `json:"skills"`   // what is asked of an agent, and how much of it at least
	Priority   int                `json:"priority"` // in line, 0 to 3: each stands five minutes ahead
	Hours      schedule.Hours     `json:"hours"`    // within those of the business; null = the same
	Closed     bool               `json:"closed"`
}

// Button is what a business puts on its page.
type Button struct {
	ID             string             `json:"id"`
	Slug           string             `json:"slug"`
	Subscriber     string             `json:"subscriber"`
	SubscriberSlug *string            `json:"subscriber_slug"`
	Origins        []string           `json:"origins"`
	Order          subscriber.Order   `json:"order"`
	Confirm        subscriber.Confirm `json:"confirm"`
	Channels       []Channel          `json:"channels"`
	Proof          string             `json:"proof"`
	Tries          int                `json:"tries"`
	Fields         []subscriber.Field `json:"fields"`
	Recording      string             `json:"recording"`
	Skills         map[string]int     `json:"skills"`   // what is asked of an agent, and how much of it at least
	Priority       int                `json:"priority"` // in line, 0 to 3: each stands five minutes ahead
	Hours          schedule.Hours     `json:"hours"`    // within those of the business; null = the same
	Closed         bool               `json:"closed"`
	URL            string             `json:"url"`
	CreatedAt      door.Stamp         `json:"created_at"`
	UpdatedAt      door.Stamp         `json:"updated_at"`
}

func (a *API) buttons() thing[ButtonDoc, Button] {
	return thing[ButtonDoc, Button]{
		kind: directory.Button, prefix: "btn_",
		ids:   func(d *directory.Directory) []string { return keysOf(d.Buttons) },
		whose: func(d *directory.Directory, i string) id.Subscriber { return d.Buttons[id.Button(i)].Subscriber },
		view: func(d *directory.Directory, i string) Button {
			return a.buttonView(d, d.Buttons[id.Button(i)])
		},
		doc:   func(d *directory.Directory, i string) ButtonDoc { return buttonDoc(d.Buttons[id.Button(i)]) },
		blank: ButtonDoc{Order: subscriber.AgentFirst, Confirm: subscriber.Confirm{Agent: "auto", Visitor: "auto"}, Channels: []string{"phone"}, Tries: subscriber.DefaultTries},
		check: checkButton,
	}
}

func (a *API) buttonView(d *directory.Directory, b *subscriber.Button) Button {
	v := Button{
		ID: string(b.ID), Slug: b.Slug, Subscriber: string(b.Subscriber), Origins: list(b.Origins), Order: b.Order, Confirm: b.Confirm,
		Channels: Channels(b), Proof: a.proofOf(b), Tries: b.Tries, Fields: list(b.Fields), Recording: b.Recording, Skills: orNone(b.Skills), Priority: b.Priority, Hours: b.Hours, Closed: b.Closed, URL: a.URL + "/b/" + string(b.ID),
		CreatedAt: door.Stamp(b.CreatedAt), UpdatedAt: door.Stamp(b.UpdatedAt),
	}
	if s := d.Subscribers[b.Subscriber]; s != nil {
		v.SubscriberSlug = &s.Slug
	}
	return v
}

// proofOf is what holds for a button: what it says, unless the operator says otherwise.
func (a *API) proofOf(b *subscriber.Button) string {
	if a.Conductor.NeedsProof(b) {
		return subscriber.ProofRequired
	}
	return subscriber.ProofOff
}

func buttonDoc(b *subscriber.Button) ButtonDoc {
	return ButtonDoc{b.Slug, string(b.Subscriber), list(b.Origins), b.Order, b.Confirm, list(b.Channels), b.Proof, b.Tries, list(b.Fields), b.Recording, orNone(b.Skills), b.Priority, b.Hours, b.Closed}
}

func checkButton(r *http.Request, d *directory.Directory, self string, in *ButtonDoc) (directory.Setup, error) {
	none := directory.Setup{}
	if err := freeSlug(d, directory.Button, self, in.Slug); err != nil {
		return none, err
	}
	sub, err := business(d, door.Principal(r.Context()), in.Subscriber)
	if err != nil {
		return none, err
	}
	b := subscriber.Button{
		ID: id.Button(self), Slug: in.Slug, Subscriber: sub, Origins: in.Origins, Order: in.Order, Confirm: in.Confirm,
		Channels: in.Channels, Proof: in.Proof, Tries: in.Tries, Fields: in.Fields, Recording: in.Recording, Priority: in.Priority, Hours: in.Hours, Closed: in.Closed,
	}
	if b.Skills, err = skills(in.Skills); err != nil {
		return none, err
	}
	if old := d.Buttons[b.ID]; old != nil {
		b.CreatedAt = old.CreatedAt
	}
	return directory.Setup{Buttons: []subscriber.Button{b}}, checkButtonWords(&b)
}

var fieldName = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)

func checkButtonWords(b *subscriber.Button) error {
	if err := oneOf("order", b.Order, subscriber.AgentFirst, subscriber.VisitorFirst); err != nil {
		return err
	}
	for field, v := range map[string]string{"confirm.agent": b.Confirm.Agent, "confirm.visitor": b.Confirm.Visitor} {
		if err := oneOf(field, v, "auto", "none", "key", "key_or_voice"); err != nil {
			return err
		}
	}
	if b.Order == subscriber.VisitorFirst && b.Confirm.Visitor == "none" {
		return bad("confirm.visitor", "visitor_first needs the visitor's confirmation, or an answering machine would ring an agent: auto, key or key_or_voice.")
	}
	for _, c := range b.Channels {
		if err := oneOf("channels", c, "phone", "web", "chat"); err != nil {
			return err
		}
	}
	if err := oneOf("recording", b.Recording, "", "on", "off"); err != nil {
		return err
	}
	if err := oneOf("proof", b.Proof, "", subscriber.ProofRequired, subscriber.ProofOff); err != nil {
		return err
	}
	if b.Tries < 1 || b.Tries > 10 {
		return bad("tries", "tries is a number from 1 to 10.")
	}
	if b.Priority < 0 || b.Priority > subscriber.MaxPriority {
		return bad("priority", "priority is a number from 0 to %d.", subscriber.MaxPriority)
	}
	for _, o := range b.Origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
			return bad("origins", "%.200q is no origin; one is written https://www.example.com.", o)
		}
	}
	for i, f := range b.Fields {
		if !fieldName.MatchString(f.Name) {
			return bad("fields", "A field has a name of a-z, 0-9 and _.")
		}
		if f.Label == "" {
			b.Fields[i].Label = f.Name
		}
	}
	return nil
}
