package server

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sealedUp is an archive of some files, in order.
func sealedUp(t *testing.T, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		kind := byte(tar.TypeReg)
		if f[1] == "link" {
			kind = tar.TypeSymlink
		}
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o600, Size: int64(len(f[1])) * int64(btoi(kind == tar.TypeReg)), Typeflag: kind, Linkname: "/etc"}); err != nil {
			t.Fatal(err)
		}
		if kind == tar.TypeReg {
			if _, err := w.Write([]byte(f[1])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

const goodManifest = `{"format":1,"database":{"database":"sqlite","schema":17,"files":["ringback.db"]}}`

// A backup that was made by somebody else, or damaged, is refused, and nothing of it lands beside its places.
func TestReadArchive(t *testing.T) {
	for name, row := range map[string]struct {
		files [][2]string
		want  string
	}{
		"climbs":       {[][2]string{{manifestName, goodManifest}, {"recordings/../../x", "y"}}, "which no backup does"},
		"is absolute":  {[][2]string{{manifestName, goodManifest}, {"/recordings/x", "y"}}, "which no backup does"},
		"brings keys":  {[][2]string{{manifestName, goodManifest}, {"keys/hash.key", "y"}}, "which no backup does"},
		"has a link":   {[][2]string{{manifestName, goodManifest}, {"recordings/x", "link"}}, "which no backup does"},
		"has no end":   {[][2]string{{manifestName, goodManifest}}, "its end is missing"},
		"other sums":   {[][2]string{{manifestName, goodManifest}, {neverName, "x"}, {sumsName, "0  never\n"}}, "not what was written"},
		"is newer":     {[][2]string{{manifestName, strings.Replace(goodManifest, "1", "2", 1)}}, "has form 2"},
		"names a path": {[][2]string{{manifestName, strings.Replace(goodManifest, "ringback.db", "../x", 1)}}, "names a file"},
		"twice":        {[][2]string{{manifestName, goodManifest}, {neverName, "x"}, {neverName, "y"}}, "exists"},
	} {
		dir := filepath.Join(t.TempDir(), "in")
		if _, err := readArchive(bytes.NewReader(sealedUp(t, row.files...)), dir); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
		if all, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(all) > 1 {
			t.Errorf("%s: beside it lies %v, %v", name, all, err)
		}
	}
}

// Wherever a backup is cut, it is refused as one that was cut, or as none.
func TestReadArchiveCut(t *testing.T) {
	sum := func(name, text string) string { return fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(text)), name) }
	good := sealedUp(t, [2]string{manifestName, goodManifest}, [2]string{neverName, "x"},
		[2]string{sumsName, sum(manifestName, goodManifest) + sum(neverName, "x")})
	if m, err := readArchive(bytes.NewReader(good), ""); err != nil || m.Database.Schema != 17 {
		t.Fatalf("whole: %+v, %v", m, err)
	}
	for n := range len(good) {
		if _, err := readArchive(bytes.NewReader(good[:n]), ""); err == nil || n > 20 && !errors.Is(err, errCut) {
			t.Errorf("cut after %d of %d bytes: %v", n, len(good), err)
		}
	}
}

func FuzzReadArchive(f *testing.F) {
	f.Add([]byte("no archive"))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := filepath.Join(t.TempDir(), "in")
		if _, err := readArchive(bytes.NewReader(b), dir); err == nil {
			t.Error("it is taken for a backup")
		}
	})
}

// Who asked never to be called, before or after a backup, stays in the list.
func TestAddLines(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{filepath.Join(data, neverName): "b\nc\n", filepath.Join(dir, neverName): "a\nb\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := addLines(data, dir, neverName); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(data, neverName)); err != nil || string(b) != "a\nb\nc\n" {
		t.Errorf("%q, %v", b, err)
	}
}

// Data in which a restore was cut short are not served.
func TestCutShort(t *testing.T) {
	data := t.TempDir()
	if err := cutShort(data); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, restoringName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cutShort(data); err == nil || !strings.Contains(err.Error(), "begin it again") {
		t.Errorf("%v", err)
	}
}
