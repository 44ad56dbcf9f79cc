package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
)

func keptWhole(t *testing.T, h *House) {
	n := h.Wish("+12025550100")
	h.Ring(&n)
	want := n.Callback.Clone()
	if err := h.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if n.Callback.Contact != n.Contact.ID || n.Callback.Interaction != n.Interaction.ID {
		t.Errorf("contact %q, interaction %q; want those that were given", n.Callback.Contact, n.Callback.Interaction)
	}
	want.Contact, want.Interaction, want.Version = n.Contact.ID, n.Interaction.ID, 2
	same(t, n.Callback, want)
	same(t, h.read(want.ID), want)
	byToken, err := h.ByToken(t.Context(), want.TokenHash)
	if err != nil {
		t.Fatal(err)
	}
	same(t, byToken, want)
	lines, err := h.Journal(t.Context(), want.ID)
	if err != nil || len(lines) != 2 || lines[0].Seq != 1 || lines[1].Seq != 2 || lines[0].Detail != "from the form" || lines[1].From != callback.Queued {
		t.Errorf("journal is %+v, %v", lines, err)
	}
}

func notFound(t *testing.T, h *House) {
	c := h.Made("+12025550100")
	if _, err := h.Callback(t.Context(), h.Acme, c.ID); err != nil {
		t.Errorf("its own business: %v", err)
	}
	_, err := h.Callback(t.Context(), h.Zen, c.ID)
	wants(t, err, fault.NotFound)
	_, err = h.Callback(t.Context(), "", "cb_none")
	wants(t, err, fault.NotFound)
	_, err = h.ByToken(t.Context(), "none")
	wants(t, err, fault.NotFound)
	_, err = h.Step(t.Context(), "cb_none", func(*callback.Callback) (callback.Change, error) { panic("never") })
	wants(t, err, fault.NotFound)
	if err := h.MoveAgent(t.Context(), callback.Move{Agent: "agt_none"}); err == nil {
		t.Error("an unknown agent was moved")
	}
	list, err := h.Callbacks(t.Context(), h.Zen, callback.Filter{})
	if err != nil || len(list) != 0 {
		t.Errorf("zen sees %d callbacks of acme, %v", len(list), err)
	}
}

func stepWrites(t *testing.T, h *House) {
	n := h.Wish("+12025550100")
	h.Ring(&n)
	if err := h.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	cb := n.Callback.ID
	h.Clock.Pass(time.Second)
	now := h.Clock.Now()
	got := h.step(cb, func(c *callback.Callback) {
		c.State, c.DueAt, c.Reason, c.Fence = callback.RingingVisitor, now.Add(time.Minute), callback.ReasonTalked, 9
		l := &c.Attempts[0].Legs[0]
		l.State, l.RingingAt, l.AnsweredAt, l.ConfirmedAt, l.Trunk, l.CallID, l.Ref = cti.Confirmed, now, now, now, "trk_1", "call-1", "\x01\x00ref"
		c.Attempts[0].RangVisitor, c.Attempts[0].Device = true, 0
		c.Attempts[0].Legs = append(c.Attempts[0].Legs, callback.Leg{ID: h.Mint.Leg(), Party: cti.Visitor, Endpoint: c.Endpoint, State: cti.Inviting, CreatedAt: now, SentAt: now})
	})
	if got.Version != 3 {
		t.Errorf("version %d, want 3", got.Version)
	}
	same(t, h.read(cb), got)
	got = h.step(cb, func(c *callback.Callback) {
		c.State, c.Outcome, c.DueAt, c.JoinedAt, c.EndedAt, c.TalkTime = callback.Ended, callback.Completed, time.Time{}, now, now, 3*time.Second
		c.Attempts[0].Result, c.Attempts[0].EndedAt = callback.ResultConnected, now
		for i := range c.Attempts[0].Legs {
			l := &c.Attempts[0].Legs[i]
			l.State, l.Cause, l.By, l.SIPCode, l.BridgedAt, l.EndedAt = cti.Ended, cti.NormalClearing, cti.ByVisitor, 200, now, now
			l.Role = callback.Dismissed
			l.Quality = cti.Quality{MOS: 4.3217, MOSOut: 1.1, Loss: 0.0123, Jitter: 1234567, RTT: 40 * time.Millisecond, PacketsIn: 4711, PacketsOut: 1}
		}
		c.Number, c.Endpoint, c.NumberHash, c.When, c.Zone = "+12025550109", "tel:+12025550109", "h9", "{}", "UTC"
		c.FrontAt, c.Wanted, c.WantedUntil = c.FrontAt.Add(time.Minute), "agt_bob", time.Time{}
	})
	same(t, h.read(cb), got)
	got.Name = "changed by its reader"
	got.Attempts[0].Legs[0].Ref = "and this"
	if c := h.read(cb); c.Name == got.Name || c.Attempts[0].Legs[0].Ref == "and this" {
		t.Error("who reads can change what is kept")
	}
}

