package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/room"
	"ringback/internal/subscriber"
)

func numberBusy(t *testing.T, h *House) {
	first, other := h.Made("+12025550100"), h.Made("+12025550101")
	n := h.Wish("+12025550100")
	n.Velocity = []callback.Velocity{{Key: "n", N: 1, Per: time.Hour, Code: fault.LimitNumber, Say: "no"}}
	wants(t, h.Create(t.Context(), n), fault.NumberBusy)
	_, err := h.Step(t.Context(), other.ID, func(c *callback.Callback) (callback.Change, error) {
		c.Number, c.Endpoint, c.NumberHash = first.Number, first.Endpoint, first.NumberHash
		return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}}, nil
	})
	wants(t, err, fault.NumberBusy)
	same(t, h.read(other.ID), other)
	h.End(first.ID)
	if err := h.Create(t.Context(), n); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
}

// A proof is used up by the wish that was stored with it, by no other, and is looked at before anything is told of the number.
func proofOnce(t *testing.T, h *House) {
	proof := []callback.Velocity{{Key: "proof:1", N: 1, Per: 10 * time.Minute, Code: fault.ProofUsed, Say: "used"}}
	n := h.Wish("+12025550100")
	n.Proof = proof
	n.Velocity = []callback.Velocity{{Key: "closed", N: 0, Per: time.Minute, Code: fault.LimitVisitor, Say: "no"}}
	wants(t, h.Create(t.Context(), n), fault.LimitVisitor)
	if n.Velocity = nil; h.Create(t.Context(), n) != nil {
		t.Error("the proof of a wish that was refused is used up")
	}
	again := h.Wish("+12025550100")
	again.Proof = proof
	err := h.Create(t.Context(), again)
	wants(t, err, fault.ProofUsed) // and not number_busy
	var f *fault.Fault
	if errors.As(err, &f); f.RetryAfter != 0 {
		t.Errorf("waiting %v would help", f.RetryAfter)
	}
	h.Clock.Pass(10*time.Minute - time.Second)
	wants(t, h.Create(t.Context(), again), fault.ProofUsed)
}

func velocity(t *testing.T, h *House) {
	limits := []callback.Velocity{
		{Key: "number:1", N: 1, Per: 5 * time.Minute, Code: fault.LimitNumber, Say: "too often"},
		{Key: "number:1", N: 3, Per: 24 * time.Hour, Code: fault.LimitNumber, Say: "too often today"},
		{Key: "visitor:1", N: 4, Per: time.Hour, Code: fault.LimitVisitor, Say: "you again"},
	}
	try := func(sub id.Subscriber) error {
		n := h.Wish("+12025550100")
		n.Callback.Subscriber, n.Velocity = sub, limits
		err := h.Create(t.Context(), n)
		if err == nil {
			h.End(n.Callback.ID)
		}
		return err
	}
	if err := try(h.Acme); err != nil {
		t.Fatal(err)
	}
	err := try(h.Zen) // another business, the same telephone
	wants(t, err, fault.LimitNumber)
	var f *fault.Fault
	if errors.As(err, &f); f.RetryAfter <= 4*time.Minute || f.RetryAfter > 5*time.Minute || f.Detail != "too often" {
		t.Errorf("fault is %+v", f)
	}
	for range 2 {
		h.Clock.Pass(5 * time.Minute)
		if err := try(h.Zen); err != nil {
			t.Fatal(err)
		}
	}
	h.Clock.Pass(5 * time.Minute)
	err = try(h.Acme)
	wants(t, err, fault.LimitNumber)
	if errors.As(err, &f); f.RetryAfter < 23*time.Hour || f.RetryAfter > 24*time.Hour || f.Detail != "too often today" {
		t.Errorf("fault is %+v", f)
	}
	h.Clock.Pass(f.RetryAfter - time.Second)
	wants(t, try(h.Acme), fault.LimitNumber)
	h.Clock.Pass(time.Second)
	if err := try(h.Acme); err != nil {
		t.Errorf("after Retry-After: %v", err)
	}
}

func stepVelocity(t *testing.T, h *House) {
	limits := []callback.Velocity{{Key: "number:2", N: 1, Per: 5 * time.Minute, Code: fault.LimitNumber, Say: "too often"}}
	n := h.Wish("+12025550100")
	n.Velocity = limits
	if err := h.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	other := h.Made("+12025550101")
	move := func() error {
		_, err := h.Step(t.Context(), other.ID, func(c *callback.Callback) (callback.Change, error) {
			c.Number, c.NumberHash = "+12025550102", "h2"
			return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}, Velocity: limits}, nil
		})
		return err
	}
	wants(t, move(), fault.LimitNumber)
	same(t, h.read(other.ID), other)
	h.Clock.Pass(5 * time.Minute)
	if err := move(); err != nil {
		t.Fatal(err)
	}
	wants(t, move(), fault.LimitNumber)
}

