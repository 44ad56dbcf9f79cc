package config

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/config.md anew")

const manualFile = "../../docs/config.md"

// The comments of Config are the manual: the page is written from them and must not lag behind.
func TestManualIsWrittenFromTheComments(t *testing.T) {
	want := manual(t)
	if *update {
		if err := os.WriteFile(manualFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(manualFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/config.md is not what the comments say: go test ./internal/config -run Manual -update")
	}
}

func manual(t *testing.T) string {
	types := structs(t)
	var b strings.Builder
	b.WriteString("# Settings\n\n<!-- Written from the comments of internal/config/config.go: go test ./internal/config -run Manual -update -->\n\n")
	b.WriteString("`ringback serve --config FILE` reads strict YAML: an unknown, repeated or mistyped key is refused with its line and its nearest\n")
	b.WriteString("neighbour. The environment wins over the file. `${NAME}` inside a text is replaced by that variable, `$${` stands for `${`.\n")
	b.WriteString("Durations: `90s`, `5m`, `24h`, `30d`. `ringback config print` shows every value and where it came from.\n\n")
	b.WriteString("| key | default | environment |\n|---|---|---|\n")
	for _, s := range Default().settings() {
		fmt.Fprintf(&b, "| [`%s`](#%s) | `%s` | `%s` |\n", s.key, strings.NewReplacer(".", "").Replace(s.key), s.shown(), EnvName(s.key))
	}
	section(t, &b, types, reflect.TypeFor[Config](), "")
	return b.String()
}

// section writes one paragraph a key, in the order of the struct.
func section(t *testing.T, b *strings.Builder, types map[string]*ast.StructType, of reflect.Type, around string) {
	for i, name := range names(of) {
		if name == "" {
			continue
		}
		f := of.Field(i)
		if f.Type.Kind() == reflect.Struct && !isText(f.Type) {
			section(t, b, types, f.Type, around+name+".")
			continue
		}
		doc := comment(types[of.Name()], f.Name)
		if doc == "" {
			t.Errorf("%s%s has no comment, so no line in the manual", around, name)
		}
		fmt.Fprintf(b, "\n### %s%s\n\n%s", around, name, strings.ReplaceAll(doc, "<", "&lt;"))
	}
}

func structs(t *testing.T) map[string]*ast.StructType {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*ast.StructType{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok {
			if s, ok := spec.Type.(*ast.StructType); ok {
				found[spec.Name.Name] = s
			}
		}
		return true
	})
	return found
}

func comment(s *ast.StructType, field string) string {
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			if name.Name == field {
				return f.Doc.Text()
			}
		}
	}
	return ""
}

// The first settings that anybody copies must be read.
func TestSettingsOfTheReadmeAreRead(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "```yaml\n# ringback.yaml\n")
	block, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Fatal("README.md shows no ringback.yaml")
	}
	if _, err := Load(write(t, block), nil); err != nil {
		t.Error(err)
	}
}
