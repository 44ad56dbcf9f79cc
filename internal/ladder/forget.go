package ladder

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"ringback/internal/id"
)

// Forget takes away all that is kept of some callbacks, and returns how many entries went. What comes of them afterwards is kept.
func (s *Store) Forget(all []id.Callback) (gone int, err error) {
	if s == nil {
		return 0, nil
	}
	done := make(chan struct{})
	forget := func() {
		defer close(done)
		s.write()
		s.shut()
		gone, err = Forget(s.c.Dir, all)
	}
	select {
	case s.ask <- forget:
		<-done
		return gone, err
	case <-s.done:
		return Forget(s.c.Dir, all)
	}
}

// Forget does it to a folder that no Store writes to.
func Forget(dir string, all []id.Callback) (gone int, err error) {
	for _, f := range files(dir) {
		n, err := forgetIn(f.path, all)
		if gone += n; err != nil && !errors.Is(err, fs.ErrNotExist) {
			return gone, fmt.Errorf("ladder: %w", err)
		}
	}
	return gone, nil
}

// forgetIn writes a file anew without those entries, if it has any.
func forgetIn(path string, all []id.Callback) (gone int, err error) {
	whole, err := os.ReadFile(path) // of a few megabytes
	if err != nil {
		return 0, err
	}
	kept := make([]byte, 0, len(whole))
	r := bufio.NewReader(bytes.NewReader(whole))
	for at := 0; at < len(whole); {
		line, err := r.ReadSlice('\n')
		if err != nil {
			break // torn, and gone with the rest
		}
		e, length, err := parse(bytes.TrimSuffix(line, []byte("\n")))
		end := at + len(line) + length + 1
		if err != nil || end > len(whole) {
			break
		}
		if slices.Contains(all, e.Callback) {
			gone++
		} else {
			kept = append(kept, whole[at:end]...)
		}
		if _, err := io.CopyN(io.Discard, r, int64(length+1)); err != nil {
			break
		}
		at = end
	}
	if gone == 0 {
		return 0, nil
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, kept, 0o600); err != nil {
		return 0, err
	}
	return gone, os.Rename(tmp, path)
}
