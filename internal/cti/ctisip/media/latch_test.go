package media

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
)

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// Whose packets are taken, and where ours go: each row is one far end.
func TestLatch(t *testing.T) {
	const sdp, sig = "192.0.2.10:4000", "192.0.2.10"
	type row struct {
		name   string
		r      Remote
		from   string // sends five packets
		taken  bool
		sendTo string
	}
	rows := []row{
		{"no: from the SDP's port", Remote{Addr: ap(sdp), NAT: cti.NATNo}, sdp, true, sdp},
		{"no: from another port of its address", Remote{Addr: ap(sdp), NAT: cti.NATNo}, "192.0.2.10:4444", true, sdp},
		{"no: from another address", Remote{Addr: ap(sdp), NAT: cti.NATNo}, "192.0.2.11:4000", false, sdp},
		{"no: the signalling's address is not enough", Remote{Addr: ap(sdp), NAT: cti.NATNo, Signalling: netip.MustParseAddr("192.0.2.99")}, "192.0.2.99:4000", false, sdp},
		{"nothing said is no", Remote{Addr: ap(sdp)}, "192.0.2.10:4444", true, sdp},
		{"yes: the port is learned", Remote{Addr: ap("192.168.1.5:4000"), NAT: cti.NATYes}, "192.0.2.10:61000", true, "192.0.2.10:61000"},
		{"yes: the SDP's address is a stranger", Remote{Addr: ap("192.168.1.5:4000"), NAT: cti.NATYes}, "192.168.1.5:4000", false, "192.0.2.10:4000"},
		{"yes: another address", Remote{Addr: ap(sdp), NAT: cti.NATYes}, "192.0.2.11:4000", false, sdp},
		{"auto: a private SDP behind a router", Remote{Addr: ap("10.9.9.9:4000"), NAT: cti.NATAuto}, "192.0.2.10:61000", true, "192.0.2.10:61000"},
		{"auto: a private SDP with no router between", Remote{Addr: ap("10.9.9.9:4000"), NAT: cti.NATAuto, Signalling: netip.MustParseAddr("10.9.9.9")}, "10.9.9.9:61000", true, "10.9.9.9:4000"},
		{"auto: a public media gateway", Remote{Addr: ap("198.51.100.7:4000"), NAT: cti.NATAuto}, "198.51.100.7:4444", true, "198.51.100.7:4000"},
		{"auto: the message named another address", Remote{Addr: ap("198.51.100.7:4000"), NAT: cti.NATAuto, Natted: true}, "192.0.2.10:61000", true, "192.0.2.10:61000"},
	}
	for _, w := range rows {
		t.Run(w.name, func(t *testing.T) {
			if !w.r.Signalling.IsValid() {
				w.r.Signalling = netip.MustParseAddr(sig)
			}
			var l latch
			l.set(w.r, 1)
			got := true
			for i := range int64(5) {
				now := 1 + i*20e6
				got = got && l.known(ap(w.from), now) && l.take(ap(w.from), 7, now, 0)
			}
			if got != w.taken || l.to != ap(w.sendTo) {
				t.Errorf("taken %v, sent to %v; want %v, %s", got, l.to, w.taken, w.sendTo)
			}
		})
	}
}

// hears feeds a latch one packet.
func (l *latch) hears(from string, ssrc uint32, at time.Duration) bool {
	now := int64(at) + 1
	return l.known(ap(from), now) && l.take(ap(from), ssrc, now, 0)
}

// After it has learned nothing but new SDP moves it, not even from the right address.
func TestLatchHolds(t *testing.T) {
	r := Remote{Addr: ap("192.168.1.5:4000"), Signalling: netip.MustParseAddr("192.0.2.10"), NAT: cti.NATYes}
	var l latch
	l.set(r, 1)
	good, bad := "192.0.2.10:61000", "192.0.2.10:62000"
	if !l.hears(good, 1, 0) || l.hears(bad, 2, 5*ms) || !l.hears(good, 1, 20*ms) || l.hears(bad, 2, 25*ms) || !l.hears(good, 1, 40*ms) {
		t.Error("while the port was learned a second source got in, or the first did not")
	}
	for at := time.Second; at < time.Hour; at += time.Second {
		if l.hears(bad, 1, at) || l.to != ap(good) {
			t.Fatalf("%v later a second source got in", at)
		}
	}
	l.set(r, int64(time.Hour)) // the same SDP again: a router that gave the phone another port
	for i := range time.Duration(5) {
		if !l.hears(bad, 1, time.Hour+i*20*ms) {
			t.Fatal("after a re-INVITE the phone could not move")
		}
	}
	if l.to != ap(bad) {
		t.Errorf("sent to %v", l.to)
	}
	l = latch{}
	l.set(r, 1)
	l.firstOut = 1
	l.hears(good, 1, 0) // one packet, then nothing until the window is over
	if l.hears(bad, 1, 11*time.Second) {
		t.Error("a port was learned after the window")
	}
}

