package ctisip

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/locate"
	"ringback/internal/id"
)

// keeper keeps one trunk: it looks its name up, asks whether it is there, and registers with it. All of it runs on its
// lane; what it finds out stands in the trunk's health.
type keeper struct {
	sw      *Switch
	lane    *dialog.Lane
	l       *line // as it is configured now
	look    *dialog.Timer
	ping    *dialog.Timer
	soon    *dialog.Timer
	regs    []*registration
	seq     uint32
	stopped bool
}

// How long what a name server said holds.
const (
	nameHolds    = 5 * time.Minute
	noNameHolds  = 30 * time.Second
	pingPatience = 4 * time.Second
	askAgain     = time.Second // after a question that was not answered
)

// lookUp finds where trunks are that are new or have moved, all at once.
func (sw *Switch) lookUp(ctx context.Context, fresh lines) {
	sw.mu.Lock()
	known := sw.lines
	sw.mu.Unlock()
	var all sync.WaitGroup
	for k, l := range fresh {
		if old := known[k]; old != nil && samePlace(old.Trunk, l.Trunk) && len(old.health.targets) > 0 {
			continue
		}
		all.Go(func() {
			found, err := sw.locate(ctx, l.Trunk)
			if err != nil {
				l.health.lost = err.Error()
				sw.c.Log.WarnContext(ctx, "trunk has no address", "trunk", l.Slug, "error", err)
				return
			}
			l.health.found(found)
		})
	}
	all.Wait()
}

func (sw *Switch) locate(ctx context.Context, t cti.Trunk) ([]locate.Target, error) {
	q, err := locate.Ask(cti.Endpoint(t.Address), t.Family)
	if err != nil {
		return nil, err
	}
	return q.Answer(ctx, sw.c.Resolver, sw.random)
}

// keep gives each trunk its keeper, and ends those of trunks that are gone. sw.keeping is held.
func (sw *Switch) keep(all lines) {
	for k, old := range sw.keepers {
		if all[k] == nil {
			delete(sw.keepers, k)
			old.lane.Do(func() { old.stop(func() {}) })
		}
	}
	for k, l := range all {
		kp := sw.keepers[k]
		if kp == nil {
			kp = &keeper{sw: sw, lane: sw.stack.NewLane()}
			sw.keepers[k] = kp
		}
		kp.lane.Do(func() { kp.change(l) })
	}
}

// change takes a trunk as it is configured now.
func (k *keeper) change(l *line) {
	before := k.l
	k.l = l
	if before != nil && before.health == l.health && reflect.DeepEqual(before.Trunk, l.Trunk) {
		return
	}
	k.look.Stop()
	if q, err := locate.Ask(cti.Endpoint(l.Address), l.Family); err == nil {
		if _, literal := q.Literal(); !literal {
			k.look = k.lane.After(k.holds(), k.lookAgain)
		}
	}
	k.soon.Stop()
	k.watch()
	k.reregister(before)
	k.weigh()
}

func (k *keeper) weigh() {
	k.sw.mu.Lock()
	defer k.sw.mu.Unlock()
	k.sw.weigh(k.sw.lines.current(k.l))
}

// holds is how long what is known of the name may be believed.
func (k *keeper) holds() time.Duration {
	k.sw.mu.Lock()
	defer k.sw.mu.Unlock()
	if k.l.health.lost != "" {
		return noNameHolds
	}
	return nameHolds
}

// lookAgain asks the name server, away from the lane. What it cannot say leaves everything as it was.
func (k *keeper) lookAgain() {
	t := k.l.Trunk
	k.sw.stack.Go(func() {
		found, err := k.sw.locate(k.sw.ctx, t)
		k.lane.Do(func() { k.found(t, found, err) })
	})
}

func (k *keeper) found(t cti.Trunk, found []locate.Target, err error) {
	if k.stopped || !samePlace(t, k.l.Trunk) {
		return
	}
	sw := k.sw
	sw.mu.Lock()
	l := sw.lines.current(k.l)
	h := l.health
	before := len(h.targets)
	switch {
	case err == nil:
		h.found(found)
		sw.letIn()
	case len(h.targets) == 0:
		h.lost = err.Error()
	}
	sw.weigh(l)
	sw.mu.Unlock()
	if err != nil {
		k.look = k.lane.After(noNameHolds, k.lookAgain)
		return
	}
	k.look = k.lane.After(nameHolds, k.lookAgain)
	if before == 0 {
		k.ping.Stop()
		k.ask()
		k.reregister(k.l)
	}
}

