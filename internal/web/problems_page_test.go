package web

import (
	"os"
	"strings"
	"testing"
)

// Every code has its row in the page that people look it up in.
func TestProblemsPageIsWhole(t *testing.T) {
	page, err := os.ReadFile("../../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	for code := range kinds {
		if !strings.Contains(string(page), "`"+string(code)+"`") {
			t.Errorf("docs/problems.md does not tell %s", code)
		}
	}
}
