package media

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// dump is a socket that keeps the headers of what is sent.
type dump struct {
	addr   netip.AddrPort
	closed chan struct{}
	t      *testing.T
	sent   int
	ssrc   uint32
}

func (d *dump) ReadFrom([]byte) (int, net.Addr, error) {
	<-d.closed
	return 0, nil, net.ErrClosed
}

func (d *dump) WriteTo(b []byte, _ net.Addr) (int, error) {
	h, ok := parse(b)
	switch {
	case !ok || h.body != headerLen || h.end == h.body:
		d.t.Errorf("sent %x", b)
	case d.sent > 0 && h.ssrc != d.ssrc:
		d.t.Errorf("SSRC %x after %x", h.ssrc, d.ssrc)
	case h.pt != 8 && h.pt != 96:
		d.t.Errorf("payload type %d was sent", h.pt)
	}
	d.sent, d.ssrc = d.sent+1, h.ssrc
	return len(b), nil
}

func (d *dump) Close() error                     { close(d.closed); return nil }
func (d *dump) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(d.addr) }
func (d *dump) SetDeadline(time.Time) error      { return nil }
func (d *dump) SetReadDeadline(time.Time) error  { return nil }
func (d *dump) SetWriteDeadline(time.Time) error { return nil }

type dumpNet struct{ t *testing.T }

func (n dumpNet) ListenPacket(addr string) (net.PacketConn, error) {
	return &dump{addr: netip.MustParseAddrPort(addr), closed: make(chan struct{}), t: n.t}, nil
}

// Whatever a far end sends, nothing panics and what goes out is our voice in the other side's types. The input is
// packets, each behind a byte of length.
func FuzzBridge(f *testing.F) {
	sound := make([]byte, 172)
	putHeader(sound, 0, false, 7, 160, 99)
	next := make([]byte, 92)
	putHeader(next, 8, false, 8, 320, 99)
	key := make([]byte, 16)
	putHeader(key, 101, true, 9, 480, 99)
	noise := make([]byte, 13)
	putHeader(noise, 13, false, 10, 640, 99)
	rtcp := []byte{0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 1}
	wide := make([]byte, 172)
	putHeader(wide, 9, false, 11, 800, 99)
	var seed []byte
	for _, b := range [][]byte{sound, next, key, noise, rtcp, sound, wide, sound} {
		seed = append(append(seed, byte(len(b))), b...)
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, ptime := range []int{20, 30} {
			e := New(Config{Net: dumpNet{t}, Bind: netip.MustParseAddr("10.0.0.1"), PortMin: 20000, PortMax: 20010})
			a, _ := e.Open(&ear{})
			b, _ := e.Open(&ear{})
			far := netip.MustParseAddrPort("10.0.0.2:4000")
			a.Remote(Remote{Addr: far, EventPT: -1, EventIn: 101, WideIn: true, PT: 8, Law: 1, Send: true, Receive: true})
			b.Remote(Remote{Addr: far, EventPT: 96, Wide: ptime == 30, PT: 8, Law: 1, Ptime: ptime, Send: true, Receive: true})
			a.Answered()
			b.Answered()
			a.ListenVoice(true)
			a.ListenTones(true)
			p := make([]byte, maxPacket)
			for i, rest := 0, in; len(rest) > 1; i++ {
				n := min(int(rest[0]), len(rest)-1)
				a.receive(p[:copy(p, rest[1:1+n])], far)
				rest = rest[1+n:]
				if i == 1 {
					Bridge(a, b, nil)
				}
			}
			e.Close()
			if n := e.Counters().Panics.Load(); n > 0 {
				t.Errorf("%d panics", n)
			}
		}
	})
}
