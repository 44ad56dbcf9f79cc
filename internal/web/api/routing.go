package api

import (
	"strings"
	"time"

	"ringback/internal/directory"
	"ringback/internal/phone"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
)

// RoutingDoc is how a business's calls are given to agents.
type RoutingDoc struct {
	Strategy    subscriber.Strategy `json:"strategy"`      // longest_idle, round_robin, in_order, all_at_once, random, least_talk
	WrapUpS     door.Seconds        `json:"wrap_up_s"`     // for an agent's notes after a call
	PreferLastS door.Seconds        `json:"prefer_last_s"` // how long a visitor waits for who talked with her last; 0 = not at all
	Escalate    *EscalationDoc      `json:"escalate"`
}

// ServiceLevelDoc is what a business wants: so many percent are served within so many seconds from their arrival in line.
type ServiceLevelDoc struct {
	Target  int          `json:"target"`
	WithinS door.Seconds `json:"within_s"`
}

func levelDoc(l subscriber.Level) ServiceLevelDoc {
	l = l.Wanted()
	return ServiceLevelDoc{l.Target, door.Seconds(l.Within)}
}

func (in ServiceLevelDoc) read() (subscriber.Level, error) {
	out := subscriber.Level{Target: in.Target, Within: time.Duration(in.WithinS)}
	switch key, why := out.Check(); key {
	case "":
		return out, nil
	case "within":
		return out, bad("service_level.within_s", "%s.", why)
	default:
		return out, bad("service_level."+key, "%s.", why)
	}
}

// EscalationDoc is who gets a call that nobody has taken.
type EscalationDoc struct {
	AfterS  door.Seconds `json:"after_s"`
	To      string       `json:"to"`                // slug of an agent, or tel:…, sip:…
	Confirm string       `json:"confirm,omitempty"` // of a telephone: auto, key, none
}

func routingDoc(r subscriber.Routing) RoutingDoc {
	doc := RoutingDoc{Strategy: r.Strategy, WrapUpS: door.Seconds(r.WrapUpTime()), PreferLastS: door.Seconds(r.PreferLast)}
	if doc.Strategy == "" {
		doc.Strategy = subscriber.LongestIdle
	}
	if r.Escalate.To != "" {
		doc.Escalate = &EscalationDoc{door.Seconds(r.Escalate.After), r.Escalate.To, r.Escalate.Confirm}
	}
	return doc
}

func (in *RoutingDoc) read(d *directory.Directory, s *subscriber.Subscriber) (subscriber.Routing, error) {
	out := subscriber.Routing{Strategy: in.Strategy, WrapUp: time.Duration(in.WrapUpS), PreferLast: time.Duration(in.PreferLastS)}
	if err := oneOf("routing.strategy", in.Strategy, append([]subscriber.Strategy{""}, subscriber.Strategies...)...); err != nil {
		return out, err
	}
	if out.WrapUp != 0 && (out.WrapUp < time.Second || out.WrapUp > subscriber.MaxWrapUp) {
		return out, bad("routing.wrap_up_s", "Wrap-up takes from a second to an hour.")
	}
	if out.PreferLast < 0 || out.PreferLast > 10*time.Minute {
		return out, bad("routing.prefer_last_s", "A visitor waits at most ten minutes for who talked with her last.")
	}
	if in.Escalate == nil || in.Escalate.To == "" {
		return out, nil
	}
	e := subscriber.Escalation{After: time.Duration(in.Escalate.AfterS), To: in.Escalate.To, Confirm: in.Escalate.Confirm}
	if e.After < 5*time.Second || e.After > 15*time.Minute {
		return out, bad("routing.escalate.after_s", "A call waits from 5 seconds to 15 minutes before somebody else is asked.")
	}
	if err := oneOf("routing.escalate.confirm", e.Confirm, "", "auto", "key", "none"); err != nil {
		return out, err
	}
	if !strings.Contains(e.To, ":") {
		if d.ID(directory.Agent, e.To) == "" {
			return out, bad("routing.escalate.to", "There is no agent %.64q; a telephone is written tel:+12025550123.", e.To)
		}
	} else {
		to, err := endpoint("routing.escalate.to", e.To)
		if err != nil {
			return out, err
		}
		if n := to.Number(); n != "" {
			if err := s.MayCall(phone.Number(n)); err != nil {
				return out, bad("routing.escalate.to", "%v", err)
			}
		}
		e.To = string(to)
	}
	out.Escalate = e
	return out, nil
}

// skills checks levels and returns them as they are kept.
func skills(all map[string]int) (map[string]int, error) {
	for name, level := range all {
		if name == "" || level < 1 || level > 10 {
			return nil, bad("skills", "%.64q: a level is a number from 1 to 10.", name)
		}
	}
	return all, nil
}

func orNone(m map[string]int) map[string]int {
	if m == nil {
		return map[string]int{}
	}
	return m
}
