package web_test

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/subscriber"
)

func TestSetUp(t *testing.T) {
	rows := []struct{ path, make, change, check string }{
		{"subscribers", `{"slug":"new","name":"New","regions":["US"],"time_zone":"America/New_York","hours":{"mon-fri":["09:00-17:00"]},"limits":{"spend_per_day":{"amount":"20.00","currency":"USD"}}}`,
			`{"name":"Newer","limits":{"concurrent":7}}`, `"name":"Newer"`},
		{"buttons", `{"slug":"new","subscriber":"acme"}`, `{"closed":true,"order":"visitor_first"}`, `"closed":true`},
		{"subscribers", `{"slug":"new","name":"New","regions":["US"],"limits":{"max_talk_s":5}}`, `{"name":"Newer"}`, `"max_talk_s":5,`},
		{"buttons", `{"slug":"new","subscriber":"acme","fields":[{"name":"model"}]}`, `{"closed":true}`, `"label":"model"`},
		{"agents", `{"slug":"bob","name":"Bob","devices":["sip:bob@127.0.0.1:5080",{"to":"tel:+12025550111"}]}`, `{"name":"Bobby"}`, `[{"to":"sip:bob@127.0.0.1:5080"},{"to":"tel:+12025550111"}]`},
		{"agents", `{"slug":"bob","name":"Bob","devices":[{"to":"tel:+12025550111","ring_s":20,"confirm":"key"}]}`, `{"name":"Bobby"}`, `"name":"Bobby"`},
		{"representations", `{"agent":"ann","subscriber":"other","display_name":"Ann"}`, `{"priority":3}`, `"priority":3`},
		{"trunks", `{"slug":"second","address":"sip:127.0.0.1:5071;transport=tcp","password":"canary-password"}`, `{"max_calls":3}`, `"max_calls":3`},
		{"keys", `{"slug":"new","role":"subscriber","subscriber":"acme"}`, ``, ``},
		{"blocks", `{"number":"+1 202 555 0123","subscriber":null,"reason":"asked","until":null}`, ``, ``},
	}
	for _, row := range rows {
		t.Run(row.path, func(t *testing.T) {
			h := newHouse(t)
			a := h.do("POST", "/api/v1/"+row.path, row.make, key(operatorKey)).want(t, 201)
			m, loc := a.json(t), a.Header.Get("Location")
			if loc != "/api/v1/"+row.path+"/"+m["id"].(string) {
				t.Errorf("Location %s", loc)
			}
			if strings.Contains(a.body, "canary-password") {
				t.Error("the password is shown")
			}
			if row.change != "" {
				if got := h.do("PATCH", loc, row.change, key(operatorKey), "Content-Type: application/merge-patch+json").want(t, 200); !strings.Contains(got.body, row.check) {
					t.Errorf("patched: %s", got.body)
				}
				isProblem(t, h.do("PATCH", loc, `{"colour":"red"}`, key(operatorKey)), 400, "unknown_field")
				if slug, _ := m["slug"].(string); slug != "" {
					h.do("GET", "/api/v1/"+row.path+"/"+slug, "", key(operatorKey)).want(t, 200)
				}
			}
			got := h.do("GET", loc, "", key(operatorKey)).want(t, 200)
			if strings.Contains(got.body, "secret") || strings.Contains(got.body, "canary") || strings.Contains(got.body, "null]") {
				t.Errorf("shown: %s", got.body)
			}
			if list := h.do("GET", "/api/v1/"+row.path, "", key(operatorKey)).want(t, 200); !strings.Contains(list.body, m["id"].(string)) {
				t.Errorf("not in the list: %s", list.body)
			}
			if d := h.do("DELETE", loc, "", key(operatorKey)).want(t, 204); d.body != "" {
				t.Errorf("body %q", d.body)
			}
		})
	}
}

// A wake-up of the conductor is no time that was promised.
func TestDueIsWhenTheVisitorIsCalled(t *testing.T) {
	h := newHouse(t)
	arrived, wake := h.now.Add(-time.Minute), h.now.Add(time.Hour)
	for state, want := range map[callback.State]time.Time{callback.Scheduled: wake, callback.Queued: arrived, callback.RingingAgent: arrived, callback.Ended: {}} {
		c, _ := h.call(callback.Callback{State: state, ArrivedAt: arrived, DueAt: wake})
		got := h.do("GET", "/api/v1/callbacks/"+string(c.ID), "", key(operatorKey)).want(t, 200).json(t)["due_at"]
		if want.IsZero() && got != nil || !want.IsZero() && got != want.UTC().Format("2006-01-02T15:04:05.000Z") {
			t.Errorf("%s: due_at %v, want %s", state, got, want)
		}
	}
}

