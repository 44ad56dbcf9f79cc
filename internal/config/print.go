package config

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Origin is where the value of a key came from.
type Origin struct {
	File string // with Line, if the file set it
	Line int
	Env  string // the variable, if the environment set it
}

func (o Origin) String() string {
	switch {
	case o.Env != "":
		return "env " + o.Env
	case o.File != "":
		return fmt.Sprintf("%s:%d", o.File, o.Line)
	}
	return "default"
}

// Print writes every key with its value and where that came from, a line each. Passwords inside addresses are hidden.
func (c *Config) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 1, 2, ' ', 0)
	for _, s := range c.settings() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.key, s.shown(), c.origins[s.key])
	}
	return t.Flush()
}

// PrintJSON writes the same as an array of {key, value, source}.
func (c *Config) PrintJSON(w io.Writer) error {
	type row struct {
		Key    string `json:"key"`
		Value  any    `json:"value"`
		Source string `json:"source"`
	}
	rows := []row{}
	for _, s := range c.settings() {
		rows = append(rows, row{s.key, plain(s.value, s.secret), c.origins[s.key].String()})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(rows)
}

// Origin tells where the value of key came from.
func (c *Config) Origin(key string) Origin { return c.origins[key] }

func (c *Config) originsOf(src *Source) map[string]Origin {
	m := map[string]Origin{}
	for _, s := range c.settings() {
		if n := src.Line(s.key); n > 0 {
			m[s.key] = Origin{File: src.File, Line: n}
		}
	}
	return m
}

// setting is one key that holds a value and no more keys.
type setting struct {
	key    string
	value  reflect.Value
	secret string // url: an address that may hold a password; all: nothing of it is shown
}

func (s setting) shown() string { return flow(plain(s.value, s.secret)) }

// settings lists the keys in the order of the struct.
func (c *Config) settings() []setting { return settingsOf(reflect.ValueOf(c).Elem(), "") }

func settingsOf(v reflect.Value, around string) []setting {
	var out []setting
	for i, name := range names(v.Type()) {
		if name == "" {
			continue
		}
		key, f := around+name, v.Field(i)
		if f.Kind() == reflect.Struct && !isText(f.Type()) {
			out = append(out, settingsOf(f, key+".")...)
			continue
		}
		out = append(out, setting{key, f, v.Type().Field(i).Tag.Get("secret")})
	}
	return out
}

// entry is a key and its value inside a list of mappings, in the order of the struct.
type entry struct {
	key   string
	value any
}

type entries []entry

// MarshalJSON writes an object with the keys in their order.
func (es entries) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, e := range es {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(e.value)
		if err != nil {
			return nil, err
		}
		b.WriteString(strconv.Quote(e.key) + ":" + string(value))
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

// plain is a value as text, bool, number, list or entries, with passwords hidden.
func plain(v reflect.Value, secret string) any {
	switch x := v.Interface().(type) {
	case time.Duration:
		return formatDuration(x)
	case fmt.Stringer:
		return x.String()
	}
	switch v.Kind() {
	case reflect.String:
		return hide(v.String(), secret)
	case reflect.Map:
		es := entries{}
		for _, name := range sortedKeys(v) {
			es = append(es, entry{name.String(), plain(v.MapIndex(name), secret)})
		}
		return es
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i), secret)
		}
		return list
	case reflect.Struct:
		es := entries{}
		for i, name := range names(v.Type()) {
			es = append(es, entry{name, plain(v.Field(i), secret)})
		}
		return es
	}
	return v.Interface()
}

func sortedKeys(m reflect.Value) []reflect.Value {
	return slices.SortedFunc(slices.Values(m.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
}

func hide(s, secret string) string {
	switch {
	case s == "" || secret == "":
		return s
	case secret == "all":
		return "(hidden)"
	}
	return hidePassword(s)
}

// flow writes a plain value as YAML on one line.
func flow(x any) string {
	switch x := x.(type) {
	case string:
		return quoted(x)
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = flow(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case entries:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = e.key + ": " + flow(e.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(x)
}

// quoted leaves words as they are and quotes what YAML could read as something else.
func quoted(s string) string {
	if s == "" || strings.ContainsAny(s, " \t\n\"'{}[],#&*!|>%@`") {
		return strconv.Quote(s)
	}
	return s
}

// hidePassword shows an address without what opens it: password, token, and query values of such names.
func hidePassword(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(hidden: not an address)"
	}
	if u.User != nil {
		if _, has := u.User.Password(); has {
			u.User = url.UserPassword(u.User.Username(), "hidden")
		} else if u.Scheme == "nats" {
			u.User = url.User("hidden")
		}
	}
	q := u.Query()
	for name := range q {
		for _, word := range []string{"pass", "secret", "token", "key"} {
			if strings.Contains(strings.ToLower(name), word) {
				q.Set(name, "hidden")
			}
		}
	}
	if u.RawQuery != "" {
		u.RawQuery = q.Encode()
	}
	return u.String()
}
