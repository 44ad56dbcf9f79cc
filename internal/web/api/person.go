package api

import (
	"context"
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/money"
	"ringback/internal/web/door"
)

// People are whoever was called.
type People interface {
	// Dossier reads all that is kept of a person; sub "" = by all businesses.
	Dossier(ctx context.Context, sub id.Subscriber, to cti.Endpoint) (*callback.Dossier, error)
	// Erase takes away all that tells who she is. While a call of hers is under way: fault.TooLate; one of the operator's own
	// telephones: fault.NumberOwn.
	Erase(ctx context.Context, sub id.Subscriber, to cti.Endpoint, by string) (callback.Erasure, error)
}

// WhichPerson names somebody by her telephone: a number, or a sip: address. Subscriber null is every business, with a business's
// key its own.
type WhichPerson struct {
	Number     string  `json:"number"`
	Subscriber *string `json:"subscriber,omitempty"`
}

// Person is all that is kept of somebody.
type Person struct {
	Endpoint   string          `json:"endpoint"`
	Subscriber *string         `json:"subscriber"` // null = of all businesses
	Callbacks  []PersonCall    `json:"callbacks"`
	Others     []CallOfAnother `json:"others"` // calls of others in which her telephone was rung
	Contacts   []PersonContact `json:"contacts"`
	Consents   []PersonConsent `json:"consents"`
	Refusals   []PersonRefusal `json:"refusals"` // of numbers that are masked as hers is: the whole number is not kept
	Blocks     []Block         `json:"blocks"`
}

// PersonCall is a callback with all that was written about it.
type PersonCall struct {
	Callback
	Recordings []Recording    `json:"recordings"`
	Letters    []PersonLetter `json:"letters"`
	Charges    []PersonCharge `json:"charges"`
}

// CallOfAnother is a call that is somebody else's: who she is, is not told.
type CallOfAnother struct {
	ID         string     `json:"id"`
	Subscriber string     `json:"subscriber"`
	CreatedAt  door.Stamp `json:"created_at"`
}

// PersonContact is how a business knows her.
type PersonContact struct {
	ID         string     `json:"id"`
	Subscriber string     `json:"subscriber"`
	Number     *string    `json:"number"`
	Name       *string    `json:"name"`
	CreatedAt  door.Stamp `json:"created_at"`
	LastAt     door.Stamp `json:"last_at"`
}

// PersonConsent is what she agreed to, or took back.
type PersonConsent struct {
	ID         string        `json:"id"`
	At         door.Stamp    `json:"at"`
	Act        consent.Act   `json:"act"`
	Route      consent.Route `json:"route"`
	Subscriber *string       `json:"subscriber"`
	Callback   *string       `json:"callback"`
	Number     *string       `json:"number"`
	Page       *string       `json:"page"`
	UserAgent  *string       `json:"user_agent"`
	Version    *string       `json:"version"`
	Language   *string       `json:"language"`
	Text       *string       `json:"text"`
}

// PersonLetter is a message about her call that left the house, or waits. What has left has no text any more.
type PersonLetter struct {
	ID        string      `json:"id"`
	Kind      letter.Kind `json:"kind"`
	To        string      `json:"to"` // masked
	Subject   *string     `json:"subject"`
	Text      *string     `json:"text"`
	CreatedAt door.Stamp  `json:"created_at"`
	SentAt    door.Stamp  `json:"sent_at"`
}

// PersonCharge is what one telephone of a call has cost.
type PersonCharge struct {
	Leg     string       `json:"leg"`
	At      door.Stamp   `json:"at"`
	Seconds int64        `json:"seconds"`
	Cost    money.Amount `json:"cost"`
}

// PersonRefusal is a request that was turned away.
type PersonRefusal struct {
	ID         string     `json:"id"`
	At         door.Stamp `json:"at"`
	Subscriber string     `json:"subscriber"`
	Code       string     `json:"code"`
	Number     string     `json:"number"` // masked
	Page       *string    `json:"page"`
}

// Erased is what was taken away of a person.
type Erased struct {
	Callbacks  int  `json:"callbacks"`
	Contacts   int  `json:"contacts"`
	Consents   int  `json:"consents"` // records that lost their personal part: the ledger still proves itself
	Recordings int  `json:"recordings"`
	Messages   int  `json:"messages"`
	NeverAgain bool `json:"never_again"` // her telephone is still one of those that are never called, as a keyed hash
}

func (a *API) persons() []door.Route {
	return []door.Route{
		{Method: "POST", Pattern: "/people/export", Who: door.Keyed, Secret: true, Summary: "All that is kept of a person, known by her telephone", In: WhichPerson{}, Out: Person{}, Handle: a.exportPerson},
		{Method: "POST", Pattern: "/people/erase", Who: door.Keyed, Secret: true, Summary: "Take away all that tells who a person is", In: WhichPerson{}, Out: Erased{}, Handle: a.erasePerson},
	}
}

