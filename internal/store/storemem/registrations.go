package storemem

import (
	"cmp"
	"context"
	"slices"

	"ringback/internal/cti"
	"ringback/internal/store/micro"
)

var _ cti.Registrations = (*Store)(nil)

// Registrations: see cti.Registrations.
func (s *Store) Registrations(ctx context.Context) (out []cti.Registration, err error) {
	err = s.do(ctx, "registrations", func() error {
		for _, r := range s.telephones {
			out = append(out, r)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b cti.Registration) int {
		return cmp.Or(cmp.Compare(a.User, b.User), a.Since.Compare(b.Since), cmp.Compare(a.Key(), b.Key()))
	})
	return out, err
}

// KeepRegistrations: see cti.Registrations.
func (s *Store) KeepRegistrations(ctx context.Context, put, gone []cti.Registration) error {
	return s.do(ctx, "keep registrations", func() error {
		for _, r := range gone {
			delete(s.telephones, r.User+" "+r.Key())
		}
		for _, r := range put {
			r.Since, r.Until, r.State = micro.Round(r.Since), micro.Round(r.Until), ""
			s.telephones[r.User+" "+r.Key()] = r
		}
		return nil
	})
}
