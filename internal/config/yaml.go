package config

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// ReadYAML reads the text of file into the struct that into points to, strictly: an unknown or repeated key, a value of
// the wrong type, an alias or a second document is a Problem that names file, line and key. All problems are returned
// together, as Problems. Keys that are absent or empty leave what into already holds.
//
// Keys are those of the `yaml` tags. Texts may stand for a type with UnmarshalText, 90s, 5m, 24h or 30d for a
// time.Duration. With env, ${NAME} in a text is replaced by that variable and $${ stands for ${; with nil nothing is.
func ReadYAML(file string, text []byte, env func(string) (string, bool), into any) (*Source, error) {
	r := &reader{src: &Source{File: file, lines: map[string]int{}}, env: env}
	doc, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return r.src, Problems{notYAML(file, err)}
	}
	switch len(doc.Docs) {
	case 0:
	case 1:
		if body := doc.Docs[0].Body; body != nil {
			r.value(body, "", reflect.ValueOf(into).Elem())
		}
	default:
		r.refuse(doc.Docs[1], "", "one document per file: remove the line ---")
	}
	return r.src, r.problems.orNil()
}

func notYAML(file string, err error) Problem {
	p := Problem{File: file, What: err.Error()}
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		p.What = "not YAML: " + syntax.Message
		if syntax.Token != nil && syntax.Token.Position != nil {
			p.Line = syntax.Token.Position.Line
		}
	}
	return p
}

// reader walks the tree of a file beside the value it fills.
type reader struct {
	src      *Source
	env      func(string) (string, bool)
	problems Problems
}

// value puts n into v. Null leaves v as it is: an empty key is an absent one.
func (r *reader) value(n ast.Node, key string, v reflect.Value) {
	if r.src.lines[key] == 0 {
		r.src.lines[key] = line(n)
	}
	if v.Kind() == reflect.Pointer && n.Type() != ast.NullType {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.AnchorNode, *ast.AliasNode:
		r.refuse(n, key, "anchors and aliases are not read here; put a text that begins with & or * in quotes")
	case *ast.TagNode:
		r.refuse(n, key, "tags are not read here; put a text that begins with ! in quotes")
	case *ast.MappingNode:
		r.mapping(n, key, v)
	case *ast.MappingValueNode:
		r.mapping(&ast.MappingNode{BaseNode: n.BaseNode, Start: n.Start, Values: []*ast.MappingValueNode{n}}, key, v)
	case *ast.SequenceNode:
		r.list(n, key, v)
	default:
		r.scalar(n, key, v)
	}
}

func (r *reader) mapping(n *ast.MappingNode, key string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		r.fields(n, key, v)
	case reflect.Map:
		r.entries(n, key, v)
	default:
		r.refuse(n, key, "want %s, got a mapping of keys", want(v.Type()))
	}
}

// fields fills a struct: every key must be one of its tags.
func (r *reader) fields(n *ast.MappingNode, key string, v reflect.Value) {
	known := tags(v.Type())
	seen := map[string]int{}
	for _, kv := range n.Values {
		name, at, ok := r.keyOf(kv, key, seen)
		if !ok {
			continue
		}
		i, ok := known[name]
		if !ok {
			r.refuse(kv.Key, at, "unknown key%s", didYouMean(name, slices.Collect(maps.Keys(known))))
			continue
		}
		r.value(kv.Value, at, v.Field(i))
	}
}

// entries fills a map whose keys the person chooses.
func (r *reader) entries(n *ast.MappingNode, key string, v reflect.Value) {
	if v.Type().Key().Kind() != reflect.String {
		r.refuse(n, key, "want %s, got a mapping of keys", want(v.Type()))
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	seen := map[string]int{}
	for _, kv := range n.Values {
		name, at, ok := r.keyOf(kv, key, seen)
		if !ok {
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		r.value(kv.Value, at, e)
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), e)
	}
}

// keyOf is the name of a key and its whole path; a repeated key or one that is no plain word is refused.
func (r *reader) keyOf(kv *ast.MappingValueNode, around string, seen map[string]int) (name, at string, ok bool) {
	tok := kv.Key.GetToken()
	if kv.Key.IsMergeKey() || tok == nil {
		r.refuse(kv, around, "merge keys are not read here; write the keys out")
		return "", "", false
	}
	name = tok.Value
	at = name
	if around != "" {
		at = around + "." + name
	}
	if first := seen[name]; first != 0 {
		r.refuse(kv.Key, at, "repeated key, first written in line %d", first)
		return name, at, false
	}
	seen[name] = line(kv.Key)
	r.src.lines[at] = line(kv.Key)
	return name, at, true
}

