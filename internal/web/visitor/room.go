package visitor

import (
	"encoding/json"
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/words"
)

// room is where a visitor talks in the browser. A callback that goes to a telephone has its status page.
func (p *Pages) room(w http.ResponseWriter, r *http.Request) error {
	c, err := p.held(r)
	if err != nil {
		return err
	}
	token := r.PathValue("token")
	if _, web := c.Endpoint.Browser(); !web {
		http.Redirect(w, r, "/c/"+token+chosen(r), http.StatusSeeOther)
		return nil
	}
	s := &roomPage{statusPage: p.statusPage(r, c, token)}
	if c.State != callback.Ended {
		s.Words = spoken(s.Language)
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

// spoken are the sentences of a script that opens the microphone, as JSON: by what went wrong.
func spoken(in *words.Language) string {
	b, _ := json.Marshal(map[string]string{ // of strings
		"insecure": in.Say("This browser gives no microphone to a page that comes over plain http. Open the page by its https address."),
		"denied":   in.Say("The microphone is not allowed. Press the sign at the left of the address, allow the microphone for this page, and try again."),
		"missing":  in.Say("No microphone was found. Plug in a headset, or turn its microphone on, and try again."),
		"silent":   in.Say("The microphone is there but gives no sound. Another program may hold it. Close that program, and try again."),
		"broken":   in.Say("The microphone could not be opened. Unplug the headset, plug it in again, and try again."),
		"instead":  in.Say("Or let us call your telephone."),
		"lost":     in.Say("The connection was lost. It is made again…"),
	})
	return string(b)
}

// roomPage is the status page of a call that is here.
type roomPage struct {
	*statusPage
	Browser string // where it connects; "" = the call is over
	Words   string // of its script
}
