package web_test

import (
	"strings"
	"testing"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/web"
	"ringback/internal/web/door"
)

// What of Acme's the other subscriber's key tries, by the collection in the path.
func (h *house) acmes(cb string) map[string][]string {
	return map[string][]string{
		"callbacks": {cb}, "subscribers": {string(acme), "acme"}, "buttons": {string(acmeMain), "acme-main"},
		"representations": {string(annAtAcme)}, "agents": {string(ann), "ann"}, "trunks": {string(pstn), "pstn"},
		"keys": {string(subKey), string(opKey), "op"}, "blocks": {string(acmeBlock)},
		"recordings": {string(acmeTape)}, "passkeys": {annsPasskey},
		"users": {string(olga), "olga"},
	}
}

// bodies that name what is Acme's.
var bodies = map[string]string{
	"POST /api/v1/callbacks":                  `{"button":"acme-main","number":"+12025550100"}`,
	"POST /api/v1/buttons":                    `{"slug":"stolen","subscriber":"acme"}`,
	"POST /api/v1/buttons/{id}/test":          `{"number":"+12025550100"}`,
	"POST /api/v1/blocks":                     `{"number":"+12025550100","subscriber":"acme"}`,
	"POST /api/v1/callbacks/{id}/number":      `{"number":"+12025550101"}`,
	"POST /api/v1/callbacks/{id}/recording":   `{"do":"pause"}`,
	"POST /api/v1/callbacks/{id}/record":      `{"action":"pause"}`,
	"POST /api/v1/callbacks/{id}/reschedule":  `{"when":{"after":"10m"}}`,
	"POST /api/v1/callbacks/{id}/opt_out":     `{"reason":"said so"}`,
	"POST /api/v1/opt_outs":                   `{"number":"+12025550100","subscriber":"acme"}`,
	"POST /api/v1/people/export":              `{"number":"+12025550100","subscriber":"acme"}`,
	"POST /api/v1/people/erase":               `{"number":"+12025550100","subscriber":"acme"}`,
	"POST /api/v1/callbacks/{id}/note":        `{"text":"seen"}`,
	"POST /api/v1/callbacks/{id}/disposition": `{"code":"done"}`,
	"POST /api/v1/callbacks/{id}/follow_up":   `{"when":{"after":"24h"}}`,
	"POST /api/v1/callbacks/{id}/move":        `{"to":"front"}`,
	"POST /api/v1/callbacks/{id}/reassign":    `{"agent":"ann"}`,
	"POST /api/v1/agents/{id}/presence":       `{"presence":"paused"}`,
	"POST /api/v1/agents/{id}/browser":        `{"offer":"v=0"}`,
	"POST /api/v1/agents/{id}/monitor":        `{"agent":"cleo","mode":"listen"}`,
	"POST /api/v1/passkeys":                   `{"ceremony":"c1","credential":{}}`,
	"POST /api/v1/me/password":                `{"old":"` + annsPassword + `","new":"another correct horse"}`,
	"POST /api/v1/callbacks/{id}/accept":      `{"leg":"leg_d"}`,
	"POST /api/v1/callbacks/{id}/decline":     `{"leg":"leg_d"}`,
	"POST /api/v1/callbacks/{id}/hold":        `{"on":true}`,
	"POST /api/v1/callbacks/{id}/keys":        `{"digits":"1"}`,
	"POST /api/v1/callbacks/{id}/transfer":    `{"to":"cleo"}`,
	"PATCH /api/v1/subscribers/{id}":          `{"language":"de"}`,
	"PATCH /api/v1/representations/{id}":      `{"script":"Say hello."}`,
	"POST /api/v1/callbacks/{id}/conference":  `{"to":"cleo"}`,
}

// stranger is somebody who has a right to something, and none to what is Acme's.
type stranger struct {
	name string
	with func(h *house) string // the header that she comes with
	desk bool                  // has signed in at a desk: routes that take a key are none of hers

	herself bool // is the agent whom acmes names
	owns    bool // is a person of a business, with a session: passkeys and a password are her own
}

var strangers = []stranger{
	{"the other business's key", func(*house) string { return key(otherKey) }, false, false, false},
	{"the other business's owner", func(h *house) string { return h.userSession(omar) }, false, false, true},
	{"the other business's owner, who asks for Acme", func(h *house) string { h.asks = "?subscriber=acme"; return h.userSession(omar) }, false, false, true},
	{"the other business's agent", func(h *house) string { return h.session(bob) }, true, false, false},
	{"the other business's supervisor", func(h *house) string {
		h.agent(bob, func(a *agent.Agent) { a.Supervisor = true })
		return h.session(bob)
	}, true, false, false},
	{"an agent who represented Acme until just now", func(h *house) string {
		header := h.session(ann)
		h.mu.Lock()
		defer h.mu.Unlock()
		d := *h.dir
		d.Representations = map[id.Representation]*agent.Representation{}
		d.Index()
		h.dir = &d
		return header
	}, true, true, false},
}