// list replaces a slice; a list is never added to what was there.
func (r *reader) list(n *ast.SequenceNode, key string, v reflect.Value) {
	if v.Kind() != reflect.Slice {
		r.refuse(n, key, "want %s, got a list", want(v.Type()))
		return
	}
	s := reflect.MakeSlice(v.Type(), len(n.Values), len(n.Values))
	for i, e := range n.Values {
		at := fmt.Sprintf("%s[%d]", key, i)
		if _, empty := e.(*ast.NullNode); empty {
			r.refuse(e, at, "empty entry; want %s", want(v.Type().Elem()))
			continue
		}
		r.value(e, at, s.Index(i))
	}
	v.Set(s)
}

func (r *reader) scalar(n ast.Node, key string, v reflect.Value) {
	switch n := n.(type) {
	case *ast.StringNode:
		r.text(n, key, n.Value, v)
	case *ast.LiteralNode:
		r.text(n, key, n.Value.Value, v)
	case *ast.BoolNode:
		r.typed(n, key, v, reflect.Bool, reflect.ValueOf(n.Value))
	case *ast.IntegerNode:
		r.number(n, key, reflect.ValueOf(n.Value), v)
	case *ast.FloatNode:
		r.typed(n, key, v, reflect.Float64, reflect.ValueOf(n.Value))
	default:
		r.refuse(n, key, "want %s, got %s", want(v.Type()), n.Type().YAMLName())
	}
}

func (r *reader) text(n ast.Node, key, s string, v reflect.Value) {
	if r.env != nil {
		var err error
		if s, err = expand(s, r.env); err != nil {
			r.refuse(n, key, "%s", err)
			return
		}
	}
	if err := setText(v, s); err != nil {
		r.refuse(n, key, "%s", err)
	}
}

// number takes a whole number for integers and for fractions.
func (r *reader) number(n ast.Node, key string, num, v reflect.Value) {
	switch {
	case v.Type() == durationType:
		r.refuse(n, key, "want a duration with its unit such as 90s, 5m or 24h, got %s", spelled(n))
	case v.CanInt() && num.CanInt() && !v.OverflowInt(num.Int()):
		v.SetInt(num.Int())
	case v.CanInt() && num.CanUint() && num.Uint() <= math.MaxInt64 && !v.OverflowInt(int64(num.Uint())):
		v.SetInt(int64(num.Uint()))
	case v.CanUint() && num.CanUint() && !v.OverflowUint(num.Uint()):
		v.SetUint(num.Uint())
	case v.CanFloat() && num.CanConvert(v.Type()):
		v.Set(num.Convert(v.Type()))
	case v.CanInt(), v.CanUint():
		r.refuse(n, key, "the number %s is out of range", spelled(n))
	default:
		r.wrongType(n, key, v)
	}
}

func (r *reader) typed(n ast.Node, key string, v reflect.Value, kind reflect.Kind, to reflect.Value) {
	if v.Kind() != kind {
		r.wrongType(n, key, v)
		return
	}
	v.Set(to.Convert(v.Type()))
}

func (r *reader) wrongType(n ast.Node, key string, v reflect.Value) {
	got := "the number " + spelled(n)
	if n.Type() == ast.BoolType {
		got = "the truth value " + spelled(n)
	}
	if isText(v.Type()) {
		r.refuse(n, key, "want a text, got %s: put it in quotes", got)
		return
	}
	r.refuse(n, key, "want %s, got %s", want(v.Type()), got)
}

func (r *reader) refuse(n ast.Node, key, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: r.src.File, Line: line(n), Key: key, What: fmt.Sprintf(format, args...)})
}

// spelled is a scalar as the person wrote it.
func spelled(n ast.Node) string { return strings.TrimSpace(n.GetToken().Value) }

func line(n ast.Node) int {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

var durationType = reflect.TypeFor[time.Duration]()

// isText reports whether a value of type t is written as a text.
func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// want names a type in the words of a person who writes YAML.
func want(t reflect.Type) string {
	switch {
	case t == durationType:
		return "a duration such as 90s, 5m or 24h"
	case t.Kind() == reflect.Struct && !isText(t), t.Kind() == reflect.Map:
		return "a mapping of keys"
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Float64:
		return "a number"
	case isText(t):
		return "a text"
	}
	return "a whole number"
}

// tags maps the keys of a struct to its fields.
func tags(t reflect.Type) map[string]int {
	m := map[string]int{}
	for i, name := range names(t) {
		if name != "" {
			m[name] = i
		}
	}
	return m
}

// names lists the keys of a struct by field; "" = not a key.
func names(t reflect.Type) []string {
	out := make([]string, t.NumField())
	for i := range out {
		out[i], _, _ = strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
	}
	return out
}