// Who gives no slug gets one.
func TestWithoutASlug(t *testing.T) {
	h := newHouse(t)
	for path, body := range map[string]string{"subscribers": `{"name":"N","regions":["US"]}`, "buttons": `{"subscriber":"acme"}`, "agents": `{"name":"N"}`,
		"trunks": `{"address":"sip:127.0.0.1"}`, "keys": `{"role":"operator"}`} {
		slug, _ := h.do("POST", "/api/v1/"+path, body, key(operatorKey)).want(t, 201).json(t)["slug"].(string)
		if !strings.HasPrefix(slug, strings.TrimSuffix(path, "s")+"-") {
			t.Errorf("%s: slug %q", path, slug)
		}
		h.do("GET", "/api/v1/"+path+"/"+slug, "", key(operatorKey)).want(t, 200)
	}
}

// What a patch takes away with null is as in a new thing.
func TestPatchTakesAway(t *testing.T) {
	h := newHouse(t)
	h.do("PATCH", "/api/v1/subscribers/acme", `{"time_zone":"America/New_York","limits":{"concurrent":7,"max_talk_s":5}}`, key(operatorKey)).want(t, 200)
	m := h.do("PATCH", "/api/v1/subscribers/acme", `{"time_zone":null,"limits":{"concurrent":null}}`, key(operatorKey)).want(t, 200).json(t)
	if limits := m["limits"].(map[string]any); m["time_zone"] != "UTC" || limits["concurrent"] != float64(subscriber.DefaultConcurrent) || limits["max_talk_s"] != 5.0 {
		t.Errorf("%v", m)
	}
	b := h.do("PATCH", "/api/v1/buttons/acme-main", `{"tries":null,"order":null,"channels":null}`, key(operatorKey)).want(t, 200).json(t)
	if b["tries"] != float64(subscriber.DefaultTries) || b["order"] != "agent_first" || len(b["channels"].([]any)) != 1 {
		t.Errorf("%v", b)
	}
	isProblem(t, h.do("PATCH", "/api/v1/subscribers/acme", `{"name":null}`, key(operatorKey)), 422, "field_required")
}

func TestTrunkKeepsItsPassword(t *testing.T) {
	h := newHouse(t)
	h.do("PATCH", "/api/v1/trunks/pstn", `{"max_calls":3}`, key(operatorKey)).want(t, 200)
	if p := h.dir.Trunks[pstn].Password; p != "canary-password" {
		t.Errorf("password %q", p)
	}
	h.do("PATCH", "/api/v1/trunks/pstn", `{"password":"new"}`, key(operatorKey)).want(t, 200)
	if p := h.dir.Trunks[pstn].Password; p != "new" {
		t.Errorf("password %q", p)
	}
}

// How a trunk is stands beside what it is; what is said of it cannot be written.
func TestTrunkState(t *testing.T) {
	h := newHouse(t)
	m := h.do("GET", "/api/v1/trunks/pstn", "", key(operatorKey)).want(t, 200).json(t)
	s := m["state"].(map[string]any)
	if s["condition"] != "down" || s["reason"] != "it does not answer" || s["until"] != nil || s["figures"].(map[string]any)["answer_rate"] != 0.75 ||
		s["registrations"].([]any)[0].(map[string]any)["registered"] != true || len(s["targets"].([]any)) != 1 {
		t.Errorf("%v", s)
	}
	isProblem(t, h.do("PATCH", "/api/v1/trunks/pstn", `{"state":{}}`, key(operatorKey)), 400, "unknown_field")
	h.do("PATCH", "/api/v1/trunks/pstn", `{"accounts":[{"username":"two","password":"x"}],"register":true,"username":"one","weight":5}`, key(operatorKey)).want(t, 200)
	h.do("PATCH", "/api/v1/trunks/pstn", `{"accounts":[{"username":"two"},{"username":"three"}]}`, key(operatorKey)).want(t, 200)
	if a := h.dir.Trunks[pstn].Accounts; len(a) != 2 || a[0].Password != "x" || a[1].Password != "" || !h.dir.Trunks[pstn].Register {
		t.Errorf("accounts %+v", a)
	}
	isProblem(t, h.do("PATCH", "/api/v1/trunks/pstn", `{"number_format":"national"}`, key(operatorKey)), 400, "wrong_type")
}

