package web_test

import (
	"encoding/json"
	"strings"
	"testing"

	"ringback/internal/web/api"
)

// TestRehearse: what would come of a wish is told to who may make it, and the telephones of agents to the operator only.
func TestRehearse(t *testing.T) {
	h := newHouse(t)
	const path = "/api/v1/buttons/acme-main/rehearse"
	var got api.Rehearsal
	ask := func(key, body string, status int) string {
		t.Helper()
		w := h.do("POST", path, body, "Authorization: Bearer "+key)
		if w.StatusCode != status {
			t.Fatalf("%s: %d %s", body, w.StatusCode, w.body)
		}
		got = api.Rehearsal{}
		if err := json.Unmarshal([]byte(w.body), &got); err != nil {
			t.Fatal(err)
		}
		return w.body
	}
	ask(operatorKey, `{"at":"Sun 22:00","number":"+12025550100"}`, 200)
	if got.Wall != "Sun 2026-12-06 22:00 EST" || *got.Place != 2 || *got.Message != "You are number 2 in line. We call you as soon as somebody is free." {
		t.Errorf("rehearsed %+v, the visitor reads %q", got, *got.Message)
	}
	if to := got.Rings[0].Telephones[0]; to.To != "sip:ann@127.0.0.1:5080" || to.Hears[0].Text != "Calling." || *got.Rings[0].Agent != "ann" {
		t.Errorf("who rings: %+v", got.Rings)
	}
	if body := ask(acmeKey, `{}`, 200); strings.Contains(body, "127.0.0.1") {
		t.Errorf("a business is told its agents' telephones: %s", body)
	}
	ask(acmeKey, `{"number":"+19005550106"}`, 200)
	if got.Refused == nil || got.Refused.Code != "number_type" || got.State != nil {
		t.Errorf("a refused one: %+v", got)
	}
	ask(otherKey, `{}`, 404)
	ask(acmeKey, `{"at":"Sonntag"}`, 422)
}