// With nat no a gateway may move on to another port of its address, but not while the old one still sends.
func TestLatchOnePortAtATime(t *testing.T) {
	var l latch
	l.set(Remote{Addr: ap("192.0.2.10:4000")}, 1)
	for i := range time.Duration(100) {
		if !l.hears("192.0.2.10:4002", 1, i*20*ms) {
			t.Fatal("an asymmetric gateway is not heard")
		}
		if i > 2 && l.hears("192.0.2.10:5000", 2, i*20*ms+ms) {
			t.Fatal("a second stream from the gateway's address is mixed in")
		}
	}
	if !l.hears("192.0.2.10:5000", 2, 5*time.Second) {
		t.Error("the gateway cannot go on from another port")
	}
}

// A stranger sprays every port with good RTP: nothing goes back to it, nothing of it is heard.
func TestStrangerGetsAndInjectsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		bad, same := newPhone(t, d.net, "10.0.0.9:9000"), newPhone(t, d.net, "10.0.0.2:4002")
		defer bad.close()
		defer same.close()
		bad.to, same.to = d.pa.to, d.pa.to
		d.talks.Go(func() { bad.tone(1500, 3*time.Second, 20*ms) }) // before anything else
		time.Sleep(100 * ms)
		d.up()
		Bridge(d.a, d.b, nil)
		d.talks.Go(func() { d.pa.tone(500, 2500*ms, 20*ms) })
		time.Sleep(100 * ms)
		d.talks.Go(func() { same.tone(1500, 2*time.Second, 20*ms) })
		d.talks.Wait()
		s := sound(t, d.pb.packets())
		for at := 200 * ms; at < 2400*ms; at += 100 * ms {
			if l := loudAt(s, 1500, at); l > 100 {
				t.Fatalf("at %v the stranger is heard with %.0f", at, l)
			}
			if l := loudAt(s, 500, at); l < 7500 {
				t.Fatalf("at %v the party is heard with %.0f", at, l)
			}
		}
		if n := len(bad.packets()) + len(same.packets()); n > 0 {
			t.Errorf("strangers got %d packets", n)
		}
		if got := d.e.Counters().Dropped(Source); got < 200 {
			t.Errorf("%d packets counted as of a wrong source", got)
		}
	})
}

// A flood from the right address does not go through, and the call lives.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		Bridge(d.a, d.b, nil)
		for range 1000 {
			for range 10 {
				d.pa.raw(0, false, d.pa.ts, make([]byte, 160))
				d.pa.ts += 160
			}
			time.Sleep(ms)
		}
		if n := len(d.pb.packets()); n > 300 {
			t.Errorf("%d of 10000 packets in a second went through", n)
		}
		d.pb.forget()
		d.pa.tone(500, time.Second, 20*ms)
		if l := loudAt(sound(t, d.pb.packets()), 500, 500*ms); l < 7500 {
			t.Errorf("afterwards the voice has %.0f", l)
		}
		if d.e.Counters().Dropped(Rate) < 9000 {
			t.Errorf("%d packets counted as too many", d.e.Counters().Dropped(Rate))
		}
	})
}

// What is no RTP of this call is dropped and counted.
func TestMalformed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		Bridge(d.a, d.b, nil)
		long := make([]byte, 1200)
		putHeader(long, 0, false, 1, 1, 1)
		bad := [][]byte{{}, {0x80}, make([]byte, 12), {0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, {0x8F, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9},
			{0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0}, {0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0xFF, 0xFF, 1},
			{0xA0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5, 0}, {0xA0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5, 99}, {0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5},
			{0x80, 101, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5}, long}
		for _, b := range bad {
			if _, err := d.pa.conn.WriteTo(b, net.UDPAddrFromAddrPort(d.pa.to)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * ms)
		}
		if got := d.e.Counters().Dropped(Malformed); int(got) != len(bad) {
			t.Errorf("%d dropped as malformed, want %d", got, len(bad))
		}
		if st := d.a.Stats(); st.In != 0 || !st.LastHeard.IsZero() {
			t.Errorf("figures %+v", st)
		}
	})
}
