package browser

import (
	"net/netip"
	"strings"
	"testing"

	"ringback/internal/wire"
)

// Behind a router a browser is told our address as it is seen from outside, and no other.
func TestPublicAddress(t *testing.T) {
	for _, public := range [][]netip.Addr{{netip.MustParseAddr("203.0.113.5")}, {netip.MustParseAddr("203.0.113.5"), netip.MustParseAddr("2001:db8::5")}} {
		h, err := Open(Config{Net: wire.Real{}, Listen: "127.0.0.1:0", Public: public, Up: func(string) {}, Lost: func(string) {}, Escaped: func(v any) { panic(v) }})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := h.Connect(t.Context(), "page", offer(t))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(answer, " 203.0.113.5 ") || strings.Contains(answer, " 127.0.0.1 ") {
			t.Errorf("%v: the answer says %s", public, answer)
		}
		h.Close()
	}
}
