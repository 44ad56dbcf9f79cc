package callback

import (
	"fmt"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// BenchmarkMatch looks at a line of 1,000 who wait for 50 agents, all of whom talk: what every event of a busy day costs.
func BenchmarkMatch(b *testing.B) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	dir := &directory.Directory{Subscribers: map[id.Subscriber]*subscriber.Subscriber{}, Agents: map[id.Agent]*agent.Agent{}, Representations: map[id.Representation]*agent.Representation{}}
	l := newLine()
	for i := range 3 {
		s := id.Subscriber(fmt.Sprintf("sub_%d", i))
		dir.Subscribers[s] = &subscriber.Subscriber{ID: s, TimeZone: "America/New_York", Limits: subscriber.Limits{Concurrent: 1000}}
	}
	for i := range 50 {
		a := id.Agent(fmt.Sprintf("agt_%d", i))
		dir.Agents[a] = &agent.Agent{ID: a, Slug: string(a), Devices: []agent.Device{{To: cti.Endpoint("sip:" + string(a) + "@phones.example")}}}
		l.agents[a] = agent.Status{Presence: agent.Talking}
		for s := range dir.Subscribers {
			r := id.Representation(fmt.Sprintf("rep_%s_%d", s, i))
			dir.Representations[r] = &agent.Representation{ID: r, Agent: a, Subscriber: s}
		}
	}
	dir.Index()
	for i := range 1000 {
		cb := id.Callback(fmt.Sprintf("cb_%d", i))
		l.live[cb] = &Callback{ID: cb, Subscriber: id.Subscriber(fmt.Sprintf("sub_%d", i%3)), State: Queued, Order: subscriber.AgentFirst,
			ArrivedAt: now.Add(-time.Duration(i) * time.Second), DueAt: now.Add(time.Hour)}
	}
	b.ReportAllocs()
	for b.Loop() {
		if out, _ := l.match(now, dir); len(out) > 0 {
			b.Fatal("somebody was found")
		}
	}
}
