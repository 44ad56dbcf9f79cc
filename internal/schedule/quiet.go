package schedule

import (
	"fmt"
	"time"
)

// Night are the quiet hours of each day, by the clock of the place where a telephone is: it does not ring then unless its
// owner chose the time. The zero Night is never.
type Night struct{ waking Hours }

// ParseNight reads quiet hours, 21:00-08:00; "" are none.
func ParseNight(s string) (Night, error) {
	if s == "" {
		return Night{}, nil
	}
	spans, err := parseSpans([]string{s})
	if err != nil {
		return Night{}, fmt.Errorf("%.64q are no quiet hours: write 21:00-08:00", s)
	}
	from, to := spans[0].to%day, spans[0].from
	if to <= from {
		to += day
	}
	n := Night{Hours{limited: true}}
	for d := range n.waking.days {
		n.waking.days[d] = []span{{from, to}}
	}
	return n, nil
}

// Is says whether t is in the quiet hours of loc.
func (n Night) Is(t time.Time, loc *time.Location) bool { return !n.waking.Open(t, loc) }

// Over returns the first instant not before t that is outside the quiet hours of loc.
func (n Night) Over(t time.Time, loc *time.Location) time.Time {
	next, _ := n.waking.Next(t, loc) // it ends every day
	return next
}
