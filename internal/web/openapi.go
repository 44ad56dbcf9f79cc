package web

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ringback/internal/web/door"
)

// document is the OpenAPI 3.1 description of the tables: what is not in a table is not served, so nothing is forgotten.
func document(routes []door.Route, url string) []byte {
	s := newSchemas()
	paths := map[string]map[string]any{}
	for _, r := range routes {
		if paths[r.Pattern] == nil {
			paths[r.Pattern] = map[string]any{}
		}
		paths[r.Pattern][strings.ToLower(r.Method)] = operation(r, s)
	}
	doc := map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "Ringback", "version": "1",
			"description": "Call-backs: ask to be called, see where a call is, set up who calls for whom. Wherever an id stands, a slug is taken too.",
		},
		"servers": []any{map[string]any{"url": url}},
		"paths":   paths,
		"components": map[string]any{
			"schemas": s.done,
			"securitySchemes": map[string]any{
				"key":     map[string]any{"type": "http", "scheme": "bearer", "description": "A key of the API, sk_…"},
				"session": map[string]any{"type": "apiKey", "in": "cookie", "name": door.Cookie, "description": "An agent who has signed in by POST /session"},
			},
			"responses": map[string]any{"Problem": map[string]any{
				"description": "What went wrong, RFC 9457; code is stable.",
				"content":     map[string]any{"application/problem+json": map[string]any{"schema": s.of(typeOf(door.Problem{}))}},
			}},
		},
	}
	b, err := json.Marshal(doc)
	if err != nil {
		panic("web: OpenAPI: " + err.Error()) // of types known at build time; a test renders it
	}
	return append(b, '\n')
}

var parameter = regexp.MustCompile(`\{([a-z]+)\}`)

func operation(r door.Route, s *schemas) map[string]any {
	op := map[string]any{"summary": r.Summary, "operationId": operationID(r), "tags": []string{tag(r)}, "security": []any{}}
	if r.Who != door.Anyone {
		op["security"] = []any{map[string]any{"key": []string{}}}
	}
	if r.Who == door.Desk {
		op["security"] = []any{map[string]any{"key": []string{}}, map[string]any{"session": []string{}}}
	}
	params := []any{}
	for _, m := range parameter.FindAllStringSubmatch(r.Pattern, -1) {
		params = append(params, param("path", m[1], true))
	}
	for _, q := range r.Query {
		params = append(params, param("query", q, false))
	}
	if r.Method == http.MethodPost && !r.Secret {
		params = append(params, param("header", "Idempotency-Key", false))
	}
	op["parameters"] = params
	if r.In != nil {
		op["requestBody"] = map[string]any{"required": true, "content": bodies(r, s)}
	}
	op["responses"] = responses(r, s)
	return op
}

func bodies(r door.Route, s *schemas) map[string]any {
	if _, sound := r.In.(door.WAV); sound {
		return map[string]any{"audio/wav": map[string]any{"schema": map[string]any{"type": "string", "format": "binary"}}}
	}
	schema := s.in(typeOf(r.In))
	switch {
	case r.Method == http.MethodPatch: // any part of it, and null to take away
		return map[string]any{"application/merge-patch+json": map[string]any{"schema": map[string]any{"type": "object"}},
			"application/json": map[string]any{"schema": map[string]any{"type": "object"}}}
	case strings.HasSuffix(r.Pattern, "/public/buttons/{id}/callbacks"):
		return map[string]any{"application/json": map[string]any{"schema": schema},
			"application/x-www-form-urlencoded": map[string]any{"schema": map[string]any{"type": "object"}}}
	}
	return map[string]any{"application/json": map[string]any{"schema": schema}}
}

func responses(r door.Route, s *schemas) map[string]any {
	status := r.Status
	if status == 0 {
		status = http.StatusOK
	}
	ok := map[string]any{"description": http.StatusText(status)}
	switch {
	case r.Out != nil:
		ok["content"] = map[string]any{"application/json": map[string]any{"schema": s.of(typeOf(r.Out))}}
	case r.Media != "":
		ok["content"] = map[string]any{r.Media: map[string]any{}}
	case status != http.StatusNoContent && status != http.StatusSwitchingProtocols:
		ok["content"] = map[string]any{"text/event-stream": map[string]any{}}
	}
	if status == http.StatusCreated {
		ok["headers"] = map[string]any{"Location": map[string]any{"schema": map[string]any{"type": "string"}}}
	}
	return map[string]any{strconv.Itoa(status): ok, "default": map[string]any{"$ref": "#/components/responses/Problem"}}
}

func param(in, name string, required bool) map[string]any {
	schema := map[string]any{"type": "string"}
	if name == "limit" {
		schema = map[string]any{"type": "integer", "minimum": 1, "maximum": 200}
	}
	return map[string]any{"in": in, "name": name, "required": required, "schema": schema}
}

// operationID is made of the route: post_callbacks_id_cancel.
func operationID(r door.Route) string {
	p := strings.NewReplacer("/api/v1/", "", "{", "", "}", "", "/", "_").Replace(r.Pattern)
	return strings.ToLower(r.Method) + "_" + p
}

func tag(r door.Route) string {
	parts := strings.Split(strings.TrimPrefix(r.Pattern, "/api/v1/"), "/")
	return parts[0]
}

// required lists the properties that an object always has, in order.
func required(names []string) []string {
	slices.Sort(names)
	return names
}
