package callback_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/challenge"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/subscriber"
)

// visits is a visitor's wish for a number, not staff's.
func visits(number string, change ...func(*callback.Request)) callback.Request {
	r := callback.Request{Button: "acme-main", Number: number, Consent: true, Visitor: "192.0.2.1", Act: "widget"}
	for _, f := range change {
		f(&r)
	}
	return r
}

// guarded plays with an operator who wants proofs of work.
func guarded(t *testing.T, p callback.Policy, play func(*world, *subscriber.Button)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *directory.Setup) { s.Buttons[0].Proof = "" })
		w.stop()
		w.policy = p
		w.boot()
		defer w.stop()
		d := w.c.Directory()
		b, _ := d.Button("acme-main")
		play(w, b)
	})
}

func (w *world) answers(r callback.Request, code fault.Code) {
	w.Helper()
	m, err := w.c.Request(w.ctx, r)
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		w.Fatalf("%+v: %v, want %q", r, err, code)
	}
	if m != nil {
		if _, err := w.c.Cancel(w.ctx, m.Callback.ID, callback.ByVisitor); err != nil {
			w.Fatal(err)
		}
		w.reaches(m.Callback.ID, callback.Ended)
	}
}

// Who proves nothing, or the work for another, makes nothing ring; a proof lets one request in.
func TestWithoutProofNothingRings(t *testing.T) {
	guarded(t, callback.Policy{Proof: true}, func(w *world, b *subscriber.Button) {
		prove := func(number string) func(*callback.Request) {
			proof := w.c.Puzzle(b, challenge.Commit(number)).Solve()
			return func(r *callback.Request) { r.Proof = proof }
		}
		vera := prove("+12025550100")
		w.answers(visits("+12025550100"), fault.ProofMissing)
		w.answers(visits("+12025550102", vera), fault.ProofInvalid)
		w.answers(visits("(202) 555-0100", vera), fault.ProofInvalid)
		w.answers(visits("911", prove("911")), fault.NumberEmergency)
		if n := len(w.c.InHand()); n != 0 {
			w.Errorf("%d calls were begun", n)
		}
		w.answers(visits("+12025550100", vera), "")
		w.answers(visits("+12025550100", vera), fault.ProofUsed)
		old := prove("+12025550100")
		time.Sleep(challenge.Life + time.Second)
		w.answers(visits("+12025550100", vera), fault.ProofInvalid)
		w.answers(visits("+12025550100", old), fault.ProofInvalid)
		w.answers(visits("+12025550100", prove("+12025550100")), "")
		staff := wish("vera")
		w.answers(staff, "")
	})
}

// The same form again is the same callback, also when its proof has grown old.
func TestARepeatedFormNeedsNoNewProof(t *testing.T) {
	guarded(t, callback.Policy{Proof: true}, func(w *world, b *subscriber.Button) {
		proof := w.c.Puzzle(b, challenge.Commit("+12025550100")).Solve()
		form := func(nonce string) callback.Request {
			return visits("+12025550100", func(r *callback.Request) {
				r.Proof = proof
				r.Once = &callback.Once{Principal: "public", Route: "form", Key: nonce, Request: "nonce"}
				r.Answer = func(m *callback.Made) callback.Kept { return callback.Kept{Status: 201, Body: []byte(m.Callback.ID)} }
			})
		}
		m, err := w.c.Request(w.ctx, form("one"))
		if err != nil {
			w.Fatal(err)
		}
		for range 2 {
			_, err = w.c.Request(w.ctx, form("one"))
			var r *callback.Replayed
			if !errors.As(err, &r) || string(r.Kept.Body) != string(m.Callback.ID) {
				w.Fatalf("again: %v", err)
			}
			time.Sleep(challenge.Life + time.Second)
		}
		if _, err = w.c.Request(w.ctx, form("two")); !fault.Is(err, fault.ProofInvalid) {
			w.Errorf("another form with the old proof: %v", err)
		}
	})
}

// A form without script comes in by a ticket: not at once, once, and seldom.
func TestFormsWithoutScript(t *testing.T) {
	hour := func(n int) []callback.Rate { return []callback.Rate{{N: n, Per: time.Hour}} }
	guarded(t, callback.Policy{Proof: true, PlainPerVisitor: hour(2), PlainPerSubscriber: hour(3)}, func(w *world, b *subscriber.Button) {
		opened := func(from string) func(*callback.Request) {
			ticket := w.c.Ticket(b)
			return func(r *callback.Request) { r.Ticket, r.Visitor = ticket, from }
		}
		first := opened("192.0.2.1")
		w.answers(visits("+12025550100", first), fault.ProofInvalid) // a program
		time.Sleep(challenge.MinAge)
		w.answers(visits("+12025550100", first), "")
		w.answers(visits("+12025550100", first), fault.ProofUsed)
		second, third, other := opened("192.0.2.1"), opened("192.0.2.1"), opened("192.0.2.2")
		fourth := opened("192.0.2.3")
		time.Sleep(challenge.MinAge)
		w.answers(visits("+12025550100", second), "")
		w.answers(visits("+12025550100", third), fault.LimitVisitor)
		w.answers(visits("+12025550100", other), "")
		w.answers(visits("+12025550100", fourth), fault.LimitSubscriber)
		time.Sleep(time.Hour)
		w.answers(visits("+12025550100", third), "")
	})
}

func TestWhoMayTurnTheProofOff(t *testing.T) {
	for _, row := range []struct {
		required, allowed bool
		button            string
		want              bool
	}{
		{true, false, "", true}, {true, false, "off", true}, {true, false, "required", true},
		{true, true, "", true}, {true, true, "off", false}, {true, true, "required", true},
		{false, false, "", false}, {false, false, "off", false}, {false, false, "required", true},
	} {
		p := callback.Policy{Proof: row.required, AllowProofOff: row.allowed}
		if got := p.NeedsProof(&subscriber.Button{Proof: row.button}); got != row.want {
			t.Errorf("%+v: %v", row, got)
		}
	}
}

// A proof of work lets one person in, not a list of numbers.
func TestANumberIsChangedAFewTimes(t *testing.T) {
	guarded(t, callback.Policy{}, func(w *world, _ *subscriber.Button) {
		m, err := w.c.Request(w.ctx, visits("+12025550100", func(r *callback.Request) { _ = r.When.UnmarshalJSON([]byte(`{"after":"1h"}`)) }))
		if err != nil {
			w.Fatal(err)
		}
		for i, number := range []string{"+12025550101", "+12025550102", "+12025550103", "+12025550104"} {
			_, err = w.c.ChangeNumber(w.ctx, m.Callback.ID, number, callback.ByVisitor)
			if (err != nil) != (i == 3) || i == 3 && !fault.Is(err, fault.LimitVisitor) {
				w.Errorf("change %d: %v", i+1, err)
			}
		}
		if _, err = w.c.ChangeNumber(w.ctx, m.Callback.ID, "+12025550104", callback.ByStaff); err != nil {
			w.Errorf("staff: %v", err)
		}
	})
}
