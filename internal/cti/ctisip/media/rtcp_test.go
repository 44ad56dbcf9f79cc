package media

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
)

func netUDP(a netip.AddrPort) net.Addr { return net.UDPAddrFromAddrPort(a) }

// What is written is read again, and each part is where RFC 3550 puts it.
func TestRTCPRoundTrip(t *testing.T) {
	about := block{ssrc: 0xCAFE, fraction: 77, lost: -3, high: 0x1FFFF, jitter: 80, lastSR: 0x01020304, since: 65536}
	b := putRTCP(nil, sending{ssrc: 0xBEEF, ntp: 0x0001020304050607, ts: 160, packets: 9, octets: 1440}, about, "0123456789abcdef01234567", true)
	r, ok := parseRTCP(b, 0xCAFE)
	if want := (report{ssrc: 0xBEEF, sent: true, ntp: 0x02030405, about: about, bye: true}); !ok || r != want {
		t.Errorf("read %+v, %v; want %+v", r, ok, want)
	}
	if r, ok = parseRTCP(b, 0xD00D); !ok || r.about.ssrc != 0 {
		t.Errorf("a block about somebody else was taken: %+v, %v", r, ok)
	}
	if len(b) > reportMax || len(b)%4 != 0 {
		t.Errorf("%d bytes", len(b))
	}
	head := []byte{0x81, 200, 0, 12, 0, 0, 0xBE, 0xEF, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 160, 0, 0, 0, 9, 0, 0, 5, 0xA0, 0, 0, 0xCA, 0xFE, 77, 0xFF, 0xFF, 0xFD}
	if !bytes.Equal(b[:len(head)], head) {
		t.Errorf("written\n%x, want\n%x", b[:len(head)], head)
	}
	for n := range len(b) {
		if _, ok := parseRTCP(b[:n], 0xCAFE); ok && n != 0 && n != 52 && n != 88 {
			t.Errorf("%d bytes of %d were taken for whole", n, len(b))
		}
	}
	if r, ok = parseRTCP(putRTCP(nil, sending{ssrc: 5}, block{}, "abc", false), 1); !ok || r != (report{ssrc: 5}) {
		t.Errorf("a receiver report is read as %+v, %v", r, ok)
	}
}

func FuzzRTCP(f *testing.F) {
	f.Add(putRTCP(nil, sending{ssrc: 1, packets: 3}, block{ssrc: 7}, "name", true))
	f.Add(putRTCP(nil, sending{ssrc: 1}, block{}, "", false))
	f.Add([]byte{0x81, 201, 0, 1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := parseRTCP(b, 7)
		if !ok && r != (report{}) || r.about.ssrc != 0 && r.about.ssrc != 7 {
			t.Errorf("%x is read as %+v, %v", b, r, ok)
		}
	})
}
