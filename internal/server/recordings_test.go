package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/recording"
	"ringback/internal/store"
)

// shelf opens the recordings of a data folder, as a start does.
func shelf(t *testing.T, data string) *recordings {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(data, "ringback.db"),
		store.Options{Mint: id.NewMint(time.Now, rand.Reader), Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return &recordings{db, filepath.Join(data, "recordings"), slog.New(slog.DiscardHandler)}
}

// tape records n bytes of a marker for a callback.
func tape(t *testing.T, s *recordings, cb id.Callback, marker []byte, n int, closed bool) *cti.Recording {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	want, err := s.Begin(t.Context(), callback.Recording{ID: id.Recording("rec_" + string(cb)), Subscriber: "sub_a", Callback: cb, Attempt: 1,
		First: cti.Agent, StartedAt: now, DeleteAt: now.Add(30 * 24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	w, err := recording.Create(want.File, want.Key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(bytes.Repeat(marker, n/len(marker))); err != nil {
		t.Fatal(err)
	}
	if closed {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		s.ended(cti.Event{Kind: cti.RecordingEnded, At: now, Recording: want.ID, Length: time.Second})
	}
	return want
}

// found says in which files under a folder one of the needles stands.
func found(t *testing.T, dir string, needles ...[]byte) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, n := range needles {
			if bytes.Contains(b, n) {
				out = append(out, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// After its retention file and key are gone; at no time is the sound or the key on the disk as it is.
func TestRetention(t *testing.T) {
	data, ctx := t.TempDir(), context.Background()
	s := shelf(t, data)
	defer s.Close()
	marker := []byte("tone of 1000 Hz!")
	want := tape(t, s, "cb_1", marker, 64000, true)
	other := tape(t, s, "cb_2", marker, 64000, false) // its talk goes on
	if at := found(t, data, marker, want.Key); at != nil {
		t.Errorf("the sound or its key can be read in %v", at)
	}
	r, err := s.Recording(ctx, "", want.ID)
	if err != nil || r.EndedAt.IsZero() {
		t.Fatalf("%+v %v", r, err)
	}
	sound, err := s.Listen(ctx, r, "key_1")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(sound); err != nil || !bytes.Contains(b, marker) {
		t.Errorf("%d bytes are heard, %v", len(b), err)
	}
	sound.Close()
	if n, err := s.expire(ctx, time.Now().Add(29*24*time.Hour)); n != 0 || err != nil {
		t.Errorf("before its retention %d were deleted, %v", n, err)
	}
	if n, err := s.expire(ctx, time.Now().Add(31*24*time.Hour)); n != 1 || err != nil {
		t.Fatalf("after its retention %d were deleted, %v", n, err)
	}
	if _, err := os.Stat(want.File); !os.IsNotExist(err) {
		t.Errorf("the file: %v", err)
	}
	if _, err := s.RecordingKey(ctx, want.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the key: %v", err)
	}
	if _, err := s.Listen(ctx, r, "key_1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("heard after its end: %v", err)
	}
	if _, err := os.Stat(other.File); err != nil {
		t.Errorf("the talk that goes on: %v", err)
	}
	lines, err := s.RecordingAudit(ctx, want.ID)
	if err != nil || len(lines) != 2 || lines[0].Who != "key_1" || lines[0].What != "heard" || lines[1].Who != byRetention {
		t.Errorf("audit %+v %v", lines, err)
	}
}

// What a crash left open is ended by the next start: with the sound that there is, or without a trace.
func TestRecordingsAfterACrash(t *testing.T) {
	data, ctx := t.TempDir(), context.Background()
	s := shelf(t, data)
	kept := tape(t, s, "cb_1", []byte("0123456789abcdef"), 40000, false)
	empty := tape(t, s, "cb_2", []byte("0123456789abcdef"), 16, false)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = shelf(t, data)
	defer s.Close()
	if err := s.recover(ctx); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Recording(ctx, "", kept.ID); err != nil || r.EndedAt.IsZero() || r.Length != 2500*time.Millisecond {
		t.Errorf("%+v, %v: want 2.5 s, five chunks of the 40000 bytes", r, err)
	}
	if _, err := s.Recording(ctx, "", empty.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("of an empty one: %v", err)
	}
	if at := found(t, data, empty.Key); at != nil {
		t.Errorf("its key is in %v", at)
	}
}

// A recording whose talk goes on is not deleted under it.
func TestDestroyWhileRecording(t *testing.T) {
	s := shelf(t, t.TempDir())
	defer s.Close()
	tape(t, s, "cb_1", []byte("0123456789abcdef"), 32000, false)
	r, err := s.Recording(t.Context(), "", "rec_cb_1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Destroy(t.Context(), r, "key_1"); !fault.Is(err, fault.TooLate) {
		t.Errorf("%v", err)
	}
}

// One that the switch did not write goes without a trace; one whose disk failed keeps what there is.
func TestRecordingsWithoutLength(t *testing.T) {
	s := shelf(t, t.TempDir())
	defer s.Close()
	for cb, bytes := range map[id.Callback]int{"cb_1": 0, "cb_2": 40000} {
		rec := tape(t, s, cb, []byte("0123456789abcdef"), bytes, false)
		s.ended(cti.Event{Kind: cti.RecordingEnded, At: time.Now(), Recording: rec.ID})
		r, err := s.Recording(t.Context(), "", rec.ID)
		switch _, stat := os.Stat(rec.File); {
		case bytes == 0 && (!fault.Is(err, fault.NotFound) || !os.IsNotExist(stat)):
			t.Errorf("without sound: %+v, %v, %v", r, err, stat)
		case bytes > 0 && (err != nil || r.EndedAt.IsZero() || r.Length != 2500*time.Millisecond):
			t.Errorf("with sound: %+v, %v", r, err)
		}
	}
	again := tape(t, s, "cb_3", []byte("0123456789abcdef"), 32000, true)
	s.ended(cti.Event{Kind: cti.RecordingEnded, At: time.Now(), Recording: again.ID}) // told twice
	if r, err := s.Recording(t.Context(), "", again.ID); err != nil || r.Length != time.Second {
		t.Errorf("told twice: %+v, %v", r, err)
	}
	if err := s.Drop(t.Context(), again.ID); err != nil {
		t.Error(err)
	}
	if _, err := s.Recording(t.Context(), "", again.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("dropped: %v", err)
	}
}
