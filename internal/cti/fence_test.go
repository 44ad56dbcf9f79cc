package cti

import (
	"errors"
	"testing"
	"time"

	"ringback/internal/id"
)

func TestFence(t *testing.T) {
	now := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	order := func(leg string, p Party, fence int64) Order {
		return Order{Callback: "cb_1", Leg: id.Leg("leg_" + leg), Party: p, Fence: fence}
	}
	late := order("v9", Visitor, 9)
	late.Deadline = now.Add(-time.Second)
	steps := []struct {
		name  string
		do    func(f *Fence)
		order Order
		known bool
		err   error
	}{
		{name: "before reconcile", order: order("v1", Visitor, 1), err: ErrNotReconciled},
		{name: "first", do: func(f *Fence) { f.Reconciled() }, order: order("v1", Visitor, 1)},
		{name: "the same again", order: order("v1", Visitor, 1), known: true},
		{name: "a second visitor leg", order: order("v2", Visitor, 2), err: ErrSecondCall},
		{name: "an agent beside", order: order("a1", Agent, 1)},
		{name: "ring all", order: order("a2", Agent, 1)},
		{name: "a newer fence", order: order("a3", Agent, 3)},
		{name: "below the highest", order: order("a4", Agent, 2), err: ErrStaleToken},
		{name: "live leg of an old fence, again", order: order("v1", Visitor, 1), known: true},
		{name: "ended leg", do: func(f *Fence) { f.Ended("cb_1", "leg_a3", now) }, order: order("a3", Agent, 3), err: ErrSecondCall},
		{name: "visitor after the visitor", do: func(f *Fence) { f.Ended("cb_1", "leg_v1", now) }, order: order("v3", Visitor, 3)},
		{name: "raised", do: func(f *Fence) { f.Ended("cb_1", "leg_v3", now); f.Raise("cb_1", 7, false, now) }, order: order("v4", Visitor, 6), err: ErrStaleToken},
		{name: "past its deadline", order: late, err: ErrPastDeadline},
		{name: "of before the restart", do: func(f *Fence) { f.Used(order("v5", Visitor, 7), true, now) }, order: order("v6", Visitor, 8), err: ErrSecondCall},
		{name: "nothing had left", do: func(f *Fence) { f.Forget("cb_1", "leg_v5") }, order: order("v5", Visitor, 8)},
		{name: "cancelled", do: func(f *Fence) { f.Raise("cb_1", 0, true, now) }, order: order("a5", Agent, 99), err: ErrCancelled},
	}
	var f Fence
	for _, s := range steps {
		if s.do != nil {
			s.do(&f)
		}
		known, err := f.Admit(s.order, now)
		if known != s.known || !errors.Is(err, s.err) {
			t.Fatalf("%s: %v, %v; want %v, %v", s.name, known, err, s.known, s.err)
		}
	}
}

func TestFenceForgets(t *testing.T) {
	var f Fence
	f.Reconciled()
	now := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	o := Order{Callback: "cb_1", Leg: "leg_1", Party: Visitor, Fence: 5}
	f.Admit(o, now)
	now = now.Add(3 * time.Hour) // a live leg is never forgotten
	if known, err := f.Admit(o, now); !known || err != nil {
		t.Fatalf("live leg after 3 h: %v, %v", known, err)
	}
	f.Ended(o.Callback, o.Leg, now)
	if _, err := f.Admit(o, now.Add(59*time.Minute)); !errors.Is(err, ErrSecondCall) {
		t.Fatalf("within the hour: %v", err)
	}
	f.Admit(Order{Callback: "cb_2", Leg: "leg_2"}, now.Add(62*time.Minute))
	if len(f.callbacks) != 1 {
		t.Fatalf("%d callbacks remembered, want 1", len(f.callbacks))
	}
}
