package storemem

import (
	"context"
	"maps"
	"slices"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/id"
	"ringback/internal/store/micro"
	"ringback/internal/subscriber"
)

// testify adds a record to the ledger.
func (s *Store) testify(r *consent.Record, of id.Callback) {
	if r == nil {
		return
	}
	rec := *r
	if rec.Callback == "" {
		rec.Callback = of
	}
	if rec.ID == "" {
		rec.ID = s.mint.Consent()
	}
	rec.Text.Words, rec.Person.Page, rec.Person.UserAgent = micro.Text(rec.Text.Words), micro.Text(rec.Person.Page), micro.Text(rec.Person.UserAgent)
	if h := rec.Text.Hash(); h != "" {
		s.texts[h] = rec.Text
	}
	var e consent.Entry
	e, s.chain = s.chain.Seal(rec, s.mint.Salt(consent.SaltSize))
	s.consents = append(s.consents, e)
}

// OptOut: see callback.Store.
func (s *Store) OptOut(ctx context.Context, b subscriber.Block, r consent.Record, limits []callback.Velocity) error {
	return s.do(ctx, "opt out", func() error {
		if err := s.within(limits, r.At); err != nil {
			return err
		}
		s.count(limits, r.At)
		s.block([]subscriber.Block{b})
		s.testify(&r, "")
		return nil
	})
}

// Lift: see callback.Store.
func (s *Store) Lift(ctx context.Context, b id.Block, r consent.Record) error {
	return s.do(ctx, "lift", func() error {
		if s.directory.Blocks[b] == nil {
			return nil
		}
		d := copyOf(s.directory)
		delete(d.Blocks, b)
		s.directory = d
		s.testify(&r, "")
		return nil
	})
}

// VerifyConsents: see consent.Ledger.
func (s *Store) VerifyConsents(ctx context.Context) (r consent.Report, err error) {
	err = s.do(ctx, "verify consents", func() error {
		var v consent.Verifier
		for i := range s.consents {
			v.Next(&s.consents[i])
		}
		var heads []consent.Stored
		if s.chain.Seq > 0 {
			heads = append(heads, consent.Stored{Head: s.chain})
		}
		r = v.End(maps.Clone(s.texts), heads)
		return nil
	})
	return r, err
}

// Consents: see consent.Ledger.
func (s *Store) Consents(ctx context.Context, f consent.Filter, each func(consent.Kept) error) error {
	var all []consent.Kept
	err := s.do(ctx, "consents", func() error {
		for _, e := range s.consents {
			if !e.At.Before(f.Since) && (f.NumberHash == "" || e.NumberHash == f.NumberHash) && (f.Subscriber == "" || e.Subscriber == f.Subscriber) {
				all = append(all, consent.Kept{Entry: e, Shown: s.texts[e.Text]})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b consent.Kept) int { return a.At.Compare(b.At) })
	for _, k := range all {
		if err := each(k); err != nil {
			return err
		}
	}
	return nil
}
