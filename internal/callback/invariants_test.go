package callback_test

import (
	"fmt"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/id"
)

// grace is how long after a fault, or the end, everything must be clean again.
const grace = 35 * time.Second

// invariants holds everything that happened against I1-I4 of the fault model, 35 s after the last thing happened:
// every wish has ended once; no callback made two of its visitor's telephones ring; nobody sat in silence; nothing is
// up that nobody knows.
func (w *world) invariants() {
	w.Helper()
	pass(grace)
	calls := w.phones.Calls()
	for _, cb := range w.wishes {
		c := w.stored(cb)
		if c.Live() || c.Outcome == "" || c.EndedAt.IsZero() {
			w.Errorf("I1: %s is %s", cb, c.State)
		}
		w.whole(c)
		w.oneVisitor(c, calls)
		for _, a := range c.Attempts {
			for _, l := range a.Legs {
				if l.State != cti.Ended || l.EndedAt.IsZero() || l.Cause == "" {
					w.Errorf("I4: leg %s of the %s is %s in the row of an ended callback", l.ID, l.Party, l.State)
				}
			}
		}
	}
	for _, c := range calls {
		if s := w.silence(c); s > 2*time.Second {
			w.Errorf("I3: the %s at %s heard nothing for %v: %v", c.Party, c.To, s, c.Heard)
		}
	}
	for _, c := range ctisim.Open(calls) {
		w.Errorf("I4: the %s's telephone %s is still up", c.Party, c.To)
	}
	for slug := range w.agents {
		switch p := w.presence(slug); p {
		case agent.Reserved, agent.Talking, agent.Finishing, agent.WrapUp:
			w.Errorf("%s is left %s", slug, p)
		}
	}
	if w.Failed() {
		for _, cb := range w.wishes {
			w.dump(cb)
		}
	}
}

// whole holds the journal against the callback: one line a step, no gap, each begins where the one before ended.
func (w *world) whole(c *callback.Callback) {
	w.Helper()
	lines := w.journal(c.ID)
	if int64(len(lines)) != c.Version {
		w.Errorf("journal of %s has %d lines at version %d", c.ID, len(lines), c.Version)
	}
	state := callback.State("")
	ends := 0
	for i, l := range lines {
		if l.Seq != int64(i+1) || l.From != state || l.Actor == "" || l.Event == "" || l.At.IsZero() {
			w.Errorf("journal of %s, line %d does not follow: %+v", c.ID, i+1, l)
		}
		if i > 0 && l.At.Before(lines[i-1].At) && !w.jumped {
			w.Errorf("journal of %s, line %d is older than the one before", c.ID, i+1)
		}
		if l.To == callback.Ended && l.From != callback.Ended {
			ends++
			if l.Reason == "" {
				w.Errorf("journal of %s: it ended without a reason", c.ID)
			}
		}
		state = l.To
	}
	if state != c.State || ends > 1 || c.State == callback.Ended && ends != 1 {
		w.Errorf("journal of %s leads to %s with %d ends, the row says %s", c.ID, state, ends, c.State)
	}
	w.mu.Lock()
	told := w.told[c.ID]
	w.mu.Unlock()
	if len(w.out) > 0 {
		return // what was on disk and not yet published when the service died is read, not told
	}
	var a, b []string
	for _, l := range told {
		a = append(a, fmt.Sprint(l.Seq, " ", l.Event, " ", l.To))
	}
	for _, l := range lines {
		b = append(b, fmt.Sprint(l.Seq, " ", l.Event, " ", l.To))
	}
	wantEqual(w, "published", a, b)
}

// oneVisitor: at no instant do two telephones of the visitor ring or talk, and each attempt rings at most one.
func (w *world) oneVisitor(c *callback.Callback, calls []ctisim.Call) {
	w.Helper()
	if n := ctisim.MostAtOnce(calls, ctisim.OfVisitor(c.ID)); n > 1 {
		w.Errorf("I2: %d telephones of the visitor of %s rang at once", n, c.ID)
	}
	legs := map[int]id.Leg{}
	for _, k := range calls {
		if !ctisim.OfVisitor(c.ID)(k) {
			continue
		}
		if other, twice := legs[k.Attempt]; twice && other != k.Leg {
			w.Errorf("I2: attempt %d of %s rang the visitor twice", k.Attempt, c.ID)
		}
		legs[k.Attempt] = k.Leg
	}
}

// silence is the longest time an answered call heard nothing, not counting the time in which no service ran.
func (w *world) silence(c ctisim.Call) time.Duration {
	for _, o := range w.out {
		if o.from.Before(c.GoneAt) && (o.to.IsZero() || c.AnsweredAt.Before(o.to.Add(grace))) {
			return 0
		}
	}
	return c.Silence(time.Now())
}
