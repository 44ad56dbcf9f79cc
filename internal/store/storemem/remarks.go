package storemem

import (
	"context"
	"slices"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

// Remarks are what people wrote about callbacks; those without are left out.
func (s *Store) Remarks(ctx context.Context, all []id.Callback) (out map[id.Callback]callback.Remarks, err error) {
	out = map[id.Callback]callback.Remarks{}
	err = s.do(ctx, "remarks", func() error {
		for _, cb := range all {
			if r, ok := s.remarks[cb]; ok {
				r.Notes = slices.Clone(r.Notes)
				out[cb] = r
			}
		}
		return nil
	})
	return out, err
}

// remark keeps what a step brings.
func (s *Store) remark(cb id.Callback, r callback.Remarks) {
	if r.Disposition == nil && len(r.Notes) == 0 {
		return
	}
	kept := s.remarks[cb]
	if r.Disposition != nil {
		d := *r.Disposition
		d.At = micro.Round(d.At)
		kept.Disposition = &d
	}
	for _, n := range r.Notes {
		n.At = micro.Round(n.At)
		kept.Notes = append(slices.Clone(kept.Notes), n)
	}
	s.remarks[cb] = kept
}
