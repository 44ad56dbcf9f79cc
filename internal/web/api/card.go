package api

import (
	"context"
	"maps"
	"slices"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/phone"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
)

// Card is what an agent must know of a call: who she is now, whom she talks to, and what was before.
type Card struct {
	Callback     string      `json:"callback"`
	Attempt      int         `json:"attempt"`
	Subscriber   Named       `json:"subscriber"`
	Agent        *Named      `json:"agent"` // who answers; null = the business's own telephone
	DisplayName  string      `json:"display_name"`
	Greeting     string      `json:"greeting"` // to read aloud
	Script       string      `json:"script"`
	ScriptFields []CardField `json:"script_fields"`
	Whisper      string      `json:"whisper"`
	Visitor      CardVisitor `json:"visitor"`
	Page         *string     `json:"page"`
	Topic        *string     `json:"topic"`
	Fields       []CardField `json:"fields"` // what the visitor filled in
	Earlier      []Earlier   `json:"earlier"`
	Order        string      `json:"order"`
	LiveCall     bool        `json:"live_call"` // the visitor called us
	Dispositions []string    `json:"dispositions"`
	ScreenPop    *string     `json:"screen_pop"`
}

// CardField is a question with what was answered.
type CardField struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// CardVisitor is whom one talks to.
type CardVisitor struct {
	Name      *string    `json:"name"`
	Number    *string    `json:"number"`
	Country   *string    `json:"country"`
	LocalTime *string    `json:"local_time"` // 2026-12-01T09:00, where the visitor is; null = not known
	Zone      *string    `json:"zone"`
	Language  *string    `json:"language"`
	Since     door.Stamp `json:"since"` // arrived in the line
}

// Earlier is a callback of the same number before this one.
type Earlier struct {
	Callback    string     `json:"callback"`
	At          door.Stamp `json:"at"`
	Outcome     *string    `json:"outcome"`
	Topic       *string    `json:"topic"`
	Agent       *Named     `json:"agent"`
	Disposition *string    `json:"disposition"`
	Note        *string    `json:"note"`
	Recordings  []Tape     `json:"recordings"` // that the reader may hear, the oldest first
}

// Tape is a recorded talk that can be played.
type Tape struct {
	ID       string       `json:"id"`
	LengthS  door.Seconds `json:"length_s"`
	AudioURL string       `json:"audio_url"`
}

// card is put together from what is set up now; its agent is that of the newest attempt. To an agent it tells who she is in
// this call, also when somebody else still has it; to a key, who that one is.
func (a *API) card(ctx context.Context, c *callback.Callback, to login.Principal) (*Card, error) {
	d := a.Conductor.Directory()
	s := d.Subscribers[c.Subscriber]
	if s == nil {
		s = &subscriber.Subscriber{ID: c.Subscriber}
	}
	card := &Card{Callback: string(c.ID), Subscriber: Named{string(s.ID), s.Slug, s.Name}, DisplayName: s.Name, ScriptFields: []CardField{},
		Visitor: a.cardVisitor(c, s), Page: door.Opt(c.Page), Topic: door.Opt(c.Topic), Fields: []CardField{},
		Order: string(c.Order), LiveCall: c.Inbound, Dispositions: s.Codes()}
	if n := len(c.Attempts); n > 0 {
		at := &c.Attempts[n-1]
		card.Attempt = at.N
		card.Agent = named(d, at.Agent)
		card.as(representation(d, c.Subscriber, at, to.Agent))
	}
	card.asked(c, d.Buttons[c.Button])
	pop := subscriber.Pop{Number: c.Number.E164(), Name: c.Name, Callback: string(c.ID), Contact: string(c.Contact), Topic: c.Topic}
	if card.Agent != nil {
		pop.Agent = card.Agent.Slug
	}
	card.ScreenPop = door.Opt(s.Opens(pop))
	var err error
	card.Earlier, err = a.earlier(ctx, c, to)
	return card, err
}

// Card is what an agent must know of a call, who has not signed in: no recording of earlier ones is for her.
func (a *API) Card(ctx context.Context, c *callback.Callback, to id.Agent) (*Card, error) {
	return a.card(ctx, c, login.Principal{Agent: to, Sees: login.Nobody})
}

// representation is what the one who reads a card answers as; nil = the business itself.
func representation(d *directory.Directory, s id.Subscriber, at *callback.Attempt, to id.Agent) *agent.Representation {
	if to == "" || to == at.Agent {
		return d.Representations[at.Representation]
	}
	for _, r := range d.Serves(to) {
		if r.Subscriber == s {
			return r
		}
	}
	return nil
}