// targets are where the trunk is, best first.
func (k *keeper) targets() []locate.Target {
	k.sw.mu.Lock()
	defer k.sw.mu.Unlock()
	var out []locate.Target
	for _, t := range k.sw.lines.current(k.l).health.usable(time.Now()) {
		out = append(out, t.Target)
	}
	return out
}

// watch begins to ask. A trunk that knows us by our address is left alone for a first while: what it is will be seen at the
// first call, and a far end that is set up for calls alone is not met with something else.
func (k *keeper) watch() {
	k.ping.Stop()
	switch {
	case k.stopped || k.l.Ping <= 0:
	case k.l.Register:
		k.ask()
	default:
		k.ping = k.lane.After(k.l.Ping, k.ask)
	}
}

// ask asks every target whether it is there (OPTIONS), and sets the time of the next question.
func (k *keeper) ask() {
	if k.stopped || k.l.Ping <= 0 {
		return
	}
	for _, t := range k.targets() {
		k.sw.stack.Reroute(t.Addr.Addr())
		k.options(t)
	}
	k.ping = k.lane.After(k.l.Ping, k.ask)
}

func (k *keeper) options(t locate.Target) {
	if k.stopped {
		return
	}
	if !k.sw.stack.Speaks(t.Transport, t.Addr.Addr()) {
		k.sw.missed(k.l, t.Addr, true, fmt.Sprintf("we have no socket for %s to %s: see listen.sip", t.Transport, t.Addr.Addr()))
		return
	}
	l := k.l
	k.sw.stack.Ask(k.lane, k.question(t), pingPatience, func(a dialog.Reply) {
		switch {
		case k.stopped || k.l.ID != l.ID:
		case a.Code == 0:
			k.unanswered(t)
		case a.Code == 503 && a.RetryAfter > 0:
			k.sw.heardOf(l, t.Addr)
			k.sw.rest(l, a.RetryAfter)
		default:
			k.sw.heardOf(l, t.Addr)
			k.pinged(t)
			k.seen(t, a)
		}
	})
}

func (k *keeper) pinged(t locate.Target) {
	k.sw.mu.Lock()
	defer k.sw.mu.Unlock()
	if h := k.sw.lines.current(k.l).health.at(t.Addr); h != nil {
		h.pinged = true
	}
}

// unanswered is a question that was not answered: the next one does not wait for its time.
func (k *keeper) unanswered(t locate.Target) {
	k.sw.missed(k.l, t.Addr, false, fmt.Sprintf("%s does not answer OPTIONS over %s", t.Addr, t.Transport))
	k.sw.mu.Lock()
	h := k.sw.lines.current(k.l).health.at(t.Addr)
	again := h != nil && h.misses < enoughMisses
	k.sw.mu.Unlock()
	if again {
		k.soon.Stop()
		k.soon = k.lane.After(askAgain, func() { k.options(t) })
	}
}

// question is an OPTIONS to a target.
func (k *keeper) question(t locate.Target) dialog.Question {
	k.seq++
	q := k.sw.request(k.l, t, "OPTIONS")
	q.Seq = k.seq
	return q
}

// stop ends the keeping; done is told when the carrier has heard that we are gone.
func (k *keeper) stop(done func()) {
	k.stopped = true
	k.look.Stop()
	k.ping.Stop()
	k.soon.Stop()
	k.leave(slices.Clone(k.regs), done)
	k.regs = nil
}

// stopKeeping ends all keepers and waits a little for carriers to hear of it.
func (sw *Switch) stopKeeping() {
	sw.keeping.Lock()
	all := sw.keepers
	sw.keepers = map[id.Trunk]*keeper{}
	sw.keeping.Unlock()
	heard := make(chan struct{}, len(all))
	for _, k := range all {
		k.lane.Do(func() { k.stop(func() { heard <- struct{}{} }) })
	}
	late := time.NewTimer(closePatience)
	defer late.Stop()
	for range all {
		select {
		case <-heard:
		case <-late.C:
			return
		}
	}
}
