package callback

import (
	"context"
	"slices"
	"time"

	"ringback/internal/agent"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// ReassignFor is how long a callback that staff gave to an agent is kept for her, while she is at work.
const ReassignFor = MaxWait

// MoveToFront lets a callback be the next of all that wait, before those that were moved there earlier. One that is not in line
// yet goes to the front when its time comes.
func (c *Conductor) MoveToFront(ctx context.Context, cb id.Callback, by Actor) (*Callback, error) {
	after, err := c.step(ctx, cb, func(d *draft) error {
		if err := mayMove(d.Callback, Scheduled, Queued); err != nil {
			return err
		}
		d.FrontAt = d.at
		d.note(by, "moved_to_front", "it is the next in line")
		return nil
	})
	c.line.kick()
	return after, err
}

// Reassign gives a callback that waits, or rings another agent, to an agent who represents the business and is at work:
// she alone is asked, until she lets it pass, goes away, or ReassignFor is over. Nothing is ever kept for who is absent.
// Without an agent it is kept for nobody any more: whoever is there is asked.
func (c *Conductor) Reassign(ctx context.Context, cb id.Callback, a id.Agent, by Actor) (*Callback, error) {
	if a == "" {
		return c.release(ctx, cb, by)
	}
	after, err := c.step(ctx, cb, func(d *draft) error {
		if err := mayMove(d.Callback, Scheduled, Queued, RingingAgent); err != nil {
			return err
		}
		ag := d.dir.Agents[a]
		if ag == nil || !answersFor(d.dir, a, d.Subscriber) {
			return fault.At("agent", fault.WrongType, "This agent does not represent the business.")
		}
		if p := d.statusOf(a).Presence; !atWork(p) {
			return fault.At("agent", fault.TooLate, "%s is %s: nothing is kept for who is not there.", ag.Name, presenceWords(p))
		}
		d.Wanted, d.WantedUntil = a, d.at.Add(ReassignFor)
		if d.State == Scheduled {
			d.WantedUntil = d.DueAt.Add(ReassignFor)
		}
		cur := d.Current()
		if d.State == RingingAgent && cur != nil && cur.Agent != a && cur.agentLeg() != nil {
			d.apply(Input{Event: Reassigned, Actor: by, Detail: "to " + ag.Slug})
			return nil
		}
		d.note(by, string(Reassigned), "to %s", ag.Slug)
		return nil
	})
	c.line.kick()
	return after, err
}

func (c *Conductor) release(ctx context.Context, cb id.Callback, by Actor) (*Callback, error) {
	after, err := c.step(ctx, cb, func(d *draft) error {
		if err := mayMove(d.Callback, Scheduled, Queued); err != nil {
			return err
		}
		d.Wanted, d.WantedUntil = "", time.Time{}
		d.note(by, string(Reassigned), "to anyone")
		return nil
	})
	c.line.kick()
	return after, err
}

func mayMove(c *Callback, open ...State) error {
	switch {
	case c.State == Ended:
		return fault.New(fault.AlreadyEnded, "This callback has already ended.")
	case !slices.Contains(open, c.State):
		return fault.New(fault.TooLate, "It is too late for that: the call is under way.")
	}
	return nil
}

// answersFor says whether an agent represents a business.
func answersFor(dir *directory.Directory, a id.Agent, s id.Subscriber) bool {
	return slices.ContainsFunc(dir.Representatives(s), func(r *agent.Representation) bool { return r.Agent == a })
}

// atWork says whether an agent will be ready again by herself.
func atWork(p agent.Presence) bool {
	return p == agent.Ready || p == agent.Reserved || p == agent.Talking || p == agent.WrapUp
}

func presenceWords(p agent.Presence) string {
	switch p {
	case agent.Paused:
		return "paused"
	case agent.Finishing:
		return "about to leave"
	}
	return "not signed in"
}

// lastAgentFor is how long ago somebody may have talked with a visitor and still be the one who knows her.
const lastAgentFor = 90 * 24 * time.Hour

// keepFor settles for whom a new callback is kept: whom a keyed request names, or who talked with the visitor last, where
// the business wants that.
func (c *Conductor) keepFor(r *Request, cb *Callback, dir *directory.Directory, hash string) error {
	s := dir.Subscribers[cb.Subscriber]
	if r.Agent != "" {
		cb.Wanted = id.Agent(dir.ID(directory.Agent, r.Agent))
		if !answersFor(dir, cb.Wanted, cb.Subscriber) {
			return fault.At("agent", fault.WrongType, "This agent does not represent %s.", s.Name)
		}
		cb.WantedUntil = cb.CreatedAt.Add(ReassignFor)
		return nil
	}
	if s.Routing.PreferLast <= 0 || cb.Destination != "" {
		return nil
	}
	last, err := c.store.LastAgent(c.ctx, s.ID, hash, cb.CreatedAt.Add(-lastAgentFor))
	if err != nil {
		c.Log.Warn("who talked last is not known", "callback", cb.ID, "err", err) // no reason to turn anybody away
		return nil
	}
	if answersFor(dir, last, s.ID) {
		cb.Wanted = last
	}
	return nil
}
