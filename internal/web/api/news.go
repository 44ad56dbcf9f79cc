package api

import (
	"context"
	"strings"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// Offer says that a call is meant for the agent: her browser rings.
type Offer struct {
	Type  string       `json:"type"`
	Card  *Card        `json:"card"`
	Leg   string       `json:"leg"`
	RingS door.Seconds `json:"ring_s"`
	Until door.Stamp   `json:"until"`
}

// OfferOver says that it does not ring any more, and why: accepted, declined, timeout, cancelled, taken.
type OfferOver struct {
	Type     string `json:"type"`
	Callback string `json:"callback"`
	Leg      string `json:"leg"`
	Why      string `json:"why"`
}

// Call is a call in somebody's hands.
type Call struct {
	Type      string         `json:"type"`
	Card      *Card          `json:"card"`
	State     callback.State `json:"state"`
	Legs      []CallLeg      `json:"legs"`
	Recording *string        `json:"recording"` // on, paused, stopped; null = it is not recorded
	Quality   *Quality       `json:"quality"`
	At        door.Stamp     `json:"at"`
	Since     door.Stamp     `json:"since"` // they hear each other; null before
}

// CallLeg is one party's connection.
type CallLeg struct {
	ID    string  `json:"id"`
	Party string  `json:"party"`
	Kind  string  `json:"kind"`
	State string  `json:"state"`
	Held  bool    `json:"held"`
	Quiet bool    `json:"quiet"` // nothing has been heard of it for a while
	Role  *string `json:"role"`  // consulted, third, dismissed; of a supervisor listen, whisper, barge
	Agent *string `json:"agent"` // whose telephone it is
}

// CallOver says that a call has left the agent's hands.
type CallOver struct {
	Type        string     `json:"type"`
	Callback    string     `json:"callback"`
	Outcome     *string    `json:"outcome"` // null = it goes on without her
	Reason      *Reason    `json:"reason"`
	WrapUpUntil door.Stamp `json:"wrap_up_until"`
}

// news turns steps into what one screen is told. It remembers what it has told.
type news struct {
	a       *API
	calls   map[id.Callback]*shown
	offered map[id.Leg]id.Callback
}

// shown is a call that the screen shows.
type shown struct {
	card    *Card
	attempt int
	agent   *string
	quiet   map[id.Leg]bool
	tape    string
}

func newNews(a *API) *news {
	return &news{a: a, calls: map[id.Callback]*shown{}, offered: map[id.Leg]id.Callback{}}
}

// tell returns the messages of a step, or of how a callback is where there are no lines. What the principal may not
// see is nothing; what she was shown and may not see any more is over.
func (n *news) tell(ctx context.Context, p login.Principal, c *callback.Callback, lines []callback.Line) ([]any, error) {
	d := n.a.Conductor.Directory()
	var out []any
	may := p.Serves(c.Subscriber) || p.Agent == "" && sees(p, c.Subscriber)
	out = append(out, n.offersOver(p, c, may)...)
	if may {
		offers, err := n.offers(ctx, d, p, c)
		if err != nil {
			return out, err
		}
		out = append(out, offers...)
	}
	if !may || !inHandsOf(d, p, c) {
		return append(out, n.over(p, c)...), nil
	}
	s, err := n.show(ctx, p, c)
	if err != nil {
		return out, err
	}
	s.note(lines)
	return append(out, n.call(d, s, c)), nil
}

// inHandsOf says whether the callback is a call of the agent's: she talks, or her telephone rings that is no browser. A
// key sees every call of its business that is under way.
func inHandsOf(d *directory.Directory, p login.Principal, c *callback.Callback) bool {
	at := c.Current()
	if at == nil || c.State == callback.Ended {
		return false
	}
	if p.Agent == "" {
		return true
	}
	for i := range at.Legs {
		l := &at.Legs[i]
		if l.Party == cti.Visitor || l.State == cti.Ended || !isHers(d, p.Agent, at, l) {
			continue
		}
		if l.State.Up() || l.Endpoint.Kind() != cti.Web {
			return true
		}
	}
	return false
}

// isHers says whether a leg leads to the agent.
func isHers(d *directory.Directory, a id.Agent, at *callback.Attempt, l *callback.Leg) bool {
	switch {
	case l.Agent != "":
		return l.Agent == a
	case l.Endpoint.Kind() == cti.Web:
		return string(l.Endpoint) == string(cti.Web)+":"+string(a)
	}
	ag := d.Agents[a]
	return at.Agent == a && l.Party == cti.Agent || ag != nil && ag.Has(l.Endpoint)
}

// offers tells of browser legs that have begun to ring.
func (n *news) offers(ctx context.Context, d *directory.Directory, p login.Principal, c *callback.Callback) ([]any, error) {
	at := c.Current()
	if at == nil {
		return nil, nil
	}
	var out []any
	for i := range at.Legs {
		l := &at.Legs[i]
		if _, known := n.offered[l.ID]; known || l.Party == cti.Visitor || l.Endpoint.Kind() != cti.Web || !rings(l) ||
			p.Agent != "" && !isHers(d, p.Agent, at, l) {
			continue
		}
		card, err := n.a.card(ctx, c, p)
		if err != nil {
			return out, err
		}
		n.offered[l.ID] = c.ID
		ring := callback.OfferFor(d, c, l)
		out = append(out, Offer{"offer", card, string(l.ID), door.Seconds(ring), door.Stamp(l.CreatedAt.Add(ring))})
	}
	return out, nil
}

func rings(l *callback.Leg) bool {
	return l.State == cti.Inviting || l.State == cti.Ringing || l.State == cti.Early || l.State == cti.Created && !l.SentAt.IsZero()
}

// offersOver tells of offers of the callback that ring no more.
func (n *news) offersOver(p login.Principal, c *callback.Callback, may bool) []any {
	var out []any
	for leg, cb := range n.offered {
		if cb != c.ID {
			continue
		}
		_, l := c.Leg(leg)
		if l != nil && rings(l) && may {
			continue
		}
		delete(n.offered, leg)
		out = append(out, OfferOver{"offer_over", string(c.ID), string(leg), whyOver(c, l)})
	}
	return out
}

func whyOver(c *callback.Callback, l *callback.Leg) string {
	switch {
	case l == nil:
		return "cancelled"
	case l.State.Up():
		return "accepted"
	case l.Cause == cti.CallRejected:
		return "declined"
	case l.Cause == cti.NoAnswer:
		return "timeout"
	case c.Live() && answeredElsewhere(c, l):
		return "taken"
	}
	return "cancelled"
}

// answeredElsewhere says whether another telephone of the same attempt has the call.
func answeredElsewhere(c *callback.Callback, l *callback.Leg) bool {
	at, _ := c.Leg(l.ID)
	for i := range at.Legs {
		if o := &at.Legs[i]; o.ID != l.ID && o.Party != cti.Visitor && o.State.Up() {
			return true
		}
	}
	return false
}

// over tells that a call that was shown is not hers any more.
func (n *news) over(p login.Principal, c *callback.Callback) []any {
	if n.calls[c.ID] == nil {
		return nil
	}
	delete(n.calls, c.ID)
	o := CallOver{Type: "call_over", Callback: string(c.ID)}
	if c.State == callback.Ended {
		o.Outcome = door.Opt(c.Outcome)
		if c.Reason != "" {
			w := c.Reason.Words()
			o.Reason = &Reason{string(c.Reason), w.Staff, w.Visitor}
		}
	}
	if p.Agent != "" {
		o.WrapUpUntil = door.Stamp(n.a.Conductor.Agents()[p.Agent].Until)
	}
	return []any{o}
}

// show remembers a call; its card is made anew when somebody else takes part.
func (n *news) show(ctx context.Context, p login.Principal, c *callback.Callback) (*shown, error) {
	at := c.Attempts[len(c.Attempts)-1]
	who := door.Opt(at.Agent)
	s := n.calls[c.ID]
	if s == nil {
		s = &shown{quiet: map[id.Leg]bool{}}
		journal, err := n.a.Callbacks.Journal(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		s.note(journal)
	}
	if s.card == nil || s.attempt != at.N || door.Text(s.agent) != door.Text(who) {
		card, err := n.a.card(ctx, c, p)
		if err != nil {
			return nil, err
		}
		s.card, s.attempt, s.agent = card, at.N, who
	}
	n.calls[c.ID] = s
	return s, nil
}

// note reads what only the journal tells.
func (s *shown) note(lines []callback.Line) {
	for _, l := range lines {
		switch l.Event {
		case string(cti.LegQuiet), string(cti.LegHeard):
			if _, leg, ok := strings.Cut(l.Detail, " "); ok { // "visitor leg_…"
				leg, _, _ = strings.Cut(leg, ":")
				s.quiet[id.Leg(leg)] = l.Event == string(cti.LegQuiet)
			}
		case "recording_" + string(cti.RecordPause):
			s.tape = "paused"
		case "recording_" + string(cti.RecordResume):
			s.tape = "on"
		case "recording_" + string(cti.RecordStop):
			s.tape = "stopped"
		}
	}
}

func (n *news) call(d *directory.Directory, s *shown, c *callback.Callback) Call {
	out := Call{Type: "call", Card: s.card, State: c.State, Legs: []CallLeg{}, At: n.a.clock(), Since: door.Stamp(c.JoinedAt)}
	at := c.Current()
	for i := range at.Legs {
		l := &at.Legs[i]
		if l.State == cti.Ended {
			continue
		}
		out.Legs = append(out.Legs, CallLeg{ID: string(l.ID), Party: string(l.Party), Kind: string(l.Endpoint.Kind()), State: string(l.State),
			Held: l.State == cti.Held, Quiet: s.quiet[l.ID], Role: door.Opt(l.Role), Agent: door.Opt(l.Agent)})
		if q := quality(l.Quality); q != nil && l.Party == cti.Visitor {
			out.Quality = q
		}
	}
	if sub := d.Subscribers[c.Subscriber]; sub != nil && sub.Records(d.Buttons[c.Button]) && c.State == callback.Connected {
		out.Recording = new("on")
		if s.tape != "" {
			out.Recording = &s.tape
		}
	}
	return out
}
