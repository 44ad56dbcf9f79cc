package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/store/storetest"
)

// twoNodes are two processes on one PostgreSQL.
func twoNodes(t *testing.T) (h *storetest.House, nodes [2]*DB) {
	needsPostgres(t)
	url := postgresURL(t)
	h, nodes[0] = house(t, url)
	nodes[1] = openAt(t, url, mint(h.Clock.Now), h.Clock.Now)
	alone(h)
	return h, nodes
}

// alone writes one of everything before two do it at once: the race detector has taken the first use of a type by two
// goroutines inside encoding/json, which keeps what it learns of each, for a race of ours.
func alone(h *storetest.House) {
	h.T.Helper()
	n := h.Wish("+12025550199")
	n.Once = &callback.Once{Principal: "p", Route: "alone", Key: "k", Request: "h",
		Answer: func(c *callback.Callback) callback.Kept { return callback.Kept{Status: 201, Body: []byte(c.ID)} }}
	if err := h.Create(h.T.Context(), n); err != nil {
		h.T.Fatal(err)
	}
	if _, err := h.Step(h.T.Context(), n.Callback.ID, func(c *callback.Callback) (callback.Change, error) {
		c.Fence++
		return callback.Change{Lines: lineOf(h)}, nil
	}); err != nil {
		h.T.Fatal(err)
	}
}

func lineOf(h *storetest.House) []callback.Line {
	return []callback.Line{{At: h.Clock.Now(), Event: "test"}}
}

// What one node remembers of a callback is old as soon as the other steps.
func TestNodesStepInTurn(t *testing.T) {
	h, nodes := twoNodes(t)
	c := h.Made("+12025550100")
	for i := range 20 {
		got, err := nodes[i%2].Step(t.Context(), c.ID, func(c *callback.Callback) (callback.Change, error) {
			c.Fence++
			return callback.Change{Lines: lineOf(h)}, nil
		})
		if err != nil || got.Fence != c.Fence+int64(i)+1 {
			t.Fatalf("step %d: fence %d, %v; want %d", i, got.Fence, err, c.Fence+int64(i)+1)
		}
		other := nodes[1-i%2]
		got, err = other.Step(t.Context(), c.ID, func(now *callback.Callback) (callback.Change, error) {
			if now.Fence != c.Fence+int64(i)+1 {
				return callback.Change{}, errors.New("decided on what is old")
			}
			return callback.Change{}, callback.ErrNothing
		})
		if err != nil || got.Fence != c.Fence+int64(i)+1 {
			t.Fatalf("the other node after step %d: fence %d, %v", i, got.Fence, err)
		}
		if got, err := other.Callback(t.Context(), "", c.ID); err != nil || got.Version != int64(i)+2 {
			t.Fatalf("the other node reads version %d, %v", got.Version, err)
		}
	}
}

