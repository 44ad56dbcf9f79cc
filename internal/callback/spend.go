package callback

import (
	"context"
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/money"
)

// Spend is what a step changes in the accounts: what is held for a callback while it is under way, so that many at once
// cannot spend more than the day's budget; and what its legs have cost. Amounts are micro-units of Currency.
type Spend struct {
	Day      int    // of the business, 20261125
	Currency string // of Hold
	Write    bool   // Hold takes the place of what is held; 0 = nothing is held any more
	Hold     int64
	Limits   []SpendLimit // that held and spent together stay within, or fault.LimitSpend
	Again    time.Duration
	Legs     []Charge
}

// SpendLimit is the most that may be held and spent on a day.
type SpendLimit struct {
	Subscriber id.Subscriber // "" = all businesses together
	Micro      int64
}

// Charge is the record of a leg to the telephone network that is over.
type Charge struct {
	Leg      id.Leg
	Day      int
	Prefix   string // the first digits of the number called; "" = it was no visitor's
	At       time.Time
	Seconds  int64 // that it was answered
	Talked   bool  // the two were joined
	Micro    int64
	Currency string
}

// account is how a callback stood before a step.
type account struct {
	underWay bool
	to       cti.Endpoint
	over     map[id.Leg]bool // legs that have ended
}

func accountOf(c *Callback) account {
	a := account{underWay: underWay(c), to: c.Endpoint, over: map[id.Leg]bool{}}
	for i := range c.Attempts {
		for j := range c.Attempts[i].Legs {
			if l := &c.Attempts[i].Legs[j]; l.State == cti.Ended {
				a.over[l.ID] = true
			}
		}
	}
	return a
}

func underWay(c *Callback) bool { return c.State != Scheduled && c.State != Ended }

// spending is what d's step means for the accounts; nil = nothing.
func (c *Conductor) spending(was account, d *draft) (*Spend, error) {
	day, night := dayOf(d.dir, d.Subscriber, d.at)
	s := &Spend{Day: day, Again: night}
	now := underWay(d.Callback)
	if was.underWay && !now {
		s.Write = true
	}
	if now && (!was.underWay || was.to != d.Endpoint) && !d.OnLine() {
		if err := c.putAside(s, d); err != nil {
			return nil, err
		}
	}
	for i := range d.Attempts {
		for j := range d.Attempts[i].Legs {
			if l := &d.Attempts[i].Legs[j]; l.State == cti.Ended && !was.over[l.ID] && l.Endpoint.Kind() == cti.Tel && !l.SentAt.IsZero() && !d.arrived(l) {
				s.Legs = append(s.Legs, chargeOf(d, l))
			}
		}
	}
	if !s.Write && len(s.Legs) == 0 {
		return nil, nil
	}
	return s, nil
}

// wanted is what d's callback would have held.
func (c *Conductor) wanted(d *draft) *Spend {
	s := &Spend{}
	if c.putAside(s, d) != nil {
		return nil
	}
	return s
}

// putAside holds what a callback costs at most: its longest talk, at the visitor's rate and at that of the dearest telephone
// that may answer.
func (c *Conductor) putAside(s *Spend, d *draft) error {
	sub := d.dir.Subscribers[d.Subscriber]
	if sub == nil {
		return nil
	}
	caps := []struct {
		of  id.Subscriber
		cap money.Amount
	}{{d.Subscriber, sub.Limits.SpendPerDay}, {"", c.Policy.SpendPerDay}}
	cost, known := mostOf(d)
	for _, l := range caps {
		switch {
		case l.cap.IsNone() || cost.IsNone() && known:
		case !known || cost.Currency != l.cap.Currency:
			c.tellBroke(d, s.Day, "no price in the currency of the budget is known for the number")
			return fault.At("number", fault.LimitSpend, "We cannot call this number today: what it costs is not known. Give another number, or write to us instead.").After(s.Again)
		default:
			s.Limits = append(s.Limits, SpendLimit{l.of, l.cap.Micro})
		}
	}
	s.Write, s.Hold, s.Currency = !cost.IsNone(), cost.Micro, cost.Currency
	return nil
}

// mostOf is what a callback costs at most; none where no trunk has rates.
func mostOf(d *draft) (most money.Amount, known bool) {
	visitor, known := dearest(d.dir, d.MaxTalk, d.Endpoint)
	answers, ok := dearest(d.dir, d.MaxTalk, answering(d)...)
	most, err := visitor.Add(answers)
	return most, known && ok && err == nil
}

// answering are the telephones that may answer a callback.
func answering(d *draft) (all []cti.Endpoint) {
	if d.Destination != "" {
		return []cti.Endpoint{d.Destination}
	}
	for _, r := range d.dir.Representatives(d.Subscriber) {
		if a := d.dir.Agents[r.Agent]; a != nil {
			for _, dev := range a.Devices {
				all = append(all, dev.To)
			}
		}
	}
	if s := d.dir.Subscribers[d.Subscriber]; s != nil && s.Destination != "" {
		all = append(all, s.Destination)
	}
	return all
}

