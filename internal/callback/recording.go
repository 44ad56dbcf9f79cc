package callback

import (
	"context"
	"errors"
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// Recording is a recorded talk. Its sound is a file, its key is kept with this row and goes with it.
type Recording struct {
	ID         id.Recording
	Subscriber id.Subscriber
	Callback   id.Callback
	Attempt    int
	First      cti.Party     // whose side the first channel is
	StartedAt  time.Time     // the notice began
	EndedAt    time.Time     // zero while the talk goes on
	Length     time.Duration // how long it sounds, once it has ended
	DeleteAt   time.Time     // file and key go then
}

// Channels says whose side each channel is.
func (r *Recording) Channels() []string {
	if r.First == cti.Visitor {
		return []string{string(cti.Visitor), string(cti.Agent)}
	}
	return []string{string(cti.Agent), string(cti.Visitor)}
}

// RecordingFilter of a list.
type RecordingFilter struct {
	ID        id.Recording  // "" = whichever
	Callbacks []id.Callback // none = of all
	Desk      *Desk         // nil = whatever: of an agent, the talks that she was in
	After     id.Recording  // the last of the page before
	Limit     int
}

// Recorder makes place and key for a recording before the switch is asked for it.
type Recorder interface {
	// Begin returns where the switch writes and with which key. It is on record when it returns.
	Begin(ctx context.Context, r Recording) (*cti.Recording, error)
	// Drop takes back one that the switch was not asked for after all.
	Drop(ctx context.Context, rec id.Recording) error
}

// recording is what the switch is asked for with a Join: nil when this talk is not recorded. A talk that cannot be
// recorded goes on without.
func (c *Conductor) recording(cb *Callback, first id.Leg) *cti.Recording {
	dir := c.Directory()
	sub, a := dir.Subscribers[cb.Subscriber], cb.Current()
	if c.Recorder == nil || sub == nil || a == nil || !sub.Records(dir.Buttons[cb.Button]) {
		return nil
	}
	party := cti.Agent
	if _, l := cb.Leg(first); l != nil && l.Party == cti.Visitor {
		party = cti.Visitor
	}
	now := c.Now().UTC()
	want, err := c.Recorder.Begin(c.ctx, Recording{ID: c.Mint.Recording(), Subscriber: cb.Subscriber, Callback: cb.ID, Attempt: a.N, First: party,
		StartedAt: now, DeleteAt: now.Add(sub.Recording.Keep())})
	if err != nil {
		c.Log.Error("a talk is not recorded", "callback", cb.ID, "err", err)
		return nil
	}
	var agentSpeaks []string
	if r := dir.Representations[a.Representation]; r != nil {
		agentSpeaks = r.Languages
	}
	want.Notice = c.notice(sub, append(agentSpeaks, sub.Language)...)
	want.Other = c.notice(sub, cb.Language, sub.Language)
	if party == cti.Visitor {
		want.Notice, want.Other = want.Other, want.Notice
	}
	return want
}

// join lets two legs hear each other, and has their talk recorded where that is wanted. Each join that is recorded is a
// recording of its own: after a transfer somebody else talks.
func (c *Conductor) join(cb *Callback, a Act) error {
	rec := c.recording(cb, a.Leg)
	err := c.sw.Join(c.ctx, cti.Join{Callback: cb.ID, A: a.Leg, B: a.With, MaxTalk: cb.talkLeft(c.Now()), Record: rec})
	if err == nil || rec == nil {
		return err
	}
	return errors.Join(err, c.Recorder.Drop(c.ctx, rec.ID))
}

// notice is what both hear first: the business's own words, else a sentence of ours in the first language that is spoken.
func (c *Conductor) notice(sub *subscriber.Subscriber, languages ...string) cti.Prompt {
	if sub.Recording.Notice != "" {
		return cti.Prompt{WAV: sub.Recording.Notice, Sound: cti.SoundWarn}
	}
	return cti.Prompt{Clips: c.Speaker.Say(speech.Language(languages...), speech.TalkRecorded, speech.Words{}), Sound: cti.SoundWarn}
}

// Record pauses, resumes or stops the recording of a talk.
func (c *Conductor) Record(ctx context.Context, cb id.Callback, do cti.RecordCommand, by Actor) (*Callback, error) {
	cur, err := c.store.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	a := cur.Current()
	if a == nil || cur.State != Connected || a.visitorLeg() == nil {
		return nil, notRecorded()
	}
	if err := c.sw.Record(ctx, a.visitorLeg().ID, do); err != nil {
		return nil, notRecorded().Because(err)
	}
	return c.step(ctx, cb, func(d *draft) error {
		d.note(by, "recording_"+string(do), "")
		return nil
	})
}

// turnRecording pauses the recording of a talk that runs, or lets one that pauses go on: which of them, the journal knows.
// An agent whose talk is not recorded hears nothing.
func (c *Conductor) turnRecording(cb id.Callback) {
	lines, err := c.store.Journal(c.ctx, cb)
	if err == nil {
		_, err = c.Record(c.ctx, cb, turned(lines), ByAgent)
	}
	if err != nil && c.ctx.Err() == nil {
		c.Log.Info("recording not turned", "callback", cb, "err", err)
	}
}

func turned(lines []Line) cti.RecordCommand {
	for _, l := range slices.Backward(lines) {
		switch l.Event {
		case "recording_" + string(cti.RecordPause):
			return cti.RecordResume
		case "recording_" + string(cti.RecordResume), string(cti.LegJoined):
			return cti.RecordPause
		}
	}
	return cti.RecordPause
}

func notRecorded() *fault.Fault {
	return fault.New(fault.TooLate, "This callback is in no talk that is recorded.")
}
