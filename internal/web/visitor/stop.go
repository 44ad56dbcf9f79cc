package visitor

import (
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/phone"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
	"ringback/internal/words"
)

// stopPage asks whether a telephone is never to be called again, and says that it is not.
type stopPage struct {
	page
	Action, Base         string // Base: the status page; "" = any number
	Number, Typed, Wrong string
	Button               string
	Done                 bool
}

func (p *Pages) stopPage(r *http.Request, in *words.Language) *stopPage {
	return &stopPage{page: p.page(r, in, in.Say("Never call this number again")), Action: r.URL.Path + chosen(r)}
}

// askStop asks about the telephone of a callback.
func (p *Pages) askStop(w http.ResponseWriter, r *http.Request) error {
	c, err := p.held(r)
	if err != nil {
		return err
	}
	in := p.tells(r, c)
	s := p.stopPage(r, in)
	s.Base, s.Number = "/c/"+r.PathValue("token")+chosen(r), status.Masked(c, in)
	return p.show(w, http.StatusOK, "stop", s)
}

func (p *Pages) stop(w http.ResponseWriter, r *http.Request) error {
	c, err := p.held(r)
	if err != nil {
		return err
	}
	in := p.tells(r, c)
	s := p.stopPage(r, in)
	s.Base, s.Number = "/c/"+r.PathValue("token")+chosen(r), status.Masked(c, in)
	_, err = p.Conductor.OptOutOf(r.Context(), c.ID, p.optOut(r, consent.ByStatusPage))
	return p.stopped(w, r, s, err)
}

// askAnyStop is for who never asked to be called: any number may be stopped.
func (p *Pages) askAnyStop(w http.ResponseWriter, r *http.Request) error {
	button := r.URL.Query().Get("button")
	s := p.stopPage(r, p.ofButton(r, button))
	s.Button = button
	return p.show(w, http.StatusOK, "stop", s)
}

func (p *Pages) stopAny(w http.ResponseWriter, r *http.Request) error {
	if err := door.ReadForm(r); err != nil {
		return err
	}
	s := p.stopPage(r, p.ofButton(r, r.PostForm.Get("button")))
	s.Button, s.Typed = r.PostForm.Get("button"), r.PostForm.Get("number")
	if s.Typed == "" {
		return p.stopped(w, r, s, fault.At("number", fault.FieldRequired, "Write the number that shall not be called."))
	}
	n, err := phone.Parse(s.Typed, p.Conductor.Directory().Region(s.Button))
	if err == nil {
		s.Number = n.Mask()
		err = p.Conductor.OptOutNumber(r.Context(), cti.Endpoint("tel:"+n.E164()), p.optOut(r, consent.ByStopPage))
	}
	return p.stopped(w, r, s, err)
}

// ofButton is the language of a page that knows at most a button.
func (p *Pages) ofButton(r *http.Request, button string) *words.Language {
	otherwise := ""
	if _, s := p.Conductor.Directory().Button(button); s != nil {
		otherwise = s.Language
	}
	return door.Speak(r, p.Words, door.Asked(r, p.Words), otherwise)
}

func (p *Pages) optOut(r *http.Request, by consent.Route) callback.OptOut {
	return callback.OptOut{Route: by, Language: door.Language(r.Context()).Tag, Visitor: door.Visitor(r), UserAgent: r.UserAgent()}
}

// stopped says that it is done, or why not.
func (p *Pages) stopped(w http.ResponseWriter, r *http.Request, s *stopPage, err error) error {
	if err == nil {
		s.Done = true
		return p.show(w, http.StatusOK, "stop", s)
	}
	return &door.Shown{Err: err, Show: func(w http.ResponseWriter, pr door.Problem) {
		s.Wrong = pr.Detail
		if err := p.show(w, pr.Status, "stop", s); err != nil {
			p.Fault(w, r, pr)
		}
	}}
}
