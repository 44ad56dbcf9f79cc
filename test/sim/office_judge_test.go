package sim

import (
	"context"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/routing"
	"ringback/internal/subscriber"
)

// gift is a callback that was given to an agent.
type gift struct {
	to     id.Agent
	onLine bool // its visitor was on the line
}

// Publish takes in what is on disk now. The judge has its own words for who waits and who may take it.
func (o *office) Publish(c *callback.Callback, lines []callback.Line) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.shown[c.ID]
	o.shown[c.ID] = c
	if o.live[c.ID] = c; !c.Live() {
		delete(o.live, c.ID)
	}
	for _, l := range lines {
		if l.Event == string(callback.AgentFound) {
			o.given[c.ID] = gift{c.Current().Agent, before != nil && held(before)}
			o.tally.given++
			if c.Tried() > 1 || len(c.Attempts) > 1 {
				o.tally.retries++
			}
			o.explained(c, l.Detail)
		}
	}
	if a := c.Attempts; len(a) > 0 {
		for _, l := range a[len(a)-1].Legs {
			if l.Party == cti.Agent && l.Cause == cti.UserBusy && l.AnsweredAt.IsZero() {
				if until := l.EndedAt.Add(callback.DeviceRest); until.After(o.busy[l.Endpoint]) {
					o.busy[l.Endpoint] = until
				}
			}
		}
	}
	if _, already := o.since[c.ID]; !waiting(c) {
		delete(o.since, c.ID)
	} else if !already || before != nil && len(before.Attempts) != len(c.Attempts) {
		o.since[c.ID] = time.Now()
	}
	select {
	case o.stirred <- struct{}{}:
	default:
	}
}

// waiting says whether a callback needs an agent.
func waiting(c *callback.Callback) bool {
	switch {
	case held(c):
		return true
	case c.State != callback.Queued:
		return false
	case c.Order != callback.CallerFirst:
		return true
	}
	offered := c.Reason == callback.ReasonNobodyTookIt || c.Reason == callback.ReasonNobodyReady
	return !offered && c.Current().Legs[0].State.Up()
}

// held: its visitor is on the line, was rung by us, and no agent is asked.
func held(c *callback.Callback) bool {
	a := c.Current()
	return c.State == callback.RingingAgent && c.Order == subscriber.VisitorFirst && a != nil && len(a.Legs) > 1 &&
		!slices.ContainsFunc(a.Legs, func(l callback.Leg) bool { return l.Party != cti.Visitor && l.State != cti.Ended })
}

// mayTake says whether an agent who is free may be asked for a callback at an instant.
func (o *office) mayTake(a id.Agent, c *callback.Callback, at time.Time) bool {
	reps := o.dir.Representatives(c.Subscriber)
	i := slices.IndexFunc(reps, func(r *agent.Representation) bool { return r.Agent == a })
	if i < 0 || at.Before(o.busy[o.dir.Agents[a].Devices[0].To]) {
		return false
	}
	if b := o.dir.Buttons[c.Button]; b != nil && reps[i].Skills["gas"] < b.Skills["gas"] {
		return false
	}
	lets := 0
	for _, t := range c.Attempts {
		for _, l := range t.Legs {
			if l.Agent != a || l.State != cti.Ended || l.Cause == cti.CauseCancelled || !l.ConfirmedAt.IsZero() {
				continue
			}
			if lets++; at.Before(l.EndedAt.Add(routing.Rest)) || c.State == callback.RingingAgent && !l.EndedAt.Before(t.StartedAt) {
				return false
			}
		}
	}
	return lets < routing.MaxMissed
}

// look asks everything of this instant, after all that happens in it has happened; false = nothing is left to do.
func (o *office) look() (live bool) {
	synctest.Wait()
	agents, err := o.store.Agents(context.Background())
	if err != nil {
		o.trouble("agents: %v", err)
	}
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tally.instants++
	var wait []*callback.Callback
	for cb, since := range o.since {
		o.tally.longest = max(o.tally.longest, now.Sub(since))
		if since.Before(now) && now.Before(o.shown[cb].DueAt) {
			wait = append(wait, o.shown[cb])
		}
	}
	before := now.Add(-time.Millisecond)
	for cb, g := range o.given {
		if at := o.shown[cb].ArrivedAt; now.Sub(at) > time.Second && len(o.shown[cb].Attempts) == 1 {
			o.tally.waited++
		}
		for _, y := range wait {
			o.overtakes(o.shown[cb], g, y, before)
		}
	}
	clear(o.given)
	for a, st := range agents {
		if st.Presence != agent.Ready {
			continue
		}
		for _, y := range wait {
			if !st.Since.After(before) && o.mayTake(a, y, before) {
				o.bad("%v: %s is idle (%+v; known as %+v) while %s (%s) waits since %v", now, a, st, o.c.Agents()[a], y.ID, y.State, o.since[y.ID])
			}
		}
	}
	return o.served(agents, now)
}

