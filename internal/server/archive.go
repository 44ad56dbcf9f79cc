package server

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// errCut says that a backup ends before its end.
var errCut = errors.New("its end is missing: it was cut while it was written or copied")

// readArchive reads a whole backup, proves its sums, and unpacks it into a folder; dir "" = it is only read.
func readArchive(r io.Reader, dir string) (*Manifest, error) {
	m, err := readFiles(r, dir)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

func readFiles(r io.Reader, dir string) (*Manifest, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("it is no backup: %w", err)
	}
	m, sums := &Manifest{}, strings.Builder{}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err == io.EOF {
			return nil, errCut
		}
		if err != nil {
			return nil, fmt.Errorf("%w (%w)", errCut, err)
		}
		if !placed(h) {
			return nil, fmt.Errorf("it holds %.80q, which no backup does", h.Name)
		}
		sum := sha256.New()
		switch {
		case h.Name == sumsName:
			return m, finished(t, z, sums.String())
		case h.Name == manifestName:
			var text bytes.Buffer
			if _, err = io.Copy(io.MultiWriter(&text, sum), io.LimitReader(t, 1<<20)); err == nil {
				err = m.read(text.Bytes())
			}
		case dir == "":
			_, err = io.Copy(sum, t)
		default:
			err = unpack(filepath.Join(dir, filepath.FromSlash(h.Name)), io.TeeReader(t, sum))
		}
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sum.Sum(nil), h.Name)
	}
}

// finished compares the sums of what was read with those that were written, and reads to the end: gzip has a sum of its own.
func finished(t io.Reader, z *gzip.Reader, sums string) error {
	wrote, err := io.ReadAll(io.LimitReader(t, 64<<20))
	if err == nil && string(wrote) != sums {
		err = errors.New("what is in it is not what was written")
	}
	if _, rest := io.Copy(io.Discard, z); err == nil && rest != nil {
		err = fmt.Errorf("%w (%w)", errCut, rest)
	}
	return err
}

// placed says whether a file of an archive may be unpacked: below one of our places, and nowhere else.
func placed(h *tar.Header) bool {
	top, _, below := strings.Cut(h.Name, "/")
	if h.Typeflag != tar.TypeReg || path.Clean(h.Name) != h.Name || strings.Contains(h.Name, "..") || strings.ContainsAny(h.Name, "\\\x00") {
		return false
	}
	switch top {
	case manifestName, sumsName, neverName, erasedName:
		return !below
	case inDatabase:
		return below
	}
	return below && slices.Contains(folders, top)
}

func (m *Manifest) read(text []byte) error {
	if err := json.Unmarshal(text, m); err != nil || m.Database == nil {
		return fmt.Errorf("it is no backup of ours: %w", err)
	}
	if m.Format != backupFormat {
		return fmt.Errorf("it has form %d, and this build knows %d", m.Format, backupFormat)
	}
	for _, f := range m.Database.Files {
		if f != filepath.Base(f) || strings.HasPrefix(f, ".") {
			return fmt.Errorf("it names a file %.80q", f)
		}
	}
	return nil
}

func unpack(to string, from io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Sync(), f.Close())
}
