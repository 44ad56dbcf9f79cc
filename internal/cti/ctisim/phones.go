// Package ctisim is a switch without telephones: people are scripted by endpoint, time is the bubble's own, and
// everything that was ordered, rang or was heard is on record. It keeps the promises of cti.Switch that ctitest asks
// for, so that what is tried on it behaves the same on a real one.
//
// Phones is the world outside: it outlives a switch that dies, and a telephone that rang goes on ringing.
package ctisim

import (
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// Phones are the telephones of a town and the people at them. One lock covers them and the switches that ring them.
type Phones struct {
	mu     sync.Mutex
	people map[cti.Endpoint][]Person
	nth    map[cti.Endpoint]int
	calls  []*call // in the order of their INVITEs
	told   []Told
}

// NewPhones returns a town where nobody lives yet: every number is unknown.
func NewPhones() *Phones {
	return &Phones{people: map[cti.Endpoint][]Person{}, nth: map[cti.Endpoint]int{}}
}

// Person puts somebody at a telephone. With several, each call gets the next one and the last stays.
func (p *Phones) Person(at cti.Endpoint, who ...Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.people[at], p.nth[at] = who, 0
}

func (p *Phones) answering(at cti.Endpoint) Person {
	who := p.people[at]
	if len(who) == 0 {
		return Nobody()
	}
	n := min(p.nth[at], len(who)-1)
	p.nth[at]++
	return who[n]
}

// whoAnswers is who picks up. At a browser where nobody was put it rings until an agent accepts, or the visitor's page is
// there.
func (p *Phones) whoAnswers(o cti.Order) Person {
	if o.To.Kind() == cti.Web && len(p.people[o.To]) == 0 {
		w := RingsForEver()
		if o.Party == cti.Visitor {
			w.Rings = Never // her page shows more than a telephone
		}
		return w
	}
	return p.answering(o.To)
}

// caller is the leg of a switch that rings a telephone; its methods run under the lock of Phones.
type caller interface {
	farRings(early bool)
	farAnswers()
	farRefuses(code int)
	farHangsUp()
	farPresses(key byte)
	farSays()
	farDrones()
	farQuiet(quiet bool)
	farHolds(on bool)
	farRefers(to, address cti.Endpoint)
	farDies()
	farSounds(t cti.Tone)
}

// call is one INVITE at a telephone.
type call struct {
	phones *Phones
	Call
	person Person
	by     caller // nil: the switch that rang is dead or has given the call up
	timers []*time.Timer
}

// unacked is how long a telephone keeps an answer that nobody acknowledges (RFC 3261 timer H).
const unacked = 32 * time.Second

// invite rings a telephone; called under the lock.
func (p *Phones) invite(o cti.Order, by caller) *call {
	c := &call{phones: p, by: by, person: p.whoAnswers(o), Call: Call{
		Callback: o.Callback, Attempt: o.Attempt, Leg: o.Leg, Party: o.Party, To: o.To, From: o.From, InviteAt: time.Now(),
	}}
	p.calls = append(p.calls, c)
	w := c.person
	if w.Rings != Never && (w.Answers == Never || w.Rings < w.Answers) {
		c.at(w.Rings, c.ring)
	}
	switch {
	case w.Answers == Never:
	case w.Code != 0:
		c.at(w.Answers, c.refuse)
	default:
		c.at(w.Answers, c.answer)
	}
	return c
}

// at does f under the lock, unless the call is over by then. What is due at once is done by the same timer as what is
// due later: never in the order itself.
func (c *call) at(d time.Duration, f func()) {
	c.timers = append(c.timers, time.AfterFunc(d, func() {
		c.phones.mu.Lock()
		defer c.phones.mu.Unlock()
		if c.GoneAt.IsZero() {
			f()
		}
	}))
}

func (c *call) ring() {
	if c.AnsweredAt.IsZero() && c.RingingAt.IsZero() {
		c.RingingAt = time.Now()
		c.tell(func(by caller) { by.farRings(c.person.Early) })
	}
}

func (c *call) refuse() {
	c.Code = c.person.Code
	c.gone("them")
	c.tell(func(by caller) { by.farRefuses(c.person.Code) })
}

func (c *call) answer() {
	if !c.AnsweredAt.IsZero() {
		return // she has accepted
	}
	w := c.person
	c.AnsweredAt = time.Now()
	if w.Talk > 0 {
		c.at(w.Talk, c.leave)
	}
	for i, key := range []byte(w.Press) {
		if key == ' ' {
			continue
		}
		c.at(w.PressAfter+time.Duration(i)*200*time.Millisecond, func() { c.tell(func(by caller) { by.farPresses(key) }) })
	}
	if w.Says > 0 {
		c.at(w.Says, func() { c.tell(caller.farSays) })
	}
	if w.Machine {
		c.at(4500*time.Millisecond, func() { c.tell(caller.farDrones) })
	}
	if w.QuietAfter > 0 {
		c.at(w.QuietAfter, func() { c.tell(func(by caller) { by.farQuiet(true) }) })
		if w.QuietFor > 0 {
			c.at(w.QuietAfter+w.QuietFor, func() { c.tell(func(by caller) { by.farQuiet(false) }) })
		}
	}
	if w.Tone != "" {
		c.at(w.ToneAfter, func() { c.tell(func(by caller) { by.farSounds(w.Tone) }) })
	}
	if w.Refers != "" {
		c.at(w.ReferAfter, func() { c.tell(func(by caller) { by.farRefers(w.Refers, w.ReferAddress) }) })
	}
	if w.HoldAfter > 0 {
		c.at(w.HoldAfter, func() { c.tell(func(by caller) { by.farHolds(true) }) })
		c.at(w.HoldAfter+w.HoldFor, func() { c.tell(func(by caller) { by.farHolds(false) }) })
	}
	if w.Dies > 0 {
		c.at(w.Dies, func() { c.gone("nobody"); c.tell(caller.farDies) })
	}
	if c.by == nil {
		c.at(unacked, c.leave)
		return
	}
	c.by.farAnswers()
}

func (c *call) leave() {
	c.gone("them")
	c.tell(caller.farHangsUp)
}

func (c *call) tell(f func(caller)) {
	if c.by != nil {
		f(c.by)
	}
}

// cancel is our CANCEL or BYE; it says whether the telephone obeyed.
func (c *call) cancel() bool {
	if c.AnsweredAt.IsZero() && (c.person.Silent || c.person.IgnoresCancel) {
		return false
	}
	c.gone("us")
	return true
}

func (c *call) gone(by string) {
	if !c.GoneAt.IsZero() {
		return
	}
	c.GoneAt, c.GoneBy = time.Now(), by
	for _, t := range c.timers {
		t.Stop()
	}
}

// find returns the call of a leg, nil when no telephone has it.
func (p *Phones) find(leg id.Leg) *call {
	for _, c := range p.calls {
		if c.Leg == leg {
			return c
		}
	}
	return nil
}

// registered lists the telephones of names that may register: one where somebody was put.
func (p *Phones) registered(names map[string]bool) []cti.Registration {
	var out []cti.Registration
	for name := range names {
		if p.hasRegistered(cti.Endpoint("sip:" + name)) {
			out = append(out, cti.Registration{User: name, Contact: "sip:" + name + "@sim", Transport: "udp", State: cti.RegLive})
		}
	}
	slices.SortFunc(out, func(a, b cti.Registration) int { return strings.Compare(a.User, b.User) })
	return out
}

func (p *Phones) hasRegistered(at cti.Endpoint) bool { return len(p.people[at]) > 0 }