// dearest is what a call of that length to the dearest of some telephones costs, over the dearest trunk that may carry it.
func dearest(dir *directory.Directory, talk time.Duration, all ...cti.Endpoint) (most money.Amount, known bool) {
	known = true
	for _, e := range all {
		if e.Kind() != cti.Tel {
			continue
		}
		tables, priced := 0, false
		for _, t := range dir.Trunks {
			if len(t.Rates) == 0 || !t.Carries(e.Number()) {
				continue
			}
			tables++
			r, ok := t.RateOf(e.Number())
			if !ok {
				continue
			}
			priced = true
			if cost := (money.Amount{Micro: r.Cost(talk), Currency: r.PerMinute.Currency}); cost.Micro > most.Micro || most.IsNone() {
				most = cost
			}
		}
		known = known && (tables == 0 || priced)
	}
	return most, known
}

// prefixDigits of a number, besides its "+", stand for all numbers that begin so: a block that somebody may earn with.
const prefixDigits = 7

// PrefixOf is the block of numbers that a number lies in.
func PrefixOf(number string) string { return number[:min(len(number), prefixDigits+1)] }

// chargeOf is the record of a leg that is over, at the rate of the trunk that carried it.
func chargeOf(d *draft, l *Leg) Charge {
	ch := Charge{Leg: l.ID, At: l.EndedAt, Talked: !l.BridgedAt.IsZero()}
	if ch.At.IsZero() {
		ch.At = d.at
	}
	ch.Day, _ = dayOf(d.dir, d.Subscriber, l.CreatedAt)
	if l.Party == cti.Visitor {
		ch.Prefix = PrefixOf(l.Endpoint.Number())
	}
	if l.AnsweredAt.IsZero() {
		return ch
	}
	up := max(0, ch.At.Sub(l.AnsweredAt))
	ch.Seconds = int64((up + time.Second - 1) / time.Second)
	if t := d.dir.Trunks[l.Trunk]; t != nil {
		if r, ok := t.RateOf(l.Endpoint.Number()); ok {
			ch.Micro, ch.Currency = r.Cost(up), r.PerMinute.Currency
		}
	}
	return ch
}

// dayOf is the day of a business at an instant, and how long it still is.
func dayOf(dir *directory.Directory, sub id.Subscriber, at time.Time) (day int, left time.Duration) {
	loc := time.UTC
	if s := dir.Subscribers[sub]; s != nil {
		loc = s.Location()
	}
	y, m, d := at.In(loc).Date()
	return y*10_000 + int(m)*100 + d, time.Date(y, m, d+1, 0, 0, 0, 0, loc).Sub(at)
}

// refuseForSpend ends a callback whose time has come on a day without budget. People who asked for it are told and nothing
// ends; false = the step failed like any other.
func (c *Conductor) refuseForSpend(cb id.Callback, jobs []job, err error) bool {
	for _, j := range jobs {
		if j.done != nil {
			return false
		}
	}
	var d *draft
	var wanted *Spend
	after, failed := c.store.Step(c.ctx, cb, func(cur *Callback) (Change, error) {
		d = c.draft(cur)
		was := accountOf(cur)
		for _, j := range jobs { // what has happened to its telephones is kept
			if j.keep {
				_ = j.do(d)
			}
		}
		wanted = c.wanted(d)
		if !d.apply(Input{Event: Forbidden, Actor: ByRingback, Reason: ReasonSpend, Result: ResultCancelled, Detail: "the budget of the day is used up"}) {
			return Change{}, err
		}
		s, err := c.spending(was, d)
		return d.change(s), err
	})
	if failed != nil {
		return false
	}
	c.tellBroke(d, 0, "the budget of the day is used up")
	c.noRoom(after.Subscriber, wanted)
	c.settled(after, d)
	return true
}

// tellBroke tells the operator, once a day for each business, that its calls are refused.
func (c *Conductor) tellBroke(d *draft, day int, why string) {
	if d.rehearsed {
		return
	}
	if day == 0 {
		day, _ = dayOf(d.dir, d.Subscriber, d.at)
	}
	if before, _ := c.broke.Swap(d.Subscriber, day); before != day {
		c.Log.Warn("calls are refused: "+why, "subscriber", d.Subscriber, "day", day)
	}
}

// Spent is what a business has spent on a day, and what is held for calls that are under way.
type Spent struct{ Spent, Held int64 }

// Accounts are asked how much was spent.
type Accounts interface {
	Spent(ctx context.Context, sub id.Subscriber, day int, currency string) (Spent, error)
}
