package api

import (
	"context"
	"net/http"
	"strings"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
)

// KeyedWish is a callback as a program asks for it.
type KeyedWish struct {
	Button      string            `json:"button,omitempty"`
	Subscriber  string            `json:"subscriber,omitempty"` // instead of a button: its first
	Agent       string            `json:"agent,omitempty"`      // who alone is asked for a while: an id or slug, or me
	Number      string            `json:"number,omitempty"`
	Endpoint    string            `json:"endpoint,omitempty"`
	Destination string            `json:"destination,omitempty"`
	Order       string            `json:"order,omitempty"`
	When        schedule.When     `json:"when,omitzero"`
	Name        string            `json:"name,omitempty"`
	Topic       string            `json:"topic,omitempty"`
	Fields      map[string]string `json:"fields,omitempty"`
	Page        string            `json:"page,omitempty"`
	Language    string            `json:"language,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Limits      string            `json:"limits,omitempty"`
}

// make takes a program's request.
func (a *API) make(w http.ResponseWriter, r *http.Request) error {
	body, err := door.Body(r)
	if err != nil {
		return err
	}
	var in KeyedWish
	if err := door.Decode(body, &in, true); err != nil {
		return err
	}
	by := door.Principal(r.Context())
	req, err := a.asked(&in, by)
	if err != nil {
		return err
	}
	if req.Once, err = door.OnceByKey(r, body); err != nil {
		return err
	}
	req.UserAgent, req.Act = r.UserAgent(), "api"
	var kept callback.Kept
	req.Answer = func(m *callback.Made) callback.Kept { kept = a.keptCallback(m); return kept }
	made, err := a.Conductor.Request(r.Context(), *req)
	if err != nil {
		return replayed(w, req.Once, err)
	}
	if kept.Status != 0 { // what a repetition will get, to the byte
		send(w, kept)
		return nil
	}
	full, err := a.full(r.Context(), made.Callback)
	if err != nil {
		return err
	}
	return door.Created(w, Base+"/callbacks/"+string(made.Callback.ID), full)
}

func (a *API) asked(in *KeyedWish, by login.Principal) (*callback.Request, error) {
	b, err := a.wished(in, by)
	if err != nil {
		return nil, err
	}
	who, err := a.wanted(in, by)
	if err != nil {
		return nil, err
	}
	if by.Agent != "" { // who may do what a key of that business may
		by = login.Principal{Role: login.Subscriber, Sees: b.Subscriber, Agent: by.Agent}
	}
	order := subscriber.Order(in.Order)
	switch order {
	case "", subscriber.AgentFirst, subscriber.VisitorFirst:
	default:
		return nil, bad("order", "order is agent_first or visitor_first.")
	}
	skip, err := skipLimits(in, by)
	if err != nil {
		return nil, err
	}
	return &callback.Request{
		Button: string(b.ID), Number: in.Number, Endpoint: in.Endpoint, Destination: in.Destination, Order: order, When: in.When,
		Name: in.Name, Topic: in.Topic, Fields: in.Fields, Page: in.Page, Language: in.Language, Metadata: in.Metadata,
		By: &by, SkipLimits: skip, Agent: who,
	}, nil
}

// wished is the button that a request names, or the first of the business that it names.
func (a *API) wished(in *KeyedWish, by login.Principal) (*subscriber.Button, error) {
	d := a.Conductor.Directory()
	mine := func(s id.Subscriber) bool { return by.Serves(s) || by.Agent == "" && sees(by, s) }
	switch {
	case in.Button != "" && in.Subscriber != "":
		return nil, bad("subscriber", "Name a button or a business, not both.")
	case in.Button != "":
		b, _, err := a.button(in.Button)
		if err == nil && !mine(b.Subscriber) {
			err = missing(directory.Button)
		}
		return b, err
	case in.Subscriber == "":
		return nil, fault.At("button", fault.FieldRequired, "Say for which button the call is.")
	}
	s := id.Subscriber(d.ID(directory.Subscriber, in.Subscriber))
	if s == "" || !mine(s) {
		return nil, missing(directory.Subscriber)
	}
	var first *subscriber.Button
	for _, b := range d.Buttons {
		if b.Subscriber == s && (first == nil || b.ID < first.ID) {
			first = b
		}
	}
	if first == nil {
		return nil, fault.At("subscriber", fault.ButtonClosed, "This business has no button yet.")
	}
	return first, nil
}

// wanted is the agent that a request names. Who has signed in names herself, and nothing that a visitor would not.
func (a *API) wanted(in *KeyedWish, by login.Principal) (string, error) {
	switch {
	case by.Agent == "" && in.Agent == "me":
		return "", bad("agent", "A key is nobody who answers; name an agent.")
	case by.Agent == "":
		return in.Agent, nil
	case in.Destination != "":
		return "", fault.New(fault.Forbidden, "At a desk a call is between the visitor and you.")
	case in.Agent == "" || in.Agent == "me" || a.Conductor.Directory().Agent(in.Agent) == a.Conductor.Directory().Agents[by.Agent]:
		return string(by.Agent), nil
	}
	return "", fault.At("agent", fault.Forbidden, "An agent places calls for herself.")
}

// skipLimits: only the operator, and only towards Internet telephones, which cost nobody anything.
func skipLimits(in *KeyedWish, by login.Principal) (bool, error) {
	switch {
	case in.Limits == "":
		return false, nil
	case in.Limits != "skip":
		return false, bad("limits", `limits is "skip" or left out.`)
	case by.Role != login.Operator:
		return false, fault.New(fault.Forbidden, "Only an operator's key may skip limits.")
	case !strings.HasPrefix(in.Endpoint, "sip:"):
		return false, fault.At("limits", fault.EndpointNotAllowed, "Limits can be skipped for sip: endpoints only.")
	}
	return true, nil
}

// sees says whether a principal may see what belongs to a business.
func sees(p login.Principal, whose id.Subscriber) bool { return p.Sees == "" || p.Sees == whose }

// bad is a value that a keyed request may not have there.
func bad(field, format string, args ...any) *fault.Fault {
	return fault.At(field, fault.WrongType, format, args...)
}

// action is act for who watches a business.
func (a *API) action(w http.ResponseWriter, r *http.Request, in any, do func(context.Context, id.Callback) (*callback.Callback, error)) error {
	return a.act(watchers, in, func(ctx context.Context, c *callback.Callback, _ callback.Author) (*callback.Callback, error) {
		return do(ctx, c.ID)
	})(w, r)
}

func (a *API) staffCancels(w http.ResponseWriter, r *http.Request) error {
	return a.action(w, r, &Nothing{}, func(ctx context.Context, cb id.Callback) (*callback.Callback, error) {
		return a.Conductor.Cancel(ctx, cb, callback.ByStaff)
	})
}

func (a *API) staffChangesNumber(w http.ResponseWriter, r *http.Request) error {
	in := &NewNumber{}
	return a.action(w, r, in, func(ctx context.Context, cb id.Callback) (*callback.Callback, error) {
		raw, err := in.raw()
		if err != nil {
			return nil, err
		}
		return a.Conductor.ChangeNumber(ctx, cb, raw, callback.ByStaff)
	})
}

func (a *API) staffReschedules(w http.ResponseWriter, r *http.Request) error {
	in := &NewTime{}
	return a.action(w, r, in, func(ctx context.Context, cb id.Callback) (*callback.Callback, error) {
		when, err := in.when()
		if err != nil {
			return nil, err
		}
		return a.Conductor.Reschedule(ctx, cb, when, callback.ByStaff)
	})
}

func (a *API) staffCallsNow(w http.ResponseWriter, r *http.Request) error {
	return a.action(w, r, &Nothing{}, func(ctx context.Context, cb id.Callback) (*callback.Callback, error) {
		return a.Conductor.CallNow(ctx, cb, callback.ByStaff)
	})
}
