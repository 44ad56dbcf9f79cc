package storetest

import (
	"reflect"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/phone"
)

// alarms are on record once for each key, the newest first, with the letters that tell of them.
func alarms(t *testing.T, h *House) {
	now := h.Clock.Now().UTC().Truncate(time.Microsecond)
	var all []callback.Alarm
	raise := func(key string, want bool) {
		t.Helper()
		h.Clock.Pass(time.Millisecond) // ids are in the order of time
		a := callback.Alarm{ID: h.Mint.Alarm(), Key: key, Kind: callback.BudgetLow, Subscriber: h.Acme, What: "+1202555…", Says: "most of it", At: now}
		l := letter.Letter{ID: h.Mint.Letter(), Key: string(a.ID), Address: letter.Address{Kind: letter.Hook, To: "https://ops.example.com/"}, Text: "{}", CreatedAt: now, DueAt: now, Shown: "ops.example.com"}
		fresh, err := h.Raise(t.Context(), a, []letter.Letter{l})
		if err != nil || fresh != want {
			t.Fatalf("raise %s: %v, %v", key, fresh, err)
		}
		if fresh {
			all = append([]callback.Alarm{a}, all...)
		}
	}
	raise("a", true)
	raise("b", true)
	raise("a", false)
	h.Store = h.Again()
	raise("b", false)
	raise("c", true)
	read := func(before id.Alarm, limit int, want []callback.Alarm) {
		t.Helper()
		if got, err := h.Alarms(t.Context(), before, limit); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("before %q: %v\n got %+v\nwant %+v", before, err, got, want)
		}
	}
	read("", 2, all[:2])
	read(all[1].ID, 2, all[2:])
	if got, err := h.TakeLetters(t.Context(), now, now.Add(letter.Lease), 9); err != nil || len(got) != 3 {
		t.Errorf("%d letters, %v", len(got), err)
	}
}

// tried: what became of the calls to a block of numbers that visitors asked for, and how often a visitor proved nothing.
func tried(t *testing.T, h *House) {
	now := h.Clock.Now()
	charge := func(number string, actor callback.Actor, leg id.Leg, seconds int64, talked bool, at time.Time) {
		t.Helper()
		n := h.Wish(phone.Number(number))
		n.Callback.Actor = actor
		if err := h.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Step(t.Context(), n.Callback.ID, func(*callback.Callback) (callback.Change, error) {
			return callback.Change{Lines: []callback.Line{{At: now}}, Spend: &callback.Spend{Legs: []callback.Charge{
				{Leg: leg, Day: 20261125, At: at, Seconds: seconds, Talked: talked, Prefix: callback.PrefixOf(number)}}}}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	charge("+12025550101", callback.ByVisitor, "leg_1", 6, true, now)
	charge("+12025550102", callback.ByVisitor, "leg_2", 5, true, now)
	charge("+12025550103", callback.ByVisitor, "leg_3", 60, false, now)
	charge("+12025550104", callback.ByStaff, "leg_4", 60, true, now)
	charge("+12025550105", callback.ByVisitor, "leg_5", 60, true, now.Add(-2*time.Hour))
	charge("+12125550106", callback.ByVisitor, "leg_6", 60, true, now)
	for prefix, want := range map[string]callback.Tried{"+1202555": {Calls: 3, Numbers: 3, Talks: 1}, "+1212555": {Calls: 1, Numbers: 1, Talks: 1}, "+1646555": {}, "": {}} {
		if got, err := h.Tried(t.Context(), prefix, now.Add(-time.Hour), 6*time.Second); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", prefix, got, err, want)
		}
	}
	for i, r := range []callback.Refusal{{Code: fault.ProofMissing, Visitor: "v", At: now}, {Code: fault.ProofUsed, Visitor: "v", At: now}, {Code: fault.ProofInvalid, Visitor: "v", At: now.Add(-2 * time.Hour)},
		{Code: fault.LimitNumber, Visitor: "v", At: now}, {Code: fault.ProofMissing, Visitor: "w", At: now}, {Code: fault.ProofMissing, At: now}} {
		if err := h.Refuse(t.Context(), r); err != nil {
			t.Fatalf("refusal %d: %v", i, err)
		}
	}
	for visitor, want := range map[string]int{"v": 2, "w": 1, "": 0, "x": 0} {
		if got, err := h.Unproved(t.Context(), visitor, now.Add(-time.Hour)); err != nil || got != want {
			t.Errorf("%q proved nothing %d times, %v; want %d", visitor, got, err, want)
		}
	}
}