func stepFails(t *testing.T, h *House) {
	c := h.Made("+12025550100")
	for _, decide := range []func(*callback.Callback) (callback.Change, error){
		func(c *callback.Callback) (callback.Change, error) {
			c.State = callback.Ended
			return callback.Change{}, errNo
		},
		func(c *callback.Callback) (callback.Change, error) {
			c.State = callback.Ended
			return callback.Change{}, nil
		},
		func(c *callback.Callback) (callback.Change, error) {
			c.State = callback.Ended
			return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}, Agents: []callback.Move{{Agent: "agt_none", From: []agent.Presence{agent.Ready}}}}, nil
		},
	} {
		if _, err := h.Step(t.Context(), c.ID, decide); err == nil {
			t.Error("a step that cannot be written gave no error")
		}
		same(t, h.read(c.ID), c)
	}
	got, err := h.Step(t.Context(), c.ID, func(c *callback.Callback) (callback.Change, error) {
		c.State = callback.Ended
		return callback.Change{}, callback.ErrNothing
	})
	if err != nil {
		t.Fatalf("ErrNothing: %v", err)
	}
	same(t, got, c)
	same(t, h.read(c.ID), c)
	if lines, _ := h.Journal(t.Context(), c.ID); len(lines) != 1 {
		t.Errorf("%d journal lines, want 1", len(lines))
	}
}

func stepConflict(t *testing.T, h *House) {
	c := h.Made("+12025550100")
	const each = 25
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range each {
				h.step(c.ID, func(c *callback.Callback) { c.Fence++ })
			}
		})
	}
	all.Wait()
	got := h.read(c.ID)
	if got.Fence != c.Fence+4*each || got.Version != c.Version+4*each {
		t.Errorf("fence %d, version %d after %d steps from %d, %d", got.Fence, got.Version, 4*each, c.Fence, c.Version)
	}
	lines, err := h.Journal(t.Context(), c.ID)
	if err != nil || len(lines) != 4*each+1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for i, l := range lines {
		if l.Seq != int64(i)+1 {
			t.Fatalf("line %d has seq %d", i, l.Seq)
		}
	}
}

func pages(t *testing.T, h *House) {
	var want []id.Callback
	for i := range 7 {
		want = append(want, h.Made(numbered(i)).ID)
	}
	slices.Reverse(want)
	var got []id.Callback
	f := callback.Filter{Limit: 3}
	for {
		page, err := h.Callbacks(t.Context(), h.Acme, f)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			got = append(got, c.ID)
		}
		f.After = got[len(got)-1]
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages give %v, want %v", got, want)
	}
	h.End(want[2])
	for _, row := range []struct {
		f    callback.Filter
		want int
	}{
		{callback.Filter{State: callback.Ended}, 1},
		{callback.Filter{State: callback.Queued}, 6},
		{callback.Filter{Button: h.Button}, 7},
		{callback.Filter{Button: "btn_none"}, 0},
		{callback.Filter{State: callback.Queued, Button: h.Button, After: want[2], Limit: 2}, 2},
	} {
		if list, err := h.Callbacks(t.Context(), "", row.f); err != nil || len(list) != row.want {
			t.Errorf("%+v gives %d, %v; want %d", row.f, len(list), err, row.want)
		}
	}
}

