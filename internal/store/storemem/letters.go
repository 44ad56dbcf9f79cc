package storemem

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/store/micro"
)

var _ letter.Outbox = (*Store)(nil)

// PutLetters: see letter.Outbox.
func (s *Store) PutLetters(ctx context.Context, all ...letter.Letter) error {
	return s.do(ctx, "put letters", func() error {
		s.post(all)
		return nil
	})
}

func (s *Store) post(all []letter.Letter) {
	for _, l := range all {
		l = micro.Letter(l)
		if !slices.ContainsFunc(s.letters, func(o letter.Letter) bool { return o.Key == l.Key }) {
			s.letters = append(s.letters, l)
		}
	}
}

// TakeLetters: see letter.Outbox.
func (s *Store) TakeLetters(ctx context.Context, now, until time.Time, limit int) (out []letter.Letter, err error) {
	err = s.do(ctx, "take letters", func() error {
		for _, i := range s.dueLetters(now, limit) {
			l := &s.letters[i]
			if l.DueAt, l.Tries = micro.Round(until), l.Tries+1; l.BegunAt.IsZero() {
				l.BegunAt = micro.Round(now)
			}
			out = append(out, *l)
		}
		return nil
	})
	return out, err
}

func (s *Store) dueLetters(now time.Time, limit int) (due []int) {
	for i := range s.letters {
		if l := &s.letters[i]; !l.Done() && !l.DueAt.After(now) {
			due = append(due, i)
		}
	}
	slices.SortFunc(due, func(a, b int) int {
		x, y := &s.letters[a], &s.letters[b]
		return cmp.Or(x.DueAt.Compare(y.DueAt), cmp.Compare(x.ID, y.ID))
	})
	return due[:min(limit, len(due))]
}

// SettleLetter: see letter.Outbox.
func (s *Store) SettleLetter(ctx context.Context, l letter.Letter) error {
	return s.do(ctx, "settle letter", func() error {
		for i := range s.letters {
			if kept := &s.letters[i]; kept.ID == l.ID {
				kept.DueAt, kept.SentAt, kept.GivenUpAt, kept.Trouble = micro.Round(l.DueAt), micro.Round(l.SentAt), micro.Round(l.GivenUpAt), micro.Text(l.Trouble)
				if kept.Done() {
					*kept = bare(*kept)
				}
			}
		}
		return nil
	})
}

// bare is a letter without what it says and to whom.
func bare(l letter.Letter) letter.Letter {
	l.To, l.Subject, l.Text, l.Files = "", "", "", nil
	return l
}

// LettersOf: see letter.Outbox.
func (s *Store) LettersOf(ctx context.Context, cb id.Callback) (out []letter.Letter, err error) {
	err = s.do(ctx, "letters of", func() error {
		for _, l := range s.letters {
			if l.Callback == cb {
				out = append(out, bare(l))
			}
		}
		slices.SortFunc(out, func(a, b letter.Letter) int { return cmp.Compare(a.ID, b.ID) })
		return nil
	})
	return out, err
}

// LettersGivenUp: see letter.Outbox.
func (s *Store) LettersGivenUp(ctx context.Context, since time.Time, limit int) (out []letter.Letter, err error) {
	err = s.do(ctx, "letters given up", func() error {
		for _, l := range s.letters {
			if !l.GivenUpAt.IsZero() && !l.GivenUpAt.Before(since) {
				out = append(out, bare(l))
			}
		}
		slices.SortFunc(out, func(a, b letter.Letter) int { return cmp.Or(b.GivenUpAt.Compare(a.GivenUpAt), cmp.Compare(b.ID, a.ID)) })
		out = out[:min(limit, len(out))]
		return nil
	})
	return out, err
}

// LettersSent: see letter.Outbox.
func (s *Store) LettersSent(ctx context.Context, sub id.Subscriber, k letter.Kind, since time.Time) (n int, err error) {
	err = s.do(ctx, "letters sent", func() error {
		for _, l := range s.letters {
			if l.Subscriber == sub && l.Kind == k && !l.BegunAt.IsZero() && !l.BegunAt.Before(since) && l.GivenUpAt.IsZero() {
				n++
			}
		}
		return nil
	})
	return n, err
}

// Companion finds a link by the hash of its token; nil = there is none.
func (s *Store) Companion(ctx context.Context, tokenHash string) (found *callback.Companion, err error) {
	err = s.do(ctx, "companion", func() error {
		if c, ok := s.companions[tokenHash]; ok {
			found = &c
		}
		return nil
	})
	return found, err
}

func (s *Store) link(all []callback.Companion) {
	for _, c := range all {
		c.CreatedAt = micro.Round(c.CreatedAt)
		s.companions[c.TokenHash] = c
	}
}
