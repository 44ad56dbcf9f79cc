package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/format"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	module = "ringback"
	root   = "../.."
)

// The whole house against the table. Build tags of tests are set, so that what they hide is looked at too.
func TestImportsPointOneWay(t *testing.T) {
	packages := list(t)
	if len(packages) < 10 {
		t.Fatalf("only %d packages seen", len(packages))
	}
	for _, wrong := range Check(module, packages) {
		t.Error(wrong)
	}
}

func list(t *testing.T) []Package {
	cmd := exec.Command("go", "list", "-e", "-buildvcs=false", "-tags=fault,peers,browser", "-json=ImportPath,Name,Imports", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []Package
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p Package
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// The guard itself: what must be refused is refused, and the line names the row.
func TestForbiddenImportsAreNamed(t *testing.T) {
	rows := []struct{ from, to, want string }{
		{"internal/id", "internal/fault", ""},
		{"internal/id", "internal/callback", `the row "internal/id" allows only [leaves]`},
		{"internal/phone", "internal/subscriber", `the row "internal/phone"`},
		{"internal/agent", "internal/subscriber", ""},
		{"internal/subscriber", "internal/agent", `the row "internal/subscriber"`},
		{"internal/callback", "internal/store", `the row "internal/callback"`},
		{"internal/store/storetest", "internal/callback", ""},
		{"internal/store/storetest", "internal/store", ""},
		{"internal/web/visitor", "internal/store", `the row "internal/web"`},
		{"internal/web/visitor", "internal/web", ""},
		{"internal/cti/ctisip/media", "internal/cti", ""},
		{"internal/cti/ctisip/media", "internal/callback", `the row "internal/cti/ctisip"`},
		{"internal/cti/ctisip", "internal/cti/ctisim", `the row "internal/cti/ctisip"`},
		{"internal/cti", "internal/cti/ctisip", `the row "internal/cti"`},
		{"internal/simcarrier", "internal/cti/ctisip", `the row "internal/simcarrier"`},
		{"cmd/ringback", "internal/server", ""},
		{"cmd/ringback", "internal/callback", `the row "cmd/ringback"`},
		{"internal/server", "internal/cti/ctisip", ""},
		{"test/story", "internal/server", ""},
		{"internal/helper", "internal/id", "no row in internal/arch/table.go"},
	}
	for _, row := range rows {
		found := Check(module, []Package{{ImportPath: module + "/" + row.from, Name: "x", Imports: []string{module + "/" + row.to}}})
		got := strings.Join(found, "\n")
		if (row.want == "") != (got == "") || !strings.Contains(got, row.want) {
			t.Errorf("%s -> %s: got %q, want %q", row.from, row.to, got, row.want)
		}
	}
}

func TestLibrariesHaveOneHome(t *testing.T) {
	rows := []struct{ from, to, want string }{
		{"internal/cti/ctisip/dialog", "github.com/emiago/sipgo/sip", ""},
		{"internal/simcarrier", "github.com/emiago/sipgo/sip", "at home in [internal/cti/ctisip] only"},
		{"internal/callback", "database/sql", "at home in"},
		{"internal/store", "database/sql", ""},
		{"internal/callback", "strings", ""},
	}
	for _, row := range rows {
		found := Check(module, []Package{{ImportPath: module + "/" + row.from, Name: "x", Imports: []string{row.to}}})
		got := strings.Join(found, "\n")
		if (row.want == "") != (got == "") || !strings.Contains(got, row.want) {
			t.Errorf("%s -> %s: got %q, want %q", row.from, row.to, got, row.want)
		}
	}
	if found := Check(module, []Package{{ImportPath: module + "/internal/id", Name: "util"}}); len(found) != 1 {
		t.Errorf("a package named util: %v", found)
	}
}

// long lists files that may have more than 500 lines, each with its reason.
var long = map[string]string{
	"internal/callback/story_test.go": "one table of stories",
	"internal/callback/deed_test.go":  "one table of deeds",
	"internal/web/fake_test.go":       "one border that is played",
}

// sleep is what a test must not do: it waits for facts. In simulated time (testing/synctest) a sleep is exact and free.
var sleep = regexp.MustCompile(`\btime\.Sleep\(`)

func TestFilesKeepTheStyle(t *testing.T) {
	for path, text := range sources(t) {
		if lines := bytes.Count(text, []byte("\n")); lines > 500 && long[path] == "" {
			t.Errorf("%s: %d lines; is it one subject? (at most 500)", path, lines)
		}
		if !strings.HasSuffix(path, ".go") {
			continue
		}
		if formatted, err := format.Source(text); err != nil || !bytes.Equal(formatted, text) {
			t.Errorf("%s: not formatted (gofmt -w): %v", path, err)
		}
		if strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(path, "internal/arch/") && sleep.Match(text) && !bytes.Contains(text, []byte("testing/synctest")) {
			t.Errorf("%s: a test that sleeps; wait for the fact, or use testing/synctest", path)
		}
	}
}

// sources reads what people write: Go, TypeScript and scripts, not what tools wrote.
func sources(t *testing.T) map[string][]byte {
	found := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() {
			if d.Name() != ".." && strings.HasPrefix(d.Name(), ".git") || d.Name() == "node_modules" || name == "web/dist" || name == "bin" {
				return fs.SkipDir
			}
			return nil
		}
		switch filepath.Ext(path) {
		case ".go", ".ts", ".mjs", ".sh":
			if found[name], err = os.ReadFile(path); errors.Is(err, fs.ErrNotExist) {
				delete(found, name) // an editor's file that is gone again
				return nil
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("only %d files seen", len(found))
	}
	return found
}
