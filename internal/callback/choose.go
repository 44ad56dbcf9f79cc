package callback

import (
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/routing"
	"ringback/internal/subscriber"
)

// choose finds who may answer one callback: its named destination, one of those who represent the
// business, or the business's own telephone where nobody does. hopeless says that nobody is left; next is when time
// alone may change its mind, zero = never.
func (l *line) choose(now time.Time, dir *directory.Directory, s *subscriber.Subscriber, c *Callback, ownBusy bool) (ch *Choice, hopeless bool, next time.Time) {
	if c.Destination != "" {
		return chooseTelephone(now, c, Choice{Endpoint: c.Destination, Party: cti.Agent}, false)
	}
	if reps := dir.Representatives(s.ID); len(reps) == 0 {
		ch, hopeless, next = chooseTelephone(now, c, Choice{Endpoint: s.Destination, Party: cti.Subscriber}, ownBusy)
	} else if !unasked(c) || l.someReady(s.ID, reps) {
		ch, hopeless, next = l.chooseAgent(now, dir, s, reps, c)
	}
	if ch != nil || s.Routing.Escalate.To == "" {
		return ch, hopeless, next
	}
	return l.escalate(now, dir, s, c, hopeless, next)
}

// chooseTelephone: there is one telephone that can answer, or none.
func chooseTelephone(now time.Time, c *Callback, only Choice, busy bool) (ch *Choice, hopeless bool, next time.Time) {
	n, last := missed(c, func(e cti.Endpoint) bool { return e == only.Endpoint })
	sure := later(doubtOver(c), awayUntil(c, only.Endpoint))
	switch {
	case only.Endpoint == "":
		return nil, false, time.Time{} // somebody may be set up to answer before its time is over
	case n >= routing.MaxMissed || rejected(c, only.Endpoint):
		return nil, true, time.Time{}
	case n > 0 && now.Before(last.Add(routing.Rest)):
		return nil, false, last.Add(routing.Rest)
	case now.Before(sure):
		return nil, false, sure
	case busy:
		return nil, false, time.Time{}
	}
	return &only, false, time.Time{}
}

// awayUntil: whoever answers this telephone wants to be asked again only then.
func awayUntil(c *Callback, to cti.Endpoint) (until time.Time) {
	for i := range c.Attempts {
		for j := range c.Attempts[i].Legs {
			if l := &c.Attempts[i].Legs[j]; l.Endpoint == to && l.later() {
				until = later(until, l.EndedAt.Add(LaterTime))
			}
		}
	}
	return until
}

// rejected: this telephone has declined the call for good, and nobody else can be asked.
func rejected(c *Callback, to cti.Endpoint) bool {
	for i := range c.Attempts {
		for _, l := range c.Attempts[i].Legs {
			if l.Endpoint == to && l.Party != cti.Visitor && l.Cause == cti.CallRejected {
				return true
			}
		}
	}
	return false
}

// doubtOver is when a telephone that may be ringing since before a crash may be rung again.
func doubtOver(c *Callback) time.Time {
	if n := len(c.Attempts); n > 0 && c.Attempts[n-1].Result == ResultUnknown {
		return c.Attempts[n-1].EndedAt.Add(ActGrace)
	}
	return time.Time{}
}

// missed counts the attempts in which a telephone of theirs was rung and did not take it.
func missed(c *Callback, theirs func(cti.Endpoint) bool) (n int, last time.Time) {
	for i := range c.Attempts {
		a := &c.Attempts[i]
		if a.Result == ResultUnknown {
			continue
		}
		let, rounds := false, map[cti.Endpoint]int{}
		for j := range a.Legs {
			leg := &a.Legs[j]
			switch {
			case !theirs(leg.Endpoint) || leg.State != cti.Ended || leg.later():
				continue
			case leg.passed(): // she will not take it
				n += routing.MaxMissed
			}
			if leg.Party != cti.Visitor && leg.State == cti.Ended && theirs(leg.Endpoint) &&
				(leg.ConfirmedAt.IsZero() || a.Result == ResultAgentDeclined || leg.left(a)) && leg.Cause != cti.CauseCancelled {
				let = true
				rounds[leg.Endpoint]++
				if leg.EndedAt.After(last) {
					last = leg.EndedAt
				}
			}
		}
		switch {
		case !let:
		case c.Order == CallerFirst: // all of them are rung in the one attempt
			most := 0
			for _, r := range rounds {
				most = max(most, r)
			}
			n += most
		default:
			n++
		}
	}
	return n, last
}
