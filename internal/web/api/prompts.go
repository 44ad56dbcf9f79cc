package api

import (
	"io"
	"net/http"

	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
)

// keepPrompt takes a recording and makes it the business's prompt.
func (a *API) keepPrompt(w http.ResponseWriter, r *http.Request) error {
	_, i, err := a.subscribers().find(a, r)
	if err != nil {
		return err
	}
	if !door.Sound(r) {
		return fault.New(fault.UnsupportedMedia, "Send a WAV file, with Content-Type: audio/wav.")
	}
	wav, err := io.ReadAll(r.Body)
	if err != nil {
		return door.BadBody(err)
	}
	if err := a.Prompts.Keep(r.Context(), id.Subscriber(i), r.PathValue("name"), wav); err != nil {
		return err
	}
	s := a.Conductor.Directory().Subscribers[id.Subscriber(i)]
	if s == nil { // deleted meanwhile
		return missing(directory.Subscriber)
	}
	return door.JSON(w, http.StatusOK, subscriberView(s))
}

// checkPrompts: a file that is named must be one that can be played; one that was there before may be gone.
func checkPrompts(d *directory.Directory, self string, p subscriber.Prompts) error {
	var was subscriber.Prompts
	if s := d.Subscribers[id.Subscriber(self)]; s != nil {
		was = s.Prompts
	}
	for _, f := range []struct{ name, path, was string }{
		{"announcement", p.Announcement, was.Announcement}, {"spoken_name", p.SpokenName, was.SpokenName},
		{"wait", p.Wait, was.Wait}, {"sorry", p.Sorry, was.Sorry}, {"closed", p.Closed, was.Closed},
	} {
		if f.path == "" || f.path == f.was {
			continue
		}
		if _, err := speech.CheckWAV(f.path, speech.MaxBytes, speech.MaxLength); err != nil {
			return bad("prompts."+f.name, "%.200s cannot be played: %v.", f.path, err)
		}
	}
	return nil
}
