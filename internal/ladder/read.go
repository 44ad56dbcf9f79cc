package ladder

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"ringback/internal/id"
)

// maxLine bounds an entry: a message is at most 64 kB, escaped.
const maxLine = 1 << 20

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
	mine := []byte(`"callback":"` + string(cb) + `"`)
	r := bufio.NewReaderSize(f, maxLine)
	for {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF:
			return out, nil // what stands behind the last line was torn
		case err != nil:
			return out, err
		}
		var e Entry
		if bytes.Contains(line, mine) && json.Unmarshal(line, &e) == nil && e.Callback == cb {
			out = append(out, e)
		}
	}
}
