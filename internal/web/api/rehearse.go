package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/money"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
	"ringback/internal/words"
)

// RehearsalWish asks what would come of a wish.
type RehearsalWish struct {
	Number   string `json:"number,omitempty"` // "" = anybody's
	At       string `json:"at,omitempty"`     // now, "Sun 22:00", "tomorrow 9:00", 2026-12-01T09:00, by the business's clock
	Language string `json:"language,omitempty"`
}

// Rehearsal is what would come of a wish: nothing of it was done.
type Rehearsal struct {
	Button     string           `json:"button"`
	Subscriber string           `json:"subscriber"`
	At         door.Stamp       `json:"at"`
	Wall       string           `json:"wall"` // of At, by the business's clock
	Assumes    string           `json:"assumes"`
	Refused    *RehearsedNo     `json:"refused"`
	State      *string          `json:"state"`
	Reason     *string          `json:"reason"`
	Message    *string          `json:"message"` // that the visitor reads first
	DueAt      door.Stamp       `json:"due_at"`  // when somebody is rung for it
	DueWall    *string          `json:"due_wall"`
	Place      *int             `json:"place"` // in line
	Order      string           `json:"order"`
	Why        *string          `json:"why"` // the first of Rings is chosen
	Rings      []RehearsedRing  `json:"rings"`
	Passed     []RehearsedPass  `json:"passed"`
	Escalates  *RehearsedRing   `json:"escalates"`
	AfterS     *door.Seconds    `json:"escalates_after_s"`
	Hears      []RehearsedWords `json:"visitor_hears"`
	CallerID   *string          `json:"caller_id"`
	Tries      int              `json:"tries"`
	MaxTalkS   door.Seconds     `json:"max_talk_s"`
	MaxCost    *money.Amount    `json:"max_cost"` // null = no rates are set
}

// RehearsedNo is why a wish would be refused, and when it would not.
type RehearsedNo struct {
	Code         fault.Code   `json:"code"`
	Detail       string       `json:"detail"`
	Alternatives []door.Stamp `json:"alternatives"`
}

// RehearsedRing is who would be rung.
type RehearsedRing struct {
	Agent       *string              `json:"agent"` // slug; null = nobody in particular
	DisplayName *string              `json:"display_name"`
	Greeting    *string              `json:"greeting"` // that she reads aloud
	Together    bool                 `json:"together"` // with the one before
	CallerID    *string              `json:"caller_id"`
	Telephones  []RehearsedTelephone `json:"telephones"`
}

// RehearsedTelephone is one telephone that would ring.
type RehearsedTelephone struct {
	To      string           `json:"to"`
	RingS   door.Seconds     `json:"ring_s"`
	Confirm cti.Confirm      `json:"confirm"`
	Hears   []RehearsedWords `json:"hears"`
}

// RehearsedWords are said on a telephone.
type RehearsedWords struct {
	When string `json:"when"` // answers, takes_it, joined, machine
	Text string `json:"text"`
}

// RehearsedPass is somebody who would not be rung.
type RehearsedPass struct {
	Agent string `json:"agent"`
	Why   string `json:"why"`
}

// Ways in which agents are taken to be.
const (
	assumesNow   = "as_now"
	assumesReady = "all_ready"
)

func (a *API) rehearse(w http.ResponseWriter, r *http.Request) error {
	var in RehearsalWish
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	by := door.Principal(r.Context())
	b, err := a.wished(&KeyedWish{Button: r.PathValue("id")}, by)
	if err != nil {
		return err
	}
	out, err := Rehearse(r.Context(), a.Conductor, a.Now(), b, in, by)
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, out)
}

// Rehearser says what would come of a wish.
type Rehearser interface {
	Rehearse(ctx context.Context, r callback.Rehearsal) (*callback.Rehearsed, error)
	Directory() *directory.Directory
}

// Rehearse asks what would come of a wish, and writes it down for programs.
func Rehearse(ctx context.Context, c Rehearser, now time.Time, b *subscriber.Button, in RehearsalWish, by login.Principal) (*Rehearsal, error) {
	d := c.Directory()
	at, err := schedule.Instant(in.At, now, d.Subscribers[b.Subscriber].Location())
	if err != nil {
		return nil, err
	}
	p, err := c.Rehearse(ctx, callback.Rehearsal{Button: string(b.ID), Number: in.Number, Language: in.Language, At: at, By: &by})
	if err != nil {
		return nil, err
	}
	return renderRehearsal(p, b, d, by.Role == login.Operator), nil
}

