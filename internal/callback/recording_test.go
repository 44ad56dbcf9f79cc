package callback_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/id"
)

// tapes is a Recorder that keeps what it was asked.
type tapes struct {
	begun []callback.Recording
	fail  error
}

func (t *tapes) Begin(_ context.Context, r callback.Recording) (*cti.Recording, error) {
	if t.fail != nil {
		return nil, t.fail
	}
	t.begun = append(t.begun, r)
	return &cti.Recording{ID: r.ID, File: "/tapes/" + string(r.ID), Key: make([]byte, 32)}, nil
}

func (t *tapes) Drop(_ context.Context, rec id.Recording) error {
	t.begun = slices.DeleteFunc(t.begun, func(r callback.Recording) bool { return r.ID == rec })
	return nil
}

// talk lets vera and ann talk for a minute, at a business that records or not; during runs in the midst of it.
func talk(t *testing.T, rec *tapes, set func(*directory.Setup), during func(*world, *callback.Callback)) (*world, *callback.Callback) {
	w := newWorld(t, set)
	w.stop()
	w.recorder = rec
	w.boot()
	w.phones.Person(telephones["ann"], ctisim.Answers(2*time.Second, 0))
	w.phones.Person(telephones["vera"], ctisim.Answers(3*time.Second, time.Minute))
	cb := w.ask("vera")
	c := w.until(cb, "joined", func(c *callback.Callback) bool { return !c.JoinedAt.IsZero() })
	if during != nil {
		during(w, c)
	}
	w.reaches(cb, callback.Ended)
	pass(5 * time.Second)
	return w, w.stored(cb)
}

func recordsAll(s *directory.Setup) {
	s.Subscribers[0].Recording.On = true
	s.Subscribers[0].Recording.Retention = 48 * time.Hour
}

// What a business wants recorded is recorded: on record before the switch is asked, both told first, the orders of staff
// in the journal.
func TestRecordedTalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &tapes{}
		w, c := talk(t, rec, recordsAll, func(w *world, c *callback.Callback) {
			for _, do := range []cti.RecordCommand{cti.RecordPause, cti.RecordResume} {
				if _, err := w.c.Record(w.ctx, c.ID, do, callback.ByStaff); err != nil {
					t.Errorf("%s: %v", do, err)
				}
			}
		})
		defer w.stop()
		if len(rec.begun) != 1 {
			t.Fatalf("%d recordings were begun", len(rec.begun))
		}
		r := rec.begun[0]
		if r.Callback != c.ID || r.Attempt != 1 || r.First != cti.Agent || r.DeleteAt.Sub(r.StartedAt) != 48*time.Hour || r.Subscriber != w.acme {
			t.Errorf("%+v", r)
		}
		for _, l := range c.Attempts[0].Legs {
			if !l.NoticePlayed {
				t.Errorf("the %s was not told", l.Party)
			}
		}
		var events []string
		for _, l := range w.journal(c.ID) {
			events = append(events, l.Event)
		}
		notice, joined := slices.Index(events, "leg_notice"), slices.Index(events, "leg_joined")
		if notice < 0 || notice > joined || !slices.Contains(events, "recording_pause") || !slices.Contains(events, "recording_ended") {
			t.Errorf("journal %v", events)
		}
		if _, err := w.c.Record(w.ctx, c.ID, cti.RecordStop, callback.ByStaff); err == nil {
			t.Error("the recording of an ended callback was stopped")
		}
	})
}

// An agent pauses a recording by two keys and lets it go on by the same; the journal has it. The same keys of a visitor are
// his own affair.
func TestRecordingKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &tapes{}
		w := newWorld(t, recordsAll)
		w.stop()
		w.recorder = rec
		w.boot()
		defer w.stop()
		w.phones.Person(telephones["ann"], ctisim.Person{Answers: 2 * time.Second, Press: "*7 *7 *7 7", PressAfter: 20 * time.Second})
		w.phones.Person(telephones["vera"], ctisim.Person{Answers: 3 * time.Second, Talk: time.Minute, Press: "*7", PressAfter: 30 * time.Second})
		cb := w.ask("vera")
		w.reaches(cb, callback.Ended)
		pass(5 * time.Second)
		var turns []string
		for _, l := range w.journal(cb) {
			if do, ok := strings.CutPrefix(l.Event, "recording_"); ok && do != "ended" {
				turns = append(turns, string(l.Actor)+" "+do)
			}
		}
		if got := strings.Join(turns, ", "); got != "agent pause, agent resume, agent pause" {
			t.Errorf("the journal tells %q", got)
		}
	})
}

// A button may say otherwise than its business; who cannot be recorded talks all the same.
func TestNotRecorded(t *testing.T) {
	for name, row := range map[string]struct {
		rec *tapes
		set func(*directory.Setup)
	}{
		"off by default": {&tapes{}, nil},
		"the button":     {&tapes{}, func(s *directory.Setup) { recordsAll(s); s.Buttons[0].Recording = "off" }},
		"the disk":       {&tapes{fail: errors.New("full")}, recordsAll},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, c := talk(t, row.rec, row.set, func(w *world, c *callback.Callback) {
					if _, err := w.c.Record(w.ctx, c.ID, cti.RecordPause, callback.ByStaff); err == nil || !strings.Contains(err.Error(), "recorded") {
						t.Errorf("pause: %v", err)
					}
				})
				defer w.stop()
				if len(row.rec.begun) != 0 || c.Outcome != callback.Completed || c.Attempts[0].Legs[0].NoticePlayed {
					t.Errorf("begun %v, %s", row.rec.begun, c.Outcome)
				}
			})
		})
	}
}

// After a transfer another talks: she is told, too, and what she says is another recording.
func TestRecordedTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &tapes{}
		w := newWorld(t, recordsAll)
		w.stop()
		w.recorder = rec
		w.boot()
		defer w.stop()
		w.phones.Person(telephones["ann"], refers("sip:bob@phones.example", 0)...)
		w.phones.Person(telephones["bob"], ctisim.Answers(4*time.Second, 0))
		w.phones.Person(telephones["vera"], vera...)
		cb := w.ask("vera")
		w.reaches(cb, callback.Ended)
		pass(5 * time.Second)
		c := w.stored(cb)
		if len(rec.begun) != 2 || rec.begun[0].ID == rec.begun[1].ID {
			t.Fatalf("begun %+v", rec.begun)
		}
		for _, l := range c.Attempts[0].Legs {
			if !l.NoticePlayed {
				t.Errorf("%s at %s was not told", l.Party, l.Endpoint)
			}
		}
		ended := 0
		for _, l := range w.journal(cb) {
			if l.Event == "recording_ended" {
				ended++
			}
		}
		if ended != 2 {
			t.Errorf("%d recordings ended", ended)
		}
	})
}
