package web_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"ringback/internal/callback"
)

// Never again has a door for each: the visitor's page with and without script, anybody's page, programs, staff.
func TestOptOutDoors(t *testing.T) {
	h := newHouse(t)
	_, token := h.call(callback.Callback{State: callback.Queued})
	for _, test := range []struct {
		method, path, body string
		status             int
		said, want         string // in the answer; who is stopped
	}{
		{"GET", "/c/" + token, "", 200, `href="/c/` + token + `/opt_out"`, ""},
		{"GET", "/c/" + token + "/opt_out", "", 200, `action="/c/` + token + `/opt_out"`, ""},
		{"POST", "/c/" + token + "/opt_out", "", 200, "We will not call this number again", "tel:+12025550100  status_page"},
		{"POST", "/api/v1/public/callbacks/" + token + "/opt_out", "{}", 200, `"state"`, "tel:+12025550100  status_page"},
		{"GET", "/stop?button=acme-main", "", 200, `name="number"`, ""},
		{"POST", "/stop", url.Values{"button": {"acme-main"}, "number": {"(202) 555-0177"}}.Encode(), 200, "is not called any more", "tel:+12025550177  stop_page"},
		{"POST", "/stop", url.Values{"button": {"acme-main"}, "number": {"12"}}.Encode(), 422, `role="alert"`, ""},
		{"POST", "/stop", "number=", 422, "Write the number", ""},
		{"POST", "/api/v1/public/opt_out", `{"number":"202 555 0177","button":"acme-main"}`, 200, `"number":"+12`, "tel:+12025550177  stop_page"},
		{"POST", "/api/v1/public/opt_out", `{}`, 422, `"field_required"`, ""},
	} {
		h.stopped = nil
		kind := "Content-Type: application/json"
		if !strings.HasPrefix(test.path, "/api") {
			kind = "Content-Type: application/x-www-form-urlencoded"
		}
		a := h.do(test.method, test.path, test.body, kind)
		if a.StatusCode != test.status || !strings.Contains(a.body, test.said) {
			t.Errorf("%s %s: %d %s", test.method, test.path, a.StatusCode, a.body)
		}
		if want := []string{test.want}; test.want != "" && !slices.Equal(h.stopped, want) || test.want == "" && len(h.stopped) > 0 {
			t.Errorf("%s %s: stopped %q, want %q", test.method, test.path, h.stopped, test.want)
		}
	}
}
