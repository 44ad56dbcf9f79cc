package callback_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
)

// What people write about a callback, in the talk and after it, and what they may not.
func TestRemarks(t *testing.T) {
	play(t, nil, calls, func(w *world) {
		by := callback.Author{Actor: callback.ByAgent, Agent: w.agents["ann"]}
		cb := w.ask("vera")
		w.reaches(cb, callback.Connected)
		if _, err := w.c.AddNote(w.ctx, cb, " wants a quote ", by); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []struct {
			code fault.Code
			err  error
		}{
			{fault.FieldRequired, second(w.c.AddNote(w.ctx, cb, "  ", by))},
			{fault.TooLarge, second(w.c.AddNote(w.ctx, cb, strings.Repeat("x", 4001), by))},
			{fault.WrongType, second(w.c.Dispose(w.ctx, cb, "eaten", "", by))},
			{fault.NotFound, second(w.c.AddNote(w.ctx, "cb_unknown", "x", by))},
		} {
			if !fault.Is(bad.err, bad.code) {
				t.Errorf("%v, want %s", bad.err, bad.code)
			}
		}
		w.reaches(cb, callback.Ended)
		for _, code := range []string{"done", "follow_up"} { // the later one holds
			if _, err := w.c.Dispose(w.ctx, cb, code, "in May", by); err != nil {
				t.Fatal(err)
			}
		}
		all, err := w.remarks([]id.Callback{cb})
		if err != nil {
			t.Fatal(err)
		}
		r := all[cb]
		if len(r.Notes) != 1 || r.Notes[0].Text != "wants a quote" || r.Notes[0].By != by || r.Notes[0].At.IsZero() {
			t.Errorf("notes %+v", r.Notes)
		}
		if r.Disposition == nil || r.Disposition.Code != "follow_up" || r.Disposition.Note != "in May" || r.Disposition.By != by {
			t.Errorf("disposition %+v", r.Disposition)
		}
		if c := w.stored(cb); c.State != callback.Ended || c.Outcome != callback.Completed {
			t.Errorf("it is %s, %s", c.State, c.Outcome)
		}
		waits := w.ask("walt", at(schedule.After(time.Hour)))
		if _, err := w.c.Dispose(w.ctx, waits, "done", "", by); !fault.Is(err, fault.TooLate) {
			t.Errorf("of what nobody has talked about: %v", err)
		}
		if _, err := w.c.Cancel(w.ctx, waits, callback.ByStaff); err != nil {
			t.Fatal(err)
		}
		w.invariants()
	})
}

func second[T any](_ T, err error) error { return err }

// Another call is promised: it is booked for who promised it, and kept for her when its time has come.
func TestPromised(t *testing.T) {
	who := people{"ann": {ctisim.Answers(s(2), 0)}, "bob": {ctisim.Answers(s(2), 0)}, "vera": {ctisim.Takes(s(1), s(1), s(30)), ctisim.Takes(s(1), s(1), s(30))}}
	play(t, func(d *directory.Setup) { d.Subscribers[0].Hours = schedule.Hours{} }, who, func(w *world) {
		w.c.Policy.PerNumber = []callback.Rate{{N: 1, Per: 5 * time.Minute}, {N: 3, Per: 24 * time.Hour}} // they talk for less than that
		cb := w.ask("vera", func(r *callback.Request) { r.SkipLimits = false })
		by := callback.Author{Actor: callback.ByAgent, Agent: w.agents["ann"]}
		first := w.reaches(cb, callback.Connected)
		f := callback.FollowUp{When: schedule.After(48 * time.Hour), Agent: w.agents["bob"], Note: "bring the plan"}
		if _, err := w.c.Follow(w.ctx, cb, f, by); !fault.Is(err, fault.NumberBusy) {
			t.Errorf("while they talk: %v", err)
		}
		w.reaches(cb, callback.Ended)
		next, err := w.c.Follow(w.ctx, cb, f, by)
		if err != nil {
			t.Fatal(err)
		}
		w.wishes = append(w.wishes, next.ID)
		if next.State != callback.Scheduled || next.Number != first.Number || next.Topic != first.Topic || next.Actor != callback.ByAgent || next.Wanted != w.agents["bob"] {
			t.Errorf("booked: %+v", next)
		}
		if all, err := w.remarks([]id.Callback{next.ID}); err != nil || len(all[next.ID].Notes) != 1 {
			t.Errorf("its note: %+v %v", all, err)
		}
		pass(47*time.Hour + 50*time.Minute)
		w.be("ann", agent.Ready)
		w.be("bob", agent.Ready)
		c := w.reaches(next.ID, callback.Connected)
		if got := w.answeredBy(c); got != "bob" {
			t.Errorf("promised by bob, answered by %q", got)
		}
		w.reaches(next.ID, callback.Ended)
		w.invariants()
	})
}

// An agent puts her telephone down at her desk: it is as if she had hung up.
func TestLeave(t *testing.T) {
	who := people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Takes(s(3), s(1), 10*minute))}
	play(t, nil, who, func(w *world) {
		w.be("bob", agent.Paused)
		cb := w.ask("vera")
		if _, err := w.c.Leave(w.ctx, cb, w.agents["ann"]); !fault.Is(err, fault.TooLate) {
			t.Errorf("before she is on the line: %v", err)
		}
		w.reaches(cb, callback.Connected)
		if _, err := w.c.Leave(w.ctx, cb, w.agents["bob"]); !fault.Is(err, fault.TooLate) {
			t.Errorf("in a colleague's place: %v", err)
		}
		pass(s(40))
		if _, err := w.c.Leave(w.ctx, cb, w.agents["ann"]); err != nil {
			t.Fatal(err)
		}
		c := w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Completed || c.TalkTime < s(38) || c.TalkTime > s(42) {
			t.Errorf("it ends %s (%s) after %v", c.Outcome, c.Reason, c.TalkTime)
		}
		if p := w.presence("ann"); p != agent.WrapUp {
			t.Errorf("ann is %s", p)
		}
		if _, err := w.c.Leave(w.ctx, cb, w.agents["ann"]); !fault.Is(err, fault.AlreadyEnded) {
			t.Errorf("twice: %v", err)
		}
		w.invariants()
	})
}

// remarks are what the store has of callbacks.
func (w *world) remarks(all []id.Callback) (map[id.Callback]callback.Remarks, error) {
	return w.border.inner.(interface {
		Remarks(context.Context, []id.Callback) (map[id.Callback]callback.Remarks, error)
	}).Remarks(w.ctx, all)
}
