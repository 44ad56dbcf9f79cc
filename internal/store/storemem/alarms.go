package storemem

import (
	"context"
	"slices"
	"time"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/store/micro"
)

var _ callback.Watchers = (*Store)(nil)

// Raise: see callback.Watchers.
func (s *Store) Raise(ctx context.Context, a callback.Alarm, letters []letter.Letter) (fresh bool, err error) {
	err = s.do(ctx, "raise", func() error {
		if fresh = !slices.ContainsFunc(s.alarms, func(o callback.Alarm) bool { return o.Key == a.Key }); !fresh {
			return nil
		}
		a.At = micro.Round(a.At)
		s.alarms = append(s.alarms, a)
		s.post(letters)
		return nil
	})
	return fresh, err
}

// Alarms: see callback.Watchers.
func (s *Store) Alarms(_ context.Context, before id.Alarm, limit int) (out []callback.Alarm, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range slices.Backward(s.alarms) {
		if (before == "" || a.ID < before) && len(out) < limit {
			out = append(out, a)
		}
	}
	return out, nil
}

// Tried: see callback.Watchers.
func (s *Store) Tried(_ context.Context, prefix string, since time.Time, talk time.Duration) (out callback.Tried, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	numbers := map[string]bool{}
	for _, c := range s.charges {
		k := s.callbacks[c.cb]
		if c.Prefix != prefix || prefix == "" || !c.At.After(since) || k == nil || k.Actor != callback.ByVisitor {
			continue
		}
		out.Calls++
		numbers[k.NumberHash] = true
		if c.Talked && time.Duration(c.Seconds)*time.Second >= talk {
			out.Talks++
		}
	}
	out.Numbers = len(numbers)
	return out, nil
}

// Unproved: see callback.Watchers.
func (s *Store) Unproved(_ context.Context, visitor string, since time.Time) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.refusals {
		if r.Visitor == visitor && visitor != "" && r.At.After(since) && callback.IsProof(r.Code) {
			n++
		}
	}
	return n, nil
}
