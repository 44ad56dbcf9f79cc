package web_test

import (
	"strings"
	"testing"

	"ringback/internal/callback"
	"ringback/internal/web"
	"ringback/internal/web/door"
)

// What of Acme's the other subscriber's key tries, by the collection in the path.
func (h *house) acmes(cb string) map[string][]string {
	return map[string][]string{
		"callbacks": {cb}, "subscribers": {string(acme), "acme"}, "buttons": {string(acmeMain), "acme-main"},
		"representations": {string(annAtAcme)}, "agents": {string(ann), "ann"}, "trunks": {string(pstn), "pstn"},
		"keys": {string(subKey), string(opKey), "op"}, "blocks": {string(acmeBlock)},
		"recordings": {string(acmeTape)},
	}
}

// bodies that name what is Acme's.
var bodies = map[string]string{
	"/api/v1/callbacks":                 `{"button":"acme-main","number":"+12025550100"}`,
	"/api/v1/buttons":                   `{"slug":"stolen","subscriber":"acme"}`,
	"/api/v1/blocks":                    `{"number":"+12025550100","subscriber":"acme"}`,
	"/api/v1/callbacks/{id}/number":     `{"number":"+12025550101"}`,
	"/api/v1/callbacks/{id}/cancel":     `{}`,
	"/api/v1/callbacks/{id}/now":        `{}`,
	"/api/v1/callbacks/{id}/recording":  `{"do":"pause"}`,
	"/api/v1/callbacks/{id}/reschedule": `{"when":{"after":"10m"}}`,
}

// Every keyed route of the tables, with every id of Acme's, asked with the other subscriber's key: nothing is found,
// nothing changes, nothing is told.
func TestNobodySeesAnothersThings(t *testing.T) {
	asked := 0
	for _, r := range web.Routes() {
		if r.Who == door.Anyone {
			continue
		}
		h := newHouse(t)
		c, _ := h.call(callback.Callback{State: callback.Scheduled, Name: "Vera of Acme"})
		kind := strings.Split(strings.TrimPrefix(r.Pattern, "/api/v1/"), "/")[0]
		ids := h.acmes(string(c.ID))[kind]
		if !strings.Contains(r.Pattern, "{") {
			ids = []string{""}
		}
		if len(ids) == 0 {
			t.Errorf("%s: no ids of kind %s to try", r.Pattern, kind)
		}
		for _, i := range ids {
			asked++
			before := *h.callbacks[c.ID]
			body := bodies[r.Pattern]
			if body == "" && r.Method != "GET" && r.Method != "DELETE" {
				body = `{}`
			}
			dir := h.dir
			a := h.do(r.Method, strings.Replace(r.Pattern, "{id}", i, 1), body, key(otherKey))
			checkNothing(t, r, i, a)
			if h.dir != dir || h.callbacks[c.ID].Version != before.Version || len(h.callbacks) != 1 {
				t.Errorf("%s %s with %s changed something of Acme's", r.Method, r.Pattern, i)
			}
		}
	}
	if asked < 40 {
		t.Errorf("only %d requests were made", asked)
	}
}

func checkNothing(t *testing.T, r door.Route, i string, a answer) {
	t.Helper()
	collection := !strings.Contains(r.Pattern, "{id}")
	for _, secret := range []string{"Vera", "Acme", string(acmeMain), "canary"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("%s %s with %s tells %q: %s", r.Method, r.Pattern, i, secret, a.body)
		}
	}
	switch {
	case r.Who == door.Operator:
		isProblem(t, a, 403, "forbidden")
	case strings.HasSuffix(r.Pattern, "/live"):
		isProblem(t, a, 415, "unsupported_media") // what it tells: live_test.go
	case r.Method == "GET" && collection:
		a.want(t, 200)
	default:
		isProblem(t, a, 404, "not_found")
	}
}

// The same routes without a key, and with the rightful key.
func TestEveryKeyedRouteAsksForAKey(t *testing.T) {
	for _, r := range web.Routes() {
		if r.Who == door.Anyone {
			continue
		}
		h := newHouse(t)
		path := strings.Replace(r.Pattern, "{id}", "acme-main", 1)
		isProblem(t, h.do(r.Method, path, ""), 401, "no_key")
		isProblem(t, h.do(r.Method, path, "", key("sk_no")), 401, "bad_key")
		isProblem(t, h.do(r.Method, path, "", "Authorization: Basic eDp5"), 401, "bad_key")
		if a := h.do(r.Method, path, "", key(operatorKey)); a.StatusCode == 401 || a.StatusCode == 403 {
			t.Errorf("%s %s refuses the operator: %s", r.Method, r.Pattern, a.body)
		}
	}
}

func TestOwnThingsAreSeen(t *testing.T) {
	h := newHouse(t)
	c, _ := h.call(callback.Callback{State: callback.Queued})
	for _, path := range []string{"callbacks/" + string(c.ID), "subscribers/acme", "buttons/acme-main", "representations/" + string(annAtAcme), "blocks/" + string(acmeBlock)} {
		h.do("GET", "/api/v1/"+path, "", key(acmeKey)).want(t, 200)
	}
	m := h.do("POST", "/api/v1/blocks", `{"number":"+12025550124","subscriber":null}`, key(acmeKey)).want(t, 201).json(t)
	if m["subscriber"] != string(acme) {
		t.Errorf("a subscriber's block is for %v", m["subscriber"])
	}
}
