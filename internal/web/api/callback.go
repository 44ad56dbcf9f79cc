package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/web/door"
)

// CallbackHead is a callback without what it was made of.
type CallbackHead struct {
	ID             string            `json:"id"`
	Subscriber     string            `json:"subscriber"`
	SubscriberSlug *string           `json:"subscriber_slug"`
	Button         string            `json:"button"`
	ButtonSlug     *string           `json:"button_slug"`
	Interaction    *string           `json:"interaction"`
	Contact        *string           `json:"contact"`
	State          callback.State    `json:"state"`
	Outcome        *string           `json:"outcome"`
	Reason         *Reason           `json:"reason"`
	Direction      string            `json:"direction"` // inbound: it began with a call of the visitor's; else outbound
	Order          string            `json:"order"`
	Number         *string           `json:"number"`
	Endpoint       *string           `json:"endpoint"`
	Destination    *string           `json:"destination"`
	Name           *string           `json:"name"`
	Topic          *string           `json:"topic"`
	Fields         map[string]string `json:"fields"`
	Page           *string           `json:"page"`
	Language       *string           `json:"language"`
	Metadata       map[string]string `json:"metadata"`
	KeptFor        *string           `json:"kept_for"` // the agent who alone is asked, while she is at work
	ArrivedAt      door.Stamp        `json:"arrived_at"`
	DueAt          door.Stamp        `json:"due_at"`
	When           json.RawMessage   `json:"when"`
	CreatedAt      door.Stamp        `json:"created_at"`
	EndedAt        door.Stamp        `json:"ended_at"`
	TalkS          door.Seconds      `json:"talk_s"`
}

// Callback is all of one.
type Callback struct {
	CallbackHead
	Attempts    []Attempt    `json:"attempts"`
	Journal     []Line       `json:"journal"`
	Disposition *Disposition `json:"disposition"`
	Notes       []Note       `json:"notes"`
}

// ListedCallback is one in a list.
type ListedCallback struct {
	CallbackHead
	Disposition *Disposition `json:"disposition"`
}

// Disposition is what came of a callback, in a word.
type Disposition struct {
	Code  string     `json:"code"`
	Note  *string    `json:"note"`
	Agent *Named     `json:"agent"` // null = by key
	At    door.Stamp `json:"at"`
}

// Note is what somebody wrote.
type Note struct {
	ID    string     `json:"id"`
	Text  string     `json:"text"`
	Agent *Named     `json:"agent"` // null = by key
	At    door.Stamp `json:"at"`
}

// Reason says why, to staff and to the visitor.
type Reason struct {
	Code    string `json:"code"`
	Staff   string `json:"staff"`
	Visitor string `json:"visitor"`
}

// Attempt is one try.
type Attempt struct {
	N              int        `json:"n"`
	Agent          *string    `json:"agent"`
	AgentSlug      *string    `json:"agent_slug"`
	Representation *string    `json:"representation"`
	Result         *string    `json:"result"`
	StartedAt      door.Stamp `json:"started_at"`
	EndedAt        door.Stamp `json:"ended_at"`
	Legs           []Leg      `json:"legs"`
}

// Leg is one telephone.
type Leg struct {
	ID           string     `json:"id"`
	Party        string     `json:"party"`
	Kind         string     `json:"kind"`
	Endpoint     string     `json:"endpoint"`
	Trunk        *string    `json:"trunk"`
	TrunkSlug    *string    `json:"trunk_slug"`
	CallID       *string    `json:"call_id"`
	State        string     `json:"state"`
	Cause        *string    `json:"cause"`
	By           *string    `json:"by"`
	SIPCode      *int       `json:"sip_code"`
	CreatedAt    door.Stamp `json:"created_at"`
	SentAt       door.Stamp `json:"sent_at"`
	RingingAt    door.Stamp `json:"ringing_at"`
	AnsweredAt   door.Stamp `json:"answered_at"`
	ConfirmedAt  door.Stamp `json:"confirmed_at"`
	BridgedAt    door.Stamp `json:"bridged_at"`
	EndedAt      door.Stamp `json:"ended_at"`
	NoticePlayed bool       `json:"notice_played"`
	Quality      *Quality   `json:"quality"`
}

