package storemem

import (
	"context"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// charge is the record of a leg, hold what is put aside for a callback.
type charge struct {
	callback.Charge
	cb  id.Callback
	sub id.Subscriber
}

type hold struct {
	sub      id.Subscriber
	day      int
	micro    int64
	currency string
}

// budget holds what a callback may cost to the day's limits.
func (s *Store) budget(p *callback.Spend, c *callback.Callback) error {
	if p == nil || p.Hold == 0 {
		return nil
	}
	for _, l := range p.Limits {
		if a := s.spent(l.Subscriber, p.Day, p.Currency, c.ID); a.Spent+a.Held > l.Micro-p.Hold {
			return fault.New(fault.LimitSpend, "We can make no more calls today. Please try again tomorrow, or telephone us.").After(p.Again)
		}
	}
	return nil
}

func (s *Store) spend(p *callback.Spend, c *callback.Callback) {
	if p == nil {
		return
	}
	for _, l := range p.Legs {
		if _, there := s.charges[l.Leg]; !there {
			s.charges[l.Leg] = charge{l, c.ID, c.Subscriber}
		}
	}
	if p.Write {
		delete(s.holds, c.ID)
		if p.Hold != 0 {
			s.holds[c.ID] = hold{c.Subscriber, p.Day, p.Hold, p.Currency}
		}
	}
}

func (s *Store) spent(sub id.Subscriber, day int, currency string, but id.Callback) (a callback.Spent) {
	for _, c := range s.charges {
		if c.Day == day && c.Currency == currency && (sub == "" || c.sub == sub) {
			a.Spent += c.Micro
		}
	}
	for cb, h := range s.holds {
		if cb != but && h.day == day && h.currency == currency && (sub == "" || h.sub == sub) {
			a.Held += h.micro
		}
	}
	return a
}

// Spent: see callback.Accounts.
func (s *Store) Spent(_ context.Context, sub id.Subscriber, day int, currency string) (callback.Spent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spent(sub, day, currency, ""), nil
}
