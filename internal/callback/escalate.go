package callback

import (
	"strings"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/routing"
	"ringback/internal/subscriber"
)

// Escalated stands in an attempt for the representation: who is rung is the business's escalation, which need not
// represent it.
const Escalated id.Representation = "escalation"

func escalates(a *Attempt) bool { return a.Representation == Escalated }

// escalate finds who answers what nobody of the business has taken: after a while, or at once where nobody is left. It goes on being
// offered to those who represent the business.
func (l *line) escalate(now time.Time, dir *directory.Directory, s *subscriber.Subscriber, c *Callback, hopeless bool, next time.Time) (*Choice, bool, time.Time) {
	at := now
	if !c.ArrivedAt.IsZero() {
		at = c.ArrivedAt
	}
	if at = at.Add(s.Routing.Escalate.After); !hopeless && now.Before(at) {
		return nil, false, earliest(next, at)
	}
	ch, gone, again := l.escalation(now, dir, s, c)
	if ch != nil {
		ch.Representation, ch.Detail = Escalated, "escalated, as nobody of the business has taken it; "+ch.Detail
		for i := range ch.More {
			ch.More[i].Representation = Escalated
		}
		return ch, false, time.Time{}
	}
	return nil, hopeless && gone, earliest(next, again)
}

// escalation asks the telephone, or the agent, that the business names.
func (l *line) escalation(now time.Time, dir *directory.Directory, s *subscriber.Subscriber, c *Callback) (*Choice, bool, time.Time) {
	to := s.Routing.Escalate.To
	if strings.Contains(to, ":") {
		return chooseTelephone(now, c, Choice{Endpoint: cti.Endpoint(to), Party: cti.Agent, Detail: "its answering service"}, false)
	}
	ag := dir.Agents[id.Agent(dir.ID(directory.Agent, to))]
	if ag == nil || answersFor(dir, ag.ID, s.ID) {
		return nil, true, time.Time{} // she is gone, or was asked already
	}
	d := routing.Choose(now, subscriber.LongestIdle, routing.Waiter{Arrived: c.ArrivedAt}, l.candidates(now, dir, s, []*agent.Representation{{Agent: ag.ID}}, c))
	if len(d.Chosen) == 0 {
		return nil, d.Hopeless, d.Next
	}
	rung, who := l.telephones(now, dir, d.Chosen)
	return &Choice{Agent: ag.ID, Device: rung[0].Device, Endpoint: rung[0].Endpoint, Party: cti.Agent, More: rung[1:], Detail: who}, false, time.Time{}
}

// escalatedTo is the telephone of an answering service that an attempt rings; false = it rings somebody else.
func (d *draft) escalatedTo(a *Attempt) (cti.Endpoint, bool) {
	s := d.dir.Subscribers[d.Subscriber]
	if !escalates(a) || a.Agent != "" || s == nil {
		return "", false
	}
	return cti.Endpoint(s.Routing.Escalate.To), true
}

// earliest of two times, where zero is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
