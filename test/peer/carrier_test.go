package peer_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"ringback/internal/simcarrier"
)

// carrier is the simulated network in this process, over real sockets: an ordinary far end where the other is the one
// under the lens.
func carrier(t testing.TB) *simcarrier.Carrier {
	t.Helper()
	c, err := simcarrier.New(simcarrier.Config{Listen: "127.0.0.1:0", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func person(t testing.TB, c *simcarrier.Carrier, who string, p simcarrier.Person) {
	t.Helper()
	if err := c.SetPerson(who, p); err != nil {
		t.Fatal(err)
	}
}

// entry waits for the ledger's row of the callback at a number or SIP user.
func entry(t testing.TB, c *simcarrier.Carrier, cb, to string, limit time.Duration, ok func(simcarrier.Entry) bool) simcarrier.Entry {
	t.Helper()
	var last []simcarrier.Entry
	e := wait(t, limit, func() (*simcarrier.Entry, bool) {
		last = c.Calls(cb)
		for i := range last {
			if last[i].To == to && ok(last[i]) {
				return &last[i], true
			}
		}
		return nil, false
	})
	if e == nil {
		t.Fatalf("ledger of %s at %s is not as wanted within %v: %s", cb, to, limit, asJSON(last))
	}
	return *e
}

// seed is a business with an agent-first and a visitor-first button, and the trunks that are given as YAML rows.
func seed(trunks ...string) string {
	rows := ""
	for _, r := range trunks {
		rows += "  - " + r + "\n"
	}
	return fmt.Sprintf(`
trunks:
%ssubscribers:
  - id: acme
    name: Acme Plumbing
    regions: [US]
    caller_id: "+12025550190"
    limits: {concurrent: 100}
    buttons:
      - {id: once, tries: 1}
      - {id: keyed, tries: 1, confirm: {agent: key}}
      - {id: visitor, tries: 1, order: visitor_first}
`, rows)
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
