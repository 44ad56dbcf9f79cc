package api

import (
	"slices"
	"strings"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// Board is how busy it is.
type Board struct {
	Type   string       `json:"type"`
	Queues []Queue      `json:"queues"`
	Agents []BoardAgent `json:"agents"` // to supervisors only
}

// Queue is who waits for a business.
type Queue struct {
	Subscriber   Named        `json:"subscriber"`
	Waiting      int          `json:"waiting"`
	LongestS     door.Seconds `json:"longest_s"`     // whole seconds
	Ready        int          `json:"ready"`         // agents who would be asked
	Talking      int          `json:"talking"`       // calls
	ServiceLevel *float64     `json:"service_level"` // share served in time in the last half hour; null = nobody came
	Target       float64      `json:"target"`        // the share that the business wants
	TargetS      door.Seconds `json:"target_s"`      // what in time is
	Below        bool         `json:"below_target"`  // fewer were served in time than the business wants
	Alarm        bool         `json:"alarm"`         // somebody will soon have waited too long
}

// BoardAgent is what a supervisor sees of an agent.
type BoardAgent struct {
	ID       string     `json:"id"`
	Slug     string     `json:"slug"`
	Name     string     `json:"name"`
	Presence string     `json:"presence"`
	Reason   *string    `json:"reason"`
	Since    door.Stamp `json:"since"`
	Callback *string    `json:"callback"` // of a business that the supervisor watches; else null
}

// watched says which businesses somebody sees on a board.
func watched(d *directory.Directory, p login.Principal) []id.Subscriber {
	if p.Agent != "" {
		return p.Represents
	}
	var all []id.Subscriber
	for s := range d.Subscribers {
		if sees(p, s) {
			all = append(all, s)
		}
	}
	return all
}

// board counts for those businesses.
func (a *API) board(p login.Principal, only []id.Subscriber) Board {
	d, now, agents := a.Conductor.Directory(), a.Now(), a.Conductor.Agents()
	b := Board{Type: "board", Queues: []Queue{}, Agents: []BoardAgent{}}
	at := map[id.Subscriber]int{}
	for _, sub := range only {
		s := d.Subscribers[sub]
		if s == nil {
			continue
		}
		at[sub] = len(b.Queues)
		want := s.Routing.Level.Wanted()
		q := Queue{Subscriber: Named{string(s.ID), s.Slug, s.Name}, Target: float64(want.Target) / 100, TargetS: door.Seconds(want.Within)}
		for _, r := range d.Representatives(sub) {
			if agents[r.Agent].Presence == agent.Ready {
				q.Ready++
			}
		}
		if share, ok := a.Live.Level(sub, want.Within, now); ok {
			q.ServiceLevel, q.Below = new(places(share, 3)), share < q.Target
		}
		b.Queues = append(b.Queues, q)
	}
	for _, c := range a.Conductor.InHand() {
		if i, ok := at[c.Subscriber]; ok {
			b.Queues[i].count(c, now)
		}
	}
	slices.SortFunc(b.Queues, func(x, y Queue) int { return strings.Compare(x.Subscriber.Name, y.Subscriber.Name) })
	b.agents(d, p, only, agents, a.Conductor.InHand())
	return b
}

// count adds a live callback.
func (q *Queue) count(c *callback.Callback, now time.Time) {
	switch c.State {
	case callback.Queued:
		q.Waiting++
		if waits := now.Sub(c.ArrivedAt).Truncate(time.Second); waits > time.Duration(q.LongestS) && !c.ArrivedAt.IsZero() {
			q.LongestS = door.Seconds(waits)
			q.Alarm = waits >= time.Duration(q.TargetS)*3/4
		}
	case callback.Connected:
		q.Talking++
	}
}

func (b *Board) agents(d *directory.Directory, p login.Principal, only []id.Subscriber, agents map[id.Agent]agent.Status, inHand []*callback.Callback) {
	whose := map[id.Callback]id.Subscriber{}
	for _, c := range inHand {
		whose[c.ID] = c.Subscriber
	}
	seen := map[id.Agent]bool{}
	for _, sub := range only {
		if !p.Watches(sub) {
			continue
		}
		for _, r := range d.Representatives(sub) {
			ag := d.Agents[r.Agent]
			if ag == nil || seen[ag.ID] {
				continue
			}
			seen[ag.ID] = true
			st := agents[ag.ID]
			one := BoardAgent{ID: string(ag.ID), Slug: ag.Slug, Name: ag.Name, Presence: presence(st), Reason: door.Opt(st.Reason), Since: door.Stamp(st.Since)}
			if st.Callback != "" && slices.Contains(only, whose[st.Callback]) {
				one.Callback = door.Opt(st.Callback)
			}
			b.Agents = append(b.Agents, one)
		}
	}
	slices.SortFunc(b.Agents, func(x, y BoardAgent) int { return strings.Compare(x.Name+x.ID, y.Name+y.ID) })
}

func presence(st agent.Status) string {
	if st.Presence == "" {
		return string(agent.SignedOut)
	}
	return string(st.Presence)
}
