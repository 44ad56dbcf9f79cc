package web_test

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
)

// TestCalendarOfAPromise: the page of a promised call leads to a file that a calendar keeps; without a promise there is neither.
func TestCalendarOfAPromise(t *testing.T) {
	h := newHouse(t)
	due := h.now.Add(18 * time.Hour)
	_, token := h.call(callback.Callback{State: callback.Scheduled, Reason: callback.ReasonBooked, DueAt: due})
	if page := h.do("GET", "/c/"+token, "").want(t, 200).body; !strings.Contains(page, `href="/c/`+token+`.ics"`) {
		t.Error("the page does not lead to a calendar's file")
	}
	a := h.do("GET", "/c/"+token+".ics", "").want(t, 200)
	for _, want := range []string{"METHOD:PUBLISH\r\n", "SEQUENCE:1\r\n", "DTSTART:" + due.UTC().Format("20060102T150405Z") + "\r\n", "SUMMARY:Acme Plumbing calls you\r\n", "/c/" + token} {
		if !strings.Contains(strings.ReplaceAll(a.body, "\r\n ", ""), want) {
			t.Errorf("%q is missing in\n%s", want, a.body)
		}
	}
	if got := a.Header.Get("Content-Type"); got != "text/calendar; charset=utf-8; method=PUBLISH" {
		t.Errorf("Content-Type %q", got)
	}
	if a := h.do("GET", "/c/"+token+".ics?lang=de", "").want(t, 200); !strings.Contains(a.body, "ruft Sie an") && !strings.Contains(a.body, "Anruf") {
		t.Errorf("in German:\n%s", a.body)
	}
	for name, c := range map[string]callback.Callback{"in line": {State: callback.Queued}, "another try": {State: callback.Scheduled, Reason: callback.ReasonRetryBusy, DueAt: due}} {
		_, token := h.call(c)
		if page := h.do("GET", "/c/"+token, "").want(t, 200).body; strings.Contains(page, ".ics") {
			t.Errorf("%s: the page leads to a calendar's file", name)
		}
		h.do("GET", "/c/"+token+".ics", "").want(t, 404)
	}
	h.do("GET", "/c/t_unknown.ics", "").want(t, 404)
}