func lineBounded(t *testing.T, h *House) {
	try := func(i int, state callback.State) error {
		n := h.Wish(numbered(i))
		n.MaxLine, n.Callback.State = 2, state
		return h.Create(t.Context(), n)
	}
	for i := range 2 {
		if err := try(i, callback.Queued); err != nil {
			t.Fatal(err)
		}
	}
	wants(t, try(2, callback.Queued), fault.LimitSubscriber)
	if err := try(2, callback.Scheduled); err != nil {
		t.Errorf("a booking does not stand in line: %v", err)
	}
}

func metAgain(t *testing.T, h *House) {
	first := h.Made("+12025550100")
	h.End(first.ID)
	h.Clock.Pass(room.Reuse - time.Hour)
	second := h.Made("+12025550100")
	if second.Contact != first.Contact || second.Interaction != first.Interaction {
		t.Errorf("23 h later: contact %s, interaction %s; want those of %s, %s", second.Contact, second.Interaction, first.Contact, first.Interaction)
	}
	h.Clock.Pass(time.Hour)
	h.End(second.ID)
	h.Clock.Pass(room.Reuse - time.Second)
	third := h.Made("+12025550100")
	if third.Interaction != first.Interaction {
		t.Error("the thread does not go on from its last item's end")
	}
	h.End(third.ID)
	h.Clock.Pass(room.Reuse)
	fourth := h.Made("+12025550100")
	if fourth.Contact != first.Contact || fourth.Interaction == first.Interaction {
		t.Errorf("a day later: contact %s, interaction %s; want the old contact and a new thread", fourth.Contact, fourth.Interaction)
	}
	h.End(fourth.ID)
	n := h.Wish("+12025550100")
	n.Callback.Subscriber = h.Zen
	if err := h.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if n.Callback.Contact == first.Contact {
		t.Error("two businesses share a contact")
	}
	a, b := h.Wish(""), h.Wish("")
	a.Callback.NumberHash, b.Callback.NumberHash = "sip a", "sip b"
	if err := errors.Join(h.Create(t.Context(), a), h.Create(t.Context(), b)); err != nil {
		t.Fatal(err)
	}
	if a.Callback.Contact == b.Callback.Contact {
		t.Error("two people without a number are one contact")
	}
}

func once(h *House, key, request string) *callback.Once {
	return &callback.Once{Principal: "key_1", Route: "POST /callbacks", Key: key, Request: request, Answer: func(c *callback.Callback) callback.Kept {
		if c.Contact == "" || c.Interaction == "" {
			h.T.Error("answered before contact and interaction are known")
		}
		return callback.Kept{Status: 201, Location: "/" + string(c.ID), Body: []byte("body of " + c.ID)}
	}}
}

func repeated(t *testing.T, h *House) {
	n := h.Wish("+12025550100")
	n.Once = once(h, "k1", "r1")
	if err := h.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	again := h.Wish("+12025550100")
	again.Once = once(h, "k1", "r1")
	var r *callback.Replayed
	if err := h.Create(t.Context(), again); !errors.As(err, &r) {
		t.Fatalf("error is %v, want Replayed", err)
	}
	if k := r.Kept; k.Status != 201 || k.Request != "r1" || k.Location != "/"+string(n.Callback.ID) || !bytes.Equal(k.Body, []byte("body of "+n.Callback.ID)) {
		t.Errorf("kept is %+v", k)
	}
	again.Once = once(h, "k1", "r2")
	wants(t, h.Create(t.Context(), again), fault.IdempotencyReused)
	for _, o := range []*callback.Once{once(h, "k2", "r1"), {Principal: "key_2", Route: "POST /callbacks", Key: "k1", Answer: n.Once.Answer}, {Principal: "key_1", Route: "POST /x", Key: "k1", Answer: n.Once.Answer}} {
		again.Once = o
		wants(t, h.Create(t.Context(), again), fault.NumberBusy) // another request, so it was really asked for
	}
	h.End(n.Callback.ID)
	h.Clock.Pass(24 * time.Hour)
	again.Once = once(h, "k1", "r2")
	if err := h.Create(t.Context(), again); err != nil {
		t.Errorf("a day later the key is free: %v", err)
	}
}

