package callback_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
)

// explained are the stories whose telling is kept as a golden file.
var explained = map[string]string{
	"ann answers, vera answers, they talk, vera hangs up":                    "talked",
	"ann lets it ring, bob takes it":                                         "next_agent",
	"vera is busy, 90 s later she is not":                                    "busy_then_talked",
	"visitor first: ann misses it, bob takes it, vera hears that it goes on": "visitor_first_next_agent",
	"vera's telephone leaves the network in mid call":                        "media_lost",
	"no trunk carries the number":                                            "no_trunk",
	"the number is changed while ann's telephone rings":                      "number_changed",
}

// What support reads about a callback is kept word for word. Ids are minted from a fixed seed.
func TestExplain(t *testing.T) {
	for _, s := range append(append([]story(nil), stories...), deeds...) {
		file, ok := explained[s.name]
		if !ok {
			continue
		}
		t.Run(file, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				s.told, s.after = nil, nil
				s.extra = func(w *world, c *callback.Callback) {
					pass(5 * time.Second) // the last leg's end belongs to the story
					if err := callback.Explain(&out, w.stored(c.ID), w.journal(c.ID), w.c.Directory(), time.UTC); err != nil {
						t.Error(err)
					}
				}
				s.play(t)
				goldenFile(t, "testdata/explain/"+file+".txt", lingered.ReplaceAllString(out.String(), "$1.00$2"))
			})
		})
	}
}

// lingered are facts that waited up to 100 ms to share a commit, or did not have to.
var lingered = regexp.MustCompile(`(\d)\.10(  network )`)

func goldenFile(t *testing.T, path, got string) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look, then -update\n got:\n%s want:\n%s", path, got, want)
	}
	if strings.Contains(got, "+12025550100") {
		t.Errorf("%s shows a whole number", path)
	}
}
