package storemem

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/store/micro"
	"ringback/internal/store/setup"
	"ringback/internal/subscriber"
)

// Agents: see callback.Store.
func (s *Store) Agents(ctx context.Context) (all map[id.Agent]agent.Status, err error) {
	err = s.do(ctx, "agents", func() error {
		all = maps.Clone(s.agents)
		return nil
	})
	return all, err
}

// MoveAgent: see callback.Store.
func (s *Store) MoveAgent(ctx context.Context, m callback.Move) error {
	return s.do(ctx, "move agent", func() error {
		if err := s.movable([]callback.Move{m}); err != nil {
			return fmt.Errorf("agent %s: move to %s: %w", m.Agent, m.Status.Presence, err)
		}
		s.move([]callback.Move{m})
		return nil
	})
}

// movable checks the moves of a step one after the other, each after those before it.
func (s *Store) movable(all []callback.Move) error {
	presence := map[id.Agent]agent.Presence{}
	for _, m := range all {
		p, moved := presence[m.Agent]
		status, known := s.agents[m.Agent]
		if !moved {
			p = status.Presence
		}
		switch {
		case known && fits(m, p):
			presence[m.Agent] = m.Status.Presence
		case m.Lenient:
		case !known:
			return fault.New(fault.NotFound, "There is no such agent.").Because(callback.ErrAgentTaken)
		default:
			return fmt.Errorf("agent %s is %s: %w", m.Agent, p, callback.ErrAgentTaken)
		}
	}
	return nil
}

func fits(m callback.Move, p agent.Presence) bool {
	return len(m.From) == 0 || slices.Contains(m.From, p)
}

// move carries out what movable let pass.
func (s *Store) move(all []callback.Move) {
	for _, m := range all {
		old, known := s.agents[m.Agent]
		if !known || !fits(m, old.Presence) {
			continue
		}
		m = micro.Move(m)
		if m.Status.IdleFrom.IsZero() {
			m.Status.IdleFrom = old.IdleFrom
		}
		s.agents[m.Agent] = m.Status
	}
}

// block keeps numbers that a step says are not served. The directory is replaced: it may have been handed out.
func (s *Store) block(all []subscriber.Block) {
	if len(all) == 0 {
		return
	}
	d := copyOf(s.directory)
	for _, b := range all {
		for i, was := range d.Blocks { // one a number and business
			if was.NumberHash == b.NumberHash && was.Subscriber == b.Subscriber {
				b.ID, b.CreatedAt = i, was.CreatedAt
			}
		}
		d.Blocks[b.ID] = &b
	}
	s.directory = d
}

// Directory: see directory.Book. It is never changed in place, so it is handed out as it is, with fresh agents.
func (s *Store) Directory(ctx context.Context) (d *directory.Directory, err error) {
	err = s.do(ctx, "directory", func() error {
		d = s.current()
		return nil
	})
	return d, err
}

func (s *Store) current() *directory.Directory {
	d := copyOf(s.directory)
	for i, a := range d.Agents {
		fresh := *a
		fresh.Status = s.agents[i]
		d.Agents[i] = &fresh
	}
	d.Index()
	return d
}

func copyOf(d *directory.Directory) *directory.Directory {
	return &directory.Directory{
		Subscribers: clone(d.Subscribers), Buttons: clone(d.Buttons), Agents: clone(d.Agents), Representations: clone(d.Representations),
		Trunks: clone(d.Trunks), Keys: clone(d.Keys), Blocks: clone(d.Blocks), Users: clone(d.Users),
	}
}

// clone is a map that can be written to also where there was none.
func clone[K comparable, V any](m map[K]V) map[K]V {
	out := make(map[K]V, len(m))
	maps.Copy(out, m)
	return out
}

// Apply: see directory.Book.
func (s *Store) Apply(ctx context.Context, want directory.Setup, o directory.Options) (changes []directory.Change, err error) {
	err = s.do(ctx, "apply", func() error {
		plan, err := setup.Apply(s.current(), want, o, s.mint, s.now())
		if err == nil && !o.DryRun {
			err = s.carryOut(plan)
		}
		changes = plan.Changes
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	return changes, nil
}

// Delete: see directory.Book.
func (s *Store) Delete(ctx context.Context, k directory.Kind, idOrSlug string) error {
	return s.do(ctx, "delete", func() error {
		plan, err := setup.Delete(s.current(), k, idOrSlug)
		if err == nil {
			err = s.carryOut(plan)
		}
		if err != nil {
			return fmt.Errorf("%s %s: delete: %w", k, idOrSlug, err)
		}
		return nil
	})
}

func (s *Store) carryOut(plan setup.Plan) error {
	for _, w := range plan.Writes {
		if w.Value == nil && s.stillCalls(w) {
			return setup.StillCalls(w.Kind, w.ID)
		}
	}
	d := s.current()
	for _, w := range plan.Writes {
		w.Into(d)
		if w.Kind != directory.Agent {
			continue
		}
		switch a := id.Agent(w.ID); {
		case w.Value == nil:
			delete(s.agents, a)
		case w.New:
			s.agents[a] = d.Agents[a].Status
		}
	}
	d.Index()
	s.directory = d
	return nil
}

func (s *Store) stillCalls(w setup.Write) bool {
	switch w.Kind {
	case directory.Subscriber:
		for _, c := range s.callbacks {
			if c.Live() && string(c.Subscriber) == w.ID {
				return true
			}
		}
	case directory.Agent:
		p := s.agents[id.Agent(w.ID)].Presence
		return p == agent.Reserved || p == agent.Talking || p == agent.Finishing
	}
	return false
}
