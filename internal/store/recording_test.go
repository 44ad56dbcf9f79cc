package store

import (
	"bytes"
	"context"
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
