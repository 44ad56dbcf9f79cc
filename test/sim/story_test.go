package sim

import (
	"context"
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/simcarrier"
)

// story tells, for the callback that a finding names, its journal and its calls.
func (d *day) story(finding string, ledger []simcarrier.Entry, all map[id.Callback]*callback.Callback) {
	for cb, c := range all {
		if !strings.Contains(finding, string(cb)) {
			continue
		}
		lines, _ := d.disk.now().Journal(context.Background(), cb)
		for _, l := range lines {
			d.Logf("%s %-9s %s --%s--> %s %s %s", l.At.Format("15:04:05.000"), l.Actor, l.From, l.Event, l.To, l.Reason, l.Detail)
		}
		for _, a := range c.Attempts {
			for _, l := range a.Legs {
				d.Logf("attempt %d (%s): %s %s %s, sent %s, answered %s, ended %s %s", a.N, a.Result, l.Party, l.ID, l.State, clock(l.SentAt), clock(l.AnsweredAt),
					clock(l.EndedAt), l.Cause)
			}
		}
		for _, e := range ledger {
			if e.Callback == string(cb) {
				d.Logf("call %s to %s (%s, %s): invite %s ringing %s to %s, final %d at %s, cancel %s, bye %s by %s", e.Leg, e.To, e.Person, e.Personality,
					clock(e.InviteAt), clock(e.RingingFrom), clock(e.RingingUntil), e.Final, clock(e.FinalAt), clock(e.CancelAt), clock(e.ByeAt), e.ByeBy)
				for _, r := range e.Reinvites {
					d.Logf("  re-INVITE %s of theirs at %s: %d %s", r.Direction, clock(r.At), r.Code, r.Answer)
				}
			}
		}
	}
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("15:04:05.000")
}
