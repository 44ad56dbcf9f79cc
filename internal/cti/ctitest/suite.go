package ctitest

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// Run runs every row against the switches that make builds, each in a bubble of simulated time.
func Run(t *testing.T, make_ Make) {
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &row{T: t, ctx: context.Background(), more: make(chan struct{})}
				r.h = make_(t, r.sink)
				if !c.raw {
					reconcile(r, nil)
					trunks(r)
				}
				c.run(r)
				r.h.Close()
				r.lives()
			})
		})
	}
}

func reconcile(r *row, known []cti.KnownLeg) []cti.LegFact {
	r.Helper()
	facts, err := r.h.Switch.Reconcile(r.ctx, known)
	if err != nil {
		r.Fatalf("reconcile: %v", err)
	}
	if len(facts) != len(known) {
		r.Fatalf("reconcile of %d legs gave %d facts", len(known), len(facts))
	}
	return facts
}

func trunks(r *row) {
	r.Helper()
	if err := r.h.Switch.Trunks(r.ctx, []cti.Trunk{r.h.Trunk}); err != nil {
		r.Fatalf("trunks: %v", err)
	}
}

// lives holds the events of every leg against the leg's table, and asks for one end at most.
func (r *row) lives() {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := map[id.Leg]cti.LegState{}
	at := map[id.Leg]time.Time{}
	for _, e := range r.events {
		s, ok := state[e.Leg]
		if !ok {
			s = cti.Created
		}
		to, ok := s.Next(e.Kind)
		if !ok {
			r.Errorf("leg %s: %s in state %s", e.Leg, e.Kind, s)
		}
		if e.At.Before(at[e.Leg]) {
			r.Errorf("leg %s: %s is told after what came later", e.Leg, e.Kind)
		}
		if e.Kind == cti.LegEnded && (e.Cause == "" || e.By == "") {
			r.Errorf("leg %s: ended without cause or by: %+v", e.Leg, e)
		}
		state[e.Leg], at[e.Leg] = to, e.At
	}
}

// ends waits for the end of a leg and checks how it came.
func (r *row) ends(leg id.Leg, cause cti.Cause, by cti.By) cti.Event {
	r.Helper()
	e := r.await(leg, cti.LegEnded)
	if e.Cause != cause || by != "" && e.By != by {
		r.Errorf("leg %s ended %s by %s, want %s by %s", leg, e.Cause, e.By, cause, by)
	}
	return e
}

// once checks that a leg ended exactly once, long afterwards.
func (r *row) once(leg id.Leg) {
	r.Helper()
	r.quiet(40 * time.Second)
	n := 0
	for _, e := range r.told(leg) {
		if e.Kind == cti.LegEnded {
			n++
		}
	}
	if n != 1 {
		r.Errorf("leg %s ended %d times: %v", leg, n, kinds(r.told(leg)))
	}
}

func (r *row) openIs(want int) {
	r.Helper()
	if n := r.h.Open(); n != want {
		r.Errorf("%d calls are open at the far ends, want %d", n, want)
	}
}

func (r *row) in(leg id.Leg, want ...cti.EventKind) {
	r.Helper()
	if got := kinds(r.told(leg)); !slices.Equal(got, want) {
		r.Errorf("leg %s: told %v, want %v", leg, got, want)
	}
}
