package directory

import (
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// Calendar is when a business can be reached through a button, which may be nil: in the hours of both, on no holiday, and
// while it is somebody's hours who answers for it. Where an answering service or one more person stands in, those do not
// count: somebody is always there.
func (d *Directory) Calendar(s *subscriber.Subscriber, b *subscriber.Button) schedule.Calendar {
	c := schedule.Calendar{Loc: s.Location(), Within: []schedule.Hours{s.Hours}, Closed: s.Holidays}
	if b != nil && !b.Hours.Always() {
		c.Within = append(c.Within, b.Hours)
	}
	if s.Routing.Escalate.To != "" {
		return c
	}
	for _, r := range d.Representatives(s.ID) {
		if r.Hours.Always() {
			c.OneOf = nil
			break
		}
		c.OneOf = append(c.OneOf, r.Hours)
	}
	return c
}
