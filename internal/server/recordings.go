package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/recording"
	"ringback/internal/store"
)

// recordings are the files of recorded talks, in data/recordings: one file a talk, each under a key of its own that is
// kept sealed with its row.
type recordings struct {
	*store.DB
	dir string
	log *slog.Logger
}

// Who deletes when nobody asks: the word in the audit.
const (
	byRetention = "retention"
	byCrash     = "start"
)

func (s *recordings) path(rec id.Recording) string { return filepath.Join(s.dir, string(rec)) }

// Begin makes place and key.
func (s *recordings) Begin(ctx context.Context, r callback.Recording) (*cti.Recording, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, rights(s.dir, err)
	}
	key := make([]byte, recording.KeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	if err := s.BeginRecording(ctx, r, key); err != nil {
		return nil, err
	}
	return &cti.Recording{ID: r.ID, File: s.path(r.ID), Key: key}, nil
}

// Drop takes back one that the switch was not asked for.
func (s *recordings) Drop(ctx context.Context, rec id.Recording) error {
	return s.destroy(ctx, rec, byCrash)
}

// ended takes in that a file is whole. A talk of which nothing was recorded leaves nothing behind; what the disk took before
// it failed is kept.
func (s *recordings) ended(ev cti.Event) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := s.Recording(ctx, "", ev.Recording)
	switch {
	case fault.Is(err, fault.NotFound):
		return
	case err == nil && ev.Length > 0:
		err = s.EndRecording(ctx, ev.Recording, ev.At.UTC(), ev.Length)
	case err == nil && r.EndedAt.IsZero():
		err = s.close(ctx, *r)
	}
	if err != nil {
		s.log.Error("the end of a recording is not on record; the next start makes up for it", "recording", ev.Recording, "err", err)
	}
}

// recover ends what a crash left open: what had been written by then can be heard.
func (s *recordings) recover(ctx context.Context) error {
	open, err := s.OpenRecordings(ctx)
	if err != nil {
		return err
	}
	for _, r := range open {
		if err := s.close(ctx, r); err != nil {
			return fmt.Errorf("recording %s: %w", r.ID, err)
		}
	}
	return nil
}

func (s *recordings) close(ctx context.Context, r callback.Recording) error {
	sound, err := s.open(ctx, r.ID)
	var length time.Duration
	if err == nil {
		length = sound.Length()
		sound.Close()
	}
	if length == 0 {
		return s.destroy(ctx, r.ID, byCrash)
	}
	at := r.StartedAt.Add(length)
	if info, err := os.Stat(s.path(r.ID)); err == nil {
		at = info.ModTime().UTC()
	}
	return s.EndRecording(ctx, r.ID, at, length)
}

func (s *recordings) open(ctx context.Context, rec id.Recording) (*recording.Reader, error) {
	key, err := s.RecordingKey(ctx, rec)
	if err != nil {
		return nil, err
	}
	return recording.Open(s.path(rec), key)
}

// Listen writes down who asks, and opens the sound.
func (s *recordings) Listen(ctx context.Context, r *callback.Recording, who string) (io.ReadSeekCloser, error) {
	sound, err := s.open(ctx, r.ID)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "There is no such recording.")
	case err != nil:
		return nil, fmt.Errorf("recording %s: %w", r.ID, err)
	}
	if err := s.AuditRecording(ctx, r.ID, who, "heard", time.Now().UTC()); err != nil {
		return nil, errors.Join(err, sound.Close())
	}
	return sound, nil
}

// Destroy deletes file and key.
func (s *recordings) Destroy(ctx context.Context, r *callback.Recording, who string) error {
	if r.EndedAt.IsZero() {
		return fault.New(fault.TooLate, "This talk is still being recorded. Stop the recording first.")
	}
	return s.destroy(ctx, r.ID, who)
}

// destroy: the file first. A crash in between leaves a row that is deleted the next time.
func (s *recordings) destroy(ctx context.Context, rec id.Recording, who string) error {
	if err := os.Remove(s.path(rec)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return rights(s.path(rec), err)
	}
	return s.DeleteRecording(ctx, rec, who, time.Now().UTC())
}

// expire deletes what has been kept long enough, and says how many went.
func (s *recordings) expire(ctx context.Context, now time.Time) (n int, err error) {
	const slice = 100
	for {
		old, err := s.ExpiredRecordings(ctx, now, slice)
		if err != nil {
			return n, err
		}
		for _, r := range old {
			if err := s.destroy(ctx, r.ID, byRetention); err != nil {
				return n, err
			}
			n++
		}
		if len(old) < slice {
			return n, nil
		}
	}
}
