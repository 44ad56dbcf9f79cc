package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Load reads the file at path, lets the environment ("NAME=value" lines, as os.Environ gives them) win over it, and
// checks the whole. Path "" means no file: the defaults and the environment. What is wrong comes back as Problems, all
// of it at once.
func Load(path string, environ []string) (*Config, error) {
	c := Default()
	env := environment(environ)
	src, err := c.readFile(path, env)
	problems := asProblems(err)
	c.origins = c.originsOf(src)
	problems = append(problems, c.override(env)...)
	problems = append(problems, c.check(src, problems)...)
	if err := problems.orNil(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Config) readFile(path string, env map[string]string) (*Source, error) {
	if path == "" {
		return &Source{}, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return &Source{File: path}, Problems{{File: path, What: unreadable(err)}}
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	return ReadYAML(path, text, lookup, c)
}

// unreadable says what to do about a file that cannot be read.
func unreadable(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file; give --config the right path, or leave it out to run with the defaults"
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("this process (uid %d) may not read it; let its group read it, or run as its owner", os.Geteuid())
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return err.Error()
}

func asProblems(err error) Problems {
	var ps Problems
	errors.As(err, &ps)
	return ps
}

func environment(lines []string) map[string]string {
	env := make(map[string]string, len(lines))
	for _, l := range lines {
		if name, value, ok := strings.Cut(l, "="); ok {
			env[name] = value
		}
	}
	return env
}
