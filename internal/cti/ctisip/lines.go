package ctisip

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"ringback/internal/cti"
)

// figures count the calls of a trunk. The switch's lock guards them.
type figures struct {
	sent, answered, short int64
	recent                [100]outcome
	next, n               int
	shutOut               []netip.Addr // shutout.go
}

type outcome struct{ answered, short bool }

func (f *figures) add(o outcome) {
	f.recent[f.next] = o
	f.next, f.n = (f.next+1)%len(f.recent), min(f.n+1, len(f.recent))
	f.sent++
	if o.answered {
		f.answered++
	}
	if o.short {
		f.short++
	}
}

func (f *figures) told() cti.LineFigures {
	out := cti.LineFigures{Sent: f.sent, Answered: f.answered, Short: f.short, Recent: f.n}
	for _, o := range f.recent[:f.n] {
		if o.answered {
			out.RecentAnswered++
		}
		if o.short {
			out.RecentShort++
		}
	}
	return out
}

// Lines tells how the trunks are, by name.
func (sw *Switch) Lines(ctx context.Context) ([]cti.LineState, error) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	now := time.Now()
	out := make([]cti.LineState, 0, len(sw.lines))
	for _, l := range sw.lines {
		sw.weigh(l)
		h := l.health
		s := cti.LineState{Trunk: l.ID, Slug: l.Slug, Condition: h.is, Reason: h.reason, Since: h.since, Calls: l.calls, Figures: l.figures.told(), ShutOut: sw.shutOutOf(l)}
		if now.Before(l.rests) {
			s.Until = l.rests
		}
		for _, t := range h.targets {
			lt := cti.LineTarget{Addr: t.Addr.String(), Transport: t.Transport, Up: t.answered && !t.bad(now)}
			if t.bad(now) {
				lt.Reason = t.why
			}
			s.Targets = append(s.Targets, lt)
		}
		for _, a := range h.accounts {
			s.Accounts = append(s.Accounts, cti.LineAccount{Username: a.user, Registered: a.registered, Until: a.until, Reason: a.why})
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b cti.LineState) int {
		return cmp.Or(cmp.Compare(a.Slug, b.Slug), cmp.Compare(a.Trunk, b.Trunk))
	})
	return out, nil
}
