//go:build browser

package browser

import "testing"

// Every pair of visitor and agent that has a browser in it, in both orders. The others are tried with real telephones
// (test/peer).
func TestPairs(t *testing.T) {
	long(t, "pairs of browsers and telephones")
	serve(t).script(t, 11, nil, "pairs.mjs")
}

// A browser that is loaded again or loses its way in mid call is back within 3 s, and one that dies while it rings holds
// nobody up. Both have a network of their own, which can be broken.
func TestAway(t *testing.T) {
	long(t, "a browser that is away in mid call")
	inside, name := network(t)
	p := serve(t, inside...)
	p.Inside = name
	p.script(t, 9, inside, "away.mjs")
}
