package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a file that people write: `file:line: key: what is wrong`.
type Problem struct {
	File string // a path, or the name of an environment variable
	Line int    // from 1; 0 = the file as a whole, or no file
	Key  string // policy.limits.per_number[0].n; "" = the file as a whole
	What string // says what to do: "unknown key, did you mean http?"
}

// Error is the line that a person reads.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Key != "" {
		b.WriteString(": " + p.Key)
	}
	b.WriteString(": " + p.What)
	return b.String()
}

// Problems is everything wrong with a file, in the order of its lines. As an error it reads one problem a line.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find a single Problem.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// orNil sorts by line and returns nil for no problem, so that a nil error stays nil.
func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	slices.SortStableFunc(ps, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return ps
}

// IsProblem tells an error in what a person wrote (exit status 2) from any other.
func IsProblem(err error) bool {
	var p Problem
	return errors.As(err, &p)
}

// Source remembers where each key of a file stood, so that a check that runs later can still name the line.
type Source struct {
	File  string
	lines map[string]int
}

// Line is where key was written; 0 if it was not. A key inside a list is written agents[0].id.
func (s *Source) Line(key string) int {
	if s == nil {
		return 0
	}
	return s.lines[key]
}

// Problem says what is wrong with key, at its own line or that of the nearest key around it.
func (s *Source) Problem(key, format string, args ...any) Problem {
	p := Problem{Key: key, What: fmt.Sprintf(format, args...)}
	if s == nil {
		p.File = "config"
		return p
	}
	p.File = s.File
	for around := key; around != "" && p.Line == 0; around = parent(around) {
		p.Line = s.lines[around]
	}
	return p
}

// parent is the key around key: a.b[2] -> a.b -> a -> "".
func parent(key string) string { return key[:max(strings.LastIndexAny(key, ".["), 0)] }
