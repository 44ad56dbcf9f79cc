package peer_test

import (
	"fmt"
	"testing"
)

// TestIPv6Softphones: a telephone on ::1 and one on 127.0.0.1 are joined, and two on ::1; each hears the other.
func TestIPv6Softphones(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	for name, hosts := range map[string][2]string{"both": {"[::1]", "[::1]"}, "one": {"[::1]", "127.0.0.1"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ann := phone(t, "ann", fmt.Sprintf("%s:%d", hosts[0], freePort(t)), 700, here)
			joe := phone(t, "joe", fmt.Sprintf("%s:%d", hosts[1], freePort(t)), 1000, here)
			port := freePort(t)
			s := serve(t, config{http: "127.0.0.1:0", rtp: "[::1]:0", sip: fmt.Sprintf(`udp://[::1]:%d", "udp://127.0.0.1:%d`, port, port)}, seed()+fmt.Sprintf(`
agents:
  - {id: ann, name: Ann, devices: ["sip:ann@%s"], ready: true, represents: [{subscriber: acme, display_name: Ann at Acme}]}
`, ann.addr))
			cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@" + joe.addr, "limits": "skip"})
			talkThrough(t, s, cb, ann, joe)
		})
	}
}
