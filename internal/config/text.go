package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// setText puts a written text into v: into a string, a duration or a type with UnmarshalText.
func setText(v reflect.Value, s string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(s))
	}
	switch {
	case v.Type() == durationType:
		d, err := ParseDuration(s)
		if err != nil {
			return err
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.String:
		v.SetString(s)
	default:
		return fmt.Errorf("want %s, got the text %q", want(v.Type()), s)
	}
	return nil
}

// ParseDuration reads 1h30m, 90s or 250ms as time.ParseDuration does, and also days: 30d, 1d12h. A day has 24 hours.
func ParseDuration(s string) (time.Duration, error) {
	refuse := fmt.Errorf("want a duration such as 90s, 5m, 24h or 30d, got %q", s)
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, refuse
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" && found {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || (found && more < 0) {
		return 0, refuse
	}
	return d + more, nil
}

// formatDuration is the shortest spelling that ParseDuration reads back: 5m and not 5m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// expand replaces ${NAME} by that variable of the environment. $${ stands for ${.
func expand(s string, env func(string) (string, bool)) (string, error) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "${")
		if !found {
			b.WriteString(s)
			return b.String(), nil
		}
		if strings.HasSuffix(before, "$") {
			b.WriteString(before + "{")
			s = after
			continue
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed {
			return "", fmt.Errorf("${ without }; write $${ for a text that holds ${")
		}
		value, ok := env(name)
		if !ok {
			return "", fmt.Errorf("${%s}: no such variable in the environment", name)
		}
		b.WriteString(before + value)
		s = rest
	}
}