func TestKeySecretOpensTheAPI(t *testing.T) {
	h := newHouse(t)
	m := h.do("POST", "/api/v1/keys", `{"slug":"new","role":"subscriber","subscriber":"acme"}`, key(operatorKey)).want(t, 201).json(t)
	h.do("GET", "/api/v1/subscribers/acme", "", key(m["secret"].(string))).want(t, 200)
	h.do("GET", "/api/v1/subscribers/other", "", key(m["secret"].(string))).want(t, 404)
	h.do("GET", "/api/v1/keys", "", key(m["secret"].(string))).want(t, 403)
}

func TestPresence(t *testing.T) {
	h := newHouse(t)
	m := h.do("POST", "/api/v1/agents/ann/presence", `{"presence":"paused","reason":"lunch"}`, key(operatorKey)).want(t, 200).json(t)
	if m["presence"] != "paused" || m["reason"] != "lunch" {
		t.Errorf("%v", m)
	}
	h.do("POST", "/api/v1/agents/ann/presence", `{"presence":"talking"}`, key(operatorKey)).want(t, 400)
}

func TestBadSetUpNamesTheField(t *testing.T) {
	for _, row := range []struct{ path, body, field, code string }{
		{"subscribers", `{"slug":"x"}`, "name", "field_required"},
		{"subscribers", `{"slug":"X","name":"x"}`, "slug", "wrong_type"},
		{"subscribers", `{"slug":"acme","name":"x"}`, "slug", "wrong_type"},
		{"subscribers", `{"slug":"x","name":"x","time_zone":"Mars/Base"}`, "time_zone", "wrong_type"},
		{"subscribers", `{"slug":"x","name":"x","hours":{"moonday":[]}}`, "", "wrong_type"},
		{"subscribers", `{"slug":"x","name":"x","regions":["usa"]}`, "regions", "wrong_type"},
		{"subscribers", `{"slug":"x","name":"x","caller_id":"12"}`, "caller_id", "number_invalid"},
		{"subscribers", `null`, "", "wrong_type"},
		{"subscribers", "{\"slug\":\"x\",\"name\":\"\xff\"}", "", "malformed_json"},
		{"agents", `{"slug":"x","name":"x","devices":[{"to":"sip:x@host","rings":3}]}`, "rings", "unknown_field"},
		{"buttons", `{"slug":"x","subscriber":"acme","order":"visitor_first","confirm":{"visitor":"none"}}`, "confirm.visitor", "wrong_type"},
		{"buttons", `{"slug":"x"}`, "subscriber", "field_required"},
		{"buttons", `{"slug":"x","subscriber":"acme","order":"random"}`, "order", "wrong_type"},
		{"buttons", `{"slug":"x","subscriber":"acme","origins":["shop"]}`, "origins", "wrong_type"},
		{"trunks", `{"slug":"x","address":"nowhere"}`, "address", "wrong_type"},
		{"trunks", `{"slug":"x","address":"sip:a","codecs":["opus"]}`, "codecs", "wrong_type"},
		{"keys", `{"slug":"x","role":"king"}`, "role", "wrong_type"},
		{"blocks", `{"number":"911"}`, "number", "number_emergency"},
		{"blocks", `{}`, "number", "field_required"},
	} {
		m := newHouse(t).do("POST", "/api/v1/"+row.path, row.body, key(operatorKey)).json(t)
		var field any = ""
		if e := m["errors"].([]any); len(e) > 0 {
			field = e[0].(map[string]any)["field"]
		}
		if m["code"] != row.code || field != row.field {
			t.Errorf("%s %s: %v at %v, want %s at %s", row.path, row.body, m["code"], field, row.code, row.field)
		}
	}
}

// An agent's telephones are shown: those that are registered as her.
func TestTelephonesAreShown(t *testing.T) {
	h := newHouse(t)
	m := h.do("GET", "/api/v1/agents/ann", "", key(operatorKey)).want(t, 200).json(t)
	all, _ := m["telephones"].([]any)
	if len(all) != 1 {
		t.Fatalf("telephones %v", m["telephones"])
	}
	if p := all[0].(map[string]any); p["state"] != "live" || p["user_agent"] != "phone 1" || p["address"] != "198.51.100.7:40000" || p["nat"] != true || p["transport"] != "udp" {
		t.Errorf("telephone %v", p)
	}
}
