// Package ctitest is the suite that every driver of cti.Switch passes: what the application relies on, asked of the
// switch over its own border only. It runs in simulated time, so that durations are exact.
package ctitest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// Harness is a switch with far ends that can be scripted. Make returns a new one inside the bubble of a row.
type Harness struct {
	Switch cti.Switch
	Trunk  cti.Trunk // to be given to Trunks before tel: endpoints are reached; Prefixes are [""]

	// Phone is a telephone of ours, with a transfer key: a sip: endpoint with four digits of one's own.
	Phone func(last int) cti.Endpoint

	// Script puts somebody at an endpoint for the calls to come.
	Script func(at cti.Endpoint, p Person)
	// Call is somebody who calls us over the trunk, from one number to another; what the person does counts from our answer.
	Call func(from, to string, p Person) (callID string)
	// Browser is a page that connects under a name, for the first time or loaded again, and LoseBrowser one that is gone
	// without a word.
	Browser     func(peer string) error
	LoseBrowser func(peer string)
	// Restart kills the switch as kill -9 does and returns a new one on the same far ends and the same events.
	Restart func() cti.Switch
	// Open counts the calls that far ends still hold: ringing or answered.
	Open func() int
	// Rung says how often an endpoint was rung: INVITEs that are no retransmissions.
	Rung func(at cti.Endpoint) int
	// Close ends the switch and the far ends and waits for all that they started.
	Close func()

	// Slack is what exact times may be off by: zero in a simulation without a network.
	Slack time.Duration
}

// Make builds a Harness that tells events to sink.
type Make func(t *testing.T, sink func(cti.Event)) *Harness

// Person is what somebody at a far end does.
type Person struct {
	Does       string        // answers, busy, declines, rings, unknown
	After      time.Duration // from the INVITE to the answer
	Talk       time.Duration // from the answer to hanging up; 0 = until hung up on
	Press      string
	PressAfter time.Duration
	HoldAfter  time.Duration // from the answer to putting the other one on hold; 0 = never
	HoldFor    time.Duration
	HoldCode   int           // refuses with it to be put on hold; 0 = agrees
	Refers     cti.Endpoint  // asks that its call goes on there
	ReferAfter time.Duration // from the answer
}

// Number is an endpoint of the suite's telephones: tel: numbers with four digits of one's own.
func Number(last int) cti.Endpoint { return cti.Endpoint(fmt.Sprintf("tel:+1202555%04d", last)) }

// row is one test in a bubble of its own.
type row struct {
	*testing.T
	h      *Harness
	ctx    context.Context
	mu     sync.Mutex
	events []cti.Event
	more   chan struct{}
	legs   int
}

func (r *row) sink(e cti.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	close(r.more)
	r.more = make(chan struct{})
}

// told returns the events of a leg so far.
func (r *row) told(leg id.Leg) []cti.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []cti.Event
	for _, e := range r.events {
		if e.Leg == leg {
			out = append(out, e)
		}
	}
	return out
}

// await waits for a fact about a leg and returns it.
func (r *row) await(leg id.Leg, kind cti.EventKind) cti.Event {
	r.Helper()
	return r.nth(leg, kind, 1)
}

// nth waits for the nth fact of a kind, from 1.
func (r *row) nth(leg id.Leg, kind cti.EventKind, n int) cti.Event {
	r.Helper()
	e, ok := r.waits(n, 2*time.Hour, func(e cti.Event) bool { return e.Leg == leg && e.Kind == kind })
	if !ok {
		r.Fatalf("leg %s: no %s; told %v", leg, kind, kinds(r.told(leg)))
	}
	return e
}

// waits for the nth fact that is meant; false after most.
func (r *row) waits(n int, most time.Duration, meant func(cti.Event) bool) (cti.Event, bool) {
	limit := time.After(most)
	for {
		r.mu.Lock()
		more, seen := r.more, 0
		for _, e := range r.events {
			if !meant(e) {
				continue
			}
			if seen++; seen == n {
				r.mu.Unlock()
				return e, true
			}
		}
		r.mu.Unlock()
		select {
		case <-more:
		case <-limit:
			return cti.Event{}, false
		}
	}
}

func kinds(events []cti.Event) []cti.EventKind {
	var out []cti.EventKind
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

// order is an order for the next leg of callback cb.
func (r *row) order(cb id.Callback, p cti.Party, to cti.Endpoint) cti.Order {
	r.legs++
	return cti.Order{Callback: cb, Attempt: 1, Leg: id.Leg(fmt.Sprintf("leg_%026d", r.legs)), Party: p, Fence: 1, To: to,
		From: "+12025550190", Ring: 30 * time.Second, Confirm: cti.ConfirmNone, Region: "US",
		Hear: cti.Program{First: cti.Prompt{Sound: cti.SoundSoft}, Then: cti.SoundRingback}}
}

func (r *row) originate(o cti.Order) {
	r.Helper()
	if err := r.h.Switch.Originate(r.ctx, o); err != nil {
		r.Fatalf("originate %s: %v", o.Leg, err)
	}
}

// up rings an endpoint and waits until it is confirmed.
func (r *row) up(cb id.Callback, p cti.Party, to cti.Endpoint) cti.Order {
	r.Helper()
	o := r.order(cb, p, to)
	r.originate(o)
	r.await(o.Leg, cti.LegConfirmed)
	return o
}

func (r *row) hangUp(leg id.Leg, h cti.HangUp) {
	r.Helper()
	if err := r.h.Switch.HangUp(r.ctx, leg, h); err != nil {
		r.Fatalf("hang up %s: %v", leg, err)
	}
}

// took checks a duration against the harness's slack.
func (r *row) took(what string, from, to time.Time, want time.Duration) {
	r.Helper()
	if d := to.Sub(from) - want; d < -r.h.Slack || d > r.h.Slack {
		r.Errorf("%s took %v, want %v", what, to.Sub(from), want)
	}
}

// quiet waits d and returns, so that nothing more may have happened.
func (r *row) quiet(d time.Duration) { <-time.After(d) }
