package main

import (
	"bytes"
	"go/format"
	"testing"
)

// Every mutant still fits the code, and what it makes of it is Go.
func TestMutantsApply(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	if len(mutants) != 15 {
		t.Errorf("%d mutants, want 15", len(mutants))
	}
	for _, m := range mutants {
		texts, err := m.apply(root)
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		for file, text := range texts {
			if _, err := format.Source(text); err != nil {
				t.Errorf("%s: %s: %v", m.name, file, err)
			}
		}
	}
}

func TestFindingIn(t *testing.T) {
	out := []byte("--- FAIL: TestSimulatedDays (0.00s)\n    --- FAIL: TestSimulatedDays/seed_17 (0.3s)\n        judge_test.go:9: I4: it is up\n        judge_test.go:9: more\n")
	if f := findingIn(out, 11); f.seed != "17" || f.what != "I4: it is up" {
		t.Errorf("%+v", f)
	}
	if f := findingIn([]byte("panic: deadlock"), 11); f.seed != "11+" {
		t.Errorf("%+v", f)
	}
}

// A text that does not stand in its file exactly once is an error, not a mutant that changes nothing.
func TestMutantThatDoesNotFit(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	m := mutant{name: "x", edits: []edit{{"go.mod", "no such text", ""}}}
	if _, err := m.apply(root); err == nil || !bytes.Contains([]byte(err.Error()), []byte("0 times")) {
		t.Errorf("%v", err)
	}
}
