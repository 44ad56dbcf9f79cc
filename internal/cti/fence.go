package cti

import (
	"time"

	"ringback/internal/id"
)

// FenceMemory is how long a fence remembers a callback after its last leg has ended.
const FenceMemory = time.Hour

// Fence refuses what must not happen twice: it knows for each callback the highest fence seen, whether it was
// cancelled, and which legs were used. It is a table without lock or clock; a switch asks it under its own lock before
// anything leaves. The zero Fence is ready to use and not reconciled.
type Fence struct {
	reconciled bool
	callbacks  map[id.Callback]*fenced
	swept      time.Time
}

type fenced struct {
	highest   int64
	cancelled bool
	legs      map[id.Leg]*fencedLeg
	quiet     time.Time // since when no leg is live
}

type fencedLeg struct {
	party Party
	live  bool
}

// Admit decides about an order: nil and known = the same order was taken before and its leg is live; nil = new, and from
// now on the leg counts as live. An error is one of ErrNotReconciled, ErrCancelled, ErrStaleToken, ErrSecondCall,
// ErrPastDeadline, asked in this order; the order must not be carried out.
func (f *Fence) Admit(o Order, now time.Time) (known bool, err error) {
	f.sweep(now)
	if !f.reconciled {
		return false, ErrNotReconciled
	}
	c := f.of(o.Callback, now)
	if l := c.legs[o.Leg]; l != nil && l.live {
		return true, nil
	}
	if err := c.refuses(o, now); err != nil {
		return false, err
	}
	c.highest = o.Fence
	c.legs[o.Leg] = &fencedLeg{o.Party, true}
	return false, nil
}

func (c *fenced) refuses(o Order, now time.Time) error {
	switch {
	case c.cancelled:
		return ErrCancelled
	case o.Fence < c.highest:
		return ErrStaleToken
	case c.legs[o.Leg] != nil:
		return ErrSecondCall
	case o.Party == Visitor && c.rings(Visitor):
		return ErrSecondCall
	case !o.Deadline.IsZero() && now.After(o.Deadline):
		return ErrPastDeadline
	}
	return nil
}

func (c *fenced) rings(p Party) bool {
	for _, l := range c.legs {
		if l.live && l.party == p {
			return true
		}
	}
	return false
}

// Forget takes back an Admit whose order was not carried out for another reason: nothing has left.
func (f *Fence) Forget(cb id.Callback, leg id.Leg) {
	if c := f.callbacks[cb]; c != nil {
		delete(c.legs, leg)
	}
}

// Raise makes orders below fence stale, and with cancelled all orders of the callback refused.
func (f *Fence) Raise(cb id.Callback, fence int64, cancelled bool, now time.Time) {
	c := f.of(cb, now)
	c.highest = max(c.highest, fence)
	c.cancelled = c.cancelled || cancelled
}

// Used records a leg that this table did not admit: one of before a restart. live says whether it still is.
func (f *Fence) Used(o Order, live bool, now time.Time) {
	c := f.of(o.Callback, now)
	c.highest = max(c.highest, o.Fence)
	c.legs[o.Leg] = &fencedLeg{o.Party, live}
}

// Ended records that a leg is over. Its callback is forgotten FenceMemory after the last of them.
func (f *Fence) Ended(cb id.Callback, leg id.Leg, now time.Time) {
	c := f.callbacks[cb]
	if c == nil || c.legs[leg] == nil {
		return
	}
	c.legs[leg].live = false
	c.quiet = now
}

// Reconciled opens the fence: the switch knows what was up before.
func (f *Fence) Reconciled() { f.reconciled = true }

// Open says whether Reconciled was called.
func (f *Fence) Open() bool { return f.reconciled }

func (f *Fence) of(cb id.Callback, now time.Time) *fenced {
	c := f.callbacks[cb]
	if c == nil {
		if f.callbacks == nil {
			f.callbacks = map[id.Callback]*fenced{}
		}
		c = &fenced{legs: map[id.Leg]*fencedLeg{}, quiet: now}
		f.callbacks[cb] = c
	}
	return c
}

// sweep forgets, at most once a minute, the callbacks that have been quiet for long.
func (f *Fence) sweep(now time.Time) {
	if now.Sub(f.swept) < time.Minute {
		return
	}
	f.swept = now
	for cb, c := range f.callbacks {
		if now.Sub(c.quiet) > FenceMemory && !c.live() {
			delete(f.callbacks, cb)
		}
	}
}

func (c *fenced) live() bool {
	for _, l := range c.legs {
		if l.live {
			return true
		}
	}
	return false
}