func liveAndDue(t *testing.T, h *House) {
	n := h.Wish("+12025550100")
	h.Ring(&n)
	if err := h.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	hanging, over, waits := n.Callback.ID, h.Made("+12025550101").ID, h.Made("+12025550102").ID
	h.End(hanging) // its leg is still up
	h.End(over)
	live, err := h.Live(t.Context())
	if err != nil || len(live) != 2 || live[0].ID != hanging || live[1].ID != waits || len(live[0].Attempts) != 1 || len(live[0].Attempts[0].Legs) != 1 {
		t.Fatalf("live are %+v, %v", live, err)
	}
	same(t, live[0], h.read(hanging))
	got := h.step(hanging, func(c *callback.Callback) { c.Attempts[0].Legs[0].State = cti.Ended })
	same(t, h.read(hanging), got)
	if live, _ := h.Live(t.Context()); len(live) != 1 {
		t.Errorf("%d live, want 1", len(live))
	}

	soon := h.Made("+12025550103").ID
	h.step(soon, func(c *callback.Callback) { c.DueAt = h.Clock.Now().Add(time.Second) })
	for _, row := range []struct {
		after time.Duration
		limit int
		want  []id.Callback
	}{
		{0, 10, nil}, {time.Second, 10, []id.Callback{soon}}, {time.Hour, 10, []id.Callback{soon, waits}}, {time.Hour, 1, []id.Callback{soon}},
	} {
		due, err := h.Due(t.Context(), h.Clock.Now().Add(row.after), row.limit)
		if err != nil || !slices.Equal(due, row.want) {
			t.Errorf("due after %s: %v, %v; want %v", row.after, due, err, row.want)
		}
	}
}

func agentTaken(t *testing.T, h *House) {
	reserve := callback.Move{Agent: h.Ann, From: []agent.Presence{agent.Ready}, Status: agent.Status{Presence: agent.Reserved, Since: h.Clock.Now(), Callback: "cb_1"}}
	if err := h.MoveAgent(t.Context(), reserve); err != nil {
		t.Fatal(err)
	}
	n := h.Wish("+12025550100")
	h.Ring(&n)
	n.Agents = []callback.Move{{Agent: h.Bob, Status: agent.Status{Presence: agent.Ready}}, reserve}
	n.Velocity = []callback.Velocity{{Key: "k", N: 1, Per: time.Hour, Code: fault.LimitNumber, Say: "no"}}
	n.Once = &callback.Once{Principal: "p", Route: "r", Key: "k", Request: "h", Answer: func(*callback.Callback) callback.Kept { return callback.Kept{Status: 201} }}
	if err := h.Create(t.Context(), n); !errors.Is(err, callback.ErrAgentTaken) {
		t.Fatalf("error is %v, want ErrAgentTaken", err)
	}
	_, err := h.Callback(t.Context(), "", n.Callback.ID)
	wants(t, err, fault.NotFound)
	agents, err := h.Agents(t.Context())
	if err != nil || agents[h.Bob].Presence != agent.SignedOut || agents[h.Ann].Callback != "cb_1" {
		t.Errorf("agents are %+v, %v", agents, err)
	}
	n.Agents = nil // nothing of the first try may stand in the way: number, limit, key
	if err := h.Create(t.Context(), n); err != nil {
		t.Fatalf("the same wish without an agent: %v", err)
	}

	before := h.read(n.Callback.ID)
	_, err = h.Step(t.Context(), n.Callback.ID, func(c *callback.Callback) (callback.Change, error) {
		c.State, c.Attempts[0].Result = callback.Ended, callback.ResultNetwork
		return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}, Agents: []callback.Move{reserve}}, nil
	})
	if !errors.Is(err, callback.ErrAgentTaken) {
		t.Fatalf("error is %v, want ErrAgentTaken", err)
	}
	same(t, h.read(before.ID), before)
	lenient := reserve
	lenient.Lenient, lenient.Status.Callback = true, "cb_2"
	h.step(n.Callback.ID, func(c *callback.Callback) { c.Fence++ }, lenient)
	if agents, _ := h.Agents(t.Context()); agents[h.Ann].Callback != "cb_1" {
		t.Error("a lenient move moved an agent whose presence did not fit")
	}
}

