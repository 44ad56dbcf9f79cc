package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ringback/internal/audio"
	"ringback/internal/config"
	"ringback/internal/phone"
)

// oneOf checks a word against those that are allowed; the first is the default.
func (s *seedReader) oneOf(key, got string, allowed ...string) string {
	if got == "" {
		return allowed[0]
	}
	for _, a := range allowed {
		if a == got {
			return got
		}
	}
	hint := ""
	if near, ok := config.Nearest(got, allowed); ok {
		hint = ", did you mean " + near + "?"
	}
	s.wrong(key, "%q is not one of %s%s", got, strings.Join(allowed, ", "), hint)
	return allowed[0]
}

func (s *seedReader) callerID(key, raw string) phone.Number {
	if raw == "" {
		return ""
	}
	n, err := phone.Parse(raw, "")
	if err != nil {
		s.wrong(key, "%q is no number: write it with + and the country code", raw)
	}
	return n
}

// numbers are what the callers of one business may dial; no other has one of them.
func (s *seedReader) numbers(key string, all []string) (out []phone.Number) {
	for i, raw := range all {
		n := s.callerID(fmt.Sprintf("%s[%d]", key, i), raw)
		if s.dialled[n] && n != "" {
			s.wrong(fmt.Sprintf("%s[%d]", key, i), "%q stands among the numbers of a business already: who shall answer?", raw)
		}
		if s.dialled == nil {
			s.dialled = map[phone.Number]bool{}
		}
		s.dialled[n] = true
		out = append(out, n)
	}
	return out
}

func (s *seedReader) file(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	abs, err := filepath.Abs(filepath.Join(s.dir, name))
	if err != nil {
		return filepath.Join(s.dir, name)
	}
	return abs
}

// secret reads a file that holds one secret; white space around it is not part of it.
func (s *seedReader) secret(key, name string) string {
	if name == "" {
		return ""
	}
	b, err := os.ReadFile(s.file(name))
	if err != nil {
		s.wrong(key, "%s cannot be read: %s", name, why(err))
		return ""
	}
	v := strings.TrimSpace(string(b))
	if v == "" {
		s.wrong(key, "%s is empty", name)
	}
	return v
}

// prompt checks that a WAV file can be played.
func (s *seedReader) prompt(key, name string) string {
	if name == "" {
		return ""
	}
	b, err := os.ReadFile(s.file(name))
	if err != nil {
		s.wrong(key, "%s cannot be read: %s", name, why(err))
		return ""
	}
	if _, err := audio.ReadWAV(b); err != nil {
		s.wrong(key, "%s: %v", name, err)
	}
	return s.file(name)
}

func why(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "this user may not read it"
	}
	return err.Error()
}
