package callback

import (
	"cmp"
	"errors"
	"time"

	"ringback/internal/challenge"
	"ringback/internal/fault"
	"ringback/internal/subscriber"
)

// pass is what lets a visitor's wish in besides its limits.
type pass struct {
	proof  []Velocity // what it uses up
	limits []Velocity // that hold besides those of every wish
}

// NeedsProof says whether a button's visitors prove some work first.
func (c *Conductor) NeedsProof(b *subscriber.Button) bool { return c.Policy.NeedsProof(b) }

// Puzzle sets a proof of work for a button's form; commit is challenge.Commit of the number that will be sent.
func (c *Conductor) Puzzle(b *subscriber.Button, commit string) challenge.Puzzle {
	return c.setter.Puzzle(string(b.ID), commit, c.Mint.Token(""), c.Now())
}

// Ticket is for a form that may be sent without script.
func (c *Conductor) Ticket(b *subscriber.Button) string {
	return c.setter.Ticket(string(b.ID), c.Mint.Token(""), c.Now())
}

// pass asks a visitor for the proof of work, or for the ticket of a form without script.
func (c *Conductor) pass(r *Request, b *subscriber.Button, now time.Time) (pass, error) {
	if r.By != nil || r.After != nil || !c.Policy.NeedsProof(b) {
		return pass{}, nil
	}
	var p pass
	var used challenge.Used
	var err error
	switch {
	case r.Proof != "":
		used, err = c.setter.Check(r.Proof, string(b.ID), challenge.Commit(cmp.Or(r.Number, r.Endpoint)), now)
	case r.Ticket != "":
		used, err = c.setter.CheckTicket(r.Ticket, string(b.ID), now)
		p.limits = c.plainLimits(r, b)
	default:
		err = fault.At("proof", fault.ProofMissing, "A proof of work is missing: get a puzzle from /api/v1/public/challenge and send its solution as proof.")
	}
	once := Velocity{Key: used.Key, N: 1, Per: used.For, Code: fault.ProofUsed, Say: "This form was sent before. Load the page again for another call."}
	if errors.Is(err, challenge.ErrOld) && r.Once != nil {
		// The same form again is answered as the first time, however late; anything else is refused.
		once.N, once.Code, once.Say, err = 0, challenge.ErrOld.Code, challenge.ErrOld.Detail, nil
	}
	p.proof = []Velocity{once}
	return p, err
}

// plainLimits hold for forms without proof of work.
func (c *Conductor) plainLimits(r *Request, b *subscriber.Button) (out []Velocity) {
	say := "Forms that are sent without JavaScript are taken a few times only. Switch it on, wait a little, or telephone us."
	for _, l := range c.Policy.PlainPerVisitor {
		out = append(out, Velocity{Key: "plain:" + c.hash("visitor", r.Visitor), N: l.N, Per: l.Per, Code: fault.LimitVisitor, Say: say})
	}
	for _, l := range c.Policy.PlainPerSubscriber {
		out = append(out, Velocity{Key: "plain-at:" + string(b.Subscriber), N: l.N, Per: l.Per, Code: fault.LimitSubscriber, Say: say})
	}
	return out
}