// Line is one step of the journal, with a sentence.
type Line struct {
	Seq    int64      `json:"seq"`
	At     door.Stamp `json:"at"`
	Actor  string     `json:"actor"`
	From   *string    `json:"from"`
	Event  string     `json:"event"`
	To     *string    `json:"to"`
	Reason *string    `json:"reason"`
	Text   string     `json:"text"`
}

func (a *API) one(w http.ResponseWriter, r *http.Request) error {
	c, err := a.seen(r.Context(), door.Principal(r.Context()), id.Callback(r.PathValue("id")))
	if err != nil {
		return err
	}
	return a.answer(w, r, c)
}

func (a *API) answer(w http.ResponseWriter, r *http.Request, c *callback.Callback) error {
	full, err := a.full(r.Context(), c)
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, full)
}

func (a *API) full(ctx context.Context, c *callback.Callback) (Callback, error) {
	journal, err := a.Callbacks.Journal(ctx, c.ID)
	if err != nil {
		return Callback{}, err
	}
	remarks, err := a.Callbacks.Remarks(ctx, []id.Callback{c.ID})
	if err != nil {
		return Callback{}, err
	}
	d := a.Conductor.Directory()
	out := Render(c, journal, d)
	out.remarked(remarks[c.ID], d)
	return out, nil
}

func (c *Callback) remarked(r callback.Remarks, d *directory.Directory) {
	c.Disposition = disposition(r, d)
	for _, n := range r.Notes {
		c.Notes = append(c.Notes, Note{string(n.ID), n.Text, named(d, n.By.Agent), door.Stamp(n.At)})
	}
}

func disposition(r callback.Remarks, d *directory.Directory) *Disposition {
	x := r.Disposition
	if x == nil {
		return nil
	}
	return &Disposition{x.Code, door.Opt(x.Note), named(d, x.By.Agent), door.Stamp(x.At)}
}

// named is an agent by name, nil = none, or gone.
func named(d *directory.Directory, who id.Agent) *Named {
	if ag := d.Agents[who]; ag != nil {
		return &Named{string(ag.ID), ag.Slug, ag.Name}
	}
	return nil
}

// Render is a callback as it is answered, with its journal.
func Render(c *callback.Callback, journal []callback.Line, dir *directory.Directory) Callback {
	out := Callback{CallbackHead: head(c, dir), Attempts: []Attempt{}, Journal: []Line{}, Notes: []Note{}}
	for i := range c.Attempts {
		out.Attempts = append(out.Attempts, attempt(&c.Attempts[i], dir))
	}
	for _, l := range journal {
		out.Journal = append(out.Journal, line(l))
	}
	return out
}

func head(c *callback.Callback, dir *directory.Directory) CallbackHead {
	h := CallbackHead{
		ID: string(c.ID), Subscriber: string(c.Subscriber), Button: string(c.Button),
		Interaction: door.Opt(c.Interaction), Contact: door.Opt(c.Contact), State: c.State, Outcome: door.Opt(c.Outcome),
		Direction: direction(c), Order: string(c.Order), Number: door.Opt(c.Number.E164()), Destination: door.Opt(c.Destination), Name: door.Opt(c.Name),
		Topic: door.Opt(c.Topic), Fields: full(c.Fields), Page: door.Opt(c.Page), Language: door.Opt(c.Language),
		Metadata: full(c.Metadata), ArrivedAt: door.Stamp(c.ArrivedAt), DueAt: door.Stamp(due(c)), When: json.RawMessage("null"),
		CreatedAt: door.Stamp(c.CreatedAt), EndedAt: door.Stamp(c.EndedAt), TalkS: door.Seconds(c.TalkTime), KeptFor: door.Opt(c.Wanted),
	}
	if s := dir.Subscribers[c.Subscriber]; s != nil {
		h.SubscriberSlug = &s.Slug
	}
	if b := dir.Buttons[c.Button]; b != nil {
		h.ButtonSlug = &b.Slug
	}
	if c.Number == "" {
		h.Endpoint = door.Opt(c.Endpoint)
	}
	if c.Reason != "" {
		w := c.Reason.Words()
		h.Reason = &Reason{string(c.Reason), w.Staff, w.Visitor}
	}
	if json.Valid([]byte(c.When)) {
		h.When = json.RawMessage(c.When)
	}
	return h
}

