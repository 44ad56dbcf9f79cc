package callback

import "context"

// forgo gives up what a restored backup holds of calls that were under way or due: whether they have been called since, nobody
// knows, and no telephone rings twice. What is promised for later holds.
func (c *Conductor) forgo(ctx context.Context) error {
	if c.Restored.IsZero() {
		return nil
	}
	live, err := c.store.Live(ctx)
	if err != nil {
		return err
	}
	for _, cb := range live {
		if !cb.CreatedAt.Before(c.Restored) || cb.State == Scheduled && cb.DueAt.After(c.Restored) {
			continue
		}
		if _, err := c.step(ctx, cb.ID, func(d *draft) error {
			in := Input{Event: Withdrawn, Actor: ByRingback, Reason: ReasonExpired, Result: ResultUnknown,
				Detail: "the data were restored from a backup: what became of this call since is not known"}
			if d.State == Scheduled || d.State == Queued {
				in.Event = OutOfTime
			}
			d.apply(in)
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}
