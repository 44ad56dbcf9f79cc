package story_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// unpacked are the names and all bytes of the files in a backup.
func unpacked(ts *testscript.TestScript, file string) ([]string, []byte) {
	f, err := os.Open(ts.MkAbs(file))
	ts.Check(err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	ts.Check(err)
	var names []string
	var all bytes.Buffer
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err == io.EOF {
			return names, all.Bytes()
		}
		ts.Check(err)
		names = append(names, h.Name)
		_, err = io.Copy(&all, t)
		ts.Check(err)
	}
}

// packed FILE TEXT… wants each text to stand somewhere in a backup; ! packed wants none of them to.
func packed(ts *testscript.TestScript, neg bool, args []string) {
	_, all := unpacked(ts, args[0])
	for _, text := range args[1:] {
		if there := bytes.Contains(all, []byte(text)); there == neg {
			ts.Fatalf("%q: found %v", text, there)
		}
	}
}

// whole FILE wants a backup that begins and ends as one, and holds none of the keys.
func wholeBackup(ts *testscript.TestScript, neg bool, args []string) {
	names, all := unpacked(ts, args[0])
	if len(names) < 3 || names[0] != "manifest.json" || names[len(names)-1] != "SHA256SUMS" {
		ts.Fatalf("it holds %q", names)
	}
	keys, err := filepath.Glob(ts.MkAbs("data/keys/*"))
	ts.Check(err)
	if len(keys) < 2 {
		ts.Fatalf("there are no keys to look for: %q", keys)
	}
	for _, k := range keys {
		secret, err := os.ReadFile(k)
		ts.Check(err)
		if bytes.Contains(all, secret) {
			ts.Fatalf("%s is in the backup", k)
		}
	}
	if secret, err := os.ReadFile(ts.MkAbs("op.key")); err != nil || bytes.Contains(all, bytes.TrimSpace(secret)) {
		ts.Fatalf("the operator's key is in the backup (%v)", err)
	}
}

// shorten FILE takes its last bytes away.
func shorten(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), info.Size()-600))
}
