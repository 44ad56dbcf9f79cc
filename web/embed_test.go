package web

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// What is committed is what the sources say: built again, not a byte differs.
func TestDistIsBuiltFromTheSources(t *testing.T) {
	text, err := os.ReadFile("embed.go")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("node_modules/lit"); err != nil {
		t.Skip("NOT RUN: npm ci was not done in web")
	}
	built := 0
	for _, m := range regexp.MustCompile(`(?m)^//go:generate go tool esbuild (.*) --outfile=dist/(\S+)$`).FindAllSubmatch(text, -1) {
		out := filepath.Join(t.TempDir(), string(m[2]))
		args := append([]string{"tool", "esbuild"}, append(words(string(m[1])), "--outfile="+out)...)
		if msg, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Fatalf("esbuild: %v\n%s", err, msg)
		}
		fresh, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := Dist.ReadFile("dist/" + string(m[2]))
		if err != nil || !bytes.Equal(fresh, kept) {
			t.Errorf("dist/%s is not what the sources build (%v): run go generate ./web", m[2], err)
		}
		built++
	}
	if files, _ := Dist.ReadDir("dist"); built != len(files) || built == 0 {
		t.Errorf("%d files are built, dist holds %d", built, len(files))
	}
}

func words(s string) []string { return regexp.MustCompile(`\S+`).FindAllString(s, -1) }

// What a visitor's form loads stays small.
func TestTheFormsScriptIsSmall(t *testing.T) {
	b, err := Dist.ReadFile("dist/form.js")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // a level there is
	if _, err := z.Write(b); err != nil || z.Close() != nil || packed.Len() > 2048 {
		t.Errorf("form.js is %d bytes packed, more than 2 kB (%v)", packed.Len(), err)
	}
}