// owner shows that a route has something to give: who may, gets it.
func (h *house) owner(r door.Route) string {
	if strings.HasPrefix(r.Pattern, "/api/v1/passkeys") || strings.HasPrefix(r.Pattern, "/api/v1/me/") {
		return h.session(ann)
	}
	if r.Who == door.Operator || strings.HasPrefix(r.Pattern, "/api/v1/agents/") {
		h.agent(ann, func(a *agent.Agent) { a.Supervisor = true }) // who may watch is watched with
		return key(operatorKey)
	}
	return key(acmeKey)
}

// Every keyed route of the tables, with every id of Acme's: its owner gets an answer, and with the key or the session of
// anybody else nothing is found, nothing changes, nothing is told.
func TestNobodySeesAnothersThings(t *testing.T) {
	asked := 0
	for _, r := range web.Routes() {
		if r.Who == door.Anyone || strings.HasSuffix(r.Pattern, "/session") {
			continue
		}
		kind := strings.Split(strings.TrimPrefix(r.Pattern, "/api/v1/"), "/")[0]
		for n := range newHouse(t).ids(t, r, kind, "cb") {
			h := newHouse(t).staffed()
			_, i := h.theirs(t, r, kind, n)
			body := bodies[r.Method+" "+r.Pattern]
			if body == "" && r.Method != "GET" && r.Method != "DELETE" {
				body = `{}`
			}
			path := strings.NewReplacer("{id}", i, "{name}", "wait").Replace(r.Pattern)
			for _, s := range strangers {
				if (s.desk || s.owns) && r.Method == "POST" && (kind == "passkeys" || kind == "me") {
					continue // with a session one registers, and changes, one's own
				}
				if s.herself && (kind == "agents" || kind == "passkeys") {
					continue // how she is, and what opens her desk, is hers
				}
				h := newHouse(t).staffed()
				c, i := h.theirs(t, r, kind, n)
				header := s.with(h)
				before, dir, all := h.callbacks[c.ID].Version, h.dir, len(h.callbacks)
				asked++
				a := h.do(r.Method, strings.NewReplacer("{id}", i, "{name}", "wait").Replace(r.Pattern)+h.asks, body, header)
				checkNothing(t, r, s, i, a)
				if h.dir != dir || h.callbacks[c.ID].Version != before || len(h.callbacks) != all || len(h.orders) > 0 {
					t.Errorf("%s: %s %s with %s changed something of Acme's", s.name, r.Method, r.Pattern, i)
				}
			}
			if a := h.do(r.Method, path, body, h.owner(r)); a.StatusCode >= 400 && !excused(r, a) {
				t.Errorf("%s %s gives its owner nothing (%d), so it proves nothing: %s", r.Method, path, a.StatusCode, a.body)
			}
		}
	}
	if asked < 200 {
		t.Errorf("only %d requests were made", asked)
	}
}

// excused are routes that need more than an id: their own tests show what they give.
func excused(r door.Route, a answer) bool {
	switch {
	case strings.HasSuffix(r.Pattern, "/live"), strings.HasSuffix(r.Pattern, "/prompts/{name}"):
		return a.StatusCode == 415
	case r.Method == "POST" && r.Who == door.Operator && !strings.Contains(r.Pattern, "{id}"):
		return a.StatusCode == 422 || a.StatusCode == 400 // an empty thing
	}
	return false
}

// ids counts what there is to try.
func (h *house) ids(t *testing.T, r door.Route, kind, cb string) []string {
	if !strings.Contains(r.Pattern, "{") {
		return []string{""}
	}
	all := h.acmes(cb)[kind]
	if len(all) == 0 {
		t.Errorf("%s: no ids of kind %s to try", r.Pattern, kind)
	}
	return all
}

// theirs puts a callback of Acme's there that the route can do something with, and returns the nth id to try.
func (h *house) theirs(t *testing.T, r door.Route, kind string, n int) (*callback.Callback, string) {
	c, _ := h.call(callback.Callback{State: callback.Scheduled, Name: "Vera of Acme"})
	c = h.change(c.ID, func(c *callback.Callback) {
		c.Attempts = []callback.Attempt{{N: 1, Agent: cleo, Legs: []callback.Leg{{ID: "leg_d", Party: cti.Agent, Agent: cleo, State: cti.Ringing,
			Endpoint: cti.Endpoint("web:" + string(cleo))}}}}
	})
	return c, h.ids(t, r, kind, string(c.ID))[n]
}

func checkNothing(t *testing.T, r door.Route, s stranger, i string, a answer) {
	t.Helper()
	collection := !strings.Contains(r.Pattern, "{id}")
	for _, secret := range []string{"Vera", "Acme", string(acmeMain), "canary"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("%s: %s %s with %s tells %q: %s", s.name, r.Method, r.Pattern, i, secret, a.body)
		}
	}
	switch {
	case r.Who == door.Operator, s.desk && r.Who == door.Keyed:
		isProblem(t, a, 403, "forbidden")
	case strings.HasSuffix(r.Pattern, "/live"):
		isProblem(t, a, 415, "unsupported_media") // what it tells: live_test.go
	case r.Method == "GET" && collection && a.StatusCode == 404 && s.owns:
		isProblem(t, a, 404, "not_found") // she has asked for Acme
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
