package store

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// A recording is on record with its key from its beginning; its key goes with it; who heard it stays known.
func TestRecordings(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		_, db := house(t, url)
		ctx := context.Background()
		at := time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)
		key := bytes.Repeat([]byte{9}, 32)
		first := callback.Recording{ID: "rec_1", Subscriber: "sub_a", Callback: "cb_1", Attempt: 1, First: cti.Agent, StartedAt: at, DeleteAt: at.Add(time.Hour)}
		second := first
		second.ID, second.Subscriber, second.Callback, second.DeleteAt = "rec_2", "sub_b", "cb_2", at.Add(2*time.Hour)
		for _, r := range []callback.Recording{first, second} {
			if err := db.BeginRecording(ctx, r, key); err != nil {
				t.Fatalf("begin: %v", err)
			}
			if k, err := db.RecordingKey(ctx, r.ID); err != nil || !bytes.Equal(k, key) {
				t.Errorf("key %x %v", k, err)
			}
		}
		if open, err := db.OpenRecordings(ctx); err != nil || len(open) != 2 {
			t.Errorf("open %v %v", open, err)
		}
		if err := db.EndRecording(ctx, first.ID, at.Add(time.Minute), 50*time.Second); err != nil {
			t.Fatal(err)
		}
		if r, err := db.Recording(ctx, "sub_a", first.ID); err != nil || r.Length != 50*time.Second || !r.EndedAt.Equal(at.Add(time.Minute)) {
			t.Errorf("ended: %+v %v", r, err)
		}
		if _, err := db.Recording(ctx, "sub_b", first.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("foreign: %v", err)
		}
		for sub, want := range map[id.Subscriber]int{"": 2, "sub_a": 1, "sub_c": 0} {
			if l, err := db.Recordings(ctx, sub, callback.RecordingFilter{Limit: 10}); err != nil || len(l) != want {
				t.Errorf("list of %q: %v %v", sub, l, err)
			}
		}
		if l, err := db.Recordings(ctx, "", callback.RecordingFilter{After: "rec_2", Limit: 10}); err != nil || len(l) != 1 || l[0].ID != first.ID {
			t.Errorf("the next page: %v %v", l, err)
		}
		if old, err := db.ExpiredRecordings(ctx, at.Add(3*time.Hour), 10); err != nil || len(old) != 1 || old[0].ID != first.ID {
			t.Errorf("expired: %v %v (one is still recorded)", old, err)
		}
		if err := db.AuditRecording(ctx, first.ID, "key_1", "heard", at); err != nil {
			t.Error(err)
		}
		if err := db.DeleteRecording(ctx, first.ID, "retention", at.Add(time.Hour)); err != nil {
			t.Error(err)
		}
		if _, err := db.RecordingKey(ctx, first.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the key is still there: %v", err)
		}
		if lines, err := db.RecordingAudit(ctx, first.ID); err != nil || len(lines) != 2 || lines[0].Who != "key_1" || lines[1].What != "deleted" {
			t.Errorf("audit %v %v", lines, err)
		}
	})
}

// An agent may hear what she herself has said: not what was recorded after she had handed the visitor over, before she took
// her over, of a talk that she was only asked about, or of a business that she does not represent any more.
func TestRecordingsOfAgents(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		began := h.Clock.Now()
		at := func(s float64) time.Time { return began.Add(time.Duration(s * float64(time.Second))) }
		leg := func(who id.Agent, role callback.Role, confirmed, bridged, ended float64) callback.Leg {
			l := callback.Leg{ID: id.Leg("leg_" + string(who) + string(role)), Party: cti.Agent, Agent: who, Role: role, State: cti.Bridged,
				CreatedAt: at(0), ConfirmedAt: at(confirmed), BridgedAt: at(bridged)}
			if ended > 0 {
				l.State, l.EndedAt = cti.Ended, at(ended)
			}
			return l
		}
		c := h.Made("+12025550171")
		_, err := h.Step(t.Context(), c.ID, func(now *callback.Callback) (callback.Change, error) {
			now.Attempts = append(now.Attempts, callback.Attempt{N: 1, Agent: h.Bob, StartedAt: at(0), Legs: []callback.Leg{
				leg(h.Ann, callback.NoRole, 9, 60, 70.1), leg(h.Bob, callback.NoRole, 65, 70, 0), leg("agt_asked", callback.Dismissed, 60, 61, 64)}})
			return callback.Change{Lines: lineOf(h)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		tape := func(rec id.Recording, from, to float64) {
			t.Helper()
			r := callback.Recording{ID: rec, Subscriber: h.Acme, Callback: c.ID, Attempt: 1, First: cti.Visitor, StartedAt: at(from), DeleteAt: at(1e6)}
			if err := db.BeginRecording(t.Context(), r, []byte("key")); err != nil {
				t.Fatal(err)
			}
			if to > 0 {
				if err := db.EndRecording(t.Context(), rec, at(to), time.Second); err != nil {
					t.Fatal(err)
				}
			}
		}
		tape("rec_1", 10, 65.2) // until the visitor was let wait, which took a moment
		tape("rec_2", 70, 0)    // with Bob, while Ann was being let go
		both := []id.Subscriber{h.Zen, h.Acme}
		for _, row := range []struct {
			name string
			desk callback.Desk
			f    callback.RecordingFilter
			want []id.Recording
		}{
			{"who handed over", callback.Desk{Agent: h.Ann, Represents: both}, callback.RecordingFilter{}, []id.Recording{"rec_1"}},
			{"who took over", callback.Desk{Agent: h.Bob, Represents: both}, callback.RecordingFilter{}, []id.Recording{"rec_2"}},
			{"who was asked only", callback.Desk{Agent: "agt_asked", Represents: both}, callback.RecordingFilter{}, nil},
			{"a supervisor", callback.Desk{Agent: "agt_asked", Represents: both, All: true}, callback.RecordingFilter{}, []id.Recording{"rec_2", "rec_1"}},
			{"of another business", callback.Desk{Agent: h.Ann, Represents: []id.Subscriber{h.Zen}, All: true}, callback.RecordingFilter{}, nil},
			{"of none", callback.Desk{Agent: h.Ann, All: true}, callback.RecordingFilter{}, nil},
			{"the other's by name", callback.Desk{Agent: h.Ann, Represents: both}, callback.RecordingFilter{ID: "rec_2"}, nil},
			{"hers by name", callback.Desk{Agent: h.Ann, Represents: both}, callback.RecordingFilter{ID: "rec_1", Callbacks: []id.Callback{"cb_none", c.ID}}, []id.Recording{"rec_1"}},
			{"of another call", callback.Desk{Agent: h.Ann, Represents: both}, callback.RecordingFilter{Callbacks: []id.Callback{"cb_none"}}, nil},
		} {
			row.f.Desk, row.f.Limit = &row.desk, 10
			found, err := db.Recordings(t.Context(), "", row.f)
			var got []id.Recording
			for _, r := range found {
				got = append(got, r.ID)
			}
			if err != nil || !slices.Equal(got, row.want) {
				t.Errorf("%s: %v %v, want %v", row.name, got, err, row.want)
			}
		}
	})
}