// due is when the visitor is to be called: the time that was chosen, or when her turn began; zero once it is over. While
// a callback waits or rings the stored one is a wake-up, which is nobody's business.
func due(c *callback.Callback) time.Time {
	switch c.State {
	case callback.Scheduled:
		return c.DueAt
	case callback.Ended:
		return time.Time{}
	}
	return c.ArrivedAt
}

// full is a map that is never null.
func full(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func attempt(a *callback.Attempt, dir *directory.Directory) Attempt {
	out := Attempt{
		N: a.N, Agent: door.Opt(a.Agent), Representation: door.Opt(a.Representation), Result: door.Opt(a.Result),
		StartedAt: door.Stamp(a.StartedAt), EndedAt: door.Stamp(a.EndedAt), Legs: []Leg{},
	}
	if ag := dir.Agents[a.Agent]; ag != nil {
		out.AgentSlug = &ag.Slug
	}
	for i := range a.Legs {
		out.Legs = append(out.Legs, leg(&a.Legs[i], dir))
	}
	return out
}

func leg(l *callback.Leg, dir *directory.Directory) Leg {
	out := Leg{
		ID: string(l.ID), Party: string(l.Party), Kind: string(l.Endpoint.Kind()), Endpoint: string(l.Endpoint),
		Trunk: door.Opt(l.Trunk), CallID: door.Opt(l.CallID), State: string(l.State), Cause: door.Opt(l.Cause), By: door.Opt(l.By),
		CreatedAt: door.Stamp(l.CreatedAt), SentAt: door.Stamp(l.SentAt), RingingAt: door.Stamp(l.RingingAt),
		AnsweredAt: door.Stamp(l.AnsweredAt), ConfirmedAt: door.Stamp(l.ConfirmedAt), BridgedAt: door.Stamp(l.BridgedAt),
		EndedAt: door.Stamp(l.EndedAt),
	}
	if t := dir.Trunks[l.Trunk]; t != nil {
		out.TrunkSlug = &t.Slug
	}
	if l.SIPCode != 0 {
		out.SIPCode = &l.SIPCode
	}
	out.Quality, out.NoticePlayed = quality(l.Quality), l.NoticePlayed
	return out
}

func line(l callback.Line) Line {
	return Line{
		Seq: l.Seq, At: door.Stamp(l.At), Actor: string(l.Actor), From: door.Opt(l.From), Event: l.Event, To: door.Opt(l.To),
		Reason: door.Opt(l.Reason), Text: sentence(l),
	}
}

// sentence tells a step: why, and what else is known.
func sentence(l callback.Line) string {
	text := ""
	if l.Reason != "" {
		text = l.Reason.Words().Staff
	}
	switch {
	case text == "" && l.Detail == "":
		return spelt(l.Event)
	case text == "":
		return spelt(l.Event) + " " + l.Detail
	case l.Detail == "":
		return text
	}
	return text + " " + l.Detail
}

// keptCallback is the answer to a POST as it is kept with the callback: what is known in that transaction.
func (a *API) keptCallback(m *callback.Made) callback.Kept {
	c := m.Callback
	b, _ := json.Marshal(Render(c, m.Lines, a.Conductor.Directory())) // of strings, numbers and times
	return callback.Kept{Status: http.StatusCreated, Location: Base + "/callbacks/" + string(c.ID), Body: append(b, '\n')}
}

// spelt makes an event readable: agent_found is "Agent found."
func spelt(event string) string {
	if event == "" {
		return ""
	}
	s := strings.ReplaceAll(event, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func direction(c *callback.Callback) string {
	if c.Inbound {
		return "inbound"
	}
	return "outbound"
}
