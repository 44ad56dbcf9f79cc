package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/web/door"
)

// Recordings are the recorded talks.
type Recordings interface {
	Recording(ctx context.Context, sub id.Subscriber, rec id.Recording) (*callback.Recording, error)
	Recordings(ctx context.Context, sub id.Subscriber, f callback.RecordingFilter) ([]callback.Recording, error)
	// Listen writes down who asks, and opens the sound as WAV.
	Listen(ctx context.Context, r *callback.Recording, who string) (io.ReadSeekCloser, error)
	// Destroy deletes file and key, and writes down who did it.
	Destroy(ctx context.Context, r *callback.Recording, who string) error
}

// Recording is a recorded talk.
type Recording struct {
	ID        string       `json:"id"`
	Callback  string       `json:"callback"`
	Attempt   int          `json:"attempt"`
	StartedAt door.Stamp   `json:"started_at"`
	EndedAt   door.Stamp   `json:"ended_at"`
	LengthS   door.Seconds `json:"length_s"`
	DeleteAt  door.Stamp   `json:"delete_at"`
	Channels  []string     `json:"channels"` // whose side each channel of the sound is
	AudioURL  string       `json:"audio_url"`
}

// RecordOrder is what to do with a recording that runs.
type RecordOrder struct {
	Do string `json:"do"`
}

func (a *API) recordings() []door.Route {
	const one = "/recordings/{id}"
	return []door.Route{
		{Method: "GET", Pattern: "/recordings", Who: door.Desk, Summary: "List recorded talks", Query: append([]string{"subscriber", "callback"}, paging...), Out: door.List[Recording]{}, Handle: a.listRecordings},
		{Method: "GET", Pattern: one, Who: door.Desk, Summary: "One recorded talk", Out: Recording{}, Handle: a.oneRecording},
		{Method: "GET", Pattern: one + "/audio", Who: door.Desk, Summary: "The sound of a recorded talk (WAV, each side in a channel of its own)", Media: "audio/wav", Handle: a.listen},
		{Method: "DELETE", Pattern: one, Who: door.Keyed, Summary: "Delete a recorded talk, its file and its key", Status: http.StatusNoContent, Handle: a.destroyRecording},
		{Method: "POST", Pattern: "/callbacks/{id}/recording", Who: door.Keyed, Summary: "Pause, resume or stop the recording of a talk", In: RecordOrder{}, Out: Callback{}, Handle: a.record},
	}
}

func (a *API) listRecordings(w http.ResponseWriter, r *http.Request) error {
	after, limit, err := page(r, "rec_")
	if err != nil {
		return err
	}
	sub, desk, err := a.ofDesk(r, door.Principal(r.Context()))
	if err != nil {
		return err
	}
	f := callback.RecordingFilter{Desk: desk, After: id.Recording(after), Limit: limit + 1}
	if cb := r.URL.Query().Get("callback"); cb != "" {
		f.Callbacks = []id.Callback{id.Callback(cb)}
	}
	found, err := a.Recordings.Recordings(r.Context(), sub, f)
	if err != nil {
		return err
	}
	out := door.List[Recording]{Data: []Recording{}}
	for i := range found {
		if i == limit {
			out.Next = cursor(string(found[i-1].ID))
			break
		}
		out.Data = append(out.Data, recordingView(&found[i], a.URL))
	}
	return door.JSON(w, http.StatusOK, out)
}

func recordingView(r *callback.Recording, url string) Recording {
	return Recording{ID: string(r.ID), Callback: string(r.Callback), Attempt: r.Attempt, StartedAt: door.Stamp(r.StartedAt),
		EndedAt: door.Stamp(r.EndedAt), LengthS: door.Seconds(r.Length), DeleteAt: door.Stamp(r.DeleteAt),
		Channels: r.Channels(), AudioURL: audioURL(url, r.ID)}
}

func audioURL(url string, rec id.Recording) string {
	return url + Base + "/recordings/" + string(rec) + "/audio"
}

// recordingOf finds one that the principal may hear: a key those of its business, an agent those of talks that she was in, and of
// businesses that she supervises all.
func (a *API) recordingOf(r *http.Request) (*callback.Recording, error) {
	p, rec := door.Principal(r.Context()), id.Recording(r.PathValue("id"))
	if p.Agent == "" {
		return a.Recordings.Recording(r.Context(), p.Sees, rec)
	}
	found, err := a.Recordings.Recordings(r.Context(), "", callback.RecordingFilter{ID: rec, Desk: deskFor(p), Limit: 1})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fault.New(fault.NotFound, "There is no such recording.")
	}
	return &found[0], nil
}

func (a *API) oneRecording(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.recordingOf(r)
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, recordingView(rec, a.URL))
}

// listen sends the sound, or the range of it that is asked for, decrypted as it goes.
func (a *API) listen(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.recordingOf(r)
	if err != nil {
		return err
	}
	sound, err := a.Recordings.Listen(r.Context(), rec, who(r))
	if err != nil {
		return err
	}
	defer sound.Close()
	h := w.Header()
	h.Set("Content-Type", "audio/wav")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="`+string(rec.ID)+`.wav"`)
	http.ServeContent(w, r, "", time.Time{}, sound)
	return nil
}

func (a *API) destroyRecording(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.recordingOf(r)
	if err != nil {
		return err
	}
	if err := a.Recordings.Destroy(r.Context(), rec, who(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) record(w http.ResponseWriter, r *http.Request) error {
	in := &RecordOrder{}
	return a.action(w, r, in, func(ctx context.Context, cb id.Callback) (*callback.Callback, error) {
		do := cti.RecordCommand(in.Do)
		if err := oneOf("do", do, cti.RecordPause, cti.RecordResume, cti.RecordStop); err != nil {
			return nil, err
		}
		return a.Conductor.Record(ctx, cb, do, callback.ByStaff)
	})
}
