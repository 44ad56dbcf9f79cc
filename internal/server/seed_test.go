package server

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ringback/internal/config"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

const seedOfAnn = `subscribers:
  - {id: acme, name: Acme, regions: [US]}
agents:
  - id: ann
    represents:
      - {subscriber: acme}
      - {subscriber: acne}
blocks:
  - {number: "+12025550100", subscriber: zoo}
`

// What a seed says about a business that is nowhere is an error of the seed, at its line.
func TestABusinessThatIsNowhereIsNamedWithItsLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(path, []byte(seedOfAnn), 0o600); err != nil {
		t.Fatal(err)
	}
	seed, err := ReadSeed(path)
	if err != nil {
		t.Fatal(err)
	}
	err = seed.Check(&directory.Directory{}, directory.Options{})
	var all config.Problems
	if !errors.As(err, &all) || len(all) != 2 {
		t.Fatalf("%v, want two problems", err)
	}
	for i, want := range []string{
		`:7: agents[0].represents[1].subscriber: there is no subscriber "acne", did you mean acme?`,
		`:9: blocks[0].subscriber: there is no subscriber "zoo"`,
	} {
		if !strings.HasSuffix(all[i].Error(), want) {
			t.Errorf("%q, want %q at its end", all[i].Error(), want)
		}
	}
	there := &directory.Directory{Subscribers: map[id.Subscriber]*subscriber.Subscriber{
		"sub_1": {ID: "sub_1", Slug: "acne"}, "sub_2": {ID: "sub_2", Slug: "zoo"}}}
	there.Index()
	if err := seed.Check(there, directory.Options{}); err != nil {
		t.Errorf("of businesses that are set up already: %v", err)
	}
	if err := seed.Check(there, directory.Options{Prune: true}); err == nil {
		t.Error("a business that is pruned in the same breath may be relied on")
	}
}
