package callback

import (
	"errors"
	"slices"
	"time"

	"ringback/internal/fault"
	"ringback/internal/id"
)

// carryOut decides, stores, acts. It returns the jobs that are to be done again.
func (c *Conductor) carryOut(cb id.Callback, jobs []job) (kept []job) {
	errs := make([]error, len(jobs))
	var d *draft
	after, err := c.store.Step(c.ctx, cb, func(cur *Callback) (Change, error) {
		d = c.draft(cur)
		was, promise := accountOf(cur), promiseOf(cur)
		for i, j := range jobs {
			errs[i] = j.do(d)
		}
		if len(d.lines) == 0 {
			return Change{}, ErrNothing
		}
		c.correspond(promise, d, "", cur.Version+int64(len(d.lines)))
		spend, err := c.spending(was, d)
		return d.change(spend), err
	})
	if fault.Is(err, fault.LimitSpend) && c.refuseForSpend(cb, jobs, err) {
		return nil
	}
	if err != nil {
		return c.failed(cb, jobs, err)
	}
	c.settled(after, d)
	for i, j := range jobs {
		if errs[i] != nil && j.miss != nil {
			j.miss()
		}
		if j.done != nil {
			j.done <- result{after, errs[i]}
		}
	}
	return nil
}

// change is what is written with the callback.
func (d *draft) change(s *Spend) Change {
	d.spend = s
	return Change{Lines: d.lines, Agents: d.moves, Velocity: d.velocity, Booking: d.booking, Spend: s, Blocks: d.blocks, Consents: d.consents, Remarks: d.remarks,
		Letters: d.letters, Companions: d.companions}
}

func (c *Conductor) draft(cur *Callback) *draft {
	d := &draft{Callback: cur, at: c.Now().UTC(), newLeg: c.Mint.Leg, night: c.Policy.Night, newBlock: c.Mint.Block, hash: c.HashNumber, dir: c.Directory(),
		status: c.line.status, link: c.link("/a/"), card: c.link("/l/"), secretly: c.Policy.MonitorWithoutNotice}
	d.why = func(cb *Callback) string { return c.line.why(d.at, d.dir, cb) }
	return d
}

// settled: the step is on disk. The line and the clock learn of it, it is published, and its acts begin. Where nothing
// was written, the line and the clock still learn how things are: a commit whose answer got lost is made up for here.
func (c *Conductor) settled(after *Callback, d *draft) {
	for _, e := range d.outOfPlace {
		c.Meter.OutOfPlace(e)
	}
	c.line.moved(d.moves)
	c.line.note(after)
	if !after.Live() || len(d.lines) > 0 || after.DueAt.After(d.at) {
		c.wake.at(after.ID, after.DueAt)
	}
	if len(d.lines) == 0 {
		return
	}
	for _, l := range d.lines {
		c.Log.Info("step", "callback", after.ID, "from", l.From, "event", l.Event, "to", l.To, "reason", l.Reason)
	}
	for i := range d.lines {
		d.lines[i].Seq = after.Version - int64(len(d.lines)-1-i)
	}
	c.Publisher.Publish(after, d.lines)
	if after.State == Ended && ended(d.lines) {
		c.Meter.Ended(after.Outcome)
	}
	c.watchOver(after, d)
	c.acts(after, d)
	if len(d.letters) > 0 && c.Post != nil {
		c.Post.Posted()
	}
	if c.draining.Load() && after.OnLine() && after.State == Queued {
		c.sendAway(after.ID)
	}
	if len(d.moves) > 0 || after.State == Ended || freed(d.lines) {
		c.line.kick()
	}
}

// freed: a call in hand went back to wait, so that another one may be served meanwhile.
func freed(lines []Line) bool {
	for _, l := range lines {
		if (l.To == Scheduled || l.To == Queued) && l.From != l.To && l.From != "" && l.From != Scheduled {
			return true
		}
	}
	return false
}

// acts carries out the effects in order. Those of a new wish run beside the request, which is answered as soon as it
// is on disk; the fence makes a cancel that overtakes them safe.
func (c *Conductor) acts(after *Callback, d *draft) {
	all := func() {
		for _, a := range d.acts {
			c.act(after, a)
		}
	}
	switch {
	case len(d.acts) == 0:
	case d.lines[0].Seq == 1:
		c.spawn(all)
	default:
		all()
	}
}

func ended(lines []Line) bool {
	for _, l := range lines {
		if l.To == Ended && l.From != Ended {
			return true
		}
	}
	return false
}

// storeRest is how long a callback is left alone after the store failed, so that a failing disk is not stormed.
const storeRest = time.Second

// failed: nothing was written, as far as we know. People are told. What one of them was refused must not hold up the
// rest, which is done again at once; when the store itself fails, facts are kept, because the switch tells them once.
func (c *Conductor) failed(cb id.Callback, jobs []job, err error) (kept []job) {
	taken := errors.Is(err, ErrAgentTaken)
	unknown := !taken && fault.Is(err, fault.NotFound)
	for _, j := range jobs {
		if j.done != nil {
			j.done <- result{nil, err}
		} else if j.miss == nil && !unknown {
			kept = append(kept, j)
		}
	}
	switch {
	case unknown:
		c.wake.at(cb, time.Time{})
	case taken, refusal(err) && len(kept) < len(jobs):
	case c.ctx.Err() == nil:
		c.Log.Error("step failed", "callback", cb, "err", err)
		kept = slices.DeleteFunc(kept, func(j job) bool { return !j.keep })
		c.pause(storeRest)
	}
	if taken || len(kept) > 0 {
		c.refreshAgents()
	}
	for _, j := range jobs {
		if j.miss != nil {
			j.miss()
		}
	}
	return kept
}

// refusal says whether the store refused what was asked, rather than failed.
func refusal(err error) bool {
	var f *fault.Fault
	return errors.Is(err, ErrSlotTaken) || errors.As(err, &f) && f.Code != fault.StorageBusy && f.Code != fault.StorageFull
}

// pause waits, unless we are stopping.
func (c *Conductor) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
	}
}
