package api

import (
	"fmt"
	"net/http"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
	"ringback/internal/words"
)

// Nothing is a body without content.
type Nothing struct{}

// NewNumber asks for another telephone: a number as people write it, or an endpoint.
type NewNumber struct {
	Number   string `json:"number,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
}

// NewTime asks for another time.
type NewTime struct {
	When *schedule.When `json:"when"`
}

// held finds the callback that the token in the path opens.
func (a *API) held(w http.ResponseWriter, r *http.Request) (*callback.Callback, error) {
	c, err := a.Callbacks.ByToken(r.Context(), id.TokenHash(r.PathValue("token")))
	if err != nil {
		return nil, err
	}
	a.tells(r, c)
	if status.Gone(c, a.Now()) {
		return nil, fault.New(fault.Gone, "This callback ended more than 30 days ago.")
	}
	if b := a.Conductor.Directory().Buttons[c.Button]; b != nil {
		if err := a.admitted(w, r, b); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// tells is the language of what is told of a callback: the one that is asked for by the address, else its own, else what the
// browser likes, else that of the business.
func (a *API) tells(r *http.Request, c *callback.Callback) *words.Language {
	otherwise := ""
	if s := a.Conductor.Directory().Subscribers[c.Subscriber]; s != nil {
		otherwise = s.Language
	}
	return door.Speak(r, a.Words, r.URL.Query().Get("lang"), c.Language, door.Asked(r, a.Words), otherwise)
}

// view is a callback as its visitor is told of it.
func (a *API) view(r *http.Request) func(c *callback.Callback) status.View {
	return func(c *callback.Callback) status.View { return status.Of(c, a.Conductor, a.Now(), a.tells(r, c)) }
}

func (a *API) look(w http.ResponseWriter, r *http.Request) error {
	c, err := a.held(w, r)
	if err != nil {
		return err
	}
	v := a.view(r)(c)
	tag := etag(v)
	w.Header().Add("Vary", "Accept-Language")
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return door.JSON(w, http.StatusOK, v)
}

// etag changes with the version and with the place in line, which others change.
func etag(v status.View) string {
	place, wait := 0, -1
	if v.Place != nil {
		place = *v.Place
	}
	if v.WaitS != nil {
		wait = *v.WaitS
	}
	if place == 0 && wait < 0 {
		return fmt.Sprintf(`"%d"`, v.Version)
	}
	return fmt.Sprintf(`"%d.%d.%d"`, v.Version, place, wait)
}

func (a *API) visitorCancels(w http.ResponseWriter, r *http.Request) error {
	return a.byVisitor(w, r, &Nothing{}, func(c *callback.Callback) (*callback.Callback, error) {
		return a.Conductor.Cancel(r.Context(), c.ID, callback.ByVisitor)
	})
}

func (a *API) visitorChangesNumber(w http.ResponseWriter, r *http.Request) error {
	in := &NewNumber{}
	return a.byVisitor(w, r, in, func(c *callback.Callback) (*callback.Callback, error) {
		raw, err := in.raw()
		if err != nil {
			return nil, err
		}
		return a.Conductor.ChangeNumber(r.Context(), c.ID, raw, callback.ByVisitor)
	})
}

func (n *NewNumber) raw() (string, error) {
	switch {
	case n.Number != "":
		return n.Number, nil
	case n.Endpoint != "":
		return n.Endpoint, nil
	}
	return "", fault.At("number", fault.FieldRequired, "Write the number that we shall call.")
}

func (a *API) visitorReschedules(w http.ResponseWriter, r *http.Request) error {
	in := &NewTime{}
	return a.byVisitor(w, r, in, func(c *callback.Callback) (*callback.Callback, error) {
		when, err := in.when()
		if err != nil {
			return nil, err
		}
		return a.Conductor.Reschedule(r.Context(), c.ID, when, callback.ByVisitor)
	})
}

func (n *NewTime) when() (schedule.When, error) {
	if n.When == nil {
		return schedule.When{}, fault.At("when", fault.FieldRequired, `Say the new time, such as {"when":{"after":"10m"}}.`)
	}
	return *n.When, nil
}

func (a *API) visitorCallsNow(w http.ResponseWriter, r *http.Request) error {
	return a.byVisitor(w, r, &Nothing{}, func(c *callback.Callback) (*callback.Callback, error) {
		return a.Conductor.CallNow(r.Context(), c.ID, callback.ByVisitor)
	})
}

// byVisitor does what every action of a visitor has in common.
func (a *API) byVisitor(w http.ResponseWriter, r *http.Request, in any, act func(*callback.Callback) (*callback.Callback, error)) error {
	c, err := a.held(w, r)
	if err != nil {
		return err
	}
	if err := door.Lenient(r, in); err != nil {
		return err
	}
	after, err := act(c)
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, a.view(r)(after))
}

// ping is how often a silent stream says that it lives.
const ping = 15 * time.Second

// patience is how long one write may take.
const patience = 20 * time.Second
