package sim

import (
	"context"
	"slices"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/simcarrier"
)

// judge asks the invariants of the day, of what is on disk and of the ledger of the telephone network:
// I1 every acknowledged wish ended once; I2 no visitor is rung by two calls at once, or twice in one attempt, or after a
// refusal for good; I3 nobody who answered sat in silence; I4 nothing is up 35 s after a death or the end.
func (d *day) judge() {
	ledger := d.carrier.Ledger()
	legs := map[string]*callback.Leg{}
	all := map[id.Callback]*callback.Callback{}
	for cb := range d.made {
		c, err := d.disk.now().Callback(context.Background(), "", cb)
		if err != nil {
			d.trouble("I1: %s is acknowledged and not on disk: %v", cb, err)
			continue
		}
		all[cb] = c
		d.ended(c)
		for i := range c.Attempts {
			for j := range c.Attempts[i].Legs {
				legs[string(c.Attempts[i].Legs[j].ID)] = &c.Attempts[i].Legs[j]
			}
		}
	}
	d.oneAtATime(ledger, legs)
	d.released(ledger, all)
	d.final(ledger, legs)
	for _, e := range ledger {
		d.down(e, legs[e.Leg])
		d.heard(e, ledger)
		if _, known := all[id.Callback(e.Callback)]; known && legs[e.Leg] == nil {
			d.trouble("I4: the call to %s for leg %s of %s has no row", e.To, e.Leg, e.Callback)
		}
	}
	d.idle()
	if n := d.counters.Panics.Load(); n > 0 {
		d.trouble("%d panics", n)
	}
	d.report(ledger, all)
}

// ended holds one callback and its journal.
func (d *day) ended(c *callback.Callback) {
	lines, err := d.disk.now().Journal(context.Background(), c.ID)
	if err != nil {
		d.trouble("journal of %s: %v", c.ID, err)
		return
	}
	ends, state := 0, callback.State("")
	for i, l := range lines {
		if l.Seq != int64(i+1) || l.From != state {
			d.trouble("journal of %s, line %d does not follow: %s --%s--> %s after %s", c.ID, i+1, l.From, l.Event, l.To, state)
		}
		if l.To == callback.Ended && l.From != callback.Ended {
			ends++
		}
		state = l.To
	}
	if c.Live() || c.Outcome == "" || ends != 1 || state != c.State || int64(len(lines)) != c.Version {
		d.trouble("I1: %s is %s (%s, %s), its journal of %d lines at version %d ends %d times in %s", c.ID, c.State, c.Outcome, c.Reason, len(lines), c.Version, ends, state)
	}
	for _, a := range c.Attempts {
		for _, l := range a.Legs {
			if l.State != cti.Ended {
				d.trouble("I4: leg %s of the %s of %s is %s in its row", l.ID, l.Party, c.ID, l.State)
			}
		}
	}
}

// oneAtATime: a callback never has two calls at its visitor's telephone at once, and each attempt rings it with one.
func (d *day) oneAtATime(ledger []simcarrier.Entry, legs map[string]*callback.Leg) {
	calls := map[string][]simcarrier.Entry{}
	for _, e := range ledger {
		if l := legs[e.Leg]; l != nil && l.Party == cti.Visitor {
			calls[e.Callback] = append(calls[e.Callback], e)
		}
	}
	for cb, all := range calls {
		for i, e := range all {
			from, until, ok := busy(e)
			for _, o := range all[:i] {
				if o.Attempt == e.Attempt {
					d.trouble("I2: attempt %d of %s rang its visitor by %s and %s", e.Attempt, cb, o.CallID, e.CallID)
				}
				oFrom, oUntil, ook := busy(o)
				if ok && ook && from.Before(oUntil) && oFrom.Before(until) {
					d.trouble("I2: %s rang or talked for legs %s and %s of %s at once", e.To, o.Leg, e.Leg, cb)
				}
			}
		}
	}
}

// busy is when a telephone rang or talked; false when it never did, or is off the network and cannot be told anything.
func busy(e simcarrier.Entry) (from, until time.Time, ok bool) {
	if e.Frozen || e.RingingFrom.IsZero() && e.AnsweredAt.IsZero() {
		return from, until, false
	}
	from, until = e.RingingFrom, e.RingingUntil
	if !e.AnsweredAt.IsZero() {
		until = e.ByeAt
		if from.IsZero() {
			from = e.AnsweredAt
		}
	}
	if until.IsZero() {
		until = time.Now()
	}
	return from, until, true
}

// released: 35 s after an attempt has ended, none of its telephones rings or is up; a death in between is another story.
func (d *day) released(ledger []simcarrier.Entry, all map[id.Callback]*callback.Callback) {
	for _, e := range ledger {
		c := all[id.Callback(e.Callback)]
		if c == nil || e.Attempt < 1 || e.Attempt > len(c.Attempts) {
			continue
		}
		end := c.Attempts[e.Attempt-1].EndedAt
		_, until, ok := busy(e)
		if !ok || !until.After(end.Add(grace)) {
			continue
		}
		if !slices.ContainsFunc(d.deaths, func(x death) bool {
			return x.from.After(end.Add(-doubleFault)) && x.from.Before(until) || x.to.After(end.Add(-time.Second)) && x.from.Before(end)
		}) {
			d.trouble("I4: %s was up until %v for leg %s of %s, whose attempt had ended at %v", e.To, until, e.Leg, e.Callback, end)
		}
	}
}

