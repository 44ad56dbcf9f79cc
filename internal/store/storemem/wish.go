package storemem

import (
	"errors"
	"slices"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/room"
	"ringback/internal/store/micro"
)

// meet finds or makes the contact and the thread of a new callback.
func (s *Store) meet(n callback.New, c *callback.Callback) {
	contact := s.contact(n.Contact, c)
	contact.LastAt = c.CreatedAt
	s.contacts[contact.ID] = contact
	c.Contact = contact.ID

	thread := s.thread(n.Interaction, c)
	s.interactions[thread.ID] = thread
	c.Interaction = thread.ID
	s.touch(thread.ID, c.CreatedAt)
}

func (s *Store) contact(wanted room.Contact, c *callback.Callback) room.Contact {
	for _, known := range s.contacts {
		if wanted.Number != "" && known.Subscriber == c.Subscriber && known.Number == wanted.Number {
			if wanted.Name != "" {
				known.Name = wanted.Name
			}
			return known
		}
	}
	if wanted.ID == "" {
		wanted.ID = s.mint.Contact()
	}
	wanted.Subscriber, wanted.CreatedAt, wanted.Name = c.Subscriber, c.CreatedAt, micro.Text(wanted.Name)
	return wanted
}

func (s *Store) thread(wanted room.Interaction, c *callback.Callback) room.Interaction {
	var newest *room.Interaction
	for _, known := range s.interactions {
		if known.Subscriber == c.Subscriber && known.Contact == c.Contact && (newest == nil || known.LastAt.After(newest.LastAt)) {
			newest = &known
		}
	}
	if newest != nil && c.CreatedAt.Sub(newest.LastAt) < room.Reuse {
		return *newest
	}
	if wanted.ID == "" {
		wanted.ID = s.mint.Interaction()
	}
	wanted.Subscriber, wanted.Contact, wanted.OpenedAt, wanted.LastAt = c.Subscriber, c.Contact, c.CreatedAt, c.CreatedAt
	return wanted
}

// touch moves the end of a thread on, never back.
func (s *Store) touch(thread id.Interaction, at time.Time) {
	if i, ok := s.interactions[thread]; ok && at.After(i.LastAt) {
		i.LastAt = at
		s.interactions[thread] = i
	}
}

// within checks limits that slide with now.
func (s *Store) within(limits []callback.Velocity, now time.Time) error {
	for _, v := range limits {
		var in []time.Time // newest first
		for _, at := range slices.Backward(s.velocity[v.Key]) {
			if at.After(now.Add(-v.Per)) {
				in = append(in, at)
			}
		}
		if v.N <= 0 {
			return fault.New(v.Code, "%s", v.Say).After(v.Per)
		}
		if len(in) >= v.N {
			return fault.New(v.Code, "%s", v.Say).After(in[v.N-1].Add(v.Per).Sub(now))
		}
	}
	return nil
}

// final takes the RetryAfter from the fault of what is used up: no waiting helps.
func final(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.After(0)
	}
	return err
}

// count notes an event once under each key.
func (s *Store) count(limits []callback.Velocity, now time.Time) {
	for i, v := range limits {
		if !slices.ContainsFunc(limits[:i], func(w callback.Velocity) bool { return w.Key == v.Key }) {
			s.velocity[v.Key] = append(s.velocity[v.Key], now)
		}
	}
}

// book says whether the slot has a place for c.
func (s *Store) book(b *callback.Booking, c *callback.Callback) error {
	if b == nil {
		return nil
	}
	n := 0
	for _, other := range s.callbacks {
		if other.ID != c.ID && other.Subscriber == c.Subscriber && other.State == callback.Scheduled && !other.DueAt.Before(b.From) && other.DueAt.Before(b.To) {
			n++
		}
	}
	if n >= b.Capacity {
		return callback.ErrSlotTaken
	}
	return nil
}
