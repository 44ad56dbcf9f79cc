package media

import (
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/srtp"
)

// A router forgets a telephone in mid call and gives it another port: it is heard again, and hears again, once the old port
// has been silent for 2 s. Who only knows the address is not listened to, before nor after.
func TestRouterForgets(t *testing.T) {
	for _, suite := range []srtp.Suite{"", srtp.CM80} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, Config{})
			defer d.close()
			d.ra.Signalling, d.ra.NAT = d.pa.addr().Addr(), cti.NATYes
			if suite != "" {
				d.ra.Crypt = d.pa.lock(suite, 1, 100)
			}
			d.up()
			d.pa.tone(500, 15*time.Second, 20*ms) // the window to learn is over
			stranger := newPhone(t, d.net, "10.0.0.2:4990")
			defer stranger.close()
			stranger.to, stranger.ssrc, stranger.seq = d.pa.to, 99, d.pa.seq
			moved := newPhone(t, d.net, "10.0.0.2:4444")
			defer moved.close()
			moved.to, moved.ssrc, moved.seq, moved.ts = d.pa.to, d.pa.ssrc, d.pa.seq, d.pa.ts
			d.pa.mu.Lock()
			in, out := d.pa.in, d.pa.out
			d.pa.in = nil
			d.pa.mu.Unlock()
			moved.mu.Lock()
			moved.in, moved.out = in, out
			moved.mu.Unlock()
			before := d.a.Stats()
			stranger.tone(900, 4*time.Second, 20*ms) // the first: nobody else speaks now
			if st := d.a.Stats(); st.In != before.In || st.Source != d.pa.addr() {
				t.Fatalf("%q: a stranger was heard: %+v", suite, st)
			}
			if suite != "" {
				stranger.conn.Close()
				moved.seq += 200
			}
			moved.tone(500, 3*time.Second, 20*ms)
			if st := d.a.Stats(); st.In < before.In+140 || st.Source != moved.addr() {
				t.Errorf("%q: the telephone is not heard under its new port: %+v", suite, st)
			}
			if n := len(moved.packets()); n < 140 {
				t.Errorf("%q: it hears %d packets", suite, n)
			}
			if n := len(stranger.packets()); n > 0 {
				t.Errorf("%q: the stranger got %d packets", suite, n)
			}
		})
	}
}
