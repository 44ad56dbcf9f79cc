package turn

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// Whatever a stream holds, its frames are whole, and together they are the stream.
func FuzzFrames(f *testing.F) {
	f.Add(append(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw, 0x40, 0, 0, 1, 'x', 0, 0, 0))
	f.Add([]byte{0x40, 0, 0xff, 0xff})
	f.Add([]byte{0, 1, 0, 3})
	f.Fuzz(func(t *testing.T, stream []byte) {
		in := newFrames(iotest{bytes.NewReader(stream)})
		for rest := stream; ; {
			b, err := in.next()
			if err != nil {
				return
			}
			if len(b) > frameMost || !bytes.HasPrefix(rest, b) {
				t.Fatalf("%x of %x", b, rest)
			}
			if rest = rest[len(b):]; channel(b) && int(binary.BigEndian.Uint16(b[2:])) > len(b)-headChannel {
				t.Fatalf("%x is not whole", b)
			}
		}
	})
}

// iotest gives a byte at a time.
type iotest struct{ r io.Reader }

func (r iotest) Read(b []byte) (int, error) { return r.r.Read(b[:min(len(b), 1)]) }

// Whatever a client says that has a relay, it is answered or cut, and never reaches anything but our speech.
func FuzzCaller(f *testing.F) {
	f.Add(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP).Raw)
	f.Add(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer("203.0.113.5:3478"), attribute(stun.AttrData, 1)).Raw)
	f.Add(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodChannelBind, stun.ClassRequest), peer("[::1]:1"), number(1)).Raw)
	f.Add([]byte{0x40, 0, 0, 1, 'x', 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &Server{c: Config{Ways: []Way{{Name: publicName, To: netip.MustParseAddrPort("127.0.0.1:9")}}, first: time.Minute,
			Escaped: func(v any) { panic(v) }}, keys: newKeys(), callers: map[*caller]struct{}{}, fresh: map[netip.Addr]int{}, held: map[string]int{}}
		c := newCaller(s, silent{}, netip.MustParseAddrPort("192.0.2.1:1"))
		if !s.hold(c, "ann") {
			t.Fatal("no room")
		}
		r, err := openRelay(c, "ann", false)
		if err != nil {
			t.Fatal(err)
		}
		c.relay = r
		in := newFrames(bytes.NewReader(b))
		for frame, err := in.next(); err == nil && c.take(frame); frame, err = in.next() {
		}
		for _, kind := range []stun.Method{stun.MethodAllocate, stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind} {
			m := &stun.Message{Raw: append([]byte(nil), b...)}
			if m.Decode() == nil {
				m.Type = stun.NewType(kind, stun.ClassRequest)
				c.do(m, "ann")
			}
		}
		c.end()
		if s.Relays() != 0 {
			t.Error("the relay is not given back")
		}
	})
}

// silent takes all and says nothing.
type silent struct{ net.Conn }

func (silent) Write(b []byte) (int, error)      { return len(b), nil }
func (silent) SetWriteDeadline(time.Time) error { return nil }
func (silent) Close() error                     { return nil }
