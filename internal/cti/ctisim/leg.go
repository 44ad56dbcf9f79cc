package ctisim

import (
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// How long things take that a real switch takes time for.
const (
	// SayTime is the length of every closing sentence and farewell.
	SayTime = time.Second
	// MessageTime is the length of every message to a machine.
	MessageTime = 5 * time.Second
	// CancelWait is how long the far end may take to obey a CANCEL.
	CancelWait = 5 * time.Second
	// HardStop comes on top of the ring time, counted from the INVITE.
	HardStop = 15 * time.Second
	// DeadAfter is how long it takes to notice that a telephone is off the network.
	DeadAfter = 24 * time.Second
	// wordTime is a word and the pause after it, until it counts as a voice.
	wordTime = 1200 * time.Millisecond
	// quietAfter is how long nothing is heard before it is told.
	quietAfter = 3 * time.Second
)

// leg is one telephone as the switch sees it. All of it is guarded by the lock of Phones.
type leg struct {
	sw       *Switch
	order    cti.Order
	call     *call
	state    cti.LegState
	trunk    id.Trunk
	program  cti.Program
	turn     int       // of the program
	keeps    time.Time // since when what the far end says is kept; zero = it is not
	in       *talk     // that it is in; nil = none
	tape     *tape     // of the talk it is in; nil = it is not recorded
	refers   bool      // it has asked to be replaced
	taker    string    // the call that wants its place; "" = none
	held     bool      // its far end hears nothing, and wants that
	waits    bool      // it is on hold, by us
	aside    bool      // so is its far end, in no talk
	ending   bool      // a closing sentence is said, or a CANCEL is out
	parted   bool      // what is said is the farewell after the other's end
	sayings  int
	cause    cti.Cause
	by       cti.By
	tone     cti.Tone // that ended it
	code     int
	note     string
	decided  cti.Cause // of a CANCEL that is out
	endedAt  time.Time
	ringStop *time.Timer
	lost     *time.Timer // its browser is away; nil = it is not
	timers   []*time.Timer
}

func (l *leg) send() {
	if name, ok := l.order.To.Account(); ok && !l.sw.phones.hasRegistered(l.order.To) {
		l.note = "no telephone of " + name + " is registered"
		l.end(cti.UnallocatedNumber, cti.ByUs, 0)
		return
	}
	open := l.order.To.Kind() == cti.Web && l.sw.deskOpen(l.order.To)
	if l.order.To.Kind() == cti.Web && !open && l.order.Party != cti.Visitor {
		l.note = "no page is open there"
		l.end(cti.UnallocatedNumber, cti.ByUs, 0)
		return
	}
	l.call = l.sw.phones.invite(l.order, l)
	l.tell(cti.Event{Kind: cti.LegSent})
	l.ringStop = l.after(l.order.Ring+HardStop, l.missed)
	if open && l.order.Party == cti.Visitor && len(l.sw.phones.people[l.order.To]) == 0 {
		l.call.at(0, l.call.answer)
	}
}

// after does f under the lock unless the leg has ended by then.
func (l *leg) after(d time.Duration, f func()) *time.Timer {
	t := time.AfterFunc(d, func() {
		l.sw.phones.mu.Lock()
		defer l.sw.phones.mu.Unlock()
		if l.state != cti.Ended && !l.sw.down {
			f()
		}
	})
	l.timers = append(l.timers, t)
	return t
}

// tell moves the leg in its table and tells the fact; what is out of place is dropped.
func (l *leg) tell(e cti.Event) {
	to, ok := l.state.Next(e.Kind)
	if !ok {
		return
	}
	l.state = to
	o := l.order
	e.At, e.Callback, e.Attempt, e.Leg, e.Party = l.sw.now(), o.Callback, o.Attempt, o.Leg, o.Party
	e.Trunk, e.CallID = l.trunk, l.callID()
	l.sw.out.put(e)
}

func (l *leg) missed() {
	if l.order.Party == cti.Visitor && l.order.To.Kind() == cti.Web {
		l.note = "the visitor's page was closed, or did not connect"
	}
	l.hangUp(cti.HangUp{Cause: cti.NoAnswer})
}

// hangUp: CANCEL while it rings, BYE after the answer and the closing sentence.
func (l *leg) hangUp(h cti.HangUp) {
	if l.state == cti.Ended || l.ending && !l.givesWay(h) {
		return
	}
	if l.ending {
		h.Cause = l.decided
	}
	l.ending, l.parted, l.decided = true, false, h.Cause
	if l.state.Up() {
		if h.Say.IsZero() {
			l.bye(h.Cause)
			return
		}
		l.leaveBridge(h.Cause)
		l.hears("say "+h.Say.String(), SayTime)
		l.sayings++
		n := l.sayings
		l.after(SayTime, func() {
			if l.sayings == n { // else something else is said by now
				l.bye(h.Cause)
			}
		})
		return
	}
	if l.call.cancel() {
		l.end(h.Cause, cti.ByUs, 487)
		return
	}
	// No 487 yet: an answer that crosses the CANCEL is acknowledged and ended (farAnswers).
	l.after(CancelWait, func() {
		l.call.by = &late{l.call}
		if l.call.person.Silent { // nothing ever came back: there is nobody to end
			l.call.gone("nobody")
		}
		l.end(h.Cause, cti.ByUs, 0)
	})
}

// givesWay says whether what is said now, at the end, ends for other words.
func (l *leg) givesWay(h cti.HangUp) bool {
	return l.sayings > 0 && len(h.Say.Clips) > 0 && (l.parted || h.Instead)
}

func (l *leg) bye(cause cti.Cause) {
	l.call.cancel()
	l.end(cause, cti.ByUs, 0)
}

// end is the only place where a leg ends.
func (l *leg) end(cause cti.Cause, by cti.By, code int) {
	if l.state == cti.Ended {
		return
	}
	for _, t := range l.timers {
		t.Stop()
	}
	l.cause, l.by, l.code, l.endedAt = cause, by, code, l.sw.now()
	l.leaveBridge(cause)
	l.tell(cti.Event{Kind: cti.LegEnded, Cause: cause, By: by, SIPCode: code, Note: l.note, Tone: l.tone})
	l.sw.fence.Ended(l.order.Callback, l.order.Leg, l.sw.now())
}

// abandon forgets the call as a process does that is killed.
func (l *leg) abandon() {
	for _, t := range l.timers {
		t.Stop()
	}
	if l.call != nil && l.call.by == l {
		l.call.by = nil
		if l.state != cti.Ended && l.call.GoneAt.IsZero() {
			l.call.hears("", 0)
		}
	}
}

func (l *leg) fact() cti.LegFact {
	return cti.LegFact{Leg: l.order.Leg, Known: true, State: l.state, Cause: l.cause, By: l.by, Trunk: l.trunk,
		CallID: l.callID()}
}

func (l *leg) callID() string {
	if l.order.Arrived() {
		return l.order.Answers
	}
	return "sim-" + string(l.order.Leg)
}
