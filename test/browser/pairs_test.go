//go:build browser

package browser

import "testing"

// Every pair of visitor and agent that has a browser in it, in both orders. The others are tried with real telephones
// (test/peer).
func TestPairs(t *testing.T) {
	long(t, "pairs of browsers and telephones")
	serve(t).script(t, 11, nil, "pairs.mjs")
}
