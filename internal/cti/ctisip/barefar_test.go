package ctisip

import (
	"net"
	"net/netip"
	"testing"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// newBareFar is a far end that answers at once and forgets: for load.
func newBareFar(t testing.TB) *far {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &far{conn: c, tag: "bare"}
	f.port.Store(9)
	go func() {
		b := make([]byte, 4096)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			m := parseMsg(string(b[:n]))
			m.from = from
			switch m.method {
			case "INVITE":
				f.reply(m, 180, "")
				f.reply(m, 200, f.sdp())
			case "BYE", "CANCEL", "OPTIONS":
				f.reply(m, 200, "")
			}
		}
	}()
	return f
}
