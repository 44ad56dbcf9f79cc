package web_test

import (
	"encoding/json"
	"strings"
	"testing"

	"ringback/internal/callback"
	"ringback/internal/cti"
)

// A visitor who talks in the browser: the room of a callback that goes there, its connection, and what others get.
func TestRoom(t *testing.T) {
	h := newHouse(t)
	web, token := h.call(callback.Callback{State: callback.Queued, Endpoint: cti.BrowserOf("cb_web")})
	_, other := h.call(callback.Callback{State: callback.Queued, Endpoint: "tel:+12025550100", Number: "+12025550100"})
	page := h.do("GET", "/r/"+token, "").want(t, 200)
	for _, want := range []string{`data-browser="/api/v1/public/callbacks/` + token + `/browser"`, "/room.js", "Hang up"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the room lacks %q", want)
		}
	}
	if p := page.Header.Get("Permissions-Policy"); !strings.Contains(p, "microphone=(self)") {
		t.Errorf("Permissions-Policy %q", p)
	}
	if p := h.do("GET", "/c/"+token, "").want(t, 200).Header.Get("Permissions-Policy"); !strings.Contains(p, "microphone=()") {
		t.Errorf("of the status page: %q", p)
	}
	if a := h.do("GET", "/r/"+other, ""); a.StatusCode != 303 || a.Header.Get("Location") != "/c/"+other {
		t.Errorf("the room of a call to a telephone: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	isProblem(t, h.do("POST", "/api/v1/public/callbacks/"+token+"/browser", "{}"), 422, "field_required")
	isProblem(t, h.do("POST", "/api/v1/public/callbacks/"+other+"/browser", `{"offer":"v=0"}`), 422, "channel_unavailable")
	isProblem(t, h.do("POST", "/api/v1/public/callbacks/t_nobody/browser", `{"offer":"v=0"}`), 404, "not_found")
	isProblem(t, h.do("GET", "/api/v1/public/callbacks/"+other+"/browser", ""), 422, "channel_unavailable")
	isProblem(t, h.do("GET", "/api/v1/public/callbacks/t_nobody/browser", ""), 404, "not_found")
	if ways := h.do("GET", "/api/v1/public/callbacks/"+token+"/browser", "").want(t, 200).body; !strings.Contains(ways, "turns:call.test:443") {
		t.Errorf("the ways to us: %s", ways)
	}
	var said struct{ Answer string }
	a := h.do("POST", "/api/v1/public/callbacks/"+token+"/browser", `{"offer":"v=0"}`).want(t, 200)
	if json.Unmarshal([]byte(a.body), &said) != nil || said.Answer == "" {
		t.Errorf("the answer: %s", a.body)
	}
	now := h.Now()
	h.change(web.ID, func(c *callback.Callback) {
		c.State, c.Outcome, c.EndedAt = callback.Ended, callback.Completed, now
	})
	isProblem(t, h.do("POST", "/api/v1/public/callbacks/"+token+"/browser", `{"offer":"v=0"}`), 409, "already_ended")
	isProblem(t, h.do("GET", "/api/v1/public/callbacks/"+token+"/browser", ""), 409, "already_ended")
	if strings.Contains(h.do("GET", "/r/"+token, "").want(t, 200).body, "room.js") {
		t.Error("the room of a call that is over connects")
	}
}
