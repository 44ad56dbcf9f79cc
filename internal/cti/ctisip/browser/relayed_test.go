package browser

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctitest"
)

// Where a network lets nothing through but the relay's port a page is up and heard through it, whatever address of ours
// it is told.
func TestRelayed(t *testing.T) {
	for listen, public := range map[string][]netip.Addr{"127.0.0.1:0": nil, "0.0.0.0:0": {netip.MustParseAddr("203.0.113.5")}, "[::]:0": {netip.MustParseAddr("203.0.113.5")}} {
		t.Run(listen, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			d := newDoorAt(t, Config{Listen: listen, Public: public, Relayed: l})
			user, password, ok := d.Credential("ann")
			if !ok {
				t.Fatal("no relay")
			}
			b := ctitest.NewBrowser(t, 600).Relayed(
				[]cti.ICEServer{{URLs: []string{fmt.Sprintf("turns:%s?transport=tcp", l.Addr())}, Username: user, Credential: password}},
				func(address string) (net.Conn, error) { return net.Dial("tcp", address) })
			b.Connect(d.asks("ann"))
			d.until("up", 5*time.Second, func() bool { return d.Connected("ann") })
			d.hears("ann")
			if d.turn.Relays() == 0 {
				t.Error("it did not come through the relay")
			}
			b.Cut()
			d.until("the relay is given back", 5*time.Second, func() bool { return d.turn.Relays() == 0 })
		})
	}
}
