package callback

import (
	"context"

	"ringback/internal/cti"
	"ringback/internal/directory"
)

// Reload reads the directory again, after something was set up. Reloads come one after the other, or the older of two
// snapshots might be the one that stays.
func (c *Conductor) Reload(ctx context.Context) error {
	select {
	case c.reading <- struct{}{}:
		defer func() { <-c.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	d, err := c.book.Directory(ctx)
	if err != nil {
		return err
	}
	if err := c.takeAgents(ctx); err != nil {
		return err
	}
	if c.dir.Swap(d) == nil {
		close(c.read)
	}
	c.gate.set(HaltOf(d).On)
	if c.Reloaded != nil {
		c.Reloaded(d)
	}
	trunks := make([]cti.Trunk, 0, len(d.Trunks))
	for _, t := range d.Trunks {
		trunks = append(trunks, *t)
	}
	if err := c.sw.Trunks(ctx, trunks); err != nil {
		return err
	}
	if err := c.sw.Devices(ctx, devices(d)); err != nil {
		return err
	}
	c.line.kick()
	return nil
}

// devices are the names under which agents' telephones may register.
func devices(d *directory.Directory) []cti.Device {
	out := make([]cti.Device, 0, len(d.Agents))
	for _, a := range d.Agents {
		if a.Slug != "" && a.SIP.User == a.Slug {
			out = append(out, cti.Device{User: a.Slug, Secret: a.SIP})
		}
	}
	return out
}

// Registered are the telephones that are registered now as one name. A switch that does not answer knows none.
func (c *Conductor) Registered(name string) (out []cti.Registration) {
	all, err := c.sw.Registered(c.ctx)
	if err != nil {
		c.Log.Warn("registered telephones are not known", "err", err)
	}
	for _, r := range all {
		if r.User == name {
			out = append(out, r)
		}
	}
	return out
}

// Lines are how the trunks are. A switch that does not answer knows none.
func (c *Conductor) Lines() []cti.LineState {
	all, err := c.sw.Lines(c.ctx)
	if err != nil {
		c.Log.Warn("the state of trunks is not known", "err", err)
	}
	return all
}

// readAgents takes in the presences that are on disk.
func (c *Conductor) readAgents(ctx context.Context) error {
	select {
	case c.reading <- struct{}{}:
		defer func() { <-c.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return c.takeAgents(ctx)
}

// takeAgents is readAgents for who is the only reader. A move that is told while the read is under way is newer.
func (c *Conductor) takeAgents(ctx context.Context) error {
	c.line.reading()
	all, err := c.store.Agents(ctx)
	c.line.read(all, err == nil)
	return err
}

// refreshAgents reads presences again after somebody else has moved one, or a commit may have gone through unanswered.
func (c *Conductor) refreshAgents() {
	if err := c.readAgents(c.ctx); err != nil && c.ctx.Err() == nil {
		c.Log.Warn("agents cannot be read", "err", err)
	}
}
