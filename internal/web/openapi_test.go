package web_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/web"
)

func document(t *testing.T, h *house) map[string]any {
	t.Helper()
	return h.do("GET", "/api/openapi.json", "").want(t, 200).json(t)
}

func TestEveryRouteIsInTheDocument(t *testing.T) {
	doc := document(t, newHouse(t))
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi %v", doc["openapi"])
	}
	paths := doc["paths"].(map[string]any)
	n := 0
	for _, r := range web.Routes() {
		n++
		p, _ := paths[r.Pattern].(map[string]any)
		op, _ := p[strings.ToLower(r.Method)].(map[string]any)
		if op == nil {
			t.Errorf("%s %s is missing", r.Method, r.Pattern)
			continue
		}
		if op["summary"] == "" || op["operationId"] == "" {
			t.Errorf("%s %s has no summary", r.Method, r.Pattern)
		}
	}
	total := 0
	for _, p := range paths {
		total += len(p.(map[string]any))
	}
	if total != n {
		t.Errorf("%d operations for %d routes", total, n)
	}
}

func TestAnswersAreAsDocumented(t *testing.T) {
	h := newHouse(t)
	doc := document(t, h)
	c, token := h.call(callback.Callback{State: callback.Connected, Reason: callback.ReasonTalked, Fields: map[string]string{"boiler": "old"}, When: `{"now":true}`,
		Attempts: []callback.Attempt{{N: 1, Agent: ann, Representation: annAtAcme, Legs: []callback.Leg{{ID: "leg_1", Party: cti.Visitor, Endpoint: "tel:+12025550100", SIPCode: 200}}}}})
	_, talks := h.call(callback.Callback{State: callback.Queued, Endpoint: cti.BrowserOf("cb_web")})
	ids := map[string]string{"subscribers": "acme", "buttons": "acme-main", "representations": string(annAtAcme), "agents": "ann", "trunks": "pstn",
		"keys": "op", "blocks": string(acmeBlock), "callbacks": string(c.ID), "recordings": string(acmeTape), "public": "acme-main", "users": "olga"}
	makes := map[string]string{
		"/api/v1/callbacks": `{"button":"acme-main","number":"+12025550100"}`, "/api/v1/subscribers": `{"slug":"n","name":"N"}`,
		"/api/v1/buttons": `{"slug":"n","subscriber":"acme"}`, "/api/v1/agents": `{"slug":"n","name":"N"}`,
		"/api/v1/representations": `{"agent":"ann","subscriber":"other"}`, "/api/v1/trunks": `{"slug":"n","address":"sip:127.0.0.1"}`,
		"/api/v1/users": `{"slug":"n","email":"n@n.example","subscribers":["acme"]}`, "/api/v1/users/{id}/invite": `{}`,
		"/api/v1/keys": `{"slug":"n","role":"operator"}`, "/api/v1/blocks": `{"number":"+12025550123"}`,
		"/api/v1/public/buttons/{id}/callbacks": wish, "/api/v1/agents/{id}/presence": `{"presence":"ready"}`,
		"/api/v1/callbacks/{id}/recording": `{"do":"stop"}`, "/api/v1/callbacks/{id}/note": `{"text":"x"}`,
		"/api/v1/callbacks/{id}/disposition": `{"code":"done","note":"x"}`, "/api/v1/callbacks/{id}/follow_up": `{"when":{"after":"1h"}}`,
		"/api/v1/callbacks/{id}/record": `{"action":"pause"}`, "/api/v1/callbacks/{id}/hang_up": `{}`, "/api/v1/agents/{id}/browser": `{"offer":"v=0"}`,
	}
	checked := 0
	for _, r := range web.Routes() {
		if r.Out == nil || r.Method != "GET" && makes[r.Pattern] == "" {
			continue
		}
		kind := strings.Split(strings.TrimPrefix(r.Pattern, "/api/v1/"), "/")[0]
		whose := token
		if strings.HasSuffix(r.Pattern, "{token}/browser") {
			whose = talks
		}
		path := strings.NewReplacer("{id}", ids[kind], "{token}", whose).Replace(r.Pattern)
		a := h.do(r.Method, path, makes[r.Pattern], key(operatorKey))
		op := at(doc, "paths", r.Pattern, strings.ToLower(r.Method), "responses")
		res, _ := op.(map[string]any)[fmt.Sprint(a.StatusCode)].(map[string]any)
		if res == nil {
			t.Errorf("%s %s answers %d, which is not documented: %s", r.Method, path, a.StatusCode, a.body)
			continue
		}
		checked++
		for _, wrong := range validate(doc, at(res, "content", "application/json", "schema"), decode(t, a.body), "") {
			t.Errorf("%s %s: %s", r.Method, path, wrong)
		}
	}
	if checked < 20 {
		t.Errorf("%d answers checked", checked)
	}
	problem := at(doc, "components", "responses", "Problem", "content", "application/problem+json", "schema")
	for _, p := range []answer{h.do("GET", "/api/v1/callbacks/x", "", key(acmeKey)), h.do("POST", "/api/v1/callbacks", `{"number":"x"}`, key(operatorKey)).want(t, 422)} {
		for _, wrong := range validate(doc, problem, decode(t, p.body), "") {
			t.Errorf("problem: %s", wrong)
		}
	}
	if wrong := validate(doc, problem, map[string]any{"title": 7.0}, ""); len(wrong) < 2 {
		t.Errorf("the validator sees nothing: %v", wrong)
	}
}

func decode(t *testing.T, s string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func at(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// validate knows as much of JSON schema as the document uses. A property that is not described is an error too.
func validate(doc map[string]any, schema, v any, where string) []string {
	s, _ := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		return validate(doc, at(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), v, where)
	}
	if any, ok := s["anyOf"].([]any); ok {
		var all []string
		for _, one := range any {
			wrong := validate(doc, one, v, where)
			if len(wrong) == 0 {
				return nil
			}
			all = append(all, wrong...)
		}
		return all
	}
	if t := s["type"]; t != nil && !slices.Contains(texts(t), typeName(v)) && !(typeName(v) == "integer" && slices.Contains(texts(t), "number")) {
		return []string{fmt.Sprintf("%s is %s, want %v", where, typeName(v), t)}
	}
	var wrong []string
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			wrong = append(wrong, validate(doc, s["items"], e, fmt.Sprintf("%s[%d]", where, i))...)
		}
	case map[string]any:
		props, _ := s["properties"].(map[string]any)
		for _, name := range texts(s["required"]) {
			if _, ok := v[name]; !ok {
				wrong = append(wrong, where+"."+name+" is missing")
			}
		}
		for name, e := range v {
			switch sub := props[name]; {
			case sub != nil:
				wrong = append(wrong, validate(doc, sub, e, where+"."+name)...)
			case s["additionalProperties"] != nil:
				wrong = append(wrong, validate(doc, s["additionalProperties"], e, where+"."+name)...)
			case props != nil:
				wrong = append(wrong, where+"."+name+" is not described")
			}
		}
	}
	return wrong
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, e.(string))
		}
		return out
	}
	return nil
}

func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	}
	return "object"
}