// whichPerson reads who is meant, within what the key sees.
func (a *API) whichPerson(r *http.Request) (id.Subscriber, cti.Endpoint, error) {
	in := &WhichPerson{}
	if err := door.Strict(r, in); err != nil {
		return "", "", err
	}
	d, p := a.Conductor.Directory(), door.Principal(r.Context())
	whose := p.Sees
	if named := door.Text(in.Subscriber); named != "" {
		sub, err := business(d, p, named)
		if err != nil {
			return "", "", err
		}
		whose = sub
	}
	if in.Number == "" {
		return "", "", required("number")
	}
	to, _, err := blocked(in.Number, regionOf(d, whose))
	return whose, to, err
}

func (a *API) exportPerson(w http.ResponseWriter, r *http.Request) error {
	sub, to, err := a.whichPerson(r)
	if err != nil {
		return err
	}
	d, err := a.People.Dossier(r.Context(), sub, to)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return door.JSON(w, http.StatusOK, RenderPerson(d, a.Conductor.Directory(), a.URL))
}

func (a *API) erasePerson(w http.ResponseWriter, r *http.Request) error {
	sub, to, err := a.whichPerson(r)
	if err != nil {
		return err
	}
	did, err := a.People.Erase(r.Context(), sub, to, who(r))
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, Erased(did))
}

// RenderPerson is a dossier as it is answered; url is that of the service.
func RenderPerson(d *callback.Dossier, dir *directory.Directory, url string) Person {
	out := Person{Endpoint: string(d.Telephone), Subscriber: door.Opt(d.Subscriber), Callbacks: []PersonCall{}, Others: []CallOfAnother{},
		Contacts: []PersonContact{}, Consents: []PersonConsent{}, Refusals: []PersonRefusal{}, Blocks: []Block{}}
	for _, k := range d.Calls {
		out.Callbacks = append(out.Callbacks, personCall(k, dir, url))
	}
	for _, c := range d.Beside {
		out.Others = append(out.Others, CallOfAnother{string(c.ID), string(c.Subscriber), door.Stamp(c.CreatedAt)})
	}
	for _, c := range d.Contacts {
		out.Contacts = append(out.Contacts, PersonContact{string(c.ID), string(c.Subscriber), door.Opt(c.Number), door.Opt(c.Name), door.Stamp(c.CreatedAt), door.Stamp(c.LastAt)})
	}
	for i := range d.Consents {
		out.Consents = append(out.Consents, personConsent(&d.Consents[i]))
	}
	for _, r := range d.Refusals {
		out.Refusals = append(out.Refusals, PersonRefusal{string(r.ID), door.Stamp(r.At), string(r.Subscriber), string(r.Code), r.Masked, door.Opt(r.Page)})
	}
	for _, b := range d.Blocks {
		out.Blocks = append(out.Blocks, blockView(dir, b))
	}
	return out
}

func personCall(k callback.KeptCall, dir *directory.Directory, url string) PersonCall {
	out := PersonCall{Callback: Render(k.Callback, k.Journal, dir), Recordings: []Recording{}, Letters: []PersonLetter{}, Charges: []PersonCharge{}}
	out.remarked(k.Remarks, dir)
	for i := range k.Recordings {
		out.Recordings = append(out.Recordings, recordingView(&k.Recordings[i], url))
	}
	for _, l := range k.Letters {
		out.Letters = append(out.Letters, PersonLetter{string(l.ID), l.Kind, l.Shown, door.Opt(l.Subject), door.Opt(l.Text), door.Stamp(l.CreatedAt), door.Stamp(l.SentAt)})
	}
	for _, c := range k.Charges {
		out.Charges = append(out.Charges, PersonCharge{string(c.Leg), door.Stamp(c.At), c.Seconds, money.Amount{Micro: c.Micro, Currency: c.Currency}})
	}
	return out
}

func personConsent(k *consent.Kept) PersonConsent {
	who, _ := k.Who() // one that cannot be read is named by consent verify
	return PersonConsent{ID: string(k.ID), At: door.Stamp(k.At), Act: k.Act, Route: k.Route, Subscriber: door.Opt(k.Subscriber), Callback: door.Opt(k.Callback),
		Number: door.Opt(who.Number), Page: door.Opt(who.Page), UserAgent: door.Opt(who.UserAgent), Version: door.Opt(k.Shown.Version),
		Language: door.Opt(k.Shown.Language), Text: door.Opt(k.Shown.Words)}
}
