package web

import (
	"encoding/json"
	"path"
	"reflect"
	"strings"

	"ringback/internal/money"
	"ringback/internal/schedule"
)

// schemas turns Go types into JSON schemas as encoding/json writes them: pointers and omitted values may be null or
// missing, lists never are null.
type schemas struct {
	done  map[string]any
	types map[string]reflect.Type // whose name it is
}

func newSchemas() *schemas { return &schemas{done: map[string]any{}, types: map[string]reflect.Type{}} }

func typeOf(v any) reflect.Type { return reflect.TypeOf(v) }

// selfMade is a type that writes its own JSON and says what that is.
type selfMade interface{ OpenAPI() map[string]any }

// written are the same for types of other rooms, which do not know of schemas.
var written = map[reflect.Type]map[string]any{
	reflect.TypeFor[json.RawMessage](): {},
	reflect.TypeFor[schedule.Hours](): {"type": []string{"object", "null"}, "description": "Days to spans; null is always open.",
		"additionalProperties": map[string]any{"type": "array", "items": map[string]any{"type": "string"}}},
	reflect.TypeFor[schedule.When](): {"description": "Exactly one of now, after and at (with zone).", "type": []string{"object", "null"}, "properties": map[string]any{
		"now": map[string]any{"type": "boolean"}, "after": map[string]any{"type": "string"}, "at": map[string]any{"type": "string"}, "zone": map[string]any{"type": "string"}}},
	reflect.TypeFor[money.Amount](): {"type": []string{"object", "null"}, "properties": map[string]any{
		"amount": map[string]any{"type": "string"}, "currency": map[string]any{"type": "string"}}, "required": []string{"amount", "currency"}},
}

// of is the schema of what is answered: every property is there.
func (s *schemas) of(t reflect.Type) map[string]any { return s.schema(t, true) }

// in is the schema of what is asked: what Go fills in may be left out.
func (s *schemas) in(t reflect.Type) map[string]any { return s.schema(t, false) }

func (s *schemas) schema(t reflect.Type, out bool) map[string]any {
	if own, ok := written[t]; ok {
		return own
	}
	if own, ok := reflect.Zero(t).Interface().(selfMade); ok && t.Kind() != reflect.Pointer {
		return own.OpenAPI()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.schema(t.Elem(), out))
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.schema(t.Elem(), out)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.schema(t.Elem(), out)}
	case reflect.Struct:
		return s.object(t, out)
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer"}
	}
	panic("web: no schema for " + t.String()) // found by the test that renders the document
}

func nullable(s map[string]any) map[string]any {
	if t, ok := s["type"].(string); ok && s["$ref"] == nil {
		c := map[string]any{}
		for k, v := range s {
			c[k] = v
		}
		c["type"] = []string{t, "null"}
		return c
	}
	return map[string]any{"anyOf": []any{s, map[string]any{"type": "null"}}}
}

// object puts a struct under its name once and refers to it.
func (s *schemas) object(t reflect.Type, out bool) map[string]any {
	name := nameOf(t)
	if !out {
		name += "Request"
	}
	ref := map[string]any{"$ref": "#/components/schemas/" + name}
	if _, seen := s.done[name]; seen {
		if s.types[name] != t {
			panic("web: two types are called " + name) // found by the test that renders the document
		}
		return ref
	}
	s.types[name] = t
	o := map[string]any{"type": "object"}
	s.done[name] = o // before its fields: a type may hold itself
	props, always := map[string]any{}, []string{}
	s.fields(t, out, props, &always)
	o["properties"] = props
	if out {
		o["required"] = required(always)
	}
	return ref
}

func (s *schemas) fields(t reflect.Type, out bool, props map[string]any, always *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			s.fields(f.Type, out, props, always)
		case !f.IsExported() || name == "-":
		default:
			props[name] = s.schema(f.Type, out)
			if !strings.Contains(opts, "omit") {
				*always = append(*always, name)
			}
		}
	}
}

// nameOf is a type's own name; List[api.Button] is ButtonList. One of another room carries that room's name: a Field of
// a fault is not a Field of a form.
func nameOf(t reflect.Type) string {
	name := t.Name()
	if room := path.Base(t.PkgPath()); room != "api" && room != "door" {
		name = strings.ToUpper(room[:1]) + room[1:] + name
	}
	generic, arg, ok := strings.Cut(name, "[")
	if !ok {
		return name
	}
	arg = strings.TrimSuffix(arg, "]")
	return arg[strings.LastIndexAny(arg, "./")+1:] + generic
}