// overtakes: x was given to an agent who might have taken y, which waited and waits still.
func (o *office) overtakes(x *callback.Callback, g gift, y *callback.Callback, before time.Time) {
	if x.ID == y.ID || held(y) != g.onLine || !o.mayTake(g.to, y, before) {
		if x.ID == y.ID || g.onLine || !held(y) || !o.mayTake(g.to, y, before) {
			return
		}
	}
	ahead := x.ArrivedAt.Sub(y.ArrivedAt)
	if ahead > 0 && x.Priority == y.Priority || held(y) && !g.onLine || ahead > subscriber.MaxPriority*callback.Ageing {
		o.bad("%s (arrived %v, priority %d) was given to %s before %s (arrived %v, priority %d), which waits since %v", x.ID, x.ArrivedAt, x.Priority, g.to,
			y.ID, y.ArrivedAt, y.Priority, o.since[y.ID])
	}
}

// served: each agent serves at most one callback, and is held for it; no visitor's telephone rings without one.
func (o *office) served(agents map[id.Agent]agent.Status, now time.Time) (more bool) {
	serves := map[id.Agent]id.Callback{}
	out, free := 0, 0
	for _, c := range o.live {
		a := c.Current()
		if c.State == callback.RingingVisitor {
			if out++; a.Agent == "" {
				o.bad("%v: the visitor of %s is rung, and nobody is held for her", now, c.ID)
			}
		}
		if a == nil || a.Agent == "" || c.State == callback.Queued {
			continue
		}
		if other, twice := serves[a.Agent]; twice {
			o.bad("%v: %s serves %s and %s", now, a.Agent, other, c.ID)
		}
		serves[a.Agent] = c.ID
		if st := agents[a.Agent]; st.Callback != c.ID {
			o.bad("%v: %s serves %s and is %s for %q", now, a.Agent, c.ID, st.Presence, st.Callback)
		}
	}
	for _, st := range agents {
		if st.Presence == agent.Reserved || st.Presence == agent.Finishing || st.Presence == agent.Talking {
			free++
		}
	}
	if out > free {
		o.bad("%v: %d visitors are rung for %d agents", now, out, free)
	}
	return len(o.live) > 0
}

// reasons why somebody is not asked.
var reasons = []string{"later_in_line", "reserved", "talking", "wrap_up", "paused", "finishing", "signed_out", "missed_just_now", "missed_twice", "telephone_busy"}

// explained: a decision names the agent and the rule, and of everybody else who represents the business why not.
func (o *office) explained(c *callback.Callback, detail string) {
	parts := strings.Split(detail, "; ")
	told := map[string]bool{}
	for i, p := range parts {
		slug, why, ok := strings.Cut(p, ": ")
		known := i == 0 && (why == "longest idle" || why == "her turn" || why == "talked least") || i > 0 && (slices.Contains(reasons, why) || strings.HasPrefix(why, "skill gas "))
		if !ok || !known || told[slug] {
			o.bad("%s: %q does not explain", c.ID, detail)
		}
		told[slug] = true
	}
	for _, r := range o.dir.Representatives(c.Subscriber) {
		if slug := o.dir.Agents[r.Agent].Slug; !told[slug] {
			o.bad("%s: %q says nothing of %s", c.ID, detail, slug)
		}
	}
	if agent := c.Current().Agent; !strings.HasPrefix(detail, o.dir.Agents[agent].Slug+": ") {
		o.bad("%s: %q, and it was given to %s", c.ID, detail, agent)
	}
}

// ended: all that was asked for is over.
func (o *office) ended() {
	for _, c := range o.shown {
		o.tally.outcomes[c.Outcome]++
		if c.Live() {
			o.bad("%s is %s", c.ID, c.State)
		}
	}
	if n := len(o.shown); n != officeWishes+officeCallers {
		o.bad("%d callbacks, want %d", n, officeWishes+officeCallers)
	}
}
