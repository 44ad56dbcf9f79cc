package ctisip

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
)

// strangerTime is how long a far end may still speak to us about a call that we have ended: it repeats an answer for
// 32 s.
const strangerTime = 64 * time.Second

// later closes doors when nothing more is to be expected.
func (sw *Switch) later(doors []netip.Addr) {
	if len(doors) == 0 {
		return
	}
	time.AfterFunc(strangerTime, func() {
		for _, a := range doors {
			sw.doors.close(a)
		}
	})
}

// Reconcile compares what the application has on disk with what this switch knows. Legs that it does not know are ended:
// BYE from their Ref, or CANCEL with names that derive from their ids. From then on orders are taken.
func (sw *Switch) Reconcile(ctx context.Context, known []cti.KnownLeg) ([]cti.LegFact, error) {
	now := time.Now()
	facts := make([]cti.LegFact, 0, len(known))
	ending := make(chan struct{}, mostTries*len(known)) // nobody may wait for us: a leg has at most so many tries
	begun := 0
	for _, k := range known {
		sw.mu.Lock()
		f, ok := sw.factOf(k)
		if !ok {
			f = cti.LegFact{Leg: k.Order.Leg, State: cti.Ended, Cause: cti.UnknownAfterCrash, By: cti.ByNetwork, Trunk: k.Trunk, CallID: k.CallID}
			if k.Sent {
				sw.fence.Used(k.Order, true, now) // until its far end has answered: no other call before
			} else {
				sw.fence.Raise(k.Order.Callback, k.Order.Fence, false, now)
			}
		}
		sw.mu.Unlock()
		if !ok && k.Sent {
			if f.CallID == "" && !k.Order.Arrived() {
				f.CallID = derive(k.Order.Leg, 0, "call", 32) // it was sent, and its word did not reach the disk
			}
			begun += sw.endFenced(ctx, k, ending)
		}
		facts = append(facts, f)
	}
	await(ctx, ending, begun)
	sw.mu.Lock()
	sw.fence.Reconciled()
	sw.mu.Unlock()
	return facts, nil
}

// endFenced ends a leg of a process that is no more; its visitor is not rung again before the far end has answered, or
// not in 32 s. It returns how often ending will be told.
func (sw *Switch) endFenced(ctx context.Context, k cti.KnownLeg, ending chan<- struct{}) int {
	var open atomic.Int32
	over := func(n int) {
		if open.Add(int32(n)) == 0 {
			sw.mu.Lock()
			sw.fence.Ended(k.Order.Callback, k.Order.Leg, time.Now())
			sw.mu.Unlock()
		}
	}
	n := sw.endUnknown(ctx, k, func() {
		over(-1)
		ending <- struct{}{}
	})
	over(n)
	return n
}

// endPatience is how long a start waits for the far ends of before. Once Reconcile returns the application forgets them:
// dying again before they have heard would leave them up.
const endPatience = 2 * time.Second

func await(ctx context.Context, ending <-chan struct{}, n int) {
	t := time.NewTimer(endPatience)
	defer t.Stop()
	for range n {
		select {
		case <-ending:
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (sw *Switch) factOf(k cti.KnownLeg) (cti.LegFact, bool) {
	if l := sw.legs[k.Order.Leg]; l != nil {
		return l.fact, true
	}
	if p := sw.past[k.Order.Callback]; p != nil {
		for _, f := range p.facts {
			if f.Leg == k.Order.Leg {
				return f, true
			}
		}
	}
	return cti.LegFact{}, false
}

// endUnknown ends a leg of a process that is no more. It returns how often done will be called: when a far end has
// answered, or not in 32 s.
func (sw *Switch) endUnknown(ctx context.Context, k cti.KnownLeg, done func()) int {
	log := sw.c.Log.With("callback", k.Order.Callback, "leg", k.Order.Leg)
	if len(k.Ref) > 0 {
		far, err := dialog.RefAddr(k.Ref)
		if err == nil {
			sw.briefly(far.Addr())
			err = sw.stack.EndByRef(k.Ref, sw.identityOfLeg(k), sw.loginOfLeg(k), branch(k.Order.Leg, refTry), done)
		}
		if err != nil {
			log.ErrorContext(ctx, "leg cannot be ended", "error", err)
			return 0
		}
		return 1
	}
	if k.Order.Arrived() {
		return 0 // it was not answered: its caller's network gives up
	}
	all := sw.mayHaveSent(ctx, k)
	for _, i := range all {
		sw.briefly(i.Dest.Addr())
		tries := uint32(1)
		if i.User != "" || i.Transport == "tls" {
			tries = 2 // the second answers a challenge, or a refusal of plain speech
		}
		sw.stack.CancelUnanswered(i, tries, done)
	}
	return len(all)
}

// refTry numbers requests from a Ref, so that their branches are no other's.
const refTry = 1000

// briefly lets a far end answer what we send it about a call of before.
func (sw *Switch) briefly(a netip.Addr) {
	sw.doors.open(a)
	sw.later([]netip.Addr{a})
}

// mayHaveSent returns the INVITEs that a leg may have sent: the one whose Call-ID is on record, else one for each trunk in
// the order in which they are tried.
func (sw *Switch) mayHaveSent(ctx context.Context, k cti.KnownLeg) []dialog.Invitation {
	o := k.Order
	if o.To.Kind() == cti.Web { // its connection died with the process
		return nil
	}
	if user, ok := o.To.Account(); ok {
		return sw.mayHaveRung(ctx, o, user)
	}
	if o.To.Kind() == cti.SIP {
		to, err := sw.resolve(ctx, o.To)
		if err != nil {
			return nil
		}
		return []dialog.Invitation{sw.names(o, 0, nil, to.Addr, to.Transport)}
	}
	sw.mu.Lock()
	var all []*line
	if t := sw.lines[k.Trunk]; t != nil {
		all = []*line{t}
	} else {
		all = sw.lines.carriers(o.To.Number(), o.Via, time.Now(), sw.random)
	}
	var out []dialog.Invitation
	add := func(n int, t *line, to *target) {
		if len(out) < mostTries {
			out = append(out, sw.names(o, n, t, to.Addr, to.Transport))
		}
	}
	way := 0
	for _, t := range all {
		for _, to := range t.health.usable(time.Now()) {
			switch {
			case k.Trunk != "":
				add(tryOf(o, k.CallID), t, to)
			case way > 0: // which was the first may have changed since
				add(0, t, to)
				fallthrough
			default:
				add(way, t, to)
			}
			way++
		}
	}
	sw.mu.Unlock()
	return out
}

// mostTries of one leg are ended after a crash.
const mostTries = 16

// tryOf finds the number of the try in a Call-ID.
func tryOf(o cti.Order, callID string) int {
	for n := range mostTries {
		if derive(o.Leg, n, "call", 32) == callID {
			return n
		}
	}
	return 0
}