func repeatedAtOnce(t *testing.T, h *House) {
	const all = 12
	var wishes [all]callback.New
	for i := range wishes {
		wishes[i] = h.Wish("+12025550100")
		wishes[i].Once = once(h, "k", "r")
	}
	var errs [all]error
	var group sync.WaitGroup
	for i := range wishes {
		group.Go(func() { errs[i] = h.Create(t.Context(), wishes[i]) })
	}
	group.Wait()
	made := map[string]int{}
	for i, err := range errs {
		var r *callback.Replayed
		switch {
		case err == nil:
			made["body of "+string(wishes[i].Callback.ID)] += all
		case errors.As(err, &r):
			made[string(r.Kept.Body)]++
		default:
			t.Error(err)
		}
	}
	list, err := h.Callbacks(t.Context(), "", callback.Filter{})
	if err != nil || len(list) != 1 || len(made) != 1 || made["body of "+string(list[0].ID)] != 2*all-1 {
		t.Errorf("%d callbacks, answers %v, %v", len(list), made, err)
	}
}

func claims(t *testing.T, h *House) {
	ctx := t.Context()
	o := callback.Once{Principal: "p", Route: "POST /blocks", Key: "k", Request: "r"}
	begin := func() *callback.Kept {
		t.Helper()
		k, err := h.Begin(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	if begin() != nil {
		t.Fatal("a new key has an answer")
	}
	_, err := h.Begin(ctx, o)
	wants(t, err, fault.IdempotencyProgress)
	if err := h.Drop(ctx, o); err != nil {
		t.Fatal(err)
	}
	if begin() != nil {
		t.Fatal("a dropped key has an answer")
	}
	want := callback.Kept{Status: 422, Body: []byte(`{"code":"x"}`)}
	if err := h.Keep(ctx, o, want); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if k := begin(); k == nil || k.Status != 422 || !bytes.Equal(k.Body, want.Body) {
			t.Fatalf("kept is %+v", k)
		}
	}
	if err := h.Keep(ctx, o, callback.Kept{Status: 200}); err != nil {
		t.Fatal(err)
	}
	if k := begin(); k.Status != 422 {
		t.Error("a second answer took the place of the first")
	}
	reused := o
	reused.Request = "other"
	_, err = h.Begin(ctx, reused)
	wants(t, err, fault.IdempotencyReused)

	claimed := callback.Once{Principal: "p", Route: "POST /callbacks", Key: "c", Request: "r", Answer: once(h, "", "").Answer}
	if k, err := h.Begin(ctx, claimed); k != nil || err != nil {
		t.Fatal(k, err)
	}
	n := h.Wish("+12025550100")
	n.Once = &claimed
	if err := h.Create(ctx, n); err != nil {
		t.Fatalf("a create under a claim of its own: %v", err)
	}
	if k, err := h.Begin(ctx, claimed); err != nil || k == nil || k.Status != 201 {
		t.Errorf("after it: %+v, %v", k, err)
	}

	left := callback.Once{Principal: "p", Route: "POST /keys", Key: "left", Request: "r"}
	if _, err := h.Begin(ctx, left); err != nil {
		t.Fatal(err)
	}
	next := h.Again()
	h.Clock.Pass(2 * time.Minute)
	if k, err := next.Begin(ctx, left); k != nil || err != nil {
		t.Errorf("what a dead process began is not taken over: %+v, %v", k, err)
	}
	if k, err := next.Begin(ctx, o); err != nil || k == nil || k.Status != 422 {
		t.Errorf("after a restart: %+v, %v", k, err)
	}
}

func restart(t *testing.T, h *House) {
	var want []*callback.Callback
	for i := range 5 {
		n := h.Wish(numbered(i))
		h.Ring(&n)
		n.Once = once(h, fmt.Sprint("k", i), "r")
		if err := h.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		want = append(want, h.step(n.Callback.ID, func(c *callback.Callback) { c.Fence += 5; c.Attempts[0].Legs[0].SIPCode = 180 }))
	}
	before, err := h.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	next := h.Again()
	for i, w := range want {
		c, err := next.Callback(t.Context(), h.Acme, w.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, c, w)
		lines, err := next.Journal(t.Context(), w.ID)
		if err != nil || len(lines) != 3 {
			t.Errorf("%d lines, %v", len(lines), err)
		}
		var r *callback.Replayed
		n := h.Wish(numbered(i))
		n.Once = once(h, fmt.Sprint("k", i), "r")
		if err := next.Create(t.Context(), n); !errors.As(err, &r) {
			t.Errorf("after a restart: %v, want Replayed", err)
		}
	}
	d, err := next.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sameDirectory(t, d, before)
	h.Store = next
	h.step(want[0].ID, func(c *callback.Callback) { c.Fence++ })
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}

func ctxGone(t *testing.T, h *House) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Create(ctx, h.Wish("+12025550100")); !errors.Is(err, context.Canceled) {
		t.Errorf("a wish of somebody who is gone: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	c := h.Made("+12025550101")
	_, err := h.Step(ctx, c.ID, func(c *callback.Callback) (callback.Change, error) {
		cancel() // in the middle of it
		c.Fence = 77
		return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}}, nil
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := h.step(c.ID, func(c *callback.Callback) { c.Tries++ }); got.Fence != 77 || got.Version != 3 {
		t.Errorf("fence %d, version %d: a step that was in a batch is lost", got.Fence, got.Version)
	}
}

func refusal(t *testing.T, h *House) {
	r := callback.Refusal{ID: h.Mint.Refusal(), Subscriber: h.Acme, Button: h.Button, Code: fault.NumberRegion, Masked: "+49•••01", Page: "p", Visitor: "v", At: h.Clock.Now()}
	if err := h.Refuse(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.ID, r.Subscriber = h.Mint.Refusal(), ""
	if err := h.Refuse(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// stepBlocks: a number that a step blocks is in the directory from then on, for all businesses; a step that fails blocks
// nothing.
func stepBlocks(t *testing.T, h *House) {
	c := h.Made("+12025550177")
	b := subscriber.Block{ID: h.Mint.Block(), NumberHash: c.NumberHash, Masked: "+12•••••0177", Reason: "9 twice", CreatedAt: h.Clock.Now().UTC().Truncate(time.Microsecond)}
	for _, fails := range []bool{true, false} {
		_, err := h.Step(t.Context(), c.ID, func(c *callback.Callback) (callback.Change, error) {
			ch := callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}, Blocks: []subscriber.Block{b}}
			if fails {
				ch.Agents = []callback.Move{{Agent: h.Ann, From: []agent.Presence{agent.Talking}}}
			}
			return ch, nil
		})
		if (err != nil) != fails {
			t.Fatalf("step: %v", err)
		}
		d, err := h.Directory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := d.BlocksOf(b.NumberHash)
		if fails && len(got) != 0 || !fails && (len(got) != 1 || *got[0] != b) {
			t.Errorf("after a step that fails=%t: %+v, want %+v", fails, got, b)
		}
	}
}

// Held and spent together stay within the day's budgets, however many ask at once; what is over is released, its record stays.
func budget(t *testing.T, h *House) {
	const day, hold = 20261125, 600_000
	put := func(sub id.Subscriber, number string, most int64) (*callback.Callback, error) {
		n := h.Wish(phone.Number(number))
		n.Callback.Subscriber = sub
		n.Spend = &callback.Spend{Day: day, Currency: "USD", Write: true, Hold: hold, Again: time.Hour,
			Limits: []callback.SpendLimit{{Subscriber: sub, Micro: most}, {Micro: 10*hold + hold/2}}}
		return n.Callback, h.Create(t.Context(), n)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var made []id.Callback
	for i := range 20 {
		wg.Go(func() {
			c, err := put(h.Acme, fmt.Sprintf("+120255501%02d", i), 5*hold+hold/2)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made = append(made, c.ID)
			} else if !fault.Is(err, fault.LimitSpend) {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	has := func(sub id.Subscriber, want callback.Spent) {
		t.Helper()
		if got, err := h.Spent(t.Context(), sub, day, "USD"); err != nil || got != want {
			t.Errorf("%s has %+v, %v; want %+v", sub, got, err, want)
		}
	}
	if len(made) != 5 {
		t.Fatalf("a budget for five calls let %d through", len(made))
	}
	has(h.Acme, callback.Spent{Held: 5 * hold})
	for i := range 6 { // another business has its own, and both share the operator's ten
		if _, err := put(h.Zen, fmt.Sprintf("+120255502%02d", i), 9*hold); (err != nil) != (i == 5) {
			t.Errorf("call %d of the other business: %v", i+1, err)
		}
	}
	settle := callback.Spend{Day: day, Write: true, Legs: []callback.Charge{
		{Leg: "leg_1", Day: day, At: h.Clock.Now(), Seconds: 61, Talked: true, Micro: 20_000, Currency: "USD", Prefix: "+1202555"}}}
	for range 2 { // a leg is charged once
		if _, err := h.Step(t.Context(), made[0], func(*callback.Callback) (callback.Change, error) {
			return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}, Spend: &settle}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	has(h.Acme, callback.Spent{Spent: 20_000, Held: 4 * hold})
	has("", callback.Spent{Spent: 20_000, Held: 9 * hold})
	if other, err := h.Spent(t.Context(), h.Acme, day+1, "USD"); err != nil || other != (callback.Spent{}) {
		t.Errorf("the next day has %+v, %v", other, err)
	}
	_, err := put(h.Acme, "+12025550130", 5*hold+hold/2)
	if err != nil {
		t.Errorf("what was released is not to be had: %v", err)
	}
	_, err = put(h.Acme, "+12025550131", 5*hold+hold/2)
	var f *fault.Fault
	if wants(t, err, fault.LimitSpend); errors.As(err, &f) && f.RetryAfter != time.Hour {
		t.Errorf("to be tried again in %v", f.RetryAfter)
	}
}
