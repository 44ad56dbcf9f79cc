package words_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ringback/internal/words"
)

// places are where a visitor's sentences stand: folders, and single files of those that speak to staff, too.
var places = []string{
	"../web/visitor", "../web/status", "../web/api/texts.go", "../web/api/form.go", "../web/api/token.go", "../consent", "../challenge", "../phone", "../schedule/due.go", "../schedule/when.go",
	"../subscriber/policy.go", "../callback/invite.go", "../callback/entry.go", "../callback/reason.go", "../callback/halt.go", "../callback/guard.go", "../callback/request.go", "../callback/policy.go", "../callback/pass.go", "../callback/actions.go",
	"../callback/again.go", "../callback/diary.go", "../callback/spend.go", "../callback/optout.go", "../store/create.go", "../store/spend.go",
	"../store/dialect.go",
}

// staff are sentences in those places that no visitor sees.
var staff = map[string]bool{
	"%s": true, "There is no such callback.": true, "There is no such block.": true, "At most %d fields.": true, "order is agent_first or visitor_first.": true,
	"The operator has stopped all calls: ringback kill off lets them leave again.": true,
	"No such %s.": true, "%q is no number that can be called. Write tel:+12025550101.": true,
	"This destination may not be called: it is outside the business's countries or of a kind that costs more.":    true,
	"A proof of work is missing: get a puzzle from /api/v1/public/challenge and send its solution as proof.":      true,
	"%v. Write tel:+12025550100 or sip:name@host.":                                                                true,
	`Say exactly one time: {"now":true}, {"after":"10m"} or {"at":"2026-12-01T09:00","zone":"America/New_York"}.`: true,
}

// Whatever is said to a visitor is in every language.
func TestWhatTheSourcesSayIsInEveryLanguage(t *testing.T) {
	t.Parallel()
	said := map[string]string{}
	for _, place := range places {
		for _, path := range sources(t, place) {
			switch {
			case strings.HasSuffix(path, ".html"):
				inTemplate(t, path, said)
			case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
				inCode(t, path, said)
			}
		}
	}
	for _, path := range sources(t, "..") { // what is said by Say, wherever
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(path, "../words/") {
			bySay(t, path, said)
		}
	}
	if len(said) < 200 {
		t.Fatalf("only %d sentences were found", len(said))
	}
	for text, at := range said {
		for _, l := range words.Built().All()[1:] {
			if !staff[text] && !l.Knows(words.Key(text)) {
				t.Errorf("%s: %s.words does not have %q", at, l.Tag, text)
			}
		}
	}
}

func sources(t *testing.T, place string) (out []string) {
	err := filepath.WalkDir(place, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var inBraces = regexp.MustCompile(`\.(?:Say|Count) (?:\.\S+ )?("(?:[^"\\]|\\.)*")`)

func inTemplate(t *testing.T, path string, said map[string]string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range inBraces.FindAllSubmatch(text, -1) {
		s, err := strconv.Unquote(string(m[1]))
		if err != nil {
			t.Fatalf("%s: %s: %v", path, m[1], err)
		}
		said[s] = path
	}
}

// inCode finds what Say, Count and the makers of faults are given, and what is written as a Key.
func inCode(t *testing.T, path string, said map[string]string) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if i := sentenceOf(n); i >= 0 && i < len(n.Args) {
				note(set, n.Args[i], said)
			}
		case *ast.CompositeLit:
			ofTable(set, n, said)
		case *ast.KeyValueExpr: // of a limit
			if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Say" {
				note(set, n.Value, said)
			}
		}
		return true
	})
}

// bySay finds what Say, Count and Key are given alone.
func bySay(t *testing.T, path string, said map[string]string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(`"ringback/internal/words"`)) && !bytes.Contains(text, []byte(".Say(")) {
		return
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			f, _ := c.Fun.(*ast.SelectorExpr)
			if i := sentenceOf(c); i >= 0 && i < len(c.Args) && f != nil && slices.Contains([]string{"Say", "Count", "Key"}, f.Sel.Name) {
				note(set, c.Args[i], said)
			}
		}
		return true
	})
}

// ofTable finds the values of a map of keys, and the second of each pair of sentences: for staff, and for the visitor.
func ofTable(set *token.FileSet, c *ast.CompositeLit, said map[string]string) {
	m, ok := c.Type.(*ast.MapType)
	if !ok {
		return
	}
	value := fmt.Sprintf("%v", m.Value)
	for _, e := range c.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		pair, both := kv.Value.(*ast.CompositeLit)
		switch {
		case value == "&{words Key}":
			note(set, kv.Value, said)
		case both && value == "Words" && len(pair.Elts) == 2:
			note(set, pair.Elts[1], said)
		}
	}
}

// sentenceOf is which argument of a call is a sentence; -1 = none.
func sentenceOf(c *ast.CallExpr) int {
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		on, _ := f.X.(*ast.Ident)
		switch {
		case f.Sel.Name == "Say", f.Sel.Name == "Otherwise":
			return 0
		case f.Sel.Name == "Count" && (on == nil || on.Name != "strings" && on.Name != "bytes"):
			return 1
		case on != nil && on.Name == "fault" && f.Sel.Name == "New":
			return 1
		case on != nil && on.Name == "fault" && f.Sel.Name == "At":
			return 2
		case on != nil && on.Name == "words" && f.Sel.Name == "Key":
			return 0
		}
	case *ast.Ident:
		if f.Name == "say" {
			return 0
		}
	}
	return -1
}

func note(set *token.FileSet, e ast.Expr, said map[string]string) {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if s, err := strconv.Unquote(lit.Value); err == nil && s != "" {
			said[s] = set.Position(lit.Pos()).String()
		}
	}
}