// renderRehearsal writes a rehearsal for programs. Telephones of agents are written out for the operator only.
func renderRehearsal(p *callback.Rehearsed, b *subscriber.Button, d *directory.Directory, whole bool) *Rehearsal {
	sub := d.Subscribers[b.Subscriber]
	v := &Rehearsal{Button: b.Slug, Subscriber: sub.Slug, At: door.Stamp(p.At), Wall: wallAt(p.At, sub.Location()), Assumes: assumesNow, Order: string(b.Order),
		Rings: []RehearsedRing{}, Passed: []RehearsedPass{}, Hears: []RehearsedWords{}}
	if p.Ahead {
		v.Assumes = assumesReady
	}
	if f := p.Refused; f != nil {
		v.Refused = &RehearsedNo{f.Code, f.Detail, []door.Stamp{}}
		for _, t := range f.Alternatives {
			v.Refused.Alternatives = append(v.Refused.Alternatives, door.Stamp(t))
		}
		return v
	}
	c := p.Callback
	v.State, v.Reason = door.Opt(c.State), door.Opt(c.Reason)
	v.Message = door.Opt(status.Of(c, rehearsedLine{d, p.Waiting + 1}, p.At, words.English()).Message)
	v.DueAt, v.DueWall = door.Stamp(p.Served), door.Opt(wallAt(p.Served, sub.Location()))
	if c.State == callback.Queued {
		n := p.Waiting + 1
		v.Place = &n
	}
	v.Why, v.CallerID, v.Tries, v.MaxTalkS = door.Opt(p.Why), door.Opt(p.CallerID.E164()), p.Tries, door.Seconds(p.MaxTalk)
	for i := range p.Rings {
		v.Rings = append(v.Rings, ringView(&p.Rings[i], d, whole))
	}
	for _, k := range p.Passed {
		v.Passed = append(v.Passed, RehearsedPass{slugOfAgent(d, k.Agent), k.Why})
	}
	if p.Escalates != nil {
		e, after := ringView(p.Escalates, d, whole), door.Seconds(p.After)
		v.Escalates, v.AfterS = &e, &after
	}
	v.Hears = append(v.Hears, wordsView(p.Visitor)...)
	if !p.Cost.IsNone() {
		v.MaxCost = &p.Cost
	}
	return v
}

func ringView(r *callback.Rung, d *directory.Directory, whole bool) RehearsedRing {
	v := RehearsedRing{Together: r.Together, CallerID: door.Opt(r.CallerID.E164()), Telephones: []RehearsedTelephone{}}
	if r.Agent != "" {
		v.Agent = door.Opt(slugOfAgent(d, r.Agent))
	}
	if rep := d.Representations[r.Representation]; rep != nil {
		v.DisplayName, v.Greeting = door.Opt(rep.DisplayName), door.Opt(rep.Greeting)
	}
	for _, t := range r.Telephones {
		v.Telephones = append(v.Telephones, RehearsedTelephone{shownTo(t.To, whole || r.Agent == ""), door.Seconds(t.Ring), t.Confirm, wordsView(t.Hears)})
	}
	return v
}

// shownTo is a telephone as it is shown: an agent's own is the operator's to know.
func shownTo(e cti.Endpoint, whole bool) string {
	switch {
	case e.Kind() == cti.Web:
		return string(agent.Desk)
	case whole:
		return string(e)
	}
	return string(e.Kind())
}

func wordsView(all []callback.Spoken) []RehearsedWords {
	out := []RehearsedWords{}
	for _, s := range all {
		out = append(out, RehearsedWords{s.When, s.Text})
	}
	return out
}

func slugOfAgent(d *directory.Directory, a id.Agent) string {
	if ag := d.Agents[a]; ag != nil {
		return ag.Slug
	}
	return string(a)
}

func wallAt(t time.Time, loc *time.Location) string {
	return strings.Replace(t.In(loc).Format("Mon 2006-01-02T15:04 MST"), "T", " ", 1)
}

// rehearsedLine is the line as the rehearsal takes it to be.
type rehearsedLine struct {
	dir   *directory.Directory
	place int
}

func (l rehearsedLine) Directory() *directory.Directory { return l.dir }
func (l rehearsedLine) Place(id.Callback) (int, bool)   { return l.place, true }

// Wait is not known of a line that is only thought of.
func (l rehearsedLine) Wait(id.Callback) (within time.Duration, known bool) { return 0, false }
