package store

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/store/storetest"
)

// One callback is Create (contact, thread, consent, limits, key, attempt, leg, agent) and seven steps, as a call that is
// answered makes them. Told are callbacks and steps a second, and this process's CPU for each step; PostgreSQL's own
// comes on top of it.
func BenchmarkCallback(b *testing.B) {
	for _, clients := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("sqlite/%d", clients), func(b *testing.B) { benchmark(b, benchURL(b), clients) })
		b.Run(fmt.Sprintf("postgres/%d", clients), func(b *testing.B) {
			needsPostgres(b)
			benchmark(b, postgresURL(b), clients)
		})
	}
}

// benchURL is on a disk: a folder in memory would make COMMIT free.
func benchURL(b *testing.B) string {
	dir, err := os.MkdirTemp(".", "bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return "sqlite:" + dir + "/r.db"
}

func benchmark(b *testing.B, url string, clients int) {
	h := &storetest.House{T: b, Clock: &storetest.Clock{}}
	h.Clock.Pass(time.Since(time.Time{}))
	h.Mint = mint(h.Clock.Now)
	db := openAt(b, url, h.Mint, h.Clock.Now)
	h.Store = db
	setup := storetest.Setup()
	for i := range clients {
		setup.Agents = append(setup.Agents, agent.Agent{Slug: fmt.Sprint("agent-", i)})
	}
	if _, err := h.Apply(b.Context(), setup, directory.Options{}); err != nil {
		b.Fatal(err)
	}
	d, err := h.Directory(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	h.Acme = id.Subscriber(d.ID(directory.Subscriber, "acme"))
	var next atomic.Int64
	var all sync.WaitGroup
	before, cpu := db.Stats(), cpuTime(b)
	b.ResetTimer()
	for client := range clients {
		mine := id.Agent(d.ID(directory.Agent, fmt.Sprint("agent-", client)))
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := call(h, mine, int(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	after := db.Stats()
	units, took := float64(after.Units-before.Units), b.Elapsed().Seconds()
	b.ReportMetric(float64(b.N)/took, "callbacks/s")
	b.ReportMetric(units/took, "steps/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/units, "µs-cpu/step")
	b.ReportMetric(units/float64(after.Commits-before.Commits), "steps/commit")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// call lives one callback through.
func call(h *storetest.House, mine id.Agent, i int) error {
	ctx := context.Background()
	n := h.Wish(phone.Number(fmt.Sprintf("+1202%07d", i)))
	h.Ring(&n)
	n.Once = &callback.Once{Principal: "key", Route: "POST /callbacks", Key: string(n.Callback.ID), Request: "hash",
		Answer: func(c *callback.Callback) callback.Kept { return callback.Kept{Status: 201, Body: make([]byte, 400)} }}
	n.Velocity = []callback.Velocity{
		{Key: "number:" + string(n.Callback.ID), N: 1, Per: 5 * time.Minute, Code: fault.LimitNumber},
		{Key: "number:" + string(n.Callback.ID), N: 3, Per: 24 * time.Hour, Code: fault.LimitNumber},
	}
	move := func(p agent.Presence) []callback.Move {
		return []callback.Move{{Agent: mine, Status: agent.Status{Presence: p, Since: h.Clock.Now(), Callback: n.Callback.ID}}}
	}
	n.Agents = move(agent.Reserved)
	if err := h.Create(ctx, n); err != nil {
		return err
	}
	for s := range 7 {
		_, err := h.Step(ctx, n.Callback.ID, func(c *callback.Callback) (callback.Change, error) { return live(h, c, s, move) })
		if err != nil {
			return err
		}
	}
	return nil
}

// live is the s-th step: ringing, confirmed and the visitor rung, ringing, joined, left, both legs ended.
func live(h *storetest.House, c *callback.Callback, s int, move func(agent.Presence) []callback.Move) (callback.Change, error) {
	now := h.Clock.Now()
	legs := &c.Attempts[0].Legs
	change := callback.Change{Lines: []callback.Line{{At: now, Actor: callback.ByNetwork, From: c.State, Event: "leg_ringing", To: c.State}}}
	switch s {
	case 0:
		(*legs)[0].State, (*legs)[0].RingingAt = cti.Ringing, now
	case 1:
		(*legs)[0].State, (*legs)[0].ConfirmedAt, c.Attempts[0].RangVisitor, c.State, c.Fence = cti.Confirmed, now, true, callback.RingingVisitor, c.Fence+1
		*legs = append(*legs, callback.Leg{ID: h.Mint.Leg(), Party: cti.Visitor, Endpoint: c.Endpoint, State: cti.Created, CreatedAt: now, SentAt: now})
		change.Lines = append(change.Lines, change.Lines[0])
	case 2:
		(*legs)[1].State, (*legs)[1].RingingAt, (*legs)[1].Ref = cti.Ringing, now, "an opaque reference of the switch"
	case 3:
		(*legs)[1].State, (*legs)[1].ConfirmedAt, c.State, c.JoinedAt = cti.Confirmed, now, callback.Connected, now
		change.Agents = move(agent.Talking)
	case 4:
		(*legs)[0].State, (*legs)[1].State = cti.Bridged, cti.Bridged
	case 5:
		(*legs)[1].State, (*legs)[1].EndedAt, c.State, c.EndedAt, c.Outcome = cti.Ended, now, callback.Ended, now, callback.Completed
		change.Agents = move(agent.WrapUp)
	case 6:
		(*legs)[0].State, (*legs)[0].EndedAt = cti.Ended, now
	}
	c.DueAt = now.Add(5 * time.Second)
	return change, nil
}