// as fills in who the agent is in this call.
func (c *Card) as(r *agent.Representation) {
	if r == nil {
		return
	}
	if c.Greeting, c.Script, c.Whisper = r.Greeting, r.Script, r.Whisper; r.DisplayName != "" {
		c.DisplayName = r.DisplayName
	}
}

// asked lists what the button asks, with the answers; what was answered besides stands under fields only.
func (c *Card) asked(cb *callback.Callback, b *subscriber.Button) {
	named := map[string]bool{}
	if b != nil {
		for _, f := range b.Fields {
			named[f.Name] = true
			c.ScriptFields = append(c.ScriptFields, CardField{f.Name, f.Label, cb.Fields[f.Name]})
			if v := cb.Fields[f.Name]; v != "" {
				c.Fields = append(c.Fields, CardField{f.Name, f.Label, v})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cb.Fields)) {
		if !named[name] {
			c.Fields = append(c.Fields, CardField{name, name, cb.Fields[name]})
		}
	}
}

func (a *API) cardVisitor(c *callback.Callback, s *subscriber.Subscriber) CardVisitor {
	v := CardVisitor{Name: door.Opt(c.Name), Number: door.Opt(c.Number.E164()), Country: door.Opt(c.Number.Region()), Language: door.Opt(c.Language),
		Since: door.Stamp(c.ArrivedAt)}
	if c.Number == "" {
		v.Number = door.Opt(c.Endpoint)
	}
	zone := phone.Zone(c.Number)
	if zone == "" {
		zone = c.Zone
	}
	if zone == "" && c.Number.Region() == s.Region() && s.Region() != "" {
		zone = s.TimeZone
	}
	if loc, err := schedule.Zone(zone); zone != "" && err == nil {
		v.Zone, v.LocalTime = &zone, new(a.Now().In(loc).Format("2006-01-02T15:04"))
	}
	return v
}

// mostEarlier is how many earlier callbacks a card tells.
const mostEarlier = 5

// earlier tells of the callbacks of the same number at the same business.
func (a *API) earlier(ctx context.Context, c *callback.Callback, to login.Principal) ([]Earlier, error) {
	out := []Earlier{}
	found, err := a.Callbacks.Callbacks(ctx, c.Subscriber, callback.Filter{NumberHash: c.NumberHash, After: c.ID, Limit: mostEarlier})
	if err != nil || c.NumberHash == "" || len(found) == 0 {
		return out, err
	}
	ids := make([]id.Callback, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	remarks, err := a.Callbacks.Remarks(ctx, ids)
	if err != nil {
		return out, err
	}
	tapes, err := a.tapes(ctx, c.Subscriber, ids, to)
	if err != nil {
		return out, err
	}
	d := a.Conductor.Directory()
	for i := range found {
		e := &found[i]
		at := e.ArrivedAt
		if at.IsZero() {
			at = e.CreatedAt
		}
		one := Earlier{Callback: string(e.ID), At: door.Stamp(at), Outcome: door.Opt(e.Outcome), Topic: door.Opt(e.Topic), Recordings: tapes[e.ID]}
		if one.Recordings == nil {
			one.Recordings = []Tape{}
		}
		one.remarked(remarks[e.ID], d)
		out = append(out, one)
	}
	return out, nil
}

// mostTapes is how many recordings of those earlier callbacks a card offers.
const mostTapes = 20

// tapes are the recordings of callbacks that the reader may hear; one that still runs is not among them.
func (a *API) tapes(ctx context.Context, sub id.Subscriber, of []id.Callback, to login.Principal) (map[id.Callback][]Tape, error) {
	f := callback.RecordingFilter{Callbacks: of, Limit: mostTapes}
	if to.Agent != "" {
		f.Desk = deskFor(to)
	}
	found, err := a.Recordings.Recordings(ctx, sub, f)
	out := map[id.Callback][]Tape{}
	for i := range slices.Backward(found) {
		if r := &found[i]; !r.EndedAt.IsZero() {
			out[r.Callback] = append(out[r.Callback], Tape{string(r.ID), door.Seconds(r.Length), audioURL(a.URL, r.ID)})
		}
	}
	return out, err
}

// remarked tells the code, and the last that was written.
func (e *Earlier) remarked(r callback.Remarks, d *directory.Directory) {
	var by id.Agent
	if x := r.Disposition; x != nil {
		e.Disposition, e.Note, by = &x.Code, door.Opt(x.Note), x.By.Agent
	}
	if n := len(r.Notes); n > 0 {
		if e.Note == nil {
			e.Note = &r.Notes[n-1].Text
		}
		if by == "" {
			by = r.Notes[n-1].By.Agent
		}
	}
	e.Agent = named(d, by)
}

// clock is now as messages tell it.
func (a *API) clock() door.Stamp { return door.Stamp(a.Now().UTC().Truncate(time.Millisecond)) }
