package visitor

import (
	"net/http"
	"strings"

	"ringback/internal/fault"
)

// calendarEnd is what an address of a callback's page ends with when a calendar asks for it.
const calendarEnd = ".ics"

// calendar answers with the promised call as a calendar's file; false = the address is that of a page.
func (p *Pages) calendar(w http.ResponseWriter, r *http.Request) (is bool, err error) {
	token, is := strings.CutSuffix(r.PathValue("token"), calendarEnd)
	if !is {
		return false, nil
	}
	r.SetPathValue("token", token)
	c, err := p.held(r)
	if err != nil {
		return true, err
	}
	if !c.Promised() {
		return true, fault.New(fault.NotFound, "No time is promised for this call.")
	}
	e := c.Entry(p.businessOf(c), p.tells(r, c), p.URL, p.URL+"/c/"+token, p.Now())
	h := w.Header()
	h.Set("Content-Type", e.EntryType())
	h.Set("Content-Disposition", `attachment; filename="call.ics"`)
	h.Set("Cache-Control", "no-store")
	_, err = w.Write(e.File())
	return true, err
}
