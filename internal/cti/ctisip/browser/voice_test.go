package browser

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
)

type sent struct{ heads []rtp.Header }

func (s *sent) WriteRTP(h *rtp.Header, b []byte) (int, error) {
	s.heads = append(s.heads, *h)
	return len(b), nil
}
func (s *sent) Write(b []byte) (int, error) { return len(b), nil }

// Leg after leg, whatever numbers each begins with, a browser gets one stream: the next number, and a time that goes on.
func TestLegsAreOneStream(t *testing.T) {
	synctest.Test(t, oneStream)
}

func oneStream(t *testing.T) {
	out := &sent{}
	v := &voice{write: out}
	v.ssrc.Store(99)
	say := func(ssrc uint32, seq uint16, ts uint32) {
		t.Helper()
		b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, SSRC: ssrc, SequenceNumber: seq, Timestamp: ts}, Payload: []byte{1}}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if err := v.send(b); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 4 {
		say(1, uint16(65534+n), uint32(1000+160*n)) // over the edge
	}
	time.Sleep(20 * time.Millisecond)
	for n := range 3 {
		say(2, uint16(40000+n), 4_000_000_000+uint32(160*n))
	}
	say(2, 40001, 4_000_000_160) // late, and the next leg does not begin behind it
	for n := range 3 {
		say(3, uint16(7+n), uint32(160*n))
	}
	for i, want := range []uint16{65534, 65535, 0, 1, 2, 3, 4, 3, 5, 6, 7} {
		h := out.heads[i]
		if h.SequenceNumber != want || h.SSRC != 99 {
			t.Errorf("packet %d is number %d of %d, want %d", i, h.SequenceNumber, h.SSRC, want)
		}
	}
	if first := out.heads[4]; !first.Marker || first.Timestamp != 1000+3*160+20*8 {
		t.Errorf("the second leg begins at %d, marked %v", first.Timestamp, first.Marker)
	}
	if step := out.heads[5].Timestamp - out.heads[4].Timestamp; step != 160 {
		t.Errorf("a packet is %d long", step)
	}
}
