package visitor

import (
	"net/http"

	"ringback/internal/callback"
)

// room is where a visitor talks in the browser. A callback that goes to a telephone has its status page.
func (p *Pages) room(w http.ResponseWriter, r *http.Request) error {
	c, err := p.held(r)
	if err != nil {
		return err
	}
	token := r.PathValue("token")
	if _, web := c.Endpoint.Browser(); !web {
		http.Redirect(w, r, "/c/"+token, http.StatusSeeOther)
		return nil
	}
	s := &roomPage{statusPage: p.statusPage(c, token)}
	if c.State != callback.Ended {
		s.Browser, s.Script = "/api/v1/public/callbacks/"+token+"/browser", p.assets.At("room.js")
	}
	s.Refresh = 0 // it would end the call
	mayHear(w)
	return p.show(w, http.StatusOK, "room", s)
}

// mayHear lets the page ask for the microphone; no other page of ours may.
func mayHear(w http.ResponseWriter) {
	w.Header().Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(self)")
}

// roomPage is the status page of a call that is here.
type roomPage struct {
	*statusPage
	Browser string // where it connects; "" = the call is over
}
