package web_test

import (
	"strings"
	"testing"
)

// TestTestCall: staff are called by their button as a visitor would be, within what they may see and call.
func TestTestCall(t *testing.T) {
	h := newHouse(t)
	const path = "/api/v1/buttons/acme-main/test"
	got := h.do("POST", path, `{"number":"+12025550100"}`, key(acmeKey))
	if got.StatusCode != 201 || !strings.Contains(got.body, `"name":"Test call"`) {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	if r := h.asked[len(h.asked)-1]; r.Metadata["test"] != "true" || r.SkipLimits || r.By == nil {
		t.Errorf("asked for %+v", r)
	}
	for body, want := range map[string]int{`{"nummer":"1"}`: 400} {
		if got := h.do("POST", path, body, key(acmeKey)); got.StatusCode != want {
			t.Errorf("%s: %d %s", body, got.StatusCode, got.body)
		}
	}
	if got := h.do("POST", path, `{"number":"+12025550100"}`, key(otherKey)); got.StatusCode != 404 {
		t.Errorf("by another business: %d", got.StatusCode)
	}
}
