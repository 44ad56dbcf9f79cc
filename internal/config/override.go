package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// envPrefix begins the name of every variable that sets a key.
const envPrefix = "RINGBACK_"

// testPrefix begins variables that are for the project's own tests.
const testPrefix = envPrefix + "TEST_"

// EnvName is the variable that sets key: listen.http -> RINGBACK_LISTEN_HTTP.
func EnvName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// override lets the environment win. Variables with our prefix that set nothing are kept for Warnings: a typing error
// there is as silent as one in a file is loud.
func (c *Config) override(env map[string]string) Problems {
	var problems Problems
	known := []string{}
	for _, s := range c.settings() {
		name := EnvName(s.key)
		known = append(known, name)
		text, ok := env[name]
		if !ok {
			continue
		}
		if err := setFromEnv(s.value, text); err != nil {
			problems = append(problems, Problem{File: name, Key: s.key, What: err.Error()})
		}
		c.origins[s.key] = Origin{Env: name}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if strings.HasPrefix(name, envPrefix) && !strings.HasPrefix(name, testPrefix) && !slices.Contains(known, name) {
			c.strayEnv = append(c.strayEnv, name+": sets no key"+nearestEnv(name, known))
		}
	}
	return problems
}

func nearestEnv(name string, known []string) string {
	for _, k := range known {
		if distance(name, k) <= 2 {
			return ", did you mean " + k + "?"
		}
	}
	return "; `ringback config print` lists what does"
}

// setFromEnv reads a text as the type of v. A list of texts is written a,b,c; a list of anything else is YAML.
func setFromEnv(v reflect.Value, text string) error {
	switch {
	case isText(v.Type()) || v.Type() == durationType:
		return setText(v, text)
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("want true or false, got %q", text)
		}
		v.SetBool(b)
		return nil
	case v.Kind() == reflect.Slice && isText(v.Type().Elem()) && !strings.HasPrefix(text, "["):
		return setList(v, text)
	}
	return setYAML(v, text)
}

func setList(v reflect.Value, text string) error {
	list := reflect.MakeSlice(v.Type(), 0, 0)
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		if err := setText(e, part); err != nil {
			return err
		}
		list = reflect.Append(list, e)
	}
	v.Set(list)
	return nil
}

// setYAML reads a value as it would stand in the file.
func setYAML(v reflect.Value, text string) error {
	holder := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "V", Type: v.Type(), Tag: `yaml:"v"`}}))
	if _, err := ReadYAML("", []byte("v: "+text), nil, holder.Interface()); err != nil {
		return fmt.Errorf("%s", asProblems(err)[0].What)
	}
	v.Set(holder.Elem().Field(0))
	return nil
}
