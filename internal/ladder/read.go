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
	"time"

	"ringback/internal/id"
)

// Read returns what is kept of a callback between two instants, by time. A store may be writing meanwhile.
func Read(dir string, cb id.Callback, from, to time.Time) ([]Entry, error) {
	var out []Entry
	all := files(dir)
	for i, f := range all {
		if f.from.After(to) || i+1 < len(all) && all[i+1].from.Before(from.Add(-time.Minute)) {
			continue
		}
		found, err := readFile(f.path, cb)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it was too old just now
			return nil, fmt.Errorf("ladder: %w", err)
		}
		out = append(out, found...)
	}
	Sort(out)
	return out, nil
}

// Sort brings entries into the order of time; what happened in one instant stays as it was told.
func Sort(all []Entry) {
	slices.SortStableFunc(all, func(a, b Entry) int { return a.At.Compare(b.At) })
}

func readFile(path string, cb id.Callback) (out []Entry, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	mine := []byte(" " + string(cb) + " ")
	r := bufio.NewReaderSize(f, 64<<10)
	for {
		line, err := r.ReadSlice('\n')
		if err == io.EOF || errors.Is(err, bufio.ErrBufferFull) {
			return out, nil // what stands behind the last whole record was torn
		}
		if err != nil {
			return out, err
		}
		found := bytes.Contains(line, mine)
		e, n, err := parse(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			return out, nil
		}
		if !found || e.Callback != cb {
			if _, err := r.Discard(n + 1); err != nil {
				return out, nil
			}
			continue
		}
		text := make([]byte, n+1)
		if _, err := io.ReadFull(r, text); err != nil {
			return out, nil
		}
		e.Text = string(text[:n])
		out = append(out, e)
	}
}
