package media

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti/ctisip/srtp"
)

// lock lets a phone encrypt what it sends and expect the same, and returns what its SDP says.
func (p *phone) lock(suite srtp.Suite, ours, theirs byte) Crypt {
	p.t.Helper()
	key := func(b byte) srtp.Key {
		k := make(srtp.Key, suite.KeyLen())
		for i := range k {
			k[i] = b + byte(i)
		}
		return k
	}
	c := Crypt{Suite: suite, Ours: key(ours), Theirs: key(theirs)}
	out, err := srtp.NewSender(suite, c.Theirs)
	if err != nil {
		p.t.Fatal(err)
	}
	in, err := srtp.NewReceiver(suite, c.Ours)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	out.Continue(p.out)
	in.Continue(p.in)
	p.out, p.in = out, in
	p.mu.Unlock()
	return c
}

// Two legs, encrypted by different suites or one not at all, hear each other; a stranger who knows address and port and
// not the key is not heard, and nothing of him is decoded.
func TestEncryptedRelay(t *testing.T) {
	for _, c := range []struct{ a, b srtp.Suite }{{srtp.CM80, srtp.GCM256}, {srtp.CM32, srtp.GCM128}, {srtp.CM80, ""}} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, Config{})
			defer d.close()
			d.ra.Crypt = d.pa.lock(c.a, 1, 100)
			if c.b != "" {
				d.rb.Crypt = d.pb.lock(c.b, 50, 150)
			}
			d.up()
			d.a.Play(Program{Then: tone(425, time.Second)})
			time.Sleep(time.Second)
			Bridge(d.a, d.b, nil)
			d.talks.Go(func() { d.pa.tone(500, 3*time.Second, 20*ms) })
			d.talks.Go(func() {
				evil := &phone{t: t, conn: d.pa.conn, to: d.pa.to, ssrc: 9, seq: 4000}
				for range 100 {
					time.Sleep(20 * ms)
					evil.raw(0, false, 0, make([]byte, 160))
				}
			})
			d.pb.tone(800, 3*time.Second, 30*ms)
			d.talks.Wait()
			if hears := sound(t, d.pa.packets()); loudAt(hears, 800, 2500*ms) < 6000 {
				t.Errorf("%s: a does not hear b", c.a)
			}
			if hears := sound(t, d.pb.packets()); loudAt(hears, 500, 2500*ms) < 6000 {
				t.Errorf("%s: b does not hear a", c.b)
			}
			unbroken(t, d.pa.packets(), 8000)
			if n := d.e.Counters().Dropped(Secret); n != 100 {
				t.Errorf("%d packets were refused for their key, want 100", n)
			}
			if st := d.a.Stats(); st.In < 150 || st.Lost > 0 {
				t.Errorf("figures: %+v", st)
			}
		})
	}
}

// A re-INVITE with the same keys, over a turn of the sequence numbers, changes nothing; one with new keys goes on, and the
// old ones open nothing any more. Reports are encrypted too.
func TestEncryptedMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.pa.seq = 65500
		d.a.out.seq = 65520
		d.ra.Crypt = d.pa.lock(srtp.CM80, 1, 100)
		d.up()
		talk := func(want int64) {
			t.Helper()
			d.pa.tone(500, 2*time.Second, 20*ms)
			if st := d.a.Stats(); st.In < want {
				t.Errorf("%d packets passed, want %d", st.In, want)
			}
		}
		talk(100) // the phone's numbers turn, and ours
		d.a.Remote(d.ra)
		talk(200)
		d.ra.Addr = netip.AddrPortFrom(d.pa.addr().Addr(), d.pa.addr().Port()) // the same phone, another key
		d.ra.Crypt = d.pa.lock(srtp.CM80, 3, 103)
		d.a.Remote(d.ra)
		talk(300)
		if n := d.e.Counters().Dropped(Secret); n > 0 {
			t.Errorf("%d packets of the phone were refused", n)
		}
		d.pa.mu.Lock()
		spoilt := d.pa.spoilt
		d.pa.mu.Unlock()
		if spoilt > 0 {
			t.Errorf("%d packets of ours could not be read", spoilt)
		}
		d.ra.Crypt = Crypt{Suite: srtp.CM80, Ours: d.ra.Crypt.Ours, Theirs: d.ra.Crypt.Theirs[1:]}
		d.a.Remote(d.ra)
		before := d.a.Stats()
		d.pa.tone(500, time.Second, 20*ms)
		if after := d.a.Stats(); after.In != before.In || after.Out != before.Out {
			t.Errorf("with a key that does not fit sound went on: %+v", after)
		}
	})
}

func TestRelayEncryptedAllocatesNothing(t *testing.T) {
	d := newDesk(t, Config{})
	defer d.close()
	d.ra.Crypt, d.rb.Crypt = d.pa.lock(srtp.CM80, 1, 100), d.pb.lock(srtp.GCM128, 50, 150)
	d.up()
	Bridge(d.a, d.b, nil)
	p := make([]byte, headerLen+160)
	room := make([]byte, 0, 400)
	seq := uint16(0)
	out, err := srtp.NewSender(srtp.CM80, d.ra.Crypt.Theirs)
	if err != nil {
		t.Fatal(err)
	}
	d.b.mu.Lock()
	d.b.out.socket = nowhere{d.b.out.socket}
	d.b.mu.Unlock()
	pass := func() {
		seq++
		putHeader(p, 0, false, seq, uint32(seq)*160, 7)
		e, err := out.Protect(p)
		if err != nil {
			t.Fatal(err)
		}
		d.a.mu.Lock()
		d.a.in.earliest = 0 // the allowed rate is not what is measured
		d.a.mu.Unlock()
		d.a.receive(append(room, e...), d.ra.Addr)
	}
	for range 10 {
		pass()
	}
	if n := testing.AllocsPerRun(500, pass); n > 0 {
		t.Errorf("%.1f allocations a packet", n)
	}
}

// nowhere is a socket that keeps nothing.
type nowhere struct{ socket }

func (nowhere) send([]byte, netip.AddrPort) error { return nil }