// final: a visitor who has declined is never rung again for the same wish.
func (d *day) final(ledger []simcarrier.Entry, legs map[string]*callback.Leg) {
	declined := map[string]time.Time{}
	for _, e := range ledger {
		if l := legs[e.Leg]; l == nil || l.Party != cti.Visitor {
			continue
		}
		// The answer may have been lost with the process that asked: only what we took in counts.
		if legs[e.Leg].Cause == cti.CallRejected {
			declined[e.Callback] = e.FinalAt
		} else if at, ok := declined[e.Callback]; ok && e.InviteAt.After(at) {
			d.trouble("I2: %s was rung again for %s after it had declined", e.To, e.Callback)
		}
	}
}

// doubleFault is how long before a death a leg may have been written off: the CANCEL or BYE that went out then may have
// been lost on the way, and the process that would have sent it again is dead. The next one does not know of it.
const doubleFault = 10 * time.Second

// down: a call of a process that died is over 35 s after the next one is up, and none is up now.
func (d *day) down(e simcarrier.Entry, l *callback.Leg) {
	if e.Frozen || e.Personality == "silence" {
		return
	}
	if l != nil {
		for _, x := range d.deaths {
			if !l.EndedAt.After(x.from) && l.EndedAt.After(x.from.Add(-doubleFault)) || !l.EndedAt.Before(x.to) && !l.EndedAt.After(x.to.Add(time.Second)) && d.diesAgain(x) {
				return
			}
		}
	}
	over := e.FinalAt
	if e.Final < 300 {
		over = e.ByeAt
	}
	if over.IsZero() && !(e.RingingFrom.IsZero() && e.AnsweredAt.IsZero()) {
		d.trouble("I4: the call to %s for leg %s of %s (%s, %s) is still up: final %d, ringing %v to %v, cancel %v", e.To, e.Leg, e.Callback,
			e.Person, e.Personality, e.Final, e.RingingFrom, e.RingingUntil, e.CancelAt)
		return
	}
	begun := e.InviteAt
	if e.Outgoing {
		begun = e.AnsweredAt // until then the INVITE of a caller is repeated, and the next process may take it
	}
	for i, x := range d.deaths {
		if begun.IsZero() || begun.After(x.from) || !over.After(x.to.Add(grace)) {
			continue
		}
		if i+1 < len(d.deaths) && d.deaths[i+1].from.Before(x.to.Add(grace)) {
			continue // the next one died as well before it could end it
		}
		d.trouble("I4: the call to %s for leg %s of %s (%s, %s), from before the death at %v, was up until %v", e.To, e.Leg, e.Callback, e.Person, e.Personality,
			x.from, over)
	}
}

// diesAgain says whether the process that was up at x.to died as well, soon.
func (d *day) diesAgain(x death) bool {
	return slices.ContainsFunc(d.deaths, func(y death) bool {
		return y.from.After(x.to.Add(-time.Second)) && y.from.Before(x.to.Add(doubleFault)) && y != x
	})
}

// heard: nobody who answered heard nothing for more than 2 s, but for the time around a death, and where the other side
// sends nothing.
func (d *day) heard(e simcarrier.Entry, ledger []simcarrier.Entry) {
	if e.AnsweredAt.IsZero() || e.AckedAt.IsZero() || e.Frozen || !e.CancelAt.IsZero() {
		return // one who answers into our CANCEL is let go as soon as our BYE gets through
	}
	lost := e.AckedAt.Sub(e.AnsweredAt) // so long the answer was on its way to us
	if e.Personality == "reinvite_at_ack" {
		lost += 2 * time.Second // it holds the call for a while, and wants to hear nothing
	}
	if e.SilenceMax <= (2*time.Second + 2*pace + lost).Seconds() {
		return
	}
	end := e.ByeAt
	if end.IsZero() {
		return
	}
	for _, x := range d.deaths {
		if e.AnsweredAt.Before(x.to.Add(grace)) && end.After(x.from) {
			return
		}
	}
	for _, o := range ledger {
		if o.Callback == e.Callback && o.CallID != e.CallID && (o.Frozen || o.Personality != "" || o.Person == "machine") {
			return
		}
	}
	d.trouble("I3: %s at leg %s of %s (%s, %s) heard nothing for %.1f s of %v", e.To, e.Leg, e.Callback, e.Person, e.Personality, e.SilenceMax, end.Sub(e.AnsweredAt))
}

// idle: with nothing left to do, no agent is held.
func (d *day) idle() {
	all, err := d.disk.now().Agents(context.Background())
	if err != nil {
		d.trouble("agents: %v", err)
	}
	for a, s := range all {
		if slices.Contains([]agent.Presence{agent.Reserved, agent.Talking, agent.Finishing}, s.Presence) {
			d.trouble("%s is left %s for %s", a, s.Presence, s.Callback)
		}
	}
}

// report fails the day with what was wrong, and tells the stories that belong to it.
func (d *day) report(ledger []simcarrier.Entry, all map[id.Callback]*callback.Callback) {
	if len(d.wrong) == 0 {
		return
	}
	for _, w := range d.wrong[:min(len(d.wrong), 8)] {
		d.Error(w)
	}
	for _, x := range d.deaths {
		d.Logf("died %v at %q, up again %v", x.from, x.at, x.to)
	}
	d.story(d.wrong[0], ledger, all)
}
