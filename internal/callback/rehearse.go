package callback

import (
	"context"
	"errors"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/money"
	"ringback/internal/phone"
	"ringback/internal/schedule"
)

// Rehearsal asks what would come of a wish.
type Rehearsal struct {
	Button   string
	Number   string    // as typed; "" = that of anybody in the business's country
	Language string    // of the visitor
	At       time.Time // when it is asked for; zero = now
	By       *login.Principal
}

// Rehearsed is what would come of it: decided by what decides about real wishes, with nothing written and nobody rung.
type Rehearsed struct {
	At        time.Time // when it is asked for
	Served    time.Time // when somebody would be rung for it
	Ahead     bool      // Served lies ahead: taken is that all whose hours it is then are ready, and nobody waits
	Refused   *fault.Fault
	Callback  *Callback // as it would stand after the wish; nil when it is refused
	Due       schedule.Due
	Waiting   int    // how many would wait before it
	Why       string // who is rung first is chosen
	Rings     []Rung // in order, one after the other has let it pass
	Passed    []PassedOver
	Escalates *Rung         // what nobody has taken goes there
	After     time.Duration // of Escalates: from the arrival in line
	Visitor   []Spoken      // what she hears on the telephone
	CallerID  phone.Number  // that her telephone shows; "" = the trunk's own
	Tries     int           // how often her telephone is rung at most
	Cost      money.Amount  // the most that it may cost; none = no rates are set
	MaxTalk   time.Duration
}

// Rung is somebody who would be rung.
type Rung struct {
	Agent          id.Agent // "" = a telephone of nobody in particular
	Representation id.Representation
	Together       bool         // with the one before
	CallerID       phone.Number // that the visitor's telephone shows, when she has it
	Telephones     []RungTelephone
}

// RungTelephone is one telephone, what its display shows and what is heard on it.
type RungTelephone struct {
	To      cti.Endpoint
	Ring    time.Duration
	Confirm cti.Confirm
	Hears   []Spoken
}

// PassedOver is somebody who represents the business and would not be rung.
type PassedOver struct {
	Agent id.Agent
	Why   string // as of routing.Skip
}

// soon is how far ahead agents are taken to be as they are now.
const soon = time.Minute

// Rehearse says what would come of a wish, and changes nothing. The error is a *fault.Fault where there is no such button;
// that the wish would be refused is no error.
func (c *Conductor) Rehearse(ctx context.Context, r Rehearsal) (*Rehearsed, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, now := c.Directory(), c.Now().UTC()
	b, s := dir.Button(r.Button)
	if b == nil || s == nil || r.By != nil && r.By.Sees != "" && r.By.Sees != s.ID {
		return nil, fault.New(fault.NotFound, "There is no such button.")
	}
	p := &Rehearsed{At: r.At.UTC()}
	if r.At.IsZero() || r.At.Before(now) {
		p.At = now
	}
	w := &Request{Button: string(b.ID), Number: r.Number, Language: r.Language, Consent: true, Act: "form", rehearsed: true, Fields: map[string]string{}}
	for _, f := range b.Fields {
		w.Fields[f.Name] = "…"
	}
	cb, due, err := (*Callback)(nil), schedule.Due{}, w.check(b, s)
	if err == nil && c.Halted() {
		err = halted(w)
	}
	if err == nil {
		cb, due, err = c.wish(w, b, s, dir, p.At)
	}
	if err != nil {
		return p.refused(err)
	}
	p.Due, p.Served, p.Tries, p.MaxTalk = due, due.At.UTC(), cb.Tries, cb.MaxTalk
	p.Ahead = p.Served.Sub(now) > soon
	p.CallerID = callerID(cb, &Attempt{}, s, dir)
	d := c.rehearsed(w, p, cb, dir)
	if err := c.wouldStore(w, p, d, now); err != nil {
		return p.refused(err)
	}
	p.Callback = d.Callback
	return p, nil
}

func (p *Rehearsed) refused(err error) (*Rehearsed, error) {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return nil, err
	}
	p.Refused = f
	return p, nil
}

// rehearsed is the first step of the callback as it would be, on the line as it is or, ahead, as it is taken to be.
func (c *Conductor) rehearsed(w *Request, p *Rehearsed, cb *Callback, dir *directory.Directory) *draft {
	later := p.Served.After(p.At)
	l := c.line
	if p.Ahead {
		l = c.line.ahead(dir, c.Now().UTC(), p.Served)
	}
	l.mu.Lock()
	var ch *Choice
	served := cb.Clone()
	served.CreatedAt = p.Served
	now := l.serves(p.Served, dir, served)
	if !later {
		ch = now
	}
	p.Waiting = l.before(served)
	p.whoRings(l, dir, served, now, c)
	l.mu.Unlock()
	d := c.begin(cb, p.Due, later, ch)
	d.rehearsed = true
	if cost, known := mostOf(d); known {
		p.Cost = cost
	}
	if len(p.Rings) > 0 {
		p.CallerID = p.Rings[0].CallerID
	}
	p.Visitor = visitorWords(d.Callback, dir, c.Speaker, p.Served)
	return d
}

// ahead is the line as it may be at a time that lies ahead: nobody waits and nobody talks, all who answer are there.
// Who has a call now will be free soon, who is not there now has come last.
func (l *line) ahead(dir *directory.Directory, now, at time.Time) *line {
	h := newLine()
	l.mu.Lock()
	defer l.mu.Unlock()
	for a := range dir.Agents {
		st := l.agents[a]
		switch st.Presence {
		case agent.Ready:
		case agent.Reserved, agent.Talking, agent.WrapUp:
			st.IdleFrom = now
		default:
			st.IdleFrom = at
		}
		h.agents[a] = agent.Status{Presence: agent.Ready, Since: st.Since, IdleFrom: st.IdleFrom, Talked: st.Talked}
	}
	for r, n := range l.asked {
		h.asked[r] = n
	}
	h.asks = l.asks
	return h
}

// before counts who waits for the same business before a callback that is not in line yet.
func (l *line) before(cb *Callback) (n int) {
	in := cb.Clone()
	in.State, in.ArrivedAt = Queued, cb.CreatedAt
	for _, other := range l.live {
		if other.Subscriber == cb.Subscriber && other.State == Queued && before(other, in) {
			n++
		}
	}
	return n
}

// wouldStore lets the store make its checks. Whether the number is being called at a time that lies ahead, nobody knows.
func (c *Conductor) wouldStore(w *Request, p *Rehearsed, d *draft, now time.Time) error {
	s := d.dir.Subscribers[d.Subscriber]
	n := c.belongings(w, d.Callback.Clone(), s, p.At)
	n.Lines, n.Rehearsal = d.lines, true
	switch {
	case w.Number == "":
		n.Velocity = nil
		n.Callback.NumberHash = string(d.ID)
	case p.At.Sub(now) > soon:
		n.Callback.NumberHash = string(d.ID)
	}
	var err error
	if n.Spend, err = c.spending(account{}, d); err != nil {
		return err
	}
	if err = c.store.Create(c.ctx, n); errors.Is(err, ErrRehearsed) {
		return nil
	}
	return err
}