func oneAgent(t *testing.T, h *House) {
	for round := range 20 {
		now := h.Clock.Now()
		if err := h.MoveAgent(t.Context(), callback.Move{Agent: h.Ann, Status: agent.Status{Presence: agent.Ready, IdleFrom: now}}); err != nil {
			t.Fatal(err)
		}
		var wishes [2]callback.New
		for i := range wishes {
			wishes[i] = h.Wish(numbered(2*round + i))
			h.Ring(&wishes[i])
			wishes[i].Agents = []callback.Move{{Agent: h.Ann, From: []agent.Presence{agent.Ready}, Status: agent.Status{Presence: agent.Reserved, Callback: wishes[i].Callback.ID}}}
		}
		var errs [2]error
		var both sync.WaitGroup
		for i := range wishes {
			both.Go(func() { errs[i] = h.Create(t.Context(), wishes[i]) })
		}
		both.Wait()
		winner := slices.Index(errs[:], nil)
		if winner < 0 || !errors.Is(errs[1-winner], callback.ErrAgentTaken) {
			t.Fatalf("round %d: errors %v; want one nil and one ErrAgentTaken", round, errs)
		}
		agents, err := h.Agents(t.Context())
		if err != nil || agents[h.Ann].Callback != wishes[winner].Callback.ID || !agents[h.Ann].IdleFrom.Equal(now.Truncate(time.Microsecond)) {
			t.Fatalf("round %d: ann is %+v, %v; want reserved by %s", round, agents[h.Ann], err, wishes[winner].Callback.ID)
		}
	}
}

func agentsMove(t *testing.T, h *House) {
	agents, err := h.Agents(t.Context())
	if err != nil || len(agents) != 2 || agents[h.Ann].Presence != agent.Ready || agents[h.Bob].Presence != agent.SignedOut || agents[h.Ann].IdleFrom.IsZero() {
		t.Fatalf("at first: %+v, %v", agents, err)
	}
	now := h.Clock.Now().Truncate(time.Microsecond)
	want := agent.Status{Presence: agent.Paused, Reason: "lunch", Since: now, Until: now.Add(time.Hour), Callback: "cb_x", IdleFrom: now, Missed: 1, Talked: 90 * time.Second}
	if err := h.MoveAgent(t.Context(), callback.Move{Agent: h.Ann, From: []agent.Presence{agent.WrapUp, agent.Ready}, Status: want}); err != nil {
		t.Fatal(err)
	}
	if agents, _ := h.Agents(t.Context()); agents[h.Ann] != want {
		t.Errorf("ann is %+v, want %+v", agents[h.Ann], want)
	}
	err = h.MoveAgent(t.Context(), callback.Move{Agent: h.Ann, From: []agent.Presence{agent.WrapUp, agent.Ready}, Status: agent.Status{Presence: agent.Reserved}})
	if !errors.Is(err, callback.ErrAgentTaken) {
		t.Errorf("error is %v, want ErrAgentTaken", err)
	}
	agents, err = h.Again().Agents(t.Context())
	if err != nil || agents[h.Ann] != want {
		t.Errorf("after a restart ann is %+v, %v", agents[h.Ann], err)
	}
}