func TestNodesStepAtOnce(t *testing.T) {
	h, nodes := twoNodes(t)
	c := h.Made("+12025550100")
	const each = 40
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range each {
				_, err := nodes[i%2].Step(t.Context(), c.ID, func(c *callback.Callback) (callback.Change, error) {
					c.Fence++
					return callback.Change{Lines: lineOf(h)}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := nodes[0].Callback(t.Context(), "", c.ID)
	if err != nil || got.Fence != c.Fence+4*each {
		t.Errorf("fence is %d, %v; want %d", got.Fence, err, c.Fence+4*each)
	}
}

func TestNodesReserveOneAgent(t *testing.T) {
	h, nodes := twoNodes(t)
	for round := range 20 {
		if err := h.MoveAgent(t.Context(), callback.Move{Agent: h.Ann, Status: agent.Status{Presence: agent.Ready}}); err != nil {
			t.Fatal(err)
		}
		var errs [2]error
		var both sync.WaitGroup
		for i, db := range nodes {
			both.Go(func() {
				errs[i] = db.MoveAgent(t.Context(), callback.Move{Agent: h.Ann, From: []agent.Presence{agent.Ready}, Status: agent.Status{Presence: agent.Reserved}})
			})
		}
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs[:]...), callback.ErrAgentTaken) {
			t.Fatalf("round %d: errors %v; want one nil and one ErrAgentTaken", round, errs)
		}
	}
}

func TestNodesShareAKey(t *testing.T) {
	h, nodes := twoNodes(t)
	for round := range 10 {
		var wishes [4]callback.New
		for i := range wishes {
			wishes[i] = h.Wish("+12025550100")
			wishes[i].Callback.NumberHash = fmt.Sprint(round, i) // only the key stands between them
			wishes[i].Contact.Number = ""
			wishes[i].Once = &callback.Once{Principal: "p", Route: "r", Key: fmt.Sprint(round), Request: "h",
				Answer: func(c *callback.Callback) callback.Kept {
					return callback.Kept{Status: 201, Body: []byte(c.ID)}
				}}
		}
		var errs [4]error
		var all sync.WaitGroup
		for i := range wishes {
			all.Go(func() { errs[i] = nodes[i%2].Create(t.Context(), wishes[i]) })
		}
		all.Wait()
		made := 0
		for _, err := range errs {
			var r *callback.Replayed
			if err == nil {
				made++
			} else if !errors.As(err, &r) || r.Kept.Status != 201 {
				t.Fatalf("round %d: %v", round, errs)
			}
		}
		if made != 1 {
			t.Fatalf("round %d: %d were made", round, made)
		}
	}
	o := callback.Once{Principal: "p", Route: "x", Key: "k", Request: "h"}
	if k, err := nodes[0].Begin(t.Context(), o); k != nil || err != nil {
		t.Fatal(k, err)
	}
	if _, err := nodes[1].Begin(t.Context(), o); !fault.Is(err, fault.IdempotencyProgress) {
		t.Errorf("while the other node is at it: %v", err)
	}
	h.Clock.Pass(orphaned + time.Second)
	if k, err := nodes[1].Begin(t.Context(), o); k != nil || err != nil {
		t.Errorf("when the other node is long silent: %v, %v", k, err)
	}
}

// Two batches that hold what the other wants: one gives way and comes again.
func TestBatchesInEachOthersWay(t *testing.T) {
	h, nodes := twoNodes(t)
	held := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	take := func(i int) func(*tx) error {
		agents := []callback.Move{{Agent: h.Ann, Status: agent.Status{Presence: agent.Paused}}, {Agent: h.Bob, Status: agent.Status{Presence: agent.Paused}}}
		var first sync.Once
		return func(t *tx) error {
			if err := moveAgent(t, agents[i]); err != nil {
				return err
			}
			first.Do(func() {
				close(held[i])
				<-held[1-i]
			})
			return moveAgent(t, agents[1-i])
		}
	}
	var errs [2]error
	var both sync.WaitGroup
	for i, db := range nodes {
		both.Go(func() { errs[i] = db.commit(t.Context(), "", take(i)) })
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Error(err)
	}
	if nodes[0].Stats().Retries+nodes[1].Stats().Retries == 0 {
		t.Error("nobody was in anybody's way: the test proves nothing")
	}
}

// A connection that is gone is replaced, for writers and readers.
func TestConnectionLost(t *testing.T) {
	h, nodes := twoNodes(t)
	c := h.Made("+12025550100")
	if _, err := nodes[1].write.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()"); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		_, err := nodes[0].Step(t.Context(), c.ID, func(c *callback.Callback) (callback.Change, error) {
			c.Fence++
			return callback.Change{Lines: lineOf(h)}, nil
		})
		if err != nil {
			t.Errorf("step %d: %v", i, err)
		}
		if _, err := nodes[0].Callback(t.Context(), "", c.ID); err != nil {
			t.Errorf("read %d: %v", i, err)
		}
	}
}
