package server

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/internal/agent"
	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/phone"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// routing is how a business's calls are given to agents.
func (s *seedReader) routing(key string, f *seedSubscriber) subscriber.Routing {
	strategies := make([]string, 0, len(subscriber.Strategies))
	for _, w := range subscriber.Strategies {
		strategies = append(strategies, string(w))
	}
	out := subscriber.Routing{Strategy: subscriber.Strategy(s.oneOf(key+".strategy", f.Strategy, strategies...)), WrapUp: f.WrapUp, PreferLast: f.PreferLast}
	if out.WrapUp != 0 && (out.WrapUp < time.Second || out.WrapUp > subscriber.MaxWrapUp) {
		s.wrong(key+".wrap_up", "1s to 1h: for an agent's notes after a call")
	}
	if out.PreferLast < 0 || out.PreferLast > 10*time.Minute {
		s.wrong(key+".prefer_last", "0s to 10m: how long a visitor waits for who talked with her last")
	}
	out.Level = subscriber.Level(f.ServiceLevel)
	if bad, why := out.Level.Check(); bad != "" {
		s.wrong(key+".service_level."+bad, "%s", why)
	}
	out.Escalate = s.escalation(key+".escalate", f.Escalate)
	return out
}

func (s *seedReader) escalation(key string, f seedEscalation) subscriber.Escalation {
	if f == (seedEscalation{}) {
		return subscriber.Escalation{}
	}
	out := subscriber.Escalation{After: f.After, To: f.To, Confirm: s.oneOf(key+".confirm", f.Confirm, "auto", "key", "none")}
	if out.After < 5*time.Second || out.After > 15*time.Minute {
		s.wrong(key+".after", "5s to 15m: how long a call waits before somebody else is asked")
	}
	if !strings.Contains(f.To, ":") {
		s.colleague(key+".to", f.To)
		return out
	}
	to, err := cti.ParseEndpoint(f.To)
	if err != nil {
		s.wrong(key+".to", "%v", err)
	}
	if n := to.Number(); n != "" && !subscriber.Ordinary(phone.Number(n)) {
		s.wrong(key+".to", "%s is no ordinary telephone: such numbers cost more than they say", f.To)
	}
	out.To = string(to)
	return out
}

// colleague notes an agent who is named at key.
func (s *seedReader) colleague(key, slug string) {
	switch {
	case slug == "":
		s.wrong(key, "name an agent, or a telephone: tel:+12025550123")
	case !slices.Contains(s.agents, slug):
		hint := ""
		if near, ok := config.Nearest(slug, s.agents); ok {
			hint = ", did you mean " + near + "?"
		}
		s.elsewhere = append(s.elsewhere, Elsewhere{Agent: slug, Missing: s.src.Problem(key, "there is no agent %q%s", slug, hint)})
	}
}

// skills are levels from 1 on; at is the key they stand at.
func (s *seedReader) skills(at string, all map[string]int) map[string]int {
	for _, name := range sortedNames(all) {
		if level := all[name]; name == "" || level < 1 || level > 10 {
			s.wrong(at, "%q: %d is no level of a skill: 1 to 10", name, level)
		}
	}
	return all
}

func sortedNames(m map[string]int) (names []string) {
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// habits are how an agent's telephones are rung, and what she may let pass.
func (s *seedReader) habits(key string, f *seedAgent, out *agent.Agent) {
	if f.Ring != "" && s.oneOf(key+".ring", f.Ring, "in_order", agent.RingTogether) == agent.RingTogether {
		out.Ring = agent.RingTogether
	}
	if out.PauseAfter = f.PauseAfter; f.PauseAfter < 0 || f.PauseAfter > 100 {
		s.wrong(key+".pause_after", "1 to 100 offers that she may let pass in a row before she is paused; 0 = %d", agent.DefaultPauseAfter)
	}
}

// desk is the page on which an agent takes calls with her browser.
func (s *seedReader) desk(at string, d seedDevice) agent.Device {
	if d.Ring != 0 && (d.Ring < minRing || d.Ring > maxRing) {
		s.wrong(at+".ring", "a desk rings %v to %v", minRing, maxRing)
	}
	if d.Confirm != "" || d.SRTP != "" || d.PostDial != "" || len(d.Codecs) > 0 {
		s.wrong(at, "her desk takes only ring: she accepts on the page")
	}
	return agent.Device{To: agent.Desk, Ring: d.Ring}
}

func (s *seedReader) hours(key string, f map[string][]string) schedule.Hours {
	h, err := schedule.ParseHours(f)
	if err != nil {
		s.wrong(key, "%v", err)
	}
	return h
}

func (s *seedReader) priority(key string, n int) int {
	if n < 0 || n > subscriber.MaxPriority {
		s.wrong(key, "%s", fmt.Sprintf("0 to %d: each stands five minutes ahead in line", subscriber.MaxPriority))
	}
	return n
}
